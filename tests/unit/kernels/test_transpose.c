/* SPDX-License-Identifier: MIT */
/* test_transpose.c - reversing axes, compared with the definition, item by item, for many shapes, items,
 * ranges and addresses. */
#include "kernels/transpose.h"
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static unsigned char tile[TN_TRANSPOSE_TILE];

/* to[i_last … i_0] = from[i_0 … i_last], as the header says it. */
static void
reverse_axes (unsigned char *to, const unsigned char *from, uint64_t item, uint32_t rank,
              const uint64_t *shape)
{
    uint64_t items = 1;
    for (uint32_t axis = 0; axis < rank; axis++)
        items *= shape[axis];
    for (uint64_t position = 0; position < items; position++) {
        uint64_t rest = position, place = 0, stride = items;
        for (uint32_t axis = rank; axis-- > 0; rest /= shape[axis]) {
            stride /= shape[axis]; /* of this axis in `to` */
            place += rest % shape[axis] * stride;
        }
        memcpy (to + place * item, from + position * item, item);
    }
}

static uint32_t
next_random (void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* All rows, then a range of them, at an odd address with guards on both sides. */
static void
check_shape (uint64_t item, uint32_t rank, const uint64_t *shape)
{
    uint64_t bytes = item, rows = rank > 0 ? shape[rank - 1] : 1;
    for (uint32_t axis = 0; axis < rank; axis++)
        bytes *= shape[axis];
    unsigned char *from = malloc (bytes + 1), *expected = malloc (bytes + 1), *to = malloc (bytes + 32);
    ck_assert (from && expected && to);
    for (uint64_t i = 0; i <= bytes; i++)
        from[i] = (unsigned char) next_random ();
    reverse_axes (expected, from + 1, item, rank, shape);
    uint64_t row_bytes = rows > 0 ? bytes / rows : 0;
    for (int round = 0; round < 3; round++) {
        uint64_t first = round < 2 || rows == 0 ? 0 : next_random () % rows, start = round == 0 ? 16 : 1;
        uint64_t count = round < 2 || rows == 0 ? rows : next_random () % (rows - first) + 1;
        memset (to, 0xa5, bytes + 32);
        tn_transpose (to + start, from + 1, item, rank, shape, first, count, tile);
        ck_assert_uint_eq (to[start - 1], 0xa5);
        ck_assert_uint_eq (to[start + count * row_bytes], 0xa5);
        ck_assert_msg (memcmp (to + start, expected + first * row_bytes, count * row_bytes) == 0,
                       "item %d, rank %d, shape %d %d …, rows %d + %d", (int) item, (int) rank,
                       rank > 0 ? (int) shape[0] : 0, rank > 1 ? (int) shape[1] : 0, (int) first,
                       (int) count);
    }
    free (from);
    free (expected);
    free (to);
}

START_TEST (matrix_by_hand)
{
    const uint8_t from[6] = { 1, 2, 3, 4, 5, 6 }, expected[6] = { 1, 4, 2, 5, 3, 6 };
    const uint64_t shape[2] = { 2, 3 };
    uint8_t to[6] = { 0 };
    tn_transpose (to, from, 1, 2, shape, 0, 3, tile);
    ck_assert_mem_eq (to, expected, 6);
    tn_transpose (to, from, 1, 2, shape, 1, 2, tile); /* the last two rows, at the beginning of `to` */
    ck_assert_mem_eq (to, expected + 2, 4);
}
END_TEST

static const uint64_t items[] = { 1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 144, 300 };
#define ITEMS (int) (sizeof items / sizeof *items)

/* Around the sides of the squares and of the tiles. */
START_TEST (matrices)
{
    static const uint64_t sides[] = { 1, 2, 7, 8, 15, 16, 17, 33, 63, 64, 65, 129, 255, 257 };
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (size_t j = 0; j < sizeof sides / sizeof *sides; j++) {
            uint64_t shape[2] = { sides[i], sides[j] };
            if (shape[0] * shape[1] * items[_i] < 1u << 20)
                check_shape (items[_i], 2, shape);
        }
}
END_TEST

START_TEST (more_axes)
{
    static const struct {
        uint32_t rank;
        uint64_t shape[8];
    } cases[] = {
        { 0, { 0 } },
        { 1, { 1 } },
        { 1, { 100 } },
        { 2, { 1, 100 } },
        { 2, { 100, 1 } },
        { 3, { 1, 1, 1 } },
        { 3, { 5, 1, 7 } },
        { 3, { 2, 3, 4 } },
        { 3, { 3, 50, 40 } },
        { 3, { 40, 50, 3 } },
        { 3, { 2, 500, 2 } },
        { 3, { 17, 65, 33 } },
        { 4, { 3, 1, 300, 2 } },
        { 5, { 6, 5, 4, 3, 2 } },
        { 6, { 2, 3, 2, 3, 2, 40 } },
        { 8, { 2, 2, 2, 2, 2, 2, 2, 2 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_shape (items[_i], cases[i].rank, cases[i].shape);
}
END_TEST

START_TEST (empty_shapes)
{
    const uint64_t none_first[2] = { 0, 5 }, none_last[2] = { 5, 0 }, some[2] = { 2, 3 };
    tn_transpose (NULL, NULL, 4, 2, none_first, 0, 5, tile);
    tn_transpose (NULL, NULL, 4, 2, none_last, 0, 0, tile);
    tn_transpose (NULL, NULL, 4, 2, some, 1, 0, tile);
    ck_assert_uint_gt (tn_transpose_grain (4, 2, none_first), 0);
}
END_TEST

/* 64 axes, most of them of size 1. */
START_TEST (highest_rank)
{
    uint64_t shape[TN_TRANSPOSE_RANK];
    for (uint32_t axis = 0; axis < TN_TRANSPOSE_RANK; axis++)
        shape[axis] = axis % 9 == 4 ? 3 : 1;
    check_shape (4, TN_TRANSPOSE_RANK, shape);
}
END_TEST

/* Large enough to be written past the caches, with aligned and unaligned rows. */
START_TEST (large)
{
    const uint64_t even[2] = { 1536, 2048 }, odd[2] = { 1537, 2001 }, three[3] = { 96, 40, 1024 };
    check_shape (4, 2, even);
    check_shape (4, 2, odd);
    check_shape (4, 3, three);
    check_shape (8, 2, odd);
}
END_TEST

/* Ranges of the grain put together are the whole. */
START_TEST (ranges_make_the_whole)
{
    const uint64_t shape[3] = { 64, 100, 901 };
    uint64_t row_bytes = 64 * 100 * 2, bytes = row_bytes * 901, grain = tn_transpose_grain (2, 3, shape);
    ck_assert_uint_gt (grain, 0);
    unsigned char *from = malloc (bytes), *whole = malloc (bytes), *parts = malloc (bytes);
    ck_assert (from && whole && parts);
    for (uint64_t i = 0; i < bytes; i++)
        from[i] = (unsigned char) next_random ();
    tn_transpose (whole, from, 2, 3, shape, 0, 901, tile);
    for (uint64_t first = 0; first < 901; first += grain)
        tn_transpose (parts + first * row_bytes, from, 2, 3, shape, first,
                      901 - first < grain ? 901 - first : grain, tile);
    ck_assert_mem_eq (parts, whole, bytes);
    free (from);
    free (whole);
    free (parts);
}
END_TEST

/* Fortran to C and back gives the array again. */
START_TEST (there_and_back)
{
    const uint64_t shape[4] = { 7, 20, 3, 50 }, reversed[4] = { 50, 3, 20, 7 };
    static uint32_t from[7 * 20 * 3 * 50], to[7 * 20 * 3 * 50], back[7 * 20 * 3 * 50];
    for (uint32_t i = 0; i < 7 * 20 * 3 * 50; i++)
        from[i] = i;
    tn_transpose (to, from, 4, 4, shape, 0, 50, tile);
    tn_transpose (back, to, 4, 4, reversed, 0, 7, tile);
    ck_assert_mem_eq (back, from, sizeof from);
    ck_assert_uint_eq (to[1], 20 * 3 * 50);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("transpose");
    TCase *tests = tcase_create ("transpose");
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, matrix_by_hand);
    tcase_add_loop_test (tests, matrices, 0, ITEMS);
    tcase_add_loop_test (tests, more_axes, 0, ITEMS);
    tcase_add_test (tests, empty_shapes);
    tcase_add_test (tests, highest_rank);
    tcase_add_test (tests, large);
    tcase_add_test (tests, ranges_make_the_whole);
    tcase_add_test (tests, there_and_back);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
