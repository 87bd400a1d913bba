/* SPDX-License-Identifier: MIT */
/* test_codecs.c - configuring codecs, finding them, and the answers about them. */
#include "context/settings_read.h"
#include "toy.h"

static tenon_error error = TENON_ERROR_INIT;

/* Two codecs, toy and box, with the extension toy, configured by these settings. */
static tenon_status
configure_codecs (const char *const *settings)
{
    error = (tenon_error) TENON_ERROR_INIT;
    reset_plugin ();
    ck_assert_int_eq (register_as ("first"), TENON_OK);
    codec.id = "box", plugin.filters = NULL, plugin.dtypes = NULL;
    ck_assert_int_eq (register_as ("second"), TENON_OK);
    for (; *settings; settings++)
        ck_assert_int_eq (tn_settings_read_word (&context->settings, *settings, "test", &error), TENON_OK);
    return tn_codecs_configure (context, &error);
}
#define CONFIGURE(...) configure_codecs ((const char *[]){ __VA_ARGS__, NULL })

START_TEST (finding)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("box.extensions=.box, toy  tar.gz,", "toy.most=5"), TENON_OK);
    ck_assert (tn_codec_find (context, "box", TN_TO_READ, &found, &error) == TENON_OK && found == 1);
    ck_assert (tn_codec_find (context, "tar.gz", TN_TO_READ, &found, &error) == TENON_OK && found == 1);
    ck_assert (tn_codec_find (context, "tar.toy", TN_TO_READ, &found, &error) == TENON_OK && found == 0);
    ck_assert (tn_codec_find (context, "toy", TN_TO_READ, &found, &error) == TENON_OK
               && found == 0); /* ids before extensions */
    ck_assert_int_eq (tn_codec_find (context, "tyo", TN_TO_READ, &found, &error), TENON_E_NOT_FOUND);
    ck_assert_str_eq (error.message,
                      "there is no codec 'tyo', and none with that extension; did you mean 'toy'?");
    ck_assert_int_eq (context->registry.codecs[0]->settings[0].integer, 5);
    ck_assert_str_eq (context->registry.codecs[0]->settings[0].origin, "test");
    ck_assert_str_eq (context->registry.codecs[1]->settings[0].text, "1MiB");
}
END_TEST

START_TEST (ties)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("toy.priority=0"), TENON_OK);
    ck_assert_int_eq (tn_codec_find (context, "tar.toy", TN_TO_READ, &found, &error), TENON_E_AMBIGUOUS);
    ck_assert_str_eq (
        error.message,
        "the codecs toy and box both have the extension 'tar.toy': name one, or set priority in [codec box]");
}
END_TEST

START_TEST (priorities)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("box.priority=-1"), TENON_OK);
    ck_assert (tn_codec_find (context, "tar.toy", TN_TO_READ, &found, &error) == TENON_OK && found == 0);
}
END_TEST

START_TEST (disabled)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("toy.enabled=no", "toy.order=c"), TENON_OK);
    ck_assert_uint_eq (tenon_codec_count (context), 1);
    ck_assert (tn_codec_find (context, "tar.toy", TN_TO_READ, &found, &error) == TENON_OK && found == 0);
    tenon_report_entry entry = { .struct_size = sizeof entry };
    uint64_t last = tenon_report_count (context->report) - 1;
    ck_assert_int_eq (tenon_report_get (context->report, last, &entry), TENON_OK);
    ck_assert (entry.kind == TENON_VERDICT && entry.status == TENON_E_CONFIG && entry.chosen == 0);
    ck_assert_str_eq (entry.message, "codec toy is disabled at test");
}
END_TEST

START_TEST (wrong_settings)
{
    static const struct {
        const char *word, *message;
    } wrong[] = {
        { "toy.mots=5", "test: [codec toy] has no key 'mots'; did you mean 'most'?" },
        { "toy.most=0", "test: [codec toy] most = '0': expected is a size (as 4096, 64kB, 64KiB, 1GiB) from "
                        "1 to 1000000000" },
        { "toy.enabled=2", "test: [codec toy] enabled = '2': expected is yes or no" },
        { "toy.priority=high",
          "test: [codec toy] priority = 'high': expected is a whole number from -1000000 to 1000000" },
        { "toy.extensions=a b/c", "test: extensions: 'b/c' is none: expected are lower case and no '/'" },
        { "box.order=f", "test: [codec box] order = 'f': expected is one of: keep c" },
    };
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        ck_assert_int_eq (CONFIGURE (wrong[i].word), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, wrong[i].message);
        tear_down ();
        set_up ();
    }
}
END_TEST

/* ---- settings of one open or save ---- */

START_TEST (overlays)
{
    static const struct {
        const char *word, *message;
    } wrong[] = {
        { "most=1", "the program: 'most=1': CODEC.KEY=VALUE is expected" },
        { "toy.most", "the program: 'toy.most': CODEC.KEY=VALUE is expected" },
        { "tyo.most=1", "the program: there is no codec 'tyo'; did you mean 'toy'?" },
        { "core.threads=1", "the program: core.…: is set for the whole context, not for one file" },
        { "toy.priority=1", "the program: toy.priority is set for the whole context, not for one file" },
        { "toy.odrer=c", "the program: codec toy has no option 'odrer'; did you mean 'order'?" },
        { "toy.order=x", "the program: [codec toy] order = 'x': expected is one of: keep c" },
    };
    struct tn_overlay overlay = { 0 };
    struct tenon_setting setting;
    ck_assert_int_eq (CONFIGURE ("toy.most=7"), TENON_OK);
    ck_assert_int_eq (tn_overlay_read (context, NULL, &overlay, &error), TENON_OK);
    ck_assert (tn_overlay_get (context, NULL, 0, 0, &setting) && setting.integer == 7);
    const char *words[] = { "toy.most=8", "codec.toy.most=9", "box.some.text=a=b", NULL };
    ck_assert_int_eq (tn_overlay_read (context, words, &overlay, &error), TENON_OK);
    ck_assert (tn_overlay_get (context, &overlay, 0, 0, &setting) && setting.integer == 9);
    ck_assert_str_eq (setting.origin, "the program");
    ck_assert (tn_overlay_get (context, &overlay, 1, 2, &setting) && strcmp (setting.text, "a=b") == 0);
    ck_assert (tn_overlay_get (context, &overlay, 1, 0, &setting) && setting.integer == 1048576);
    ck_assert (!tn_overlay_get (context, &overlay, 0, 3, &setting)
               && !tn_overlay_get (context, &overlay, 2, 0, &setting));
    tn_overlay_free (&overlay);
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        const char *list[] = { "toy.most=8", wrong[i].word, NULL };
        error = (tenon_error) TENON_ERROR_INIT;
        ck_assert_int_eq (tn_overlay_read (context, list, &overlay, &error), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, wrong[i].message);
        ck_assert_ptr_null (overlay.entries);
    }
}
END_TEST

/* ---- the public functions ---- */

START_TEST (questions)
{
    tenon_codec_info info = { .struct_size = sizeof info };
    tenon_filter_info seen = { .struct_size = sizeof seen };
    struct tenon_option option = { .struct_size = sizeof option };
    struct tenon_setting setting = { .struct_size = sizeof setting };
    ck_assert_int_eq (CONFIGURE ("toy.most=7", "toy.extensions="), TENON_OK);
    ck_assert_int_eq (tenon_codec_get (context, 0, &info), TENON_OK);
    ck_assert (info.flags == TENON_CAN_READ && info.option_count == 3 && info.extensions[0] == NULL
               && !info.plugin_file);
    ck_assert_str_eq (info.plugin, "first");
    ck_assert_int_eq (tenon_codec_option (context, 0, 0, &option, &setting), TENON_OK);
    ck_assert (strcmp (option.name, "most") == 0 && setting.integer == 7);
    ck_assert_int_eq (tenon_codec_option (context, 0, 3, &option, NULL), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_codec_get (context, 2, &info), TENON_E_NOT_FOUND);
    ck_assert_uint_eq (tenon_filter_count (context), 1);
    ck_assert_int_eq (tenon_filter_get (context, 0, &seen), TENON_OK);
    ck_assert (strcmp (seen.id, "turn") == 0 && strcmp (seen.plugin, "first") == 0);
    ck_assert_int_eq (tenon_filter_get (context, 1, &seen), TENON_E_NOT_FOUND);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("codecs");
    TCase *tests = tcase_create ("codecs");
    const TTest *const all[] = { finding, ties, priorities, disabled, wrong_settings, overlays, questions };
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
