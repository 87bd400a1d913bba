/* SPDX-License-Identifier: MIT */
/* test_option.c - the values of settings, and suggestions for misspelt words. */
#include "base/nearest.h"
#include "context/option.h"
#include <check.h>
#include <locale.h>

static tenon_error error;

static tenon_status
parse_option (uint32_t type, const char *text, double least, double most, struct tenon_setting *setting)
{
    struct tenon_option table = { .struct_size = sizeof table,
                                  .type = type,
                                  .name = "key",
                                  .value = "",
                                  .least = least,
                                  .most = most,
                                  .choices = "none deflate" };
    memset (setting, 0xee, sizeof *setting);
    error = (tenon_error) TENON_ERROR_INIT;
    return tn_option_parse (&table, NULL, text, "here", setting, &error);
}

START_TEST (switches)
{
    static const char *const yes[] = { "yes", "true", "on", "1", "YES", "True" }, *const no[] = {
        "no", "false", "off", "0", "Off"
    };
    static const char *const neither[] = { "", "y", "2", "yes ", "enabled", "-1" };
    struct tenon_setting setting;
    for (size_t i = 0; i < TN_COUNT (yes); i++)
        ck_assert (parse_option (TENON_OPTION_BOOL, yes[i], 0, 0, &setting) == TENON_OK
                   && setting.integer == 1);
    for (size_t i = 0; i < TN_COUNT (no); i++)
        ck_assert (parse_option (TENON_OPTION_BOOL, no[i], 0, 0, &setting) == TENON_OK
                   && setting.integer == 0);
    for (size_t i = 0; i < TN_COUNT (neither); i++)
        ck_assert_int_eq (parse_option (TENON_OPTION_BOOL, neither[i], 0, 0, &setting), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "here: key = '-1': expected is yes or no");
}
END_TEST

/* The default counts, too; without a list, any id does. */
START_TEST (filters)
{
    struct tenon_option option = { .struct_size = sizeof option,
                                   .type = TENON_OPTION_FILTER,
                                   .name = "key",
                                   .value = "own.org/z",
                                   .choices = "none deflate" };
    struct tenon_setting setting;
    ck_assert (tn_option_parse (&option, NULL, "none", "here", &setting, &error) == TENON_OK
               && setting.integer == 0);
    ck_assert (tn_option_parse (&option, NULL, "deflate", "here", &setting, &error) == TENON_OK
               && setting.integer == 1 && strcmp (setting.text, "deflate") == 0);
    ck_assert (tn_option_parse (&option, NULL, "own.org/z", "here", &setting, &error) == TENON_OK
               && setting.integer == 1);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tn_option_parse (&option, "codec c", "zlib", "here", &setting, &error), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "here: [codec c] key = 'zlib': expected is one of: none deflate");
    option.choices = NULL;
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert (tn_option_parse (&option, NULL, "zlib", "here", &setting, &error) == TENON_OK
               && setting.integer == 1);
    ck_assert_int_eq (tn_option_parse (&option, NULL, "none deflate", "here", &setting, &error),
                      TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "here: key = 'none deflate': expected is none or the id of a filter");
}
END_TEST

START_TEST (integers)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = { { "0", 0 },
                 { "-0", 0 },
                 { "+7", 7 },
                 { "-12", -12 },
                 { "0x1F", 31 },
                 { "-0x10", -16 },
                 { "007", 7 },
                 { "9223372036854775807", INT64_MAX },
                 { "-9223372036854775808", INT64_MIN },
                 { "0x7fffffffffffffff", INT64_MAX } };
    static const char *const bad[] = { "",
                                       "-",
                                       "0x",
                                       "1 ",
                                       " 1",
                                       "1.0",
                                       "1e3",
                                       "--1",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "18446744073709551616",
                                       "0xfffffffffffffffff",
                                       "1_000",
                                       "ten" };
    struct tenon_setting setting;
    for (size_t i = 0; i < TN_COUNT (good); i++) {
        ck_assert_int_eq (parse_option (TENON_OPTION_INTEGER, good[i].text, 0, 0, &setting), TENON_OK);
        ck_assert_int_eq (setting.integer, good[i].value);
        ck_assert (strcmp (setting.text, good[i].text) == 0 && strcmp (setting.origin, "here") == 0);
    }
    for (size_t i = 0; i < TN_COUNT (bad); i++)
        ck_assert_msg (parse_option (TENON_OPTION_INTEGER, bad[i], 0, 0, &setting) == TENON_E_CONFIG, "'%s'",
                       bad[i]);
    ck_assert (parse_option (TENON_OPTION_INTEGER, "9", 1, 9, &setting) == TENON_OK);
    ck_assert_int_eq (parse_option (TENON_OPTION_INTEGER, "10", 1, 9, &setting), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "here: key = '10': expected is a whole number from 1 to 9");
}
END_TEST

START_TEST (sizes)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = { { "0", 0 },
                 { "4096", 4096 },
                 { "7B", 7 },
                 { "64kB", 64000 },
                 { "64 KiB", 65536 },
                 { "1MiB", 1048576 },
                 { "2gib", 2147483648 },
                 { "1TB", 1000000000000 },
                 { "1TiB", 1099511627776 },
                 { "8388607TiB", INT64_C (8388607) << 40 } };
    static const char *const bad[] = { "",       "-1",     "+1",     "1K",         "1M",
                                       "KiB",    "1.5MiB", "1 MiB ", "8388608TiB", "99999999999999999999",
                                       "1 Mi B", "0x10" };
    struct tenon_setting setting;
    for (size_t i = 0; i < TN_COUNT (good); i++) {
        ck_assert_msg (parse_option (TENON_OPTION_SIZE, good[i].text, 0, 0, &setting) == TENON_OK, "'%s'",
                       good[i].text);
        ck_assert_int_eq (setting.integer, good[i].value);
    }
    for (size_t i = 0; i < TN_COUNT (bad); i++)
        ck_assert_msg (parse_option (TENON_OPTION_SIZE, bad[i], 0, 0, &setting) == TENON_E_CONFIG, "'%s'",
                       bad[i]);
    ck_assert_int_eq (parse_option (TENON_OPTION_SIZE, "1KiB # small", 0, 0, &setting), TENON_E_CONFIG);
    ck_assert_ptr_nonnull (strstr (error.message, "(a comment stands on a line of its own)"));
}
END_TEST

START_TEST (numbers)
{
    static const char *const bad[] = { "",      ".",     "1,5", "nan", "inf",   "-inf",
                                       "0x1p3", "1e999", " 1",  "1 ",  "1.5.2", "e5" };
    struct tenon_setting setting;
    /* a locale with a decimal comma, if the machine has one, changes nothing */
    if (!setlocale (LC_ALL, "de_DE.UTF-8"))
        setlocale (LC_ALL, "de_DE.utf8");
    ck_assert (parse_option (TENON_OPTION_NUMBER, "1.5", 0, 0, &setting) == TENON_OK
               && setting.number == 1.5);
    ck_assert (parse_option (TENON_OPTION_NUMBER, "-2e-3", 0, 0, &setting) == TENON_OK
               && setting.number == -2e-3);
    ck_assert (parse_option (TENON_OPTION_NUMBER, "3", 0, 0, &setting) == TENON_OK && setting.number == 3);
    for (size_t i = 0; i < TN_COUNT (bad); i++)
        ck_assert_msg (parse_option (TENON_OPTION_NUMBER, bad[i], 0, 0, &setting) == TENON_E_CONFIG, "'%s'",
                       bad[i]);
    ck_assert_int_eq (parse_option (TENON_OPTION_NUMBER, "2", 0, 1.5, &setting), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "here: key = '2': expected is a number from 0 to 1.5");
    setlocale (LC_ALL, "C");
}
END_TEST

START_TEST (choices)
{
    struct tenon_setting setting;
    ck_assert (parse_option (TENON_OPTION_CHOICE, "none", 0, 0, &setting) == TENON_OK
               && setting.integer == 0);
    ck_assert (parse_option (TENON_OPTION_CHOICE, "deflate", 0, 0, &setting) == TENON_OK
               && setting.integer == 1);
    ck_assert_int_eq (parse_option (TENON_OPTION_CHOICE, "", 0, 0, &setting), TENON_E_CONFIG);
    ck_assert_int_eq (parse_option (TENON_OPTION_CHOICE, "none deflate", 0, 0, &setting), TENON_E_CONFIG);
    ck_assert_int_eq (parse_option (TENON_OPTION_CHOICE, "defl", 0, 0, &setting), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "here: key = 'defl': expected is one of: none deflate");
    ck_assert (parse_option (TENON_OPTION_TEXT, "any; # \xff", 0, 0, &setting) == TENON_OK);
    ck_assert_int_eq (parse_option (99, "x", 0, 0, &setting), TENON_E_UNSUPPORTED);
}
END_TEST

START_TEST (near_misses)
{
    static const char *const words[] = { "threads", "map", "plugin_path", "header_bytes", NULL };
    ck_assert_str_eq (tn_nearest ("thread", words, 5), "threads");
    ck_assert_str_eq (tn_nearest ("htreads", words, 5), "threads");
    ck_assert_str_eq (tn_nearest ("mpa", words, 5), "map");
    ck_assert_str_eq (tn_nearest ("plugins_path", words, 5), "plugin_path");
    ck_assert_str_eq (tn_nearest ("header", words, 5), "header_bytes");
    ck_assert_ptr_null (tn_nearest ("", words, 5));
    ck_assert_ptr_null (tn_nearest ("x", words, 5));
    ck_assert_ptr_null (tn_nearest ("durable", words, 5));
    ck_assert_ptr_null (
        tn_nearest ("threadsthreadsthreadsthreadsthreadsthreadsthreadsthreadsthreadsthreads", words, 5));
    ck_assert_ptr_null (tn_nearest ("map", NULL, 0));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("option");
    TCase *tests = tcase_create ("option");
    tcase_add_test (tests, switches);
    tcase_add_test (tests, filters);
    tcase_add_test (tests, integers);
    tcase_add_test (tests, sizes);
    tcase_add_test (tests, numbers);
    tcase_add_test (tests, choices);
    tcase_add_test (tests, near_misses);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
