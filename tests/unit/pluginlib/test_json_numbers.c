/* SPDX-License-Identifier: MIT */
/* test_json_numbers.c - numbers of tenon/json.h: read as the C library reads them, and written so that they
 * come back. */
#include "pluginlib/json_decimal.h"
#include "tests/draw.h"
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/json.h>
#include <tenon/plugin.h>

static tenon_status
read_integer (const char *text, uint64_t *without, int64_t *with)
{
    struct tenon_json json;
    tenon_json_begin (&json, text, strlen (text), 1);
    ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_NUMBER);
    tenon_status status = without ? tenon_json_u64 (&json, without) : tenon_json_i64 (&json, with);
    if (status < 0)
        ck_assert_msg (strstr (json.error, ", expected a whole number"), "%s", json.error);
    ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_END);
    return status;
}

START_TEST (whole_numbers_are_exact)
{
    static const char *const refused[] = { "1.0",
                                           "1e2",
                                           "18446744073709551616",
                                           "99999999999999999999",
                                           "100000000000000000000",
                                           "-1",
                                           "-0",
                                           "0.5",
                                           "12345678.5" };
    static const char *const refused_too[] = {
        "1.0", "-1e2", "9223372036854775808", "-9223372036854775809", "-12345678901234567890", "-1.5"
    };
    uint64_t without;
    int64_t with;
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_int_eq (read_integer (refused[i], &without, NULL), TENON_E_MALFORMED);
    for (unsigned i = 0; i < sizeof refused_too / sizeof refused_too[0]; i++)
        ck_assert_int_eq (read_integer (refused_too[i], NULL, &with), TENON_E_MALFORMED);
    ck_assert_int_eq (read_integer ("18446744073709551615", &without, NULL), TENON_OK);
    ck_assert_uint_eq (without, UINT64_MAX);
    ck_assert_int_eq (read_integer ("-9223372036854775808", NULL, &with), TENON_OK);
    ck_assert_int_eq (with, INT64_MIN);
    ck_assert_int_eq (read_integer ("-0", NULL, &with), TENON_OK);
    ck_assert_int_eq (with, 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t value = (draw_number (UINT32_MAX) << 32 | draw_number (UINT32_MAX)) >> draw_number (64);
        char text[64];
        for (int spaces = 0; spaces < 24; spaces += 23) { /* with and without room before it */
            snprintf (text, sizeof text, "%*s%llu", spaces, "", (unsigned long long) value);
            ck_assert_int_eq (read_integer (text, &without, NULL), TENON_OK);
            ck_assert_uint_eq (without, value);
            snprintf (text, sizeof text, "%*s-%llu", spaces, "", (unsigned long long) value >> 1);
            ck_assert_int_eq (read_integer (text, NULL, &with), TENON_OK);
            ck_assert_int_eq (with, -(int64_t) (value >> 1));
        }
    }
}
END_TEST

/* glibc's strtod and strtof are exact. */
static void
same_as_strtod (const char *text)
{
    double ours, theirs = strtod (text, NULL);
    int32_t fits = tenon_json_to_f64 (text, strlen (text), &ours);
    ck_assert_msg (memcmp (&ours, &theirs, sizeof ours) == 0, "%s: %a, strtod says %a", text, ours, theirs);
    ck_assert_int_eq (fits, !isinf (theirs));
    float single, once = strtof (text, NULL);
    fits = tenon_json_to_f32 (text, strlen (text), &single);
    ck_assert_msg (memcmp (&single, &once, sizeof single) == 0, "%s: %a, strtof says %a", text,
                   (double) single, (double) once);
    ck_assert_int_eq (fits, !isinf (once));
}

START_TEST (decimals_are_rounded_rightly)
{
    static const char *const backing[] = {
        "0", "-0", "-0.0", "0e999999999999999999999", "1e22", "1e23", "9007199254740993",
        "9007199254740992.999999999999999999999999999999999999", "2.2250738585072011e-308",
        "2.2250738585072014e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "1.7976931348623157e308", "1.7976931348623158e308",
        "1.7976931348623159e308", "1e309", "1e-400", "1e400", "-1e99999999999999999999",
        "1e-99999999999999999999", "8.98846567431158e307", "6.631236846766476e-316", "0.1",
        "123456789012345678901234567890", "0.000000000000000000000000000000000000000000000000000000000001e60",
        "3.5e-323", "7e-324",
        /* wrong floats, if rounded to double first */
        "7.038531e-26", "-7.038531e-26", "9.3137999e-33", "8.2381273e-28", "1.4077062e-25",
        "16777217.0000000000000001", "16777218.9999999999999999", "33554434",
        "340282356779733661637539395458142568447.9999", "340282356779733661637539395458142568448",
        "7.006492321624085354618647916449580656401309709382578858785341e-46",
        "7.006492321624085354618647916449580656401309709382578858785342e-46"
    };
    char text[2000];
    for (unsigned i = 0; i < sizeof backing / sizeof backing[0]; i++)
        same_as_strtod (backing[i]);
    /* half way between two doubles, where a late digit decides: 2^-1074 / 2 has 751 digits */
    for (int power = -1074; power < 960; power += 37) {
        double value = ldexp (1, power), next = nextafter (value, INFINITY);
        uint64_t length =
            (uint64_t) snprintf (text, sizeof text, "%.1100Lf", ((long double) value + next) / 2);
        same_as_strtod (text);
        text[length++] = '1', text[length] = 0;
        same_as_strtod (text);
    }
    for (int power = -149; power < 128; power++) {
        float value = ldexpf (1, power), next = nextafterf (value, INFINITY);
        uint64_t length = (uint64_t) snprintf (text, sizeof text, "%.200f", ((double) value + next) / 2);
        same_as_strtod (text);
        text[length++] = '1', text[length] = 0;
        same_as_strtod (text);
        /* a little less */
        text[--length] = 0;
        while (text[--length] == '0' || text[length] == '.')
            text[length] = text[length] == '.' ? '.' : '9';
        text[length]--;
        same_as_strtod (text);
    }
    for (int i = 0; i < 100000; i++) {
        uint64_t digits = 1 + draw_number (i % 100 ? 25 : 1000), used = 0;
        for (uint64_t k = 0; k < digits; k++) {
            if (k > 0 && draw_number (digits) == 0 && !memchr (text, '.', used))
                text[used++] = '.';
            text[used++] = (char) ('0' + draw_number (10));
        }
        if (text[used - 1] == '.')
            used--;
        snprintf (text + used, sizeof text - used, "e%d", (int) draw_number (720) - 380);
        same_as_strtod (text);
    }
}
END_TEST

static const char *
written_f64 (double value)
{
    static char text[64];
    struct tenon_json_out out = { .bytes = text, .room = sizeof text - 1 };
    tenon_json_put_f64 (&out, value);
    ck_assert_int_eq (out.status, TENON_OK);
    text[out.length] = 0;
    return text;
}

static const char *
written_f32 (float value)
{
    static char text[64];
    struct tenon_json_out out = { .bytes = text, .room = sizeof text - 1 };
    tenon_json_put_f32 (&out, value);
    ck_assert_int_eq (out.status, TENON_OK);
    text[out.length] = 0;
    return text;
}

START_TEST (floats_are_written_so_that_they_come_back)
{
    ck_assert_str_eq (written_f64 (0.1), "0.1");
    ck_assert_str_eq (written_f64 (1), "1.0");
    ck_assert_str_eq (written_f64 (-0.0), "-0.0");
    ck_assert_str_eq (written_f64 (1e300), "1e+300");
    ck_assert_str_eq (written_f64 (0.1 + 0.2), "0.30000000000000004");
    ck_assert_str_eq (written_f64 (-2.5e-7), "-2.5e-07");
    ck_assert_str_eq (written_f32 (0.1f), "0.1");
    ck_assert_str_eq (written_f32 (16777216), "16777216.0");
    ck_assert_str_eq (written_f32 (1e10f), "1e+10");
    ck_assert_str_eq (written_f32 (0x1p-149f), "1e-45"); /* floats have fewer digits there */
    ck_assert_str_eq (written_f32 (-0x1.8p-148f), "-4e-45");
    ck_assert_str_eq (written_f32 (33554472), "3.355447e+07"); /* a tie, which goes to the even one */
    /* 7.038531e-26 lies on the far side of the middle, by less than a double can tell */
    ck_assert_str_eq (written_f32 (0x1.5c87fcp-84f), "7.0385313e-26");
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = draw_number (UINT32_MAX) << 33 ^ draw_number (UINT32_MAX);
        uint32_t low = (uint32_t) bits;
        double value;
        float small;
        memcpy (&value, &bits, sizeof value);
        memcpy (&small, &low, sizeof small);
        if (isfinite (value))
            ck_assert (strtod (written_f64 (value), NULL) == value);
        if (isfinite (small))
            ck_assert (strtof (written_f32 (small), NULL) == small);
    }
    struct tenon_json_out out = { 0 };
    tenon_json_put_f64 (&out, (double) INFINITY);
    ck_assert_int_eq (out.status, TENON_E_UNSUPPORTED);
}
END_TEST

START_TEST (nonfinite_numbers_are_read_on_request)
{
    static const char text[] = "[NaN,-Infinity,{\"a\":Infinity},1.5,-2]";
    static const double expected[] = { (double) NAN, -(double) INFINITY, (double) INFINITY, 1.5, -2 };
    struct tenon_json json;
    int32_t token, numbers = 0;
    tenon_json_begin (&json, text, strlen (text), 4);
    tenon_json_allow_nonfinite (&json);
    while ((token = tenon_json_next (&json)) > TENON_JSON_END)
        if (token == TENON_JSON_NUMBER) {
            double value;
            float rounded;
            int64_t whole;
            ck_assert_int_eq (tenon_json_i64 (&json, &whole), numbers == 4 ? TENON_OK : TENON_E_MALFORMED);
            ck_assert_int_eq (tenon_json_f64 (&json, &value), TENON_OK);
            ck_assert_int_eq (tenon_json_f32 (&json, &rounded), TENON_OK);
            ck_assert (memcmp (&value, &expected[numbers], sizeof value) == 0);
            ck_assert (numbers == 0 ? isnan (rounded) : (double) rounded == value);
            numbers++;
        }
    ck_assert_int_eq (token, TENON_JSON_END);
    ck_assert_int_eq (numbers, 5);
}
END_TEST

START_TEST (other_spellings_of_nonfinite_numbers_are_refused)
{
    static const char *const texts[] = { "nan",  "-NaN",      "+Infinity",  "-infinity", "Inf", "NaN1",
                                         "-Inf", "Infinityy", "--Infinity", "I",         "-",   "1e400" };
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (unsigned allowed = 0; allowed < 2; allowed++) {
            struct tenon_json json;
            double value;
            tenon_json_begin (&json, texts[i], strlen (texts[i]), 1);
            if (allowed)
                tenon_json_allow_nonfinite (&json);
            ck_assert_msg (tenon_json_next (&json) == TENON_JSON_ERROR
                               || tenon_json_f64 (&json, &value) == TENON_E_MALFORMED
                               || tenon_json_next (&json) == TENON_JSON_ERROR,
                           "%s", texts[i]);
        }
    static const char *const by_default[] = { "NaN", "Infinity", "-Infinity" };
    for (unsigned i = 0; i < sizeof by_default / sizeof by_default[0]; i++) {
        struct tenon_json json;
        tenon_json_begin (&json, by_default[i], strlen (by_default[i]), 1);
        ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_ERROR);
        ck_assert_msg (strstr (json.error, i < 2 ? "expected a value" : "expected a digit"), "%s",
                       json.error);
    }
}
END_TEST

/* A locale with a decimal comma, if the system has one. */
START_TEST (the_locale_does_not_matter)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR", "ps_AF.UTF-8" };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        double value;
        if (!setlocale (LC_ALL, names[i]))
            continue;
        ck_assert_str_eq (written_f64 (-2.5e-7), "-2.5e-07");
        ck_assert_str_eq (written_f64 (12345.5), "12345.5");
        ck_assert_int_eq (tenon_json_to_f64 ("1.5", 3, &value), 1);
        ck_assert (value == 1.5);
        setlocale (LC_ALL, "C");
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("json_numbers");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, 120);
    tcase_add_test (all, whole_numbers_are_exact);
    tcase_add_test (all, decimals_are_rounded_rightly);
    tcase_add_test (all, floats_are_written_so_that_they_come_back);
    tcase_add_test (all, nonfinite_numbers_are_read_on_request);
    tcase_add_test (all, other_spellings_of_nonfinite_numbers_are_refused);
    tcase_add_test (all, the_locale_does_not_matter);
    suite_add_tcase (suite, all);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
