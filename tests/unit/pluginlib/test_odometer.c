/* SPDX-License-Identifier: MIT */
/* test_odometer.c - positions of a box, in C order. */
#include <check.h>
#include <stdlib.h>
#include <tenon/plugin.h>

START_TEST (positions)
{
    struct tenon_odometer odometer;
    const uint64_t count[3] = { 2, 3, 2 }, shape[3] = { 5, 7, 9 }, start[3] = { 1, 0, 2 },
                   step[3] = { 2, 3, 4 };
    uint64_t n = 0;
    ck_assert (tenon_odometer_begin (&odometer, 3, count));
    do {
        uint64_t at[3] = { n / 6, n / 2 % 3, n % 2 };
        for (unsigned i = 0; i < 3; i++)
            ck_assert_uint_eq (odometer.at[i], at[i]);
        ck_assert_uint_eq (tenon_odometer_item (&odometer, shape, start, step),
                           ((1 + 2 * at[0]) * 7 + 3 * at[1]) * 9 + 2 + 4 * at[2]);
        n++;
    } while (tenon_odometer_next (&odometer));
    ck_assert_uint_eq (n, 12);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq (odometer.at[i], 0);
}
END_TEST

START_TEST (ends)
{
    struct tenon_odometer odometer;
    uint64_t count[65];
    for (unsigned i = 0; i < 65; i++)
        count[i] = 1;
    ck_assert (tenon_odometer_begin (&odometer, 0, NULL)); /* a scalar has one position */
    ck_assert_uint_eq (tenon_odometer_item (&odometer, NULL, NULL, NULL), 0);
    ck_assert (!tenon_odometer_next (&odometer));
    ck_assert (tenon_odometer_begin (&odometer, 64, count));
    ck_assert (!tenon_odometer_next (&odometer));
    ck_assert (!tenon_odometer_begin (&odometer, 65, count));
    count[63] = 0;
    ck_assert (!tenon_odometer_begin (&odometer, 64, count));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("odometer");
    TCase *tests = tcase_create ("odometer");
    tcase_add_test (tests, positions);
    tcase_add_test (tests, ends);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
