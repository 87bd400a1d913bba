/* SPDX-License-Identifier: MIT */
/* test_swap.c - reversing byte order: every width, odd counts, odd addresses, and the fields of blocks. */
#include "kernels/swap.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MOST 200

static void
fill_bytes (unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char) (i * 37 + 11);
}

/* The definition, a byte at a time. */
static void
expect_swapped (unsigned char *to, const unsigned char *from, uint32_t width, uint64_t count)
{
    for (uint64_t item = 0; item < count; item++)
        for (uint32_t i = 0; i < width; i++)
            to[item * width + i] = from[item * width + width - 1 - i];
}

START_TEST (every_width)
{
    static const uint32_t widths[] = { 2, 4, 8, 16 };
    uint32_t width = widths[_i];
    unsigned char from[MOST + 2], expected[MOST + 2], copied[MOST + 2];
    for (uint64_t count = 0; count * width + 1 < MOST; count++)
        for (uint64_t start = 0; start < 2; start++) { /* aligned and unaligned */
            fill_bytes (from, sizeof from);
            memcpy (expected, from, sizeof from);
            memset (copied, 0xee, sizeof copied);
            expect_swapped (expected + start, from + start, width, count);
            tn_swap_copy (copied + start, from + start, width, count);
            ck_assert_mem_eq (copied + start, expected + start, count * width);
            ck_assert_uint_eq (copied[start + count * width], 0xee);
            tn_swap (from + start, width, count);
            ck_assert_mem_eq (from, expected, sizeof from);
        }
}
END_TEST

START_TEST (known_bytes)
{
    unsigned char u16[] = { 0x12, 0x34 }, u32[] = { 1, 2, 3, 4 }, f64[] = { 0x3f, 0xf0, 0, 0, 0, 0, 0, 0 };
    double one;
    tn_swap (u16, 2, 1);
    ck_assert_mem_eq (u16, "\x34\x12", 2);
    tn_swap (u32, 4, 1);
    ck_assert_mem_eq (u32, "\4\3\2\1", 4);
    tn_swap (f64, 8, 1); /* 1.0, big-endian */
    memcpy (&one, f64, 8);
    ck_assert (one == 1.0);
}
END_TEST

START_TEST (bytes_have_no_order)
{
    unsigned char from[5] = { 1, 2, 3, 4, 5 }, to[5] = { 0 };
    tn_swap (from, 1, 5);
    ck_assert_mem_eq (from, "\1\2\3\4\5", 5);
    tn_swap_copy (to, from, 1, 5);
    ck_assert_mem_eq (to, from, 5);
    tn_swap_copy (NULL, NULL, 1, 0);
    tn_swap_copy (NULL, NULL, 4, 0);
}
END_TEST

/* Three blocks of 11 bytes: a 16-bit integer, three bytes, one 32-bit integer, two bytes; fields of a longer
 * struct. */
START_TEST (fields_of_blocks)
{
    struct {
        struct tenon_swap_field field;
        uint32_t news;
    } fields[] = { { { 0, 2, 1 }, 9 }, { { 2, 1, 3 }, 9 }, { { 5, 4, 1 }, 9 } };
    unsigned char blocks[33], expected[33];
    fill_bytes (blocks, sizeof blocks);
    memcpy (expected, blocks, sizeof blocks);
    for (int block = 0; block < 3; block++) {
        expect_swapped (expected + 11 * block, blocks + 11 * block, 2, 1);
        expect_swapped (expected + 11 * block + 5, blocks + 11 * block + 5, 4, 1);
    }
    tn_swap_blocks (blocks, 11, &fields[0].field, sizeof fields[0], 3, 3);
    ck_assert_mem_eq (blocks, expected, sizeof blocks);
    tn_swap_blocks (blocks, 11, &fields[0].field, sizeof fields[0], 3, 0);
    tn_swap_blocks (blocks, 11, NULL, sizeof fields[0], 0, 3);
    ck_assert_mem_eq (blocks, expected, sizeof blocks);
}
END_TEST

START_TEST (run_inside_a_block)
{
    struct tenon_swap_field field = { 2, 2, 4 };
    unsigned char block[12], expected[12];
    fill_bytes (block, sizeof block);
    memcpy (expected, block, sizeof block);
    expect_swapped (expected + 2, block + 2, 2, 4);
    tn_swap_blocks (block, 12, &field, sizeof field, 1, 1);
    ck_assert_mem_eq (block, expected, sizeof block);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("swap");
    TCase *tests = tcase_create ("swap");
    tcase_add_loop_test (tests, every_width, 0, 4);
    tcase_add_test (tests, known_bytes);
    tcase_add_test (tests, bytes_have_no_order);
    tcase_add_test (tests, fields_of_blocks);
    tcase_add_test (tests, run_inside_a_block);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
