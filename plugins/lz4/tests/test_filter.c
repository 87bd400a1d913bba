/* SPDX-License-Identifier: MIT */
/* test_filter.c - the filter lz4: what numcodecs makes, what comes back, and what is wrong. */
#include "lz4_filter.h"
#include "tests/filters/kit.h"

#define NUMBERS 160u
static uint8_t numbers[4 * NUMBERS]; /* of 32 bits, each eight times: 0 … 19 */

static void
set_numbers (void)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        tenon_put_le32 (numbers + 4 * i, i / 8);
}

/* numcodecs 0.15.2: LZ4 ().encode (numbers) */
static const uint8_t by_numcodecs[] = {
    0x80, 0x02, 0x00, 0x00, 0x1f, 0x00, 0x01, 0x00, 0x0c, 0x1f, 0x01, 0x04, 0x00, 0x0c, 0x1f, 0x02,
    0x04, 0x00, 0x0c, 0x1f, 0x03, 0x04, 0x00, 0x0c, 0x1f, 0x04, 0x04, 0x00, 0x0c, 0x1f, 0x05, 0x04,
    0x00, 0x0c, 0x1f, 0x06, 0x04, 0x00, 0x0c, 0x1f, 0x07, 0x04, 0x00, 0x0c, 0x1f, 0x08, 0x04, 0x00,
    0x0c, 0x1f, 0x09, 0x04, 0x00, 0x0c, 0x1f, 0x0a, 0x04, 0x00, 0x0c, 0x1f, 0x0b, 0x04, 0x00, 0x0c,
    0x1f, 0x0c, 0x04, 0x00, 0x0c, 0x1f, 0x0d, 0x04, 0x00, 0x0c, 0x1f, 0x0e, 0x04, 0x00, 0x0c, 0x1f,
    0x0f, 0x04, 0x00, 0x0c, 0x1f, 0x10, 0x04, 0x00, 0x0c, 0x1f, 0x11, 0x04, 0x00, 0x0c, 0x1f, 0x12,
    0x04, 0x00, 0x0c, 0x1f, 0x13, 0x04, 0x00, 0x07, 0x50, 0x00, 0x13, 0x00, 0x00, 0x00
};

static const struct filter_kit kit = { .filter = &tenon_lz4, .memory = 1 << 20 };

START_TEST (test_peer)
{
    filter_gives (&kit, by_numcodecs, sizeof by_numcodecs, numbers, sizeof numbers);
    filter_survives (&kit, by_numcodecs, sizeof by_numcodecs, numbers, sizeof numbers, sizeof by_numcodecs,
                     0);
}
END_TEST

START_TEST (test_returns)
{
    static const int32_t levels[] = { 1, 10, 65537 };
    filter_returns (&kit, levels, 3);
}
END_TEST

/* The block format by hand: a token, of whose two halves one is the number of literals and the other that of
 * the bytes to repeat, less 4; the literals; how far back the repeated bytes begin. */
START_TEST (test_by_hand)
{
    static const uint8_t empty[] = { 0, 0, 0, 0, 0 };
    static const uint8_t literals[] = { 3, 0, 0, 0, 0x30, 'a', 'b', 'c' };
    static const uint8_t repeats[] = { 15, 0, 0, 0, 0x15, 'x', 1, 0, 0x50, 'v', 'w', 'x', 'y', 'z' };
    static const uint8_t far[] = { 15, 0, 0, 0, 0x15, 'x', 2, 0, 0x50, 'v', 'w', 'x', 'y', 'z' };
    static const uint8_t more[] = { 2, 0, 0, 0, 0x30, 'a', 'b', 'c' };
    static const uint8_t fewer[] = { 4, 0, 0, 0, 0x30, 'a', 'b', 'c' };
    filter_gives (&kit, empty, sizeof empty, "", 0);
    filter_gives (&kit, literals, sizeof literals, "abc", 3);
    filter_gives (&kit, repeats, sizeof repeats, "xxxxxxxxxxvwxyz", 15);
    filter_refuses (&kit, far, sizeof far, 15, TENON_E_MALFORMED, NULL);
    filter_refuses (&kit, more, sizeof more, 2, TENON_E_MALFORMED, NULL);
    filter_refuses (&kit, fewer, sizeof fewer, 4, TENON_E_MALFORMED, NULL);
}
END_TEST

/* A size that lies is refused before anything is written; unpack only names it. */
START_TEST (test_sizes)
{
    uint8_t stream[] = { 0xff, 0xff, 0xff, 0x7d, 0x30, 'a', 'b', 'c' }, room[4];
    void *state = filter_open (&kit, 0, 0);
    ck_assert_int_eq (tenon_lz4.unpack (state, stream, sizeof stream, room, sizeof room), 0x7dffffff);
    stream[3] = 0x7f; /* more than LZ4 can make */
    ck_assert_int_eq (tenon_lz4.unpack (state, stream, sizeof stream, room, sizeof room), TENON_E_MALFORMED);
    tenon_lz4.close (state);
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = 1 };
    ck_assert_uint_eq (tenon_lz4.bound (&coding, (uint64_t) 1 << 31), UINT64_MAX);
}
END_TEST

START_TEST (test_setups)
{
    struct filter_kit other = { .filter = &tenon_lz4, .setup = "\0\0\0\0", .setup_size = 4 };
    ck_assert_int_eq (filter_opens (&other, 0, 0), TENON_OK);
    filter_gives (&other, by_numcodecs, sizeof by_numcodecs, numbers, sizeof numbers);
    other.setup = "\1\0\0\0";
    ck_assert_int_eq (filter_opens (&other, 0, 0), TENON_E_UNSUPPORTED);
    other.setup_size = 3;
    ck_assert_int_eq (filter_opens (&other, 1, 1), TENON_E_MALFORMED);
}
END_TEST

int
main (void)
{
    TCase *tests = tcase_create ("lz4");
    tcase_add_checked_fixture (tests, set_numbers, NULL);
    tcase_add_test (tests, test_peer);
    tcase_add_test (tests, test_returns);
    tcase_add_test (tests, test_by_hand);
    tcase_add_test (tests, test_sizes);
    tcase_add_test (tests, test_setups);
    return filter_run (tests);
}
