/* SPDX-License-Identifier: MIT */
/* test_filter.c - the filter zstd beside libzstd itself: what each makes, the other reads; and what is wrong.
 */
#include "zstd_filter.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK ((uint64_t) 1 << 16)
#define ROOM ((uint64_t) 2 << 20)

static uint8_t data[300001], stored[ROOM], back[ROOM];

/* Bytes of several kinds, one stretch after the other: floats that rise, few letters, noise, zeros. */
static void
fill_data (void)
{
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        float number = (float) (i / 4) * 0.25f;
        seed = seed * 1664525u + 1013904223u;
        switch (i / 10000 % 4) {
        case 0: memcpy (&data[i], (uint8_t *) &number + i % 4, 1); break;
        case 1: data[i] = (uint8_t) ("abcd"[seed >> 30]); break;
        case 2: data[i] = (uint8_t) (seed >> 24); break;
        default: data[i] = 0;
        }
    }
}

static struct zstd_state *
open_state (uint32_t encode, int32_t level, uint64_t memory)
{
    struct tenon_coding coding = {
        .struct_size = sizeof coding, .encode = encode, .level = level, .memory = memory
    };
    void *state = NULL;
    ck_assert_int_eq (tenon_zstd_open (&coding, &state), TENON_OK);
    ck_assert_ptr_nonnull (state);
    return state;
}

/* Encodes the first `size` bytes of the data in blocks, some of them in new states if `fresh`. Returns the
 * length; ends[i] is where block i ends. */
static uint64_t
encode_blocks (int32_t level, uint64_t size, uint64_t block, int fresh, uint64_t *ends, uint64_t *count)
{
    struct zstd_state *state = NULL;
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    uint64_t length = 0, at = 0;
    *count = 0;
    do {
        uint64_t piece = size - at < block ? size - at : block;
        uint32_t flags = (at == 0 ? TENON_FILTER_FIRST : 0) | (at + piece == size ? TENON_FILTER_LAST : 0);
        uint64_t bound = tenon_zstd_bound (&coding, piece);
        ck_assert_uint_le (length + bound, ROOM);
        if (!state || (fresh && *count % 7 == 1)) {
            if (state)
                tenon_zstd_close (state);
            state = open_state (1, level, 0);
        }
        int64_t made = tenon_zstd_encode (state, flags, data + at, piece, stored + length, bound);
        ck_assert_int_gt (made, 0);
        length += (uint64_t) made;
        ends[(*count)++] = length;
        at += piece;
    } while (at < size);
    tenon_zstd_close (state);
    return length;
}

/* Decodes a stream in pieces. Returns what was made, or TENON_E_*, or -100 if it does not end. */
static int64_t
decode_steps (struct zstd_state *state, const uint8_t *from, uint64_t length, uint64_t piece, uint64_t room)
{
    uint64_t made = 0, at = 0;
    int32_t result = TENON_STEP_MORE;
    ck_assert_int_eq (tenon_zstd_reset (state), TENON_OK);
    for (;;) {
        uint64_t taken, more, in = length - at < piece ? length - at : piece;
        uint64_t out = ROOM - made < room ? ROOM - made : room;
        result = tenon_zstd_step (state, from + at, in, &taken, back + made, out, &more);
        ck_assert_uint_le (taken, in);
        ck_assert_uint_le (more, out);
        if (result < 0)
            return result;
        at += taken, made += more;
        if (result == TENON_STEP_MAY_END && at == length)
            return (int64_t) made;
        if (taken == 0 && more == 0)
            return -100;
    }
}

static const struct {
    uint64_t size, block;
    int32_t level;
} cases[] = {
    { 0, BLOCK, 3 },         { 1, BLOCK, 3 },        { BLOCK, BLOCK, 3 },   { BLOCK + 1, BLOCK, 3 },
    { 300001, BLOCK, -7 },   { 300001, BLOCK, -2 },  { 300001, BLOCK, 1 },  { 300001, BLOCK, 2 },
    { 300001, BLOCK, 3 },    { 300001, BLOCK, 4 },   { 300001, BLOCK, 5 },  { 300001, BLOCK, 7 },
    { 300001, BLOCK, 9 },    { 300001, BLOCK, 12 },  { 300001, BLOCK, 13 }, { 300001, BLOCK, 16 },
    { 300001, BLOCK, 18 },   { 300001, BLOCK, 19 },  { 300001, BLOCK, 22 }, { 300001, 4096, 3 },
    { 300001, 4096, 1 },     { 300001, 40000, 5 },   { 300001, 40000, 19 }, { 300001, 1 << 20, 3 },
    { 300001, 1 << 18, 19 }, { 300001, 2 << 20, 3 }, { 50000, 1000, 3 },
};

/* Blocks that were encoded by themselves are one frame, which libzstd reads; they do not depend on the state
 * that makes them; each is decoded by itself. */
START_TEST (test_blocks)
{
    static uint64_t ends[1000], again[1000];
    uint64_t size = cases[_i].size, block = cases[_i].block, count, other;
    fill_data ();
    uint64_t length = encode_blocks (cases[_i].level, size, block, 0, ends, &count);
    uint8_t *first = malloc (length + 1);
    ck_assert_ptr_nonnull (first);
    memcpy (first, stored, length);
    ck_assert_uint_eq (encode_blocks (cases[_i].level, size, block, 1, again, &other), length);
    ck_assert_int_eq (memcmp (first, stored, length), 0);
    ck_assert_uint_eq (ZSTD_findFrameCompressedSize (stored, length), length);
    ck_assert_uint_eq (ZSTD_decompress (back, ROOM, stored, length), size);
    ck_assert_int_eq (memcmp (back, data, size), 0);

    struct zstd_state *state = open_state (0, 0, 64 << 20);
    for (uint64_t i = count; i-- > 0;) {
        uint64_t at = i * block, piece = size - at < block ? size - at : block, begin = i ? ends[i - 1] : 0;
        uint32_t last = i + 1 == count;
        memset (back, 0xee, piece);
        ck_assert_int_eq (tenon_zstd_decode (state, last, stored + begin, ends[i] - begin, back, piece),
                          TENON_OK);
        ck_assert_int_eq (memcmp (back, data + at, piece), 0);
        ck_assert_int_lt (tenon_zstd_decode (state, last, stored + begin, ends[i] - begin, back, piece + 1),
                          0);
        ck_assert_int_lt (tenon_zstd_decode (state, last, stored + begin, ends[i] - begin - 1, back, piece),
                          0);
    }
    ck_assert_int_eq (tenon_zstd_decode (state, 1, stored, length, back, size), TENON_OK);
    ck_assert_int_eq (decode_steps (state, stored, length, 1000, 777), (int64_t) size);
    ck_assert_int_eq (memcmp (back, data, size), 0);
    tenon_zstd_close (state);
    free (first);
}
END_TEST

/* ---- streams of others ---- */

/* Appends a frame of the first `size` bytes of the data, whose length libzstd does not know beforehand. */
static uint64_t
compress_by_peer (ZSTD_cParameter parameter, int value, uint64_t size, uint64_t at)
{
    ZSTD_CCtx *encoder = ZSTD_createCCtx ();
    ck_assert_ptr_nonnull (encoder);
    ck_assert (!ZSTD_isError (ZSTD_CCtx_setParameter (encoder, parameter, value)));
    ZSTD_inBuffer in = { data, size, 0 };
    ZSTD_outBuffer out = { stored, ROOM, at };
    ck_assert (!ZSTD_isError (ZSTD_compressStream2 (encoder, &out, &in, ZSTD_e_continue)));
    while (ZSTD_compressStream2 (encoder, &out, &in, ZSTD_e_end) > 0)
        ;
    ZSTD_freeCCtx (encoder);
    return out.pos;
}

static void
check_stream (uint64_t length, uint64_t size)
{
    struct zstd_state *state = open_state (0, 0, 64 << 20);
    static const uint64_t pieces[][2] = { { ROOM, ROOM }, { 1, ROOM }, { ROOM, 1 }, { 13, 17 } };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        ck_assert_int_eq (decode_steps (state, stored, length, pieces[i][0], pieces[i][1]), (int64_t) size);
    ck_assert_int_eq (tenon_zstd_decode (state, 1, stored, length, back, size), TENON_OK);
    tenon_zstd_close (state);
}

/* Frames without their size, with a checksum, joined, between frames to skip, and empty ones. */
START_TEST (test_streams)
{
    static const uint8_t skipped[] = { 0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' };
    fill_data ();
    check_stream (compress_by_peer (ZSTD_c_checksumFlag, 1, 100000, 0), 100000);
    check_stream (compress_by_peer (ZSTD_c_contentSizeFlag, 0, 100000, 0), 100000);
    uint64_t length = compress_by_peer (ZSTD_c_checksumFlag, 1, 50000, 0);
    length = compress_by_peer (ZSTD_c_checksumFlag, 1, 0, length);
    length = compress_by_peer (ZSTD_c_contentSizeFlag, 0, 50000, length);
    check_stream (length, 100000);
    ck_assert_int_eq (memcmp (back, data, 50000), 0);
    ck_assert_int_eq (memcmp (back + 50000, data, 50000), 0);
    memcpy (stored, skipped, sizeof skipped);
    length = compress_by_peer (ZSTD_c_checksumFlag, 1, 50000, sizeof skipped);
    memcpy (stored + length, skipped, sizeof skipped);
    check_stream (length + sizeof skipped, 50000);
}
END_TEST

/* A stream that is cut off anywhere does not end, and one with a wrong bit is refused. A few bits mean
 * nothing. */
START_TEST (test_damage)
{
    fill_data ();
    uint64_t size = 700, length = compress_by_peer (ZSTD_c_checksumFlag, 1, size, 0);
    struct zstd_state *state = open_state (0, 0, 64 << 20);
    for (uint64_t i = 0; i < length; i++) {
        int64_t cut = decode_steps (state, stored, i, ROOM, ROOM);
        ck_assert_msg (cut < 0, "%llu bytes of %llu end", (unsigned long long) i,
                       (unsigned long long) length);
        ck_assert_int_lt (tenon_zstd_decode (state, 1, stored, i, back, size), 0);
    }
    for (uint64_t i = 0; i < 8 * length; i++) {
        stored[i / 8] ^= (uint8_t) (1u << i % 8);
        int64_t made = decode_steps (state, stored, length, ROOM, ROOM);
        ck_assert_msg (made < 0 || (made == (int64_t) size && memcmp (back, data, size) == 0), "bit %llu",
                       (unsigned long long) i);
        tenon_status whole = tenon_zstd_decode (state, 1, stored, length, back, size);
        ck_assert (whole < 0 || memcmp (back, data, size) == 0);
        stored[i / 8] ^= (uint8_t) (1u << i % 8);
    }
    stored[length] = 'x';
    ck_assert_int_lt (decode_steps (state, stored, length + 1, ROOM, ROOM), 0);
    ck_assert_int_lt (tenon_zstd_decode (state, 1, stored, length + 1, back, size), 0);
    ck_assert_int_eq (decode_steps (state, stored, length, ROOM, ROOM), (int64_t) size);
    tenon_zstd_close (state);
}
END_TEST

#define WINDOW(number) "they need a window of more than " #number " bytes; raise memory in [limits]"
#define MEMORY ((uint64_t) 64 << 20)

/* Headers by hand: magic, descriptor, window, dictionary, size. Behind them a last raw block of one byte. */
static const struct {
    uint8_t head[16];
    uint64_t length, memory;
    int64_t result;
    const char *why;
} headers[] = {
    { { 0, 0x38 }, 2, MEMORY, 1, NULL },    /* a window of 128 KiB */
    { { 0x20, 1 }, 2, MEMORY, 1, NULL },    /* the size 1, one segment */
    { { 1, 0x38, 0 }, 3, MEMORY, 1, NULL }, /* the dictionary 0, which is none */
    { { 0x20, 2 }, 2, MEMORY, TENON_E_MALFORMED, NULL },
    { { 0x20, 0 }, 2, MEMORY, TENON_E_MALFORMED, NULL },
    { { 0x28, 1 }, 2, MEMORY, TENON_E_MALFORMED, NULL }, /* a reserved bit */
    { { 1, 0x38, 7 }, 3, MEMORY, TENON_E_UNSUPPORTED, "a dictionary is needed, and there is none" },
    { { 2, 0x38, 7, 7 }, 4, MEMORY, TENON_E_UNSUPPORTED, "a dictionary is needed, and there is none" },
    { { 0, 0x80 }, 2, MEMORY, 1, NULL }, /* 64 MiB */
    { { 0, 0x81 }, 2, MEMORY, TENON_E_LIMIT, WINDOW (67108864) },
    { { 0, 0x38 }, 2, 100000, TENON_E_LIMIT, WINDOW (65536) },
    { { 0, 0xf8 }, 2, 0, TENON_E_LIMIT, WINDOW (2147483648) },
    { { 0xe0, 255, 255, 255, 255, 255, 255, 255, 255 }, 9, MEMORY, TENON_E_LIMIT, WINDOW (67108864) },
};

START_TEST (test_headers)
{
    static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd }, block[] = { 9, 0, 0, 'x' };
    uint8_t frame[32], *end = frame;
    struct zstd_state *state = open_state (0, 0, headers[_i].memory);
    end = (uint8_t *) memcpy (end, magic, sizeof magic) + sizeof magic;
    end = (uint8_t *) memcpy (end, headers[_i].head, headers[_i].length) + headers[_i].length;
    end = (uint8_t *) memcpy (end, block, sizeof block) + sizeof block;
    uint64_t length = (uint64_t) (end - frame);
    ck_assert_int_eq (decode_steps (state, frame, length, ROOM, ROOM), headers[_i].result);
    const char *why = tenon_zstd_why (state);
    ck_assert_str_eq (why ? why : "", headers[_i].why ? headers[_i].why : "");
    ck_assert_int_eq (tenon_zstd_reset (state), TENON_OK);
    ck_assert_ptr_null (tenon_zstd_why (state));
    /* all at once, there is no window */
    tenon_status whole = tenon_zstd_decode (state, 1, frame, length, back, 1);
    if (headers[_i].result == 1)
        ck_assert_int_eq (whole, TENON_OK);
    else if (headers[_i].result != TENON_E_LIMIT)
        ck_assert_int_eq (whole, headers[_i].result);
    tenon_zstd_close (state);
}
END_TEST

/* It has no setup; its bounds hold; what is no frame is refused. */
START_TEST (test_rest)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .setup = "x", .setup_size = 1 };
    void *state = NULL;
    ck_assert_int_eq (tenon_zstd_open (&coding, &state), TENON_E_UNSUPPORTED);
    ck_assert_ptr_null (state);
    ck_assert_uint_eq (tenon_zstd_bound (&coding, UINT64_MAX), UINT64_MAX);
    coding.level = 3;
    ck_assert_uint_eq (tenon_zstd_block_size (&coding, 1), 1 << 20);
    coding.level = 19;
    ck_assert_uint_eq (tenon_zstd_block_size (&coding, (uint64_t) 1 << 40), 4 << 20);
    struct zstd_state *encoder = open_state (1, 3, 0), *decoder = open_state (0, 0, MEMORY);
    fill_data ();
    for (uint32_t flags = 0; flags < 4; flags++) /* too little room */
        ck_assert_int_lt (tenon_zstd_encode (encoder, flags, data, 100000, stored, 10), 0);
    ck_assert_int_gt (tenon_zstd_encode (encoder, 3, data, 100000, stored, ROOM), 0);
    ck_assert_int_eq (decode_steps (decoder, (const uint8_t *) "no frame at all", 15, ROOM, ROOM),
                      TENON_E_MALFORMED);
    ck_assert_int_lt (tenon_zstd_decode (decoder, 1, "no frame at all", 15, back, 15), 0);
    tenon_zstd_close (encoder);
    tenon_zstd_close (decoder);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("zstd");
    TCase *tests = tcase_create ("filter");
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, test_blocks, 0, (int) (sizeof cases / sizeof cases[0]));
    tcase_add_test (tests, test_streams);
    tcase_add_test (tests, test_damage);
    tcase_add_loop_test (tests, test_headers, 0, (int) (sizeof headers / sizeof headers[0]));
    tcase_add_test (tests, test_rest);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
