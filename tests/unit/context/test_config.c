/* SPDX-License-Identifier: MIT */
/* test_config.c - unknown keys, and the list of the effective configuration. */
#include "folder.h"

/* ---- unknown entries ---- */

static void
expect_refused (const char *text, const char *words)
{
    tenon_context *context;
    char path[256];
    strcpy (path, write_file ("tenon/tenon.ini", text));
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_CONFIG);
    ck_assert (strncmp (error.message, path, strlen (path)) == 0);
    ck_assert_str_eq (error.message + strlen (path), words);
    ck_assert_ptr_null (context);
}

START_TEST (unknown_in_files)
{
    tenon_context *context;
    expect_refused ("[core]\nthread=1\n", ":2: [core] has no key 'thread'; did you mean 'threads'?");
    expect_refused ("[limits]\n\ntensor=1\n", ":3: [limits] has no key 'tensor'; did you mean 'tensors'?");
    expect_refused ("[save]\nxyz=1\n", ":2: [save] has no key 'xyz'");
    expect_refused ("[core]\nplugin_path=/a\nplugin_path=b\nplugin_path=/c\n",
                    ":3: [core] plugin_path = 'b': expected is the absolute path of a folder");
    expect_refused ("[core]\nthreads=many\n",
                    ":2: [core] threads = 'many': expected is a whole number from 0 to 4096");
    expect_refused ("[limits]\ndepth=0\n",
                    ":2: [limits] depth = '0': expected is a whole number from 1 to 100");
    expect_refused ("[limits]\ndepth=101\n",
                    ":2: [limits] depth = '101': expected is a whole number from 1 to 100");
    expect_refused ("[limit]\n",
                    ":1: there is no section [limit]; there are [core], [limits], [save], [plugin "
                    "NAME], [codec ID] and [signature NAME]; did "
                    "you mean 'limits'?");
    expect_refused (
        "[codec]\nx=1\n",
        ":1: there is no section [codec]; there are [core], [limits], [save], [plugin NAME], [codec ID] and "
        "[signature NAME]");
    write_file ("tenon/tenon.ini", "[codec absent]\nany = thing\n[plugin absent]\nenabled = no\n");
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    unsigned notes = 0;
    for (uint64_t i = 0; i < tenon_report_count (tenon_context_report (context)); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        tenon_report_get (tenon_context_report (context), i, &entry);
        notes += entry.kind == TENON_NOTE && strcmp (entry.subject, "absent") == 0;
    }
    ck_assert_uint_eq (notes, 2);
    ck_assert_str_eq (entry_of (context, "codec absent", "any", NULL), "thing");
    ck_assert_str_eq (entry_of (context, "plugin absent", "enabled", NULL), "no");
    tenon_context_free (context);
}
END_TEST

/* The first fault, the notes with a status, of a context or of a check, and their number. */
static const char *
fault_of (const tenon_report *report, unsigned *count)
{
    const char *first = "";
    *count = 0;
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        tenon_report_get (report, i, &entry);
        if (entry.kind == TENON_NOTE && entry.status < 0 && (*count)++ == 0)
            first = entry.message;
    }
    return first;
}

/* What is wrong in a section of a plugin stops that plugin alone, which is not even there. */
START_TEST (wrong_plugins)
{
    static const struct {
        const char *text, *words;
    } wrong[] = {
        { "[plugin absent]\nenable=no\n",
          ":2: [plugin absent] has no key 'enable'; did you mean 'enabled'?: the plugin absent is not used" },
        { "[plugin absent]\nenabled=perhaps\n",
          ":2: [plugin absent] enabled = 'perhaps': expected is yes or no: the plugin absent is not used" },
        { "[plugin absent]\npath=a.so\n", ":2: [plugin absent] path = 'a.so': expected is the absolute path "
                                          "of a file: the plugin absent is not used" },
        { "[plugin a/b]\n", ":1: [plugin a/b]: no plugin can have that name: the plugin a/b is not used" },
    };
    tenon_context *context;
    unsigned count;
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        char path[256], text[200];
        strcpy (path, write_file ("tenon/tenon.ini", wrong[i].text));
        ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
        const char *words = fault_of (tenon_context_report (context), &count);
        ck_assert_uint_eq (count, 1);
        ck_assert (strncmp (words, path, strlen (path)) == 0);
        ck_assert_str_eq (words + strlen (path), wrong[i].words);
        tenon_context_free (context);
        /* a later line makes it right */
        snprintf (text, sizeof text, "%s[plugin absent]\nenabled=no\npath=/a.so\n", wrong[i].text);
        write_file ("tenon/tenon.ini", text);
        ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
        fault_of (tenon_context_report (context), &count);
        ck_assert_uint_eq (count, i == 0 || i == 3); /* but no unknown key, and no name */
        tenon_context_free (context);
    }
}
END_TEST

/* All faults of a file, and a file that is missing. */
START_TEST (all_faults)
{
    static const char *const wanted[] = {
        ":1: a setting before the first [section]",
        ":4: no setting: KEY = VALUE is expected, all of it on one line",
        ":5: '[' without ']'",
        ":3: [core] threads = 'many': expected is a whole number from 0 to 4096",
        ":8: [limits] depth = '0': expected is a whole number from 1 to 100",
        ":10: there is no section [cor]; there are",
        ":14: [plugin p] has no key 'enable'",
        ":15: [plugin p] path = 'x': expected is the absolute path",
        ":17: [codec absent] enabled = 'perhaps': expected is yes or no",
        ":19: [signature s] has no key 'nam'",
        ":20: [signature s] bytes = '\\\\x': expected are bytes",
    };
    static const char text[] =
        "before = 1\n[core]\nthreads = many\nnonsense\n[limits\nlost = 1\n[limits]\ndepth = 0\n"
        "depth = 5\n[cor]\na = 1\nb = 2\n[plugin p]\nenable = no\npath = x\n[codec absent]\n"
        "enabled = perhaps\n[signature s]\nnam = x\nbytes = \\x\n";
    char path[256];
    tenon_report *report;
    unsigned count, seen = 0;
    strcpy (path, write_file ("given.ini", text));
    const char *files[] = { path, NULL }, *missing[] = { "/nowhere/x.ini", path, NULL };
    fresh_error ();
    ck_assert_int_eq (tenon_config_check (NULL, files, &report, &error), TENON_E_CONFIG);
    fault_of (report, &count);
    ck_assert_uint_eq (count, TN_COUNT (wanted));
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        tenon_report_get (report, i, &entry);
        if (entry.kind != TENON_NOTE || entry.status == TENON_OK)
            continue;
        ck_assert (strncmp (entry.message, path, strlen (path)) == 0);
        ck_assert_msg (strncmp (entry.message + strlen (path), wanted[seen], strlen (wanted[seen])) == 0,
                       "%s", entry.message);
        seen++;
    }
    tenon_report_free (report);
    ck_assert_int_eq (tenon_config_check (NULL, missing, &report, NULL), TENON_E_NOT_FOUND);
    fault_of (report, &count);
    ck_assert_uint_eq (count, TN_COUNT (wanted) + 1);
    tenon_report_free (report);
}
END_TEST

/* Faults of the files that a context reads, without a report, and of the program. */
START_TEST (faults_of_a_context)
{
    char own[256];
    tenon_report *report;
    unsigned count;
    strcpy (own, write_file ("tenon/tenon.ini", "[save]\nlock = never\n"));
    fresh_error ();
    ck_assert_int_eq (tenon_config_check (NULL, NULL, NULL, &error), TENON_E_CONFIG);
    ck_assert (strncmp (error.message, own, strlen (own)) == 0);
    tenon_context_options options = { .struct_size = sizeof options, .flags = TENON_CONTEXT_NO_FILES };
    ck_assert_int_eq (tenon_config_check (&options, NULL, &report, NULL), TENON_OK);
    fault_of (report, &count);
    ck_assert_uint_eq (count, 0);
    tenon_report_free (report);
    const char *words[] = { "core.thread=1", "nowhere", "core.threads=1", NULL };
    options.settings = words;
    ck_assert_int_eq (tenon_config_check (&options, NULL, &report, NULL), TENON_E_CONFIG);
    fault_of (report, &count);
    ck_assert_uint_eq (count, 2);
    tenon_report_free (report);
    options.flags = 0x80000000;
    ck_assert_int_eq (tenon_config_check (&options, NULL, &report, NULL), TENON_E_MISUSE);
    ck_assert_ptr_null (report);
}
END_TEST

START_TEST (unknown_in_the_program)
{
    static const struct {
        const char *word, *message;
    } wrong[] = {
        { "core.mapp=1", "test: [core] has no key 'mapp'; did you mean 'map'?" },
        { "limit.depth=1",
          "test: limit.depth: there is no section and no codec 'limit'; did you mean 'limits'?" },
        { "save.durable=maybe", "test: [save] durable = 'maybe': expected is yes or no" },
        { "threads=4", "test: 'threads=4': SECTION.KEY=VALUE is expected, as core.threads=4, CODEC.KEY=VALUE "
                       "or plugin.NAME.enabled=no" },
    };
    tenon_context *context;
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        const char *words[] = { wrong[i].word, NULL };
        ck_assert_int_eq (make_context (&context, words, TENON_CONTEXT_NO_FILES), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, wrong[i].message);
    }
    const char *absent[] = { "plugin.absent.enabled=no", NULL };
    ck_assert_int_eq (make_context (&context, absent, TENON_CONTEXT_NO_FILES), TENON_OK);
    tenon_context_free (context);
}
END_TEST

START_TEST (structs_of_other_sizes)
{
    tenon_context *context;
    tenon_context_options none = { .struct_size = 0 },
                          flags = { .struct_size = sizeof flags, .flags = 0x80000000 };
    struct {
        tenon_context_options options;
        char more[32];
    } longer = { .options = { .struct_size = sizeof longer, .flags = TENON_CONTEXT_NO_FILES } };
    tenon_config_entry entry = { .struct_size = 0 };
    ck_assert_int_eq (tenon_context_new (&context, &none, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_context_new (&context, &flags, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_context_new (NULL, NULL, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_context_new (&context, &longer.options, NULL), TENON_OK);
    ck_assert_int_eq (tenon_config_get (context, 0, &entry), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_config_get (context, tenon_config_count (context), &entry), TENON_E_NOT_FOUND);
    tenon_context_free (context);
    tenon_context_free (NULL);
    ck_assert_ptr_null (tenon_context_report (NULL));
}
END_TEST

/* ---- the installed file ---- */

/* With "#" removed from every "#key = value" and "#[section]", the file sets the defaults. */
START_TEST (installed_file_says_the_defaults)
{
    static char text[1 << 16], bare[1 << 16];
    const char *source = getenv ("TENON_SRCDIR");
    tenon_context *context;
    char path[512];
    snprintf (path, sizeof path, "%s/conf/tenon.ini", source ? source : ".");
    FILE *file = fopen (path, "r");
    ck_assert_msg (file != NULL, "%s", path);
    size_t length = fread (text, 1, sizeof text - 1, file), fill = 0;
    fclose (file);
    ck_assert_int_eq (tn_settings_parse (&settings, "conf", text, length, &error), TENON_OK);
    for (uint64_t i = 0; i < settings.count; i++)
        ck_assert_ptr_null (settings.entries[i].key); /* as installed, it sets nothing */
    for (const char *p = text; *p; p++)
        if (!(p[0] == '#' && p[1] && p[1] != ' ' && p[1] != '\n'))
            bare[fill++] = *p;
    ck_assert_int_eq (parse_text (bare, fill), TENON_OK);
    ck_assert_int_eq (make_context (&context, NULL, TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT),
                      TENON_OK);
    for (uint64_t i = 0; i < tenon_config_count (context); i++) {
        tenon_config_entry entry = { .struct_size = sizeof entry };
        tenon_config_get (context, i, &entry);
        const char *said = value_of (entry.section, entry.key);
        ck_assert_msg (said != NULL, "[%s] %s is missing", entry.section, entry.key);
        if (strcmp (entry.key, "plugin_path") != 0)
            ck_assert_str_eq (said, entry.value);
    }
    tenon_context_free (context);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("config");
    TCase *tests = tcase_create ("config");
    const TTest *const all[] = { unknown_in_files,
                                 wrong_plugins,
                                 all_faults,
                                 faults_of_a_context,
                                 unknown_in_the_program,
                                 structs_of_other_sizes,
                                 installed_file_says_the_defaults };
    tcase_add_checked_fixture (tests, set_up, tear_down);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
