/* SPDX-License-Identifier: MIT */
/* test_filter.c - the filter bzip2: what Python makes, what comes back, and what is wrong. */
#include "bzip2_filter.h"
#include "tests/filters/kit.h"

#define NUMBERS 160u
static uint8_t numbers[4 * NUMBERS]; /* of 32 bits, each eight times: 0 … 19 */

static void
set_numbers (void)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        tenon_put_le32 (numbers + 4 * i, i / 8);
}

/* Python 3.11: bz2.compress (numbers, 1) */
static const uint8_t by_python[] = { 0x42, 0x5a, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x95, 0x14,
                                     0x46, 0xe0, 0x00, 0x00, 0x01, 0xe0, 0x00, 0x7f, 0xff, 0xf8, 0x04, 0x20,
                                     0x00, 0x50, 0xa0, 0x69, 0xa1, 0x91, 0x93, 0x10, 0x2a, 0x52, 0x8c, 0x00,
                                     0x07, 0xa8, 0xab, 0x4f, 0xc3, 0xf8, 0xb8, 0x5e, 0x30, 0x18, 0x8c, 0x86,
                                     0x63, 0x41, 0xa8, 0xd8, 0x6e, 0x38, 0x1c, 0x8e, 0x87, 0x63, 0xc1, 0x52,
                                     0x54, 0x96, 0xa8, 0x24, 0x3d, 0xb0, 0x90, 0xf8, 0x5d, 0xc9, 0x14, 0xe1,
                                     0x42, 0x42, 0x54, 0x51, 0x1b, 0x80 };

static const struct filter_kit kit = { .filter = &tenon_bzip2, .memory = 8 << 20 };

START_TEST (test_peer)
{
    filter_gives (&kit, by_python, sizeof by_python, numbers, sizeof numbers);
    filter_survives (&kit, by_python, sizeof by_python, numbers, sizeof numbers, sizeof by_python, 1);
}
END_TEST

START_TEST (test_returns)
{
    static const int32_t levels[] = { 1, 9 };
    filter_returns (&kit, levels, 2);
}
END_TEST

/* Streams that follow each other are one. What follows and is none is damage. */
START_TEST (test_joined)
{
    uint8_t joined[3 * sizeof by_python], twice[2 * sizeof numbers];
    for (size_t i = 0; i < 3; i++)
        memcpy (joined + i * sizeof by_python, by_python, sizeof by_python);
    for (size_t i = 0; i < 2; i++)
        memcpy (twice + i * sizeof numbers, numbers, sizeof numbers);
    filter_gives (&kit, joined, 2 * sizeof by_python, twice, sizeof twice);
    filter_refuses (&kit, joined, 2 * sizeof by_python + 1, sizeof twice, TENON_E_MALFORMED, NULL);
    filter_refuses (&kit, joined, sizeof joined - 1, 3 * sizeof numbers, TENON_E_MALFORMED, NULL);
}
END_TEST

/* The decoder of a stream of level 1 holds 4 bytes for each of 100,000, and less than 100,000 beside them. */
START_TEST (test_memory)
{
    struct filter_kit little = { .filter = &tenon_bzip2, .memory = 400000 };
    void *state = filter_open (&little, 0, 0);
    uint8_t room[sizeof numbers];
    ck_assert_int_eq (tenon_bzip2.decode (state, 1, by_python, sizeof by_python, room, sizeof room),
                      TENON_E_LIMIT);
    ck_assert_ptr_nonnull (strstr (tenon_bzip2.why (state), "bytes of memory; raise memory in [limits]"));
    ck_assert_int_eq (tenon_bzip2.reset (state), TENON_OK);
    ck_assert_ptr_null (tenon_bzip2.why (state));
    tenon_bzip2.close (state);
    little.memory = 500000;
    filter_gives (&little, by_python, sizeof by_python, numbers, sizeof numbers);
    little.memory = 1000; /* not even a state */
    state = filter_open (&little, 0, 0);
    ck_assert_int_eq (tenon_bzip2.decode (state, 1, by_python, sizeof by_python, room, sizeof room),
                      TENON_E_LIMIT);
    tenon_bzip2.close (state);
}
END_TEST

START_TEST (test_setups)
{
    struct filter_kit other = { .filter = &tenon_bzip2, .setup = "x", .setup_size = 1 };
    ck_assert_int_eq (filter_opens (&other, 0, 0), TENON_E_UNSUPPORTED);
}
END_TEST

int
main (void)
{
    TCase *tests = tcase_create ("bzip2");
    tcase_add_checked_fixture (tests, set_numbers, NULL);
    tcase_add_test (tests, test_peer);
    tcase_add_test (tests, test_returns);
    tcase_add_test (tests, test_joined);
    tcase_add_test (tests, test_memory);
    tcase_add_test (tests, test_setups);
    return filter_run (tests);
}
