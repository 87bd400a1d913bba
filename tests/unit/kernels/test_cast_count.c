/* SPDX-License-Identifier: MIT */
/* test_cast_count.c - what a cast changes: counts written out by hand, results against tn_cast, and long
 * runs, which screens shorten, against their items one by one. */
#include "kernels/cast.h"
#include "kernels/cast_count.h"
#include "kernels/cast_small.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define ITEMS 1000u

static struct tn_cast_counts
count_values (uint32_t to_dtype, uint32_t from_dtype, const void *from, uint64_t count)
{
    static unsigned char to[16 * ITEMS];
    struct tn_cast_counts counts = { 0 };
    tn_cast_counted (to_dtype, to, from_dtype, from, count, false, &counts);
    return counts;
}

static void
expect_counts (const char *what, struct tn_cast_counts found, struct tn_cast_counts wanted)
{
    ck_assert_msg (
        memcmp (&found, &wanted, sizeof found) == 0,
        "%s: overflowed %d clipped %d infinite %d nan %d imaginary %d inexact %d flushed %d cut %d", what,
        (int) found.overflowed, (int) found.clipped, (int) found.infinite, (int) found.nan,
        (int) found.imaginary, (int) found.inexact, (int) found.flushed, (int) found.cut);
}

/* Values at the edges: 65519 rounds to 65504, the largest f16, 65520 to infinity (IEEE 754); 2^-25 is halfway
 * between zero and the smallest f16, and goes to the even zero; 464 rounds to 448 in f8_e4m3, a little more
 * does not (OCP 8-bit). */
START_TEST (test_edges)
{
    static const float edges[] = { 0,        -0.0f,           1,        1.0001f,   65519,
                                   65520,    -65520,          INFINITY, -INFINITY, NAN,
                                   0x1p-24f, 0x1.000002p-25f, 0x1p-25f, 464,       464.1f };
    static const struct {
        uint32_t to;
        struct tn_cast_counts wanted;
    } cases[] = {
        { TENON_F16, { .overflowed = 2, .flushed = 1 } },
        { TENON_BF16, { 0 } },
        { TENON_F64, { 0 } },
        { TENON_C64, { 0 } },
        /* 65519 and the two of 65520, and 464.1; 2^-24 and the two smaller ones */
        { TENON_F8_E4M3, { .overflowed = 4, .infinite = 2, .flushed = 3 } },
        { TENON_F8_E5M2, { .overflowed = 3, .flushed = 3 } },
        /* 240 is the largest: 464 is too large as well */
        { TENON_F8_E4M3FNUZ, { .overflowed = 5, .infinite = 2, .flushed = 3 } },
        { TENON_F8_E5M2FNUZ, { .overflowed = 3, .infinite = 2, .flushed = 3 } },
        /* two zeros, and all of a minus sign; the infinite ones become NaN */
        { TENON_F8_E8M0, { .overflowed = 3, .infinite = 2 } },
        { TENON_F4, { .clipped = 7, .nan = 1, .flushed = 3 } },
        { TENON_I32, { .clipped = 2, .nan = 1, .cut = 5 } },
        { TENON_U8, { .clipped = 7, .nan = 1, .cut = 4 } },
        { TENON_BOOL, { .clipped = 11, .nan = 1 } },
    };
    for (size_t i = 0; i < COUNT (cases); i++)
        expect_counts (tn_cast_bits (cases[i].to) ? "f32" : "?",
                       count_values (cases[i].to, TENON_F32, edges, COUNT (edges)), cases[i].wanted);
}
END_TEST

START_TEST (test_integers)
{
    static const int64_t numbers[] = { 0, 1, -1, 255, 256, 2049, 16777217, INT64_MAX, INT64_MIN };
    static const uint64_t large[] = { 7, UINT64_MAX, (uint64_t) INT64_MAX + 1, UINT64_C (1) << 53 | 1 };
    static const double floats[] = { 0.5, 1, 0x1p63, -0x1p63, -0x1.0000000000001p63, 0x1p64, -1 };
    expect_counts ("u8", count_values (TENON_U8, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .clipped = 6 });
    expect_counts ("i32", count_values (TENON_I32, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .clipped = 2 });
    expect_counts ("u64", count_values (TENON_U64, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .clipped = 2 });
    expect_counts ("bool", count_values (TENON_BOOL, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .clipped = 7 });
    /* 2049 needs 12 bits, an f16 has 11; 16777217 is larger than all of them */
    expect_counts ("f16", count_values (TENON_F16, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .overflowed = 3, .inexact = 1 });
    /* INT64_MIN is a power of two */
    expect_counts ("f32", count_values (TENON_F32, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .inexact = 2 });
    expect_counts ("f64", count_values (TENON_F64, TENON_I64, numbers, 9),
                   (struct tn_cast_counts){ .inexact = 1 });
    expect_counts ("i64", count_values (TENON_I64, TENON_U64, large, 4),
                   (struct tn_cast_counts){ .clipped = 2 });
    expect_counts ("f64", count_values (TENON_F64, TENON_U64, large, 4),
                   (struct tn_cast_counts){ .inexact = 2 });
    expect_counts ("i64", count_values (TENON_I64, TENON_F64, floats, 7),
                   (struct tn_cast_counts){ .clipped = 3, .cut = 1 });
    expect_counts ("u64", count_values (TENON_U64, TENON_F64, floats, 7),
                   (struct tn_cast_counts){ .clipped = 4, .cut = 1 });
}
END_TEST

START_TEST (test_complex)
{
    static const double numbers[] = { 1, 2, 1e300, 0, 3, -0.0, 4, NAN };
    expect_counts ("f64", count_values (TENON_F64, TENON_C128, numbers, 4),
                   (struct tn_cast_counts){ .imaginary = 2 });
    expect_counts ("f32", count_values (TENON_F32, TENON_C128, numbers, 4),
                   (struct tn_cast_counts){ .overflowed = 1, .imaginary = 2 });
    expect_counts ("c64", count_values (TENON_C64, TENON_C128, numbers, 4),
                   (struct tn_cast_counts){ .overflowed = 1 });
    ck_assert (tn_cast_may_lose (TENON_C64, TENON_F64) && !tn_cast_may_lose (TENON_C64, TENON_C128));
}
END_TEST

/* A saturating cast gives the largest finite value, 448 or 57344, also for infinity; NaN stays NaN. */
START_TEST (test_saturated)
{
    static const float values[] = { 1000, -1000, INFINITY, -INFINITY, NAN, 448, 464 };
    unsigned char to[7];
    struct tn_cast_counts counts = { 0 };
    tn_cast_counted (TENON_F8_E4M3, to, TENON_F32, values, 7, true, &counts);
    ck_assert_mem_eq (to, "\x7e\xfe\x7e\xfe\x7f\x7e\x7e", 7);
    expect_counts ("e4m3", counts, (struct tn_cast_counts){ .clipped = 4 });
    static const float more[] = { 1e6f, -INFINITY, 57344 };
    counts = (struct tn_cast_counts){ 0 };
    tn_cast_counted (TENON_F8_E5M2, to, TENON_F32, more, 3, true, &counts);
    ck_assert_mem_eq (to, "\x7b\xfb\x7b", 3);
    expect_counts ("e5m2", counts, (struct tn_cast_counts){ .clipped = 2 });
}
END_TEST

static uint64_t random_state = 1;

static uint32_t
random_number (void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (random_state >> 33);
}

/* Random bits; some bytes repeated or zero, so that there are zeros, infinities and small integers. */
static void
fill_random (unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char) random_number ();
    for (size_t i = 0; i < size / 64; i++)
        memset (bytes + random_number () % (size - 16), random_number () % 2 ? 0 : 0xff, 16);
}

static void
add_counts (uint64_t *sum, const struct tn_cast_counts *counts)
{
    const uint64_t *more = (const uint64_t *) (const void *) counts;
    for (size_t i = 0; i < sizeof *counts / sizeof *sum; i++)
        sum[i] += more[i];
}

/* Every pair: the bytes are those of tn_cast; counts of a run are the sum of those of 8 items each, which no
 * screen sees; and where nothing may be lost, nothing is. */
START_TEST (test_pairs)
{
    static unsigned char from[16 * ITEMS], to[16 * ITEMS], wanted[16 * ITEMS], eight[16 * 8];
    uint32_t from_dtype = (uint32_t) _i / TENON_DTYPE_FIXED, to_dtype = (uint32_t) _i % TENON_DTYPE_FIXED;
    if (!tn_cast_possible (from_dtype, to_dtype))
        return;
    for (unsigned round = 0; round < 4; round++) {
        struct tn_cast_counts all = { 0 }, sum = { 0 };
        fill_random (from, sizeof from);
        for (size_t i = 0; round % 2 && i < ITEMS; i++) /* numbers of a common size */
            if (from_dtype == TENON_F32 || from_dtype == TENON_F64 || from_dtype == TENON_I64) {
                double value = (double) (random_number () % 4000) - 2000;
                tn_cast (from_dtype, from + i * tn_cast_bits (from_dtype) / 8, TENON_F64, &value, 1);
            }
        tn_cast (to_dtype, wanted, from_dtype, from, ITEMS);
        tn_cast_counted (to_dtype, to, from_dtype, from, ITEMS, false, &all);
        ck_assert_mem_eq (to, wanted, (ITEMS * tn_cast_bits (to_dtype) + 7) / 8);
        for (uint64_t i = 0; i < ITEMS; i += 8) {
            struct tn_cast_counts some = { 0 };
            tn_cast_counted (to_dtype, eight, from_dtype, from + i * tn_cast_bits (from_dtype) / 8, 8, false,
                             &some);
            add_counts ((uint64_t *) (void *) &sum, &some);
        }
        ck_assert_mem_eq (&all, &sum, sizeof all);
        ck_assert (tn_cast_may_lose (from_dtype, to_dtype) || tn_cast_counts_clean (&all));
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("cast_count");
    TCase *tests = tcase_create ("casts");
    suite_add_tcase (suite, tests);
    tcase_add_test (tests, test_edges);
    tcase_add_test (tests, test_integers);
    tcase_add_test (tests, test_complex);
    tcase_add_test (tests, test_saturated);
    tcase_add_loop_test (tests, test_pairs, 0, TENON_DTYPE_FIXED * TENON_DTYPE_FIXED);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
