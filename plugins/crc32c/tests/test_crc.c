/* SPDX-License-Identifier: MIT */
/* test_crc.c - checksums beside the bytes, as numcodecs puts them; in pieces; and wrong ones. */
#include "crc_filter.h"
#include <check.h>

#define SIZE 50000u
static uint8_t data[SIZE], encoded[SIZE + 4], back[SIZE];

static void
fill_data (void)
{
    for (uint32_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t) (i * i >> 3);
}

static tenon_status
open_filter (uint32_t setup_size, uint32_t place, uint32_t kind, void **state)
{
    uint8_t setup[12] = { 0 };
    struct tenon_coding coding = { .struct_size = sizeof coding,
                                   .setup = setup_size > 0 ? setup : NULL,
                                   .setup_size = setup_size };
    tenon_put_le32 (tenon_put_le32 (setup, place), kind);
    *state = NULL;
    return tenon_crc_open (&coding, state);
}

/* What numcodecs 0.16 makes of "123456789"; the sums are the check values of the three. */
static const struct {
    uint32_t setup_size, place, kind;
    const char *bytes;
} cases[] = {
    { 0, 0, 0, "123456789\x83\x92\x06\xe3" },
    { 4, 0, 0, "123456789\x83\x92\x06\xe3" },
    { 4, 1, 0,
      "\x83\x92\x06\xe3"
      "123456789" },
    { 8, 0, TENON_CHECK_CRC32C, "123456789\x83\x92\x06\xe3" },
    { 8, 1, TENON_CHECK_CRC32C,
      "\x83\x92\x06\xe3"
      "123456789" },
    { 8, 1, TENON_CHECK_CRC32,
      "\x26\x39\xf4\xcb"
      "123456789" },
    { 8, 0, TENON_CHECK_CRC32, "123456789\x26\x39\xf4\xcb" },
    { 8, 1, TENON_CHECK_ADLER32,
      "\xde\x01\x1e\x09"
      "123456789" },
};
#define CASES (int) (sizeof cases / sizeof cases[0])

static void *
open_case (int i)
{
    void *state;
    ck_assert_int_eq (open_filter (cases[i].setup_size, cases[i].place, cases[i].kind, &state), TENON_OK);
    return state;
}

START_TEST (test_peers)
{
    void *state = open_case (_i);
    ck_assert_int_eq (tenon_crc_encode (state, 3, "123456789", 9, encoded, 13), 13);
    ck_assert_mem_eq (encoded, cases[_i].bytes, 13);
    ck_assert_int_eq (tenon_crc_encode (state, 3, "123456789", 9, encoded, 12), TENON_E_LIMIT);
    ck_assert_int_eq (tenon_crc_decode (state, 1, cases[_i].bytes, 13, back, 9), TENON_OK);
    ck_assert_mem_eq (back, "123456789", 9);
    ck_assert_int_eq (tenon_crc_decode (state, 1, cases[_i].bytes, 13, back, 10), TENON_E_MALFORMED);
    ck_assert_int_eq (tenon_crc_decode (state, 1, cases[_i].bytes, 12, back, 9), TENON_E_MALFORMED);
    ck_assert_int_eq (tenon_crc_unpack (state, cases[_i].bytes, 13, back, 9), 9);
    ck_assert_int_eq (tenon_crc_unpack (state, cases[_i].bytes, 13, back, 8), 9);
    ck_assert_int_eq (tenon_crc_unpack (state, cases[_i].bytes, 3, back, 8), TENON_E_MALFORMED);
    for (unsigned bit = 0; bit < 8 * 13; bit++) {
        memcpy (encoded, cases[_i].bytes, 13);
        encoded[bit / 8] ^= (uint8_t) (1u << bit % 8);
        ck_assert_int_eq (tenon_crc_decode (state, 1, encoded, 13, back, 9), TENON_E_CHECKSUM);
        ck_assert_int_eq (tenon_crc_unpack (state, encoded, 13, back, 9), TENON_E_CHECKSUM);
    }
    tenon_crc_close (state);
}
END_TEST

/* Decodes in pieces. Returns what step says at last; *made is how much it has made. */
static int32_t
decode_steps (void *state, uint64_t stored, uint64_t piece, uint64_t room, uint64_t *made)
{
    int32_t result = TENON_STEP_MORE;
    *made = 0;
    ck_assert_int_eq (tenon_crc_reset (state), TENON_OK);
    for (uint64_t at = 0, taken, more;; at += taken, *made += more) {
        uint64_t in = stored - at < piece ? stored - at : piece;
        uint64_t out = SIZE - *made < room ? SIZE - *made : room;
        result = tenon_crc_step (state, in ? encoded + at : NULL, in, &taken, back + *made, out, &more);
        if (taken > in || more > out) /* an assertion for each byte would take most of the time */
            ck_abort_msg ("%llu of %llu bytes give %llu of %llu", (unsigned long long) taken,
                          (unsigned long long) in, (unsigned long long) more, (unsigned long long) out);
        if (taken == 0 && more == 0)
            return at == stored ? result : TENON_E_LIMIT;
    }
}

START_TEST (test_pieces)
{
    static const uint64_t pieces[][2] = { { SIZE + 4, SIZE }, { 1, SIZE }, { SIZE, 1 },  { 3, 5 },
                                          { 5, 3 },           { 4, 1000 }, { 1000, 999 } };
    static const uint64_t sizes[] = { 0, 1, 3, 4, 5, 9, 4096, SIZE };
    void *state = open_case (_i);
    for (unsigned k = 0; k < 7 * 8; k++) {
        uint64_t size = sizes[k / 7], piece = pieces[k % 7][0], room = pieces[k % 7][1], made;
        ck_assert_int_eq (tenon_crc_encode (state, 3, data, size, encoded, size + 4), (int64_t) size + 4);
        ck_assert_int_eq (decode_steps (state, size + 4, piece, room, &made), TENON_STEP_MAY_END);
        ck_assert_uint_eq (made, size);
        ck_assert (memcmp (back, data, size) == 0);
        ck_assert_int_eq (decode_steps (state, 3, piece, room, &made), TENON_STEP_MORE);
        encoded[size / 2] ^= 0x10;
        ck_assert_int_eq (decode_steps (state, size + 4, piece, room, &made), TENON_STEP_WRONG_SUM);
        ck_assert_uint_eq (made, size);
    }
    tenon_crc_close (state);
}
END_TEST

START_TEST (test_setups)
{
    static const struct {
        uint32_t setup_size, place, kind;
        tenon_status status;
    } wrong[] = {
        { 1, 0, 2, TENON_E_MALFORMED },          { 5, 0, 2, TENON_E_MALFORMED },
        { 12, 0, 2, TENON_E_MALFORMED },         { 4, 2, 0, TENON_E_MALFORMED },
        { 8, UINT32_MAX, 2, TENON_E_MALFORMED }, { 8, 0, 0, TENON_E_MALFORMED },
        { 8, 1, 4, TENON_E_UNSUPPORTED },        { 8, 1, UINT32_MAX, TENON_E_UNSUPPORTED },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        void *state;
        ck_assert_int_eq (open_filter (wrong[i].setup_size, wrong[i].place, wrong[i].kind, &state),
                          wrong[i].status);
        ck_assert_ptr_null (state);
    }
    ck_assert_uint_eq (tenon_crc_bound (NULL, 9), 13);
    ck_assert_uint_eq (tenon_crc_bound (NULL, UINT64_MAX - 3), UINT64_MAX);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("crc32c");
    TCase *tests = tcase_create ("filter");
    tcase_add_checked_fixture (tests, fill_data, NULL);
    tcase_add_loop_test (tests, test_peers, 0, CASES);
    tcase_add_loop_test (tests, test_pieces, 0, CASES);
    tcase_add_test (tests, test_setups);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
