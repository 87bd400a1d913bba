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
    expect_refused ("[plugin absent]\nenable=no\n",
                    ":2: [plugin absent] has no key 'enable'; did you mean 'enabled'?");
    expect_refused ("[plugin absent]\nenabled=perhaps\n",
                    ":2: [plugin absent] enabled = 'perhaps': expected is yes or no");
    expect_refused ("[plugin absent]\npath=a.so\n",
                    ":2: [plugin absent] path = 'a.so': expected is the absolute path of a file");
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
    const TTest *const all[] = { unknown_in_files, unknown_in_the_program, structs_of_other_sizes,
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
