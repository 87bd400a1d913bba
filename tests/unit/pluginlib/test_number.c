/* SPDX-License-Identifier: MIT */
/* test_number.c - numbers from text. Floats are held against strtod and strtof of the C locale. */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/number.h>

/* The text without a NUL behind it, so that sanitizers see a read at its end. */
static char *copied;
static const char *at, *end;

static void
set_text (const char *text)
{
    size_t length = strlen (text);
    free (copied);
    copied = malloc (length > 0 ? length : 1);
    ck_assert_ptr_nonnull (copied);
    memcpy (copied, text, length);
    at = copied, end = copied + length;
}

static void
free_text (void)
{
    free (copied);
    copied = NULL;
}

START_TEST (unsigned_numbers)
{
    static const struct {
        const char *text;
        tenon_status status;
        uint64_t value, taken;
    } cases[] = {
        { "0", TENON_OK, 0, 1 },
        { "007", TENON_OK, 7, 3 },
        { "123 456", TENON_OK, 123, 3 },
        { "18446744073709551615", TENON_OK, UINT64_MAX, 20 },
        { "18446744073709551616", TENON_E_LIMIT, UINT64_MAX, 20 },
        { "18446744073709551620,", TENON_E_LIMIT, UINT64_MAX, 20 },
        { "99999999999999999999999990 1", TENON_E_LIMIT, UINT64_MAX, 26 },
        { "000000000000000000000000000000042x", TENON_OK, 42, 33 },
        { "1.5", TENON_OK, 1, 1 },
        { "", TENON_E_MALFORMED, 0, 0 },
        { " 1", TENON_E_MALFORMED, 0, 0 },
        { "-1", TENON_E_MALFORMED, 0, 0 },
        { "+1", TENON_E_MALFORMED, 0, 0 },
        { "x", TENON_E_MALFORMED, 0, 0 },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 99;
        set_text (cases[i].text);
        ck_assert_msg (tenon_number_u64 (&at, end, &value) == cases[i].status, "%s", cases[i].text);
        ck_assert_msg (value == cases[i].value && (uint64_t) (at - copied) == cases[i].taken, "%s",
                       cases[i].text);
    }
}
END_TEST

START_TEST (signed_numbers)
{
    static const struct {
        const char *text;
        tenon_status status;
        int64_t value;
        uint64_t taken;
    } cases[] = {
        { "-0", TENON_OK, 0, 2 },
        { "+12,", TENON_OK, 12, 3 },
        { "12", TENON_OK, 12, 2 },
        { "-12-", TENON_OK, -12, 3 },
        { "9223372036854775807", TENON_OK, INT64_MAX, 19 },
        { "9223372036854775808", TENON_E_LIMIT, INT64_MAX, 19 },
        { "-9223372036854775808", TENON_OK, INT64_MIN, 20 },
        { "-9223372036854775809", TENON_E_LIMIT, INT64_MIN, 20 },
        { "-99999999999999999999999", TENON_E_LIMIT, INT64_MIN, 24 },
        { "", TENON_E_MALFORMED, 0, 0 },
        { "-", TENON_E_MALFORMED, 0, 0 },
        { "- 1", TENON_E_MALFORMED, 0, 0 },
        { "--1", TENON_E_MALFORMED, 0, 0 },
        { "+-1", TENON_E_MALFORMED, 0, 0 },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 99;
        set_text (cases[i].text);
        ck_assert_msg (tenon_number_i64 (&at, end, &value) == cases[i].status, "%s", cases[i].text);
        ck_assert_msg (value == cases[i].value && (uint64_t) (at - copied) == cases[i].taken, "%s",
                       cases[i].text);
    }
}
END_TEST

/* `same`: what strtod reads, where it differs from the text that is taken. */
START_TEST (floats)
{
    static const struct {
        const char *text;
        uint64_t taken;
        const char *same;
    } cases[] = {
        { "0", 1, NULL },
        { "-0", 2, NULL },
        { "+0.1", 4, NULL },
        { "1.", 2, NULL },
        { ".5", 2, NULL },
        { "-.5e1", 5, NULL },
        { "1.e2", 4, NULL },
        { "00012.50", 8, NULL },
        { "1D3", 3, "1e3" },
        { "-1.25d-02", 9, "-1.25e-02" },
        { "1e", 1, NULL },
        { "1e+", 1, NULL },
        { "1ex", 1, NULL },
        { "1.5.5", 3, NULL },
        { "3.4028235e38", 12, NULL },
        { "1e-400", 6, NULL },
        { "4.9406564584124654e-324", 23, NULL },
        { "9007199254740993", 16, NULL },
        { "0.1000000000000000055511151231257827021181583404541015625", 57, NULL },
        { "2.2250738585072011e-308,", 23, NULL },
        { "1.00000017881393421514957253748434595763683319091796875001", 58, NULL },
        { "179769313486231570000000000000000000000e270", 43, NULL },
        { "0x10", 1, "0" },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double wide = 99, wanted = strtod (cases[i].same ? cases[i].same : cases[i].text, NULL);
        float narrow = 99, nearest = strtof (cases[i].same ? cases[i].same : cases[i].text, NULL);
        set_text (cases[i].text);
        ck_assert_msg (tenon_number_f64 (&at, end, &wide) == TENON_OK, "%s", cases[i].text);
        ck_assert_msg ((uint64_t) (at - copied) == cases[i].taken, "%s", cases[i].text);
        ck_assert_msg (memcmp (&wide, &wanted, sizeof wide) == 0, "%s: %.17g", cases[i].text, wide);
        at = copied;
        tenon_status status = tenon_number_f32 (&at, end, &narrow);
        ck_assert_msg (status == (nearest - nearest == 0 ? TENON_OK : TENON_E_LIMIT), "%s", cases[i].text);
        ck_assert_msg (memcmp (&narrow, &nearest, sizeof narrow) == 0, "%s: %.9g", cases[i].text,
                       (double) narrow);
    }
}
END_TEST

START_TEST (no_floats)
{
    static const char *const none[] = {
        "", "-", "+", ".", "-.", "e5", ".e5", "inf", "nan", " 1", "--1", "x"
    };
    static const char *const beyond[] = { "1e309", "-1.8e308", "1d99999999999999999999", "1e400 " };
    double value;
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        value = 99;
        set_text (none[i]);
        ck_assert_msg (tenon_number_f64 (&at, end, &value) == TENON_E_MALFORMED, "%s", none[i]);
        ck_assert_msg (value >= 0 && value <= 0 && at == copied, "%s", none[i]);
    }
    for (unsigned i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        set_text (beyond[i]);
        ck_assert_msg (tenon_number_f64 (&at, end, &value) == TENON_E_LIMIT, "%s", beyond[i]);
        ck_assert_msg (beyond[i][0] == '-' ? value < -1e308 : value > 1e308, "%s", beyond[i]);
        ck_assert_uint_eq ((uint64_t) (at - copied), strcspn (beyond[i], " "));
    }
}
END_TEST

/* In a locale that writes a comma, where this machine has one. */
START_TEST (locales)
{
    double value;
    if (!setlocale (LC_ALL, "de_DE.UTF-8") && !setlocale (LC_ALL, "fr_FR.UTF-8"))
        return;
    set_text ("1.5,5");
    ck_assert_int_eq (tenon_number_f64 (&at, end, &value), TENON_OK);
    ck_assert (value > 1.4 && value < 1.6 && at == copied + 3);
    setlocale (LC_ALL, "C");
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("number");
    TCase *tests = tcase_create ("number");
    tcase_add_checked_fixture (tests, NULL, free_text);
    tcase_add_test (tests, unsigned_numbers);
    tcase_add_test (tests, signed_numbers);
    tcase_add_test (tests, floats);
    tcase_add_test (tests, no_floats);
    tcase_add_test (tests, locales);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
