/* SPDX-License-Identifier: MIT */
/* test_framed.c - the filters zlib and gzip against the library zlib: it reads their streams, they read its,
 * and both refuse the same ones. */
#include "plugins/deflate/filter.h"
#include <check.h>
#include <zlib.h>

#define SIZE 70000u
#define ROOM (2 * SIZE)

static uint8_t plain[SIZE], stored[ROOM], back[SIZE + 1];

static const struct tenon_filter *const filters[] = { &deflate_zlib, &deflate_gzip };

static void
fill_plain (void)
{
    uint32_t x = 1;
    for (unsigned i = 0; i < SIZE; i++) {
        x = x * 1103515245u + 12345u;
        plain[i] = (uint8_t) ((x >> 24) & 15);
    }
}

static void *
open_filter (const struct tenon_filter *filter, int32_t level)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    void *state = NULL;
    ck_assert_int_eq (filter->open (&coding, &state), TENON_OK);
    return state;
}

/* What the library zlib makes of a stream or member; -1: it refuses it. `wraps`: 0 zlib, 1 gzip. */
static long
inflate_by_zlib (int wraps, const uint8_t *from, uint64_t length, uint64_t *used)
{
    z_stream z = { 0 };
    ck_assert_int_eq (inflateInit2 (&z, wraps ? 31 : 15), Z_OK);
    z.next_in = (Bytef *) (uintptr_t) from;
    z.avail_in = (uInt) length;
    z.next_out = back;
    z.avail_out = sizeof back;
    int result = inflate (&z, Z_FINISH);
    *used = z.total_in;
    long made = (long) z.total_out;
    inflateEnd (&z);
    return result == Z_STREAM_END ? made : -1;
}

static uint64_t
deflate_by_zlib (int wraps, uint64_t size, gz_header *header)
{
    z_stream z = { 0 };
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, wraps ? 31 : 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    if (header)
        ck_assert_int_eq (deflateSetHeader (&z, header), Z_OK);
    z.next_in = plain;
    z.avail_in = (uInt) size;
    z.next_out = stored;
    z.avail_out = sizeof stored;
    ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
    deflateEnd (&z);
    return z.total_out;
}

/* In pieces of `in` and `out` bytes. The result is that of the last step; *made is the decoded size. */
static int32_t
step_all (const struct tenon_filter *filter, void *state, uint64_t length, uint64_t in, uint64_t out,
          uint64_t *made)
{
    uint64_t at = 0, used, got;
    int32_t result = TENON_STEP_MORE;
    ck_assert_int_eq (filter->reset (state), TENON_OK);
    for (*made = 0; result >= 0 && result != TENON_STEP_END;) {
        uint64_t piece = DEFLATE_MIN (in, length - at), room = DEFLATE_MIN (out, sizeof back - *made);
        if (result == TENON_STEP_MAY_END && piece == 0)
            break;
        result = filter->step (state, stored + at, piece, &used, back + *made, room, &got);
        ck_assert (result < 0 || (used <= piece && got <= room));
        if (result < 0 || (result == TENON_STEP_MORE && used == 0 && got == 0))
            break;
        at += used, *made += got;
    }
    return result == TENON_STEP_END && at < length ? TENON_E_MALFORMED : result;
}

static bool
ends_well (int32_t result)
{
    return result == TENON_STEP_END || result == TENON_STEP_MAY_END;
}

START_TEST (zlib_reads_ours)
{
    static const uint64_t sizes[] = { 0, 1, 17, 4096, SIZE };
    fill_plain ();
    for (int32_t level = -1; level <= 12; level++) {
        void *state = open_filter (filters[_i], level);
        struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
        for (unsigned k = 0; k < 5; k++) {
            uint64_t bound = filters[_i]->bound (&coding, sizes[k]), used;
            ck_assert_uint_le (bound, ROOM);
            int64_t length = filters[_i]->encode (state, TENON_FILTER_LAST | TENON_FILTER_FIRST, plain,
                                                  sizes[k], stored, bound);
            ck_assert_int_gt (length, 0);
            ck_assert_int_eq (inflate_by_zlib (_i, stored, (uint64_t) length, &used), (long) sizes[k]);
            ck_assert_int_eq ((int64_t) used, length);
            ck_assert_mem_eq (back, plain, sizes[k]);
            memset (back, 0, sizeof back);
            ck_assert_int_eq (filters[_i]->decode (state, 1, stored, (uint64_t) length, back, sizes[k]),
                              TENON_OK);
            ck_assert_mem_eq (back, plain, sizes[k]);
            ck_assert_int_lt (filters[_i]->decode (state, 1, stored, (uint64_t) length, back, sizes[k] + 1),
                              0);
        }
        filters[_i]->close (state);
    }
}
END_TEST

START_TEST (ours_reads_zlib)
{
    static const uint64_t pieces[] = { 1, 7, 4096, ROOM };
    gz_header header = { .extra = (Bytef *) (uintptr_t) "extra",
                         .extra_len = 5,
                         .name = (Bytef *) (uintptr_t) "a name",
                         .comment = (Bytef *) (uintptr_t) "a comment",
                         .hcrc = 1,
                         .os = 3,
                         .time = 77 };
    uint64_t made;
    fill_plain ();
    void *state = open_filter (filters[_i], 0);
    for (int with = 0; with < 1 + _i; with++) {
        uint64_t length = deflate_by_zlib (_i, SIZE, with ? &header : NULL);
        for (unsigned in = 0; in < 4; in++)
            for (unsigned out = 0; out < 4; out++) {
                ck_assert (ends_well (step_all (filters[_i], state, length, pieces[in], pieces[out], &made)));
                ck_assert_uint_eq (made, SIZE);
                ck_assert_mem_eq (back, plain, SIZE);
            }
        ck_assert_int_eq (filters[_i]->decode (state, 1, stored, length, back, SIZE), TENON_OK);
        if (with) { /* its own sum is wrong */
            stored[5]++;
            ck_assert_int_eq (step_all (filters[_i], state, length, ROOM, ROOM, &made), TENON_E_MALFORMED);
        }
    }
    filters[_i]->close (state);
}
END_TEST

/* Cut at every byte, never a success; and each byte changed: only where zlib takes it for good, too. */
START_TEST (cut_and_changed)
{
    enum { FEW = 300 };
    uint64_t made, used;
    fill_plain ();
    void *state = open_filter (filters[_i], 0);
    uint64_t length = deflate_by_zlib (_i, FEW, NULL);
    for (uint64_t at = 0; at < length; at++) {
        ck_assert (!ends_well (step_all (filters[_i], state, at, ROOM, ROOM, &made)));
        ck_assert_int_lt (filters[_i]->decode (state, 1, stored, at, back, FEW), 0);
    }
    for (uint64_t bit = 0; bit < 8 * length; bit++) {
        stored[bit / 8] ^= (uint8_t) (1 << bit % 8);
        bool good = inflate_by_zlib (_i, stored, length, &used) == FEW && used == length;
        int32_t result = step_all (filters[_i], state, length, 13, 50, &made);
        bool ours = ends_well (result) && made == FEW;
        /* zlib looks at the window's size, which makes no difference here */
        ck_assert_msg (ours == good || (_i == 0 && bit < 16), "bit %u", (unsigned) bit);
        ck_assert_int_eq (filters[_i]->decode (state, 1, stored, length, back, FEW) == TENON_OK, ours);
        stored[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    filters[_i]->close (state);
}
END_TEST

START_TEST (members_that_are_joined)
{
    static const struct {
        const char *behind;
        unsigned length;
        bool good;
    } cases[] = { { "", 0, true },
                  { "\0\0\0", 3, true },
                  { "x", 1, false },
                  { "\x1f", 1, false },
                  { "\0\x1f\x8b", 3, false } };
    uint64_t made;
    fill_plain ();
    void *state = open_filter (&deflate_gzip, 1);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t length = 0;
        for (unsigned k = 0; k < 7; k++) /* the fifth is empty */
            length += (uint64_t) deflate_gzip.encode (state, TENON_FILTER_LAST, plain + 10000 * k,
                                                      k == 4 ? 0 : 10000, stored + length, 20000);
        memcpy (stored + length, cases[i].behind, cases[i].length);
        length += cases[i].length;
        bool good = ends_well (step_all (&deflate_gzip, state, length, 999, 777, &made));
        ck_assert_int_eq (good, cases[i].good);
        ck_assert_int_eq (deflate_gzip.decode (state, 1, stored, length, back, 60000) == TENON_OK, good);
        ck_assert (!good
                   || (made == 60000 && memcmp (back, plain, 40000) == 0
                       && memcmp (back + 40000, plain + 50000, 20000) == 0));
    }
    deflate_gzip.close (state);
}
END_TEST

/* RFC 1950 and 1952, by hand. */
START_TEST (refusals)
{
    static const struct {
        const struct tenon_filter *filter;
        const char *bytes;
        unsigned length;
        int32_t status;
        const char *why;
    } cases[] = {
        { &deflate_zlib, "\x78\xbb\0\0\0\1", 6, TENON_E_UNSUPPORTED, "they need a preset dictionary" },
        { &deflate_zlib, "\x78\x9d", 2, TENON_E_MALFORMED, NULL },
        { &deflate_zlib, "\x88\x1c", 2, TENON_E_MALFORMED, NULL },
        { &deflate_gzip, "\x1f\x8b\x08\x20\0\0\0\0\0\xff", 10, TENON_E_UNSUPPORTED,
          "their header has flags that are reserved" },
        { &deflate_gzip, "\x1f\x8b\x07\0\0\0\0\0\0\xff", 10, TENON_E_MALFORMED, NULL },
    };
    uint64_t made;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *state = open_filter (cases[i].filter, 1);
        memcpy (stored, cases[i].bytes, cases[i].length);
        ck_assert_int_eq (step_all (cases[i].filter, state, cases[i].length, ROOM, ROOM, &made),
                          cases[i].status);
        const char *why = cases[i].filter->why (state);
        ck_assert (cases[i].why ? why && strcmp (why, cases[i].why) == 0 : why == NULL);
        cases[i].filter->close (state);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("framed");
    TCase *tests = tcase_create ("framed");
    suite_add_tcase (suite, tests);
    tcase_set_timeout (tests, 60);
    tcase_add_loop_test (tests, zlib_reads_ours, 0, 2);
    tcase_add_loop_test (tests, ours_reads_zlib, 0, 2);
    tcase_add_loop_test (tests, cut_and_changed, 0, 2);
    tcase_add_test (tests, members_that_are_joined);
    tcase_add_test (tests, refusals);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
