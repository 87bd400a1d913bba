/* SPDX-License-Identifier: MIT */
/* test_permute.c - strided copies, compared with the definition, item by item: axes reversed, for many
 * shapes, items, ranges and addresses, and boxes of any strides. */
#include "kernels/permute.h"
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static unsigned char tile[TN_PERMUTE_TILE];

/* Rows first … first + count - 1 of the array with all axes reversed, to[i_last … i_0] = from[i_0 … i_last].
 */
static void
transpose (void *to, const void *from, uint64_t item, uint32_t rank, const uint64_t *shape, uint64_t first,
           uint64_t count, bool stream)
{
    struct tn_move move = { .rank = rank, .item = item, .stream = stream };
    uint64_t in = item, out = item;
    for (uint32_t axis = rank; axis-- > 0; in *= shape[axis])
        move.count[axis] = shape[axis], move.from[axis] = (int64_t) in;
    for (uint32_t axis = 0; axis < rank; out *= shape[axis++])
        move.to[axis] = (int64_t) out;
    if (rank > 0)
        move.count[rank - 1] = count;
    if (from)
        from = (const char *) from + first * item;
    tn_permute (to, from, &move, tile);
}

/* The same of all rows, from its definition. */
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

/* All rows, where vectors can be stored and where not, then a range of them; with guards on both sides. */
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
        transpose (to + start, from + 1, item, rank, shape, first, count, round < 2);
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
    transpose (to, from, 1, 2, shape, 0, 3, false);
    ck_assert_mem_eq (to, expected, 6);
    transpose (to, from, 1, 2, shape, 1, 2, false); /* the last two rows, at the beginning of `to` */
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
    transpose (NULL, NULL, 4, 2, none_first, 0, 5, false);
    transpose (NULL, NULL, 4, 2, none_last, 0, 0, false);
    transpose (NULL, NULL, 4, 2, some, 1, 0, false);
}
END_TEST

/* 64 axes, most of them of size 1. */
START_TEST (highest_rank)
{
    uint64_t shape[TN_PERMUTE_RANK];
    for (uint32_t axis = 0; axis < TN_PERMUTE_RANK; axis++)
        shape[axis] = axis % 9 == 4 ? 3 : 1;
    check_shape (4, TN_PERMUTE_RANK, shape);
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

/* Copies a box item by item, as the header defines it. */
static void
copy_box (unsigned char *to, const unsigned char *from, const struct tn_move *move)
{
    uint64_t positions = 1;
    for (uint32_t axis = 0; axis < move->rank; axis++)
        positions *= move->count[axis];
    for (uint64_t position = 0; position < positions; position++) {
        uint64_t rest = position;
        int64_t in = 0, out = 0;
        for (uint32_t axis = move->rank; axis-- > 0; rest /= move->count[axis]) {
            in += (int64_t) (rest % move->count[axis]) * move->from[axis];
            out += (int64_t) (rest % move->count[axis]) * move->to[axis];
        }
        memcpy (to + out, from + in, move->item);
    }
}

/* Packed in some order, perhaps with gaps, turned around, or (reading) repeated. Returns the bytes from the
 * first to behind the last item; *low: from the first to item 0 … 0. */
static uint64_t
draw_strides (const struct tn_move *move, int64_t *stride, bool may_repeat, uint64_t *low)
{
    uint32_t order[8];
    uint64_t reach = move->item;
    *low = 0;
    for (uint32_t i = 0; i < move->rank; i++) {
        uint32_t place = next_random () % (i + 1);
        order[i] = order[place], order[place] = i;
    }
    for (uint32_t i = 0; i < move->rank; i++) {
        uint64_t gap = next_random () % 4 ? 0 : next_random () % 3 * move->item + next_random () % 2;
        uint64_t count = move->count[order[i]], step = reach + gap;
        if (may_repeat && next_random () % 8 == 0)
            step = 0;
        bool back = next_random () % 5 == 0;
        stride[order[i]] = back ? -(int64_t) step : (int64_t) step;
        *low += back ? (count - 1) * step : 0;
        reach += (count - 1) * step;
    }
    return reach;
}

static void
check_box (struct tn_move *move)
{
    struct tn_move lost;
    uint64_t from_low, to_low;
    uint64_t from_size = draw_strides (move, move->from, true, &from_low);
    uint64_t to_size = draw_strides (move, move->to, false, &to_low);
    unsigned char *from = malloc (from_size + 1), *to = malloc (to_size + 32),
                  *expected = malloc (to_size + 32);
    ck_assert (from && to && expected);
    for (uint64_t i = 0; i <= from_size; i++)
        from[i] = (unsigned char) next_random ();
    uint64_t start = next_random () % 17;
    memset (to, 0xa5, to_size + 32);
    memset (expected, 0xa5, to_size + 32);
    copy_box (expected + start + to_low, from + 1 + from_low, move);
    lost = *move;
    tn_permute (to + start + to_low, from + 1 + from_low, &lost, tile);
    ck_assert_msg (memcmp (to, expected, to_size + 32) == 0,
                   "item %d, rank %d, shape %d %d %d, from %d %d %d, to %d %d %d", (int) move->item,
                   (int) move->rank, (int) move->count[0], (int) move->count[1], (int) move->count[2],
                   (int) move->from[0], (int) move->from[1], (int) move->from[2], (int) move->to[0],
                   (int) move->to[1], (int) move->to[2]);
    free (from);
    free (to);
    free (expected);
}

/* Bytes between the items, and around them, stay as they are. */
START_TEST (any_strides)
{
    for (int round = 0; round < 600; round++) {
        struct tn_move move = { .rank = next_random () % 6, .item = items[_i] };
        uint64_t room = (1u << 18) / move.item;
        move.stream = next_random () % 2;
        for (uint32_t axis = 0; axis < move.rank; axis++) {
            uint64_t most = next_random () % 3 ? 9 : 130;
            move.count[axis] = 1 + next_random () % (room < most ? room : most);
            room /= move.count[axis];
        }
        check_box (&move);
    }
}
END_TEST

/* Fortran to C and back gives the array again. */
START_TEST (there_and_back)
{
    const uint64_t shape[4] = { 7, 20, 3, 50 }, reversed[4] = { 50, 3, 20, 7 };
    static uint32_t from[7 * 20 * 3 * 50], to[7 * 20 * 3 * 50], back[7 * 20 * 3 * 50];
    for (uint32_t i = 0; i < 7 * 20 * 3 * 50; i++)
        from[i] = i;
    transpose (to, from, 4, 4, shape, 0, 50, false);
    transpose (back, to, 4, 4, reversed, 0, 7, false);
    ck_assert_mem_eq (back, from, sizeof from);
    ck_assert_uint_eq (to[1], 20 * 3 * 50);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("permute");
    TCase *tests = tcase_create ("permute");
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, matrix_by_hand);
    tcase_add_loop_test (tests, matrices, 0, ITEMS);
    tcase_add_loop_test (tests, more_axes, 0, ITEMS);
    tcase_add_test (tests, empty_shapes);
    tcase_add_test (tests, highest_rank);
    tcase_add_test (tests, large);
    tcase_add_loop_test (tests, any_strides, 0, ITEMS);
    tcase_add_test (tests, there_and_back);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
