/* SPDX-License-Identifier: MIT */
/* test_delta.c - differences by hand and as numcodecs has them; in pieces; and what cannot be encoded. */
#include "delta_filter.h"
#include <check.h>
#include <tenon/crc.h>

#define SIZE 8000u
static uint8_t data[SIZE], encoded[8 * SIZE], back[8 * SIZE];

static void
fill_data (void)
{
    uint32_t x = 7;
    for (uint32_t i = 0; i < SIZE; i++) {
        x = x * 1103515245u + 12345u;
        data[i] = (uint8_t) (x >> 24);
    }
}

static void *
open_filter (uint32_t item, uint32_t stored, uint32_t is_big)
{
    uint8_t setup[12];
    struct tenon_coding coding = { .struct_size = sizeof coding, .setup = setup, .setup_size = sizeof setup };
    void *state = NULL;
    tenon_put_le32 (tenon_put_le32 (tenon_put_le32 (setup, item), stored), is_big);
    ck_assert_int_eq (tenon_delta_open (&coding, &state), TENON_OK);
    return state;
}

static uint32_t
size_of (uint32_t dtype)
{
    static const uint32_t sizes[] = { [TENON_U8] = 1, 2, 4, 8, 1, 2, 4, 8, [TENON_F32] = 4, 8 };
    return sizes[dtype];
}

/* ---- by hand ---- */

START_TEST (test_narrow)
{
    static const int64_t numbers[] = { 100, 102, 97, 97, -30, 0, 127 };
    static const int8_t changes[] = { 100, 2, -5, 0, -127, 30, 127 };
    static const int64_t far[] = { 100, 102, 102 + 128 };
    uint8_t bytes[sizeof numbers], wide[sizeof numbers];
    void *state = open_filter (TENON_I64, TENON_I8, 0);
    for (unsigned i = 0; i < 7; i++)
        tenon_put_le64 (bytes + 8 * i, (uint64_t) numbers[i]);
    ck_assert_int_eq (tenon_delta_encode (state, 3, bytes, sizeof bytes, encoded, 7), 7);
    ck_assert_mem_eq (encoded, changes, 7);
    ck_assert_int_eq (tenon_delta_decode (state, 1, encoded, 7, wide, sizeof wide), TENON_OK);
    ck_assert_mem_eq (wide, bytes, sizeof wide);
    ck_assert_int_eq (tenon_delta_encode (state, 3, bytes, sizeof bytes, encoded, 6), TENON_E_LIMIT);
    ck_assert_int_eq (tenon_delta_encode (state, 3, bytes, 9, encoded, 9), TENON_E_UNSUPPORTED);
    for (unsigned i = 0; i < 3; i++)
        tenon_put_le64 (bytes + 8 * i, (uint64_t) far[i]);
    ck_assert_int_eq (tenon_delta_encode (state, 3, bytes, 24, encoded, 7), TENON_E_UNSUPPORTED);
    tenon_delta_close (state);
}
END_TEST

/* numcodecs: Delta ('>u4', '>u2') */
START_TEST (test_big)
{
    static const uint8_t numbers[] = { 0, 0, 0x03, 0xe8, 0, 0, 0x03, 0xe9, 0, 0, 0x03, 0xed };
    static const uint8_t changes[] = { 0x03, 0xe8, 0, 1, 0, 4, 0xff, 0xf1 };
    static const uint8_t sums[] = { 0, 0, 0x03, 0xe8, 0, 0, 0x03, 0xe9, 0, 0, 0x03, 0xed, 0, 1, 0x03, 0xde };
    void *state = open_filter (TENON_U32, TENON_U16, 1);
    ck_assert_int_eq (tenon_delta_encode (state, 3, numbers, 12, encoded, 6), 6);
    ck_assert_mem_eq (encoded, changes, 6);
    ck_assert_int_eq (tenon_delta_decode (state, 1, changes, 8, back, 16), TENON_OK);
    ck_assert_mem_eq (back, sums, 16);
    tenon_delta_close (state);
}
END_TEST

/* Floats that differences keep, and those that they do not: 0.1 f - 1e8 f is -1e8 f. */
START_TEST (test_floats)
{
    static const float numbers[] = { 1.5f, 2.25f, -0.5f, 0.0f }, changes[] = { 1.5f, 0.75f, -2.75f, 0.5f };
    static const float rounded[] = { 1e8f, 0.1f }, signs[] = { -0.0f, 1.0f };
    void *state = open_filter (TENON_F32, TENON_F32, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    ck_assert_int_eq (tenon_delta_encode (state, 3, numbers, 16, encoded, 16), 16);
    ck_assert_mem_eq (encoded, changes, 16);
    ck_assert_int_eq (tenon_delta_decode (state, 1, encoded, 16, back, 16), TENON_OK);
    ck_assert_mem_eq (back, numbers, 16);
    ck_assert_int_eq (tenon_delta_encode (state, 3, rounded, 8, encoded, 8), TENON_E_UNSUPPORTED);
    ck_assert_int_eq (tenon_delta_encode (state, 3, signs, 8, encoded, 8), 8);
    ck_assert_int_eq (tenon_delta_decode (state, 1, encoded, 8, back, 8), TENON_OK);
    ck_assert_mem_eq (back, signs, 8);
    tenon_delta_close (state);
}
END_TEST

/* ---- peers ---- */

/* The CRC-32C of what numcodecs.Delta 0.16 makes of `size` bytes of the data, encoding or decoding. */
static const struct {
    uint32_t item, stored, is_big, encode, size, crc;
} peers[] = {
    { TENON_I32, TENON_I32, 0, 1, 4000, 0x1f1bd099 }, { TENON_I16, TENON_I16, 1, 1, 2000, 0x2000fd24 },
    { TENON_U64, TENON_U64, 0, 1, 4000, 0xac95f726 }, { TENON_U8, TENON_U8, 0, 1, 3000, 0x86652619 },
    { TENON_I64, TENON_I16, 0, 0, 4000, 0x4f9874dd }, { TENON_U64, TENON_U16, 0, 0, 4000, 0x4ddbb2e2 },
    { TENON_I32, TENON_I16, 1, 0, 4000, 0x0d70feb2 },
};

START_TEST (test_peers)
{
    uint32_t item = peers[_i].item, stored = peers[_i].stored, size = peers[_i].size;
    void *state = open_filter (item, stored, peers[_i].is_big);
    if (peers[_i].encode) {
        ck_assert_int_eq (tenon_delta_encode (state, 3, data, size, encoded, size), size);
        ck_assert_uint_eq (tenon_crc32c (0, encoded, size), peers[_i].crc);
        ck_assert_int_eq (tenon_delta_decode (state, 1, encoded, size, back, size), TENON_OK);
        ck_assert_mem_eq (back, data, size);
    } else {
        uint32_t made = size / size_of (stored) * size_of (item);
        ck_assert_int_eq (tenon_delta_decode (state, 1, data, size, back, made), TENON_OK);
        ck_assert_uint_eq (tenon_crc32c (0, back, made), peers[_i].crc);
        ck_assert_int_eq (tenon_delta_encode (state, 3, back, made, encoded, size), size);
        ck_assert_mem_eq (encoded, data, size);
    }
    tenon_delta_close (state);
}
END_TEST

/* Sums of floats: each number of the data, as an integer, by 1000, as numcodecs.Delta decodes it. */
static const struct {
    uint32_t item, stored, crc;
} sums[] = {
    { TENON_F32, TENON_F32, 0xd163afda },
    { TENON_F64, TENON_F64, 0x8f7f520b },
    { TENON_F64, TENON_F32, 0xdbb07925 },
};

START_TEST (test_float_sums)
{
    static uint8_t numbers[8000];
    uint32_t width = size_of (sums[_i].stored), made = 1000 * size_of (sums[_i].item);
    void *state = open_filter (sums[_i].item, sums[_i].stored, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    for (uint32_t i = 0; i < 1000; i++) {
        float f = (float) tenon_le32 (data + 4 * i) / 1000;
        double d = (double) tenon_le64 (data + 8 * i) / 1000;
        memcpy (numbers + i * width, width == 4 ? (void *) &f : (void *) &d, width);
    }
    ck_assert_int_eq (tenon_delta_decode (state, 1, numbers, 1000 * width, back, made), TENON_OK);
    for (uint32_t i = 0; i < made && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__; i += size_of (sums[_i].item))
        for (uint32_t a = i, b = i + size_of (sums[_i].item) - 1; a < b; a++, b--) {
            uint8_t byte = back[a];
            back[a] = back[b], back[b] = byte;
        }
    ck_assert_uint_eq (tenon_crc32c (0, back, made), sums[_i].crc);
    tenon_delta_close (state);
}
END_TEST

/* ---- pieces ---- */

static int32_t
decode_steps (void *state, uint64_t stored, uint64_t piece, uint64_t room, uint64_t *made)
{
    ck_assert_int_eq (tenon_delta_reset (state), TENON_OK);
    *made = 0;
    for (uint64_t at = 0, taken, more;; at += taken, *made += more) {
        uint64_t in = stored - at < piece ? stored - at : piece;
        int32_t result =
            tenon_delta_step (state, in ? data + at : NULL, in, &taken, encoded + *made, room, &more);
        ck_assert_uint_le (taken, in);
        ck_assert_uint_le (more, room);
        if (taken == 0 && more == 0)
            return at == stored ? result : TENON_E_LIMIT;
    }
}

START_TEST (test_pieces)
{
    static const uint32_t types[][2] = { { TENON_I64, TENON_I8 },
                                         { TENON_I8, TENON_I64 },
                                         { TENON_U32, TENON_U32 },
                                         { TENON_U8, TENON_U8 },
                                         { TENON_U16, TENON_I32 } };
    static const uint64_t pieces[][2] = { { SIZE, SIZE }, { 1, SIZE }, { SIZE, 1 }, { 1, 1 },
                                          { 3, 5 },       { 5, 3 },    { 17, 64 } };
    for (unsigned k = 0; k < 7; k++) {
        uint32_t stored = size_of (types[_i][1]), item = size_of (types[_i][0]);
        uint64_t size = 101 * stored, made;
        void *state = open_filter (types[_i][0], types[_i][1], k % 2);
        ck_assert_int_eq (tenon_delta_unpack (state, data, size, back, sizeof back), 101 * item);
        ck_assert_int_eq (tenon_delta_unpack (state, data, size, back, 100 * item), 101 * item);
        ck_assert_int_eq (decode_steps (state, size, pieces[k][0], pieces[k][1], &made), TENON_STEP_MAY_END);
        ck_assert_uint_eq (made, 101 * item);
        ck_assert (memcmp (encoded, back, made) == 0);
        if (stored > 1)
            ck_assert_int_eq (decode_steps (state, size - 1, pieces[k][0], pieces[k][1], &made),
                              TENON_STEP_MORE);
        tenon_delta_close (state);
    }
}
END_TEST

START_TEST (test_sizes)
{
    static const uint64_t wrong[][2] = { { 7, 16 }, { 8, 15 }, { 8, 24 }, { 9, 16 }, { 0, 8 }, { 8, 0 } };
    void *state = open_filter (TENON_I64, TENON_I32, 0);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_int_eq (tenon_delta_decode (state, 1, data, wrong[i][0], back, wrong[i][1]),
                          TENON_E_MALFORMED);
    ck_assert_int_eq (tenon_delta_decode (state, 1, NULL, 0, NULL, 0), TENON_OK);
    ck_assert_int_eq (tenon_delta_encode (state, 3, NULL, 0, NULL, 0), 0);
    ck_assert_int_eq (tenon_delta_decode (state, 1, data, 8, back, 16), TENON_OK);
    tenon_delta_close (state);
}
END_TEST

START_TEST (test_setups)
{
    static const struct {
        uint32_t size, item, stored, is_big;
        tenon_status status;
    } wrong[] = {
        { 0, TENON_I8, TENON_I8, 0, TENON_E_MALFORMED },
        { 8, TENON_I8, TENON_I8, 0, TENON_E_MALFORMED },
        { 13, TENON_I8, TENON_I8, 0, TENON_E_MALFORMED },
        { 12, TENON_I8, TENON_I8, 2, TENON_E_MALFORMED },
        { 12, TENON_NONE, TENON_I8, 0, TENON_E_MALFORMED },
        { 12, TENON_I8, TENON_NONE, 0, TENON_E_MALFORMED },
        { 12, TENON_DTYPE_FIXED, TENON_I8, 0, TENON_E_MALFORMED },
        { 12, TENON_I8, UINT32_MAX, 0, TENON_E_MALFORMED },
        { 12, TENON_BOOL, TENON_BOOL, 0, TENON_E_UNSUPPORTED },
        { 12, TENON_F16, TENON_F16, 0, TENON_E_UNSUPPORTED },
        { 12, TENON_C64, TENON_C64, 0, TENON_E_UNSUPPORTED },
        { 12, TENON_F4, TENON_F4, 0, TENON_E_UNSUPPORTED },
        { 12, TENON_I32, TENON_F32, 0, TENON_E_UNSUPPORTED },
        { 12, TENON_F64, TENON_I64, 0, TENON_E_UNSUPPORTED },
        { 12, TENON_F32, TENON_F64, 0, TENON_E_UNSUPPORTED },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t setup[16] = { 0 };
        struct tenon_coding coding = { .struct_size = sizeof coding,
                                       .setup = wrong[i].size ? setup : NULL,
                                       .setup_size = wrong[i].size };
        void *state = NULL;
        tenon_put_le32 (tenon_put_le32 (tenon_put_le32 (setup, wrong[i].item), wrong[i].stored),
                        wrong[i].is_big);
        ck_assert_msg (tenon_delta_open (&coding, &state) == wrong[i].status, "%u", i);
        ck_assert_ptr_null (state);
        tenon_delta_bound (&coding, 10); /* which the host may ask before */
    }
    uint8_t setup[12];
    struct tenon_coding coding = { .struct_size = sizeof coding, .setup = setup, .setup_size = 12 };
    tenon_put_le32 (tenon_put_le32 (tenon_put_le32 (setup, TENON_I8), TENON_I64), 0);
    ck_assert_uint_eq (tenon_delta_bound (&coding, 10), 80);
    ck_assert_uint_eq (tenon_delta_bound (&coding, UINT64_MAX / 2), UINT64_MAX);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("delta");
    TCase *tests = tcase_create ("filter");
    tcase_add_checked_fixture (tests, fill_data, NULL);
    tcase_add_test (tests, test_narrow);
    tcase_add_test (tests, test_big);
    tcase_add_test (tests, test_floats);
    tcase_add_loop_test (tests, test_peers, 0, (int) (sizeof peers / sizeof peers[0]));
    tcase_add_loop_test (tests, test_float_sums, 0, (int) (sizeof sums / sizeof sums[0]));
    tcase_add_loop_test (tests, test_pieces, 0, 5);
    tcase_add_test (tests, test_sizes);
    tcase_add_test (tests, test_setups);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
