/* SPDX-License-Identifier: MIT */
/* kit.c - what the tests of filters share. */
#include "kit.h"

uint8_t *
filter_data (uint64_t size)
{
    uint8_t *data = malloc (size + 1);
    uint32_t seed = 1;
    ck_assert_ptr_nonnull (data);
    for (uint64_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        switch (i / 10000 % 4) {
        case 0: data[i] = i % 4 < 2 ? (uint8_t) (i / 4 >> 8 * (i % 4)) : 0; break;
        case 1: data[i] = (uint8_t) ("abcd"[seed >> 30]); break;
        case 2: data[i] = (uint8_t) (seed >> 24); break;
        default: data[i] = 0;
        }
    }
    return data;
}

uint8_t *
filter_copy (const void *bytes, uint64_t size)
{
    uint8_t *copy = malloc (size); /* of size 0, too: then no byte may be touched */
    ck_assert (copy || size == 0);
    if (size > 0)
        memcpy (copy, bytes, size);
    return copy;
}

/* ---- states ---- */

static tenon_status
try_open (const struct filter_kit *kit, uint32_t encode, int32_t level, void **state)
{
    uint8_t *setup = filter_copy (kit->setup, kit->setup_size);
    struct tenon_coding coding = { .struct_size = sizeof coding,
                                   .encode = encode,
                                   .level = level,
                                   .setup = kit->setup_size > 0 ? setup : NULL,
                                   .setup_size = kit->setup_size,
                                   .memory = encode ? 0 : kit->memory };
    *state = NULL;
    tenon_status status = kit->filter->open (&coding, state);
    ck_assert_msg ((status == TENON_OK) == (*state != NULL), "open: %d", (int) status);
    free (setup); /* it need not live longer */
    return status;
}

tenon_status
filter_opens (const struct filter_kit *kit, uint32_t encode, int32_t level)
{
    void *state;
    tenon_status status = try_open (kit, encode, level, &state);
    if (state)
        kit->filter->close (state);
    return status;
}

void *
filter_open (const struct filter_kit *kit, uint32_t encode, int32_t level)
{
    void *state;
    ck_assert_int_eq (try_open (kit, encode, level, &state), TENON_OK);
    return state;
}

uint8_t *
filter_encode (const struct filter_kit *kit, int32_t level, const uint8_t *bytes, uint64_t size,
               uint64_t *length)
{
    struct tenon_coding coding = { .struct_size = sizeof coding,
                                   .encode = 1,
                                   .level = level,
                                   .setup = kit->setup,
                                   .setup_size = kit->setup_size };
    uint64_t bound = kit->filter->bound (&coding, size);
    uint8_t *from = filter_copy (bytes, size), *to = malloc (bound);
    void *state = filter_open (kit, 1, level);
    ck_assert_ptr_nonnull (to);
    int64_t made = kit->filter->encode (state, TENON_FILTER_FIRST | TENON_FILTER_LAST, from, size, to, bound);
    ck_assert_msg (made > 0 && (uint64_t) made <= bound, "encode: %lld of %llu", (long long) made,
                   (unsigned long long) bound);
    /* the same again by the same state; and too little room is refused */
    uint8_t *again = malloc (bound);
    ck_assert_ptr_nonnull (again);
    ck_assert_int_eq (kit->filter->encode (state, 3, from, size, again, bound), made);
    ck_assert_mem_eq (again, to, (size_t) made);
    ck_assert_int_lt (kit->filter->encode (state, 3, from, size, again, 3), 0);
    kit->filter->close (state);
    free (from);
    free (again);
    *length = (uint64_t) made;
    return to;
}

/* ---- decoding ---- */

/* Decodes in pieces of these sizes. Returns the size, or TENON_E_*. */
static int64_t
decode_in_steps (const struct filter_kit *kit, void *state, const uint8_t *stream, uint64_t length,
                 uint8_t *to, uint64_t size, uint64_t piece, uint64_t room)
{
    uint64_t taken = 0, made = 0, in, out;
    ck_assert_int_eq (kit->filter->reset (state), TENON_OK);
    for (;;) {
        uint64_t give = length - taken < piece ? length - taken : piece;
        uint64_t take = size - made < room ? size - made : room;
        uint8_t beyond[1], *from = filter_copy (stream + taken, give);
        int full = take == 0;
        int32_t result = kit->filter->step (state, from, give, &in, full ? beyond : to + made,
                                            full ? sizeof beyond : take, &out);
        free (from);
        if (result < 0)
            return result;
        ck_assert (in <= give && out <= (full ? sizeof beyond : take));
        if (full && out > 0)
            return TENON_E_MALFORMED; /* more than it should be */
        taken += in, made += out;
        if (result == TENON_STEP_END || (result == TENON_STEP_MAY_END && taken == length))
            return taken == length ? (int64_t) made : TENON_E_MALFORMED;
        if (in == 0 && out == 0)
            return TENON_E_MALFORMED; /* it is cut off */
    }
}

/* How a stream may be decoded. Pieces of much data are larger. */
#define MUCH 5000u
enum { WHOLE, UNPACKED, STEPS, SMALL_STEPS, SMALL_INPUT, SMALL_ROOM, WAYS };

static int
has_way (const struct filter_kit *kit, int way)
{
    return way == WHOLE      ? kit->filter->decode != NULL
           : way == UNPACKED ? kit->filter->unpack != NULL
                             : kit->filter->step != NULL;
}

static int64_t
decode_by (const struct filter_kit *kit, int way, void *state, const uint8_t *stream, uint64_t length,
           uint8_t *to, uint64_t size)
{
    static const uint64_t pieces[][2] = {
        { UINT32_MAX, UINT32_MAX }, { 13, 17 }, { 1, UINT32_MAX }, { UINT32_MAX, 1 }
    };
    if (way == WHOLE) {
        tenon_status status = kit->filter->decode (state, 1, stream, length, to, size);
        return status == TENON_OK ? (int64_t) size : status;
    }
    if (way == UNPACKED)
        return kit->filter->unpack (state, stream, length, to, size);
    uint64_t factor = size < MUCH ? 1 : 97;
    return decode_in_steps (kit, state, stream, length, to, size, factor * pieces[way - STEPS][0],
                            factor * pieces[way - STEPS][1]);
}

void
filter_gives (const struct filter_kit *kit, const void *stream, uint64_t length, const void *bytes,
              uint64_t size)
{
    void *state = filter_open (kit, 0, 0);
    uint8_t *from = filter_copy (stream, length);
    for (int way = 0; way < WAYS; way++) {
        if (!has_way (kit, way))
            continue;
        uint8_t *to = malloc (size), *more = malloc (size + 1);
        ck_assert ((to || size == 0) && more);
        int64_t made = decode_by (kit, way, state, from, length, to, size);
        ck_assert_msg (made == (int64_t) size, "way %d: %lld", way, (long long) made);
        ck_assert (size == 0 || memcmp (to, bytes, size) == 0);
        made = decode_by (kit, way, state, from, length, more, size + 1);
        ck_assert_msg (way == WHOLE ? made < 0 : made == (int64_t) size, "way %d, more room: %lld", way,
                       (long long) made);
        if (size > 0) {
            made = decode_by (kit, way, state, from, length, more, size - 1);
            ck_assert_msg (way == UNPACKED ? made == (int64_t) size : made < 0, "way %d, less room", way);
        }
        free (to);
        free (more);
    }
    kit->filter->close (state);
    free (from);
}

/* A stream that states more than there is room for gets that room, as from the host. */
static int64_t
unpack_again (const struct filter_kit *kit, void *state, const uint8_t *stream, uint64_t length,
              uint64_t stated)
{
    uint8_t *to = malloc (stated);
    ck_assert_ptr_nonnull (to);
    int64_t made = decode_by (kit, UNPACKED, state, stream, length, to, stated);
    free (to);
    return made;
}

void
filter_refuses (const struct filter_kit *kit, const void *stream, uint64_t length, uint64_t size,
                tenon_status status, const char *why)
{
    void *state = filter_open (kit, 0, 0);
    uint8_t *from = filter_copy (stream, length), *to = malloc (size);
    for (int way = 0; way < WAYS; way++) {
        if (!has_way (kit, way))
            continue;
        int64_t made = decode_by (kit, way, state, from, length, to, size);
        if (way == UNPACKED && made > (int64_t) size)
            made = unpack_again (kit, state, from, length, (uint64_t) made);
        ck_assert_msg (made == status, "way %d: %lld, not %d", way, (long long) made, (int) status);
        const char *said = kit->filter->why ? kit->filter->why (state) : NULL;
        if (status == TENON_E_UNSUPPORTED || status == TENON_E_LIMIT)
            ck_assert_str_eq (said ? said : "nothing", why ? why : "nothing");
    }
    kit->filter->close (state);
    free (from);
    free (to);
}

/* A stream that is damaged. */
static void
survive_one (const struct filter_kit *kit, void *state, const uint8_t *stream, uint64_t length,
             const void *bytes, uint64_t size, int sums, const char *what, uint64_t place)
{
    for (int way = 0; way < WAYS; way++) {
        if (!has_way (kit, way) || way >= SMALL_INPUT)
            continue;
        uint8_t *from = filter_copy (stream, length), *to = malloc (size);
        int64_t made = decode_by (kit, way, state, from, length, to, size);
        if (sums)
            ck_assert_msg (made < 0 || (made == (int64_t) size && memcmp (to, bytes, size) == 0),
                           "%s %llu, way %d: %lld", what, (unsigned long long) place, way, (long long) made);
        free (from);
        free (to);
    }
}

void
filter_survives (const struct filter_kit *kit, const void *stream, uint64_t length, const void *bytes,
                 uint64_t size, uint64_t bits, int sums)
{
    void *state = filter_open (kit, 0, 0);
    uint8_t *changed = filter_copy (stream, length);
    for (uint64_t i = 0; i < length; i++)
        filter_refuses (kit, stream, i, size, TENON_E_MALFORMED, NULL);
    for (uint64_t i = 0; i < 8 * bits && i < 8 * length; i++) {
        changed[i / 8] ^= (uint8_t) (1u << i % 8);
        survive_one (kit, state, changed, length, bytes, size, sums, "bit", i);
        changed[i / 8] ^= (uint8_t) (1u << i % 8);
    }
    filter_gives (kit, changed, length, bytes, size);
    kit->filter->close (state);
    free (changed);
}

void
filter_returns (const struct filter_kit *kit, const int32_t *levels, uint32_t count)
{
    static const uint64_t sizes[] = { 0, 1, 2, 127, 128, 1000, 4099, 40001 };
    uint8_t *data = filter_data (40001);
    for (uint32_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            uint64_t length;
            uint8_t *stream = filter_encode (kit, levels[i], data, sizes[k], &length);
            filter_gives (kit, stream, length, data, sizes[k]);
            free (stream);
        }
    free (data);
}

int
filter_run (TCase *tests)
{
    Suite *suite = suite_create ("a filter");
    tcase_set_timeout (tests, 120);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
