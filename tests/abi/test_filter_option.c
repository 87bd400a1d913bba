/* SPDX-License-Identifier: MIT */
/* test_filter_option.c - options that name a filter: what may be named, and what is in use. */
#include "kit.h"

/* An option of a codec in use. */
static struct tenon_option
find_option (const char *codec, const char *name)
{
    struct tenon_option option;
    for (uint64_t i = 0; i < tenon_codec_count (kit); i++) {
        tenon_codec_info info;
        KIT_INIT (info);
        ck_assert_int_eq (tenon_codec_get (kit, i, &info), TENON_OK);
        for (uint64_t k = 0; strcmp (info.id, codec) == 0 && k < info.option_count; k++) {
            KIT_INIT (option);
            ck_assert_int_eq (tenon_codec_option (kit, i, k, &option, NULL), TENON_OK);
            if (strcmp (option.name, name) == 0)
                return option;
        }
    }
    ck_abort_msg ("%s has no option %s", codec, name);
    memset (&option, 0, sizeof option);
    return option;
}

static tenon_status
save_plan (const char *name, const char *settings)
{
    tenon_plan *plan = kit_plan ();
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = kit_write (plan, name, NULL, settings, NULL);
    tenon_plan_free (plan);
    return status;
}

/* The filter that encodes the tensor x of a file, which is 1, 2, 3, 4. */
static void
expect_filter (const char *name, const char *filter)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    tenon_tensor_info info = kit_tensor (file, "x");
    ck_assert_str_eq (info.filter ? info.filter : "", filter);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    tenon_close (file);
}

/* A keyed codec takes the filters that its archive has numbers for, and states none of them. */
START_TEST (test_of_archive)
{
    kit_plugins ("pack crate toypipe toyraw", NULL);
    struct tenon_option option = find_option ("box", "filter");
    ck_assert_uint_eq (option.type, TENON_OPTION_FILTER);
    ck_assert_str_eq (option.choices, "none deflate");
    ck_assert_int_eq (save_plan ("a.box", NULL), TENON_OK);
    expect_filter ("a.box", "");
    ck_assert_int_eq (save_plan ("b.box", "box.filter=none"), TENON_OK);
    expect_filter ("b.box", "");
    ck_assert_int_eq (save_plan ("c.box", "box.filter=deflate"), TENON_OK);
    expect_filter ("c.box", "deflate");
    kit_failed (save_plan ("d.box", "box.filter=prle"), TENON_E_CONFIG,
                "[codec box] filter = 'prle': expected is one of: none deflate");
    ck_assert (!kit_exists ("d.box"));
    kit_failed (kit_context ("box.filter=prle"), TENON_E_CONFIG, "expected is one of: none deflate");
    ck_assert_int_eq (kit_context ("box.filter=deflate"), TENON_OK);
    ck_assert_int_eq (save_plan ("e.box", NULL), TENON_OK);
    expect_filter ("e.box", "deflate");
}
END_TEST

/* Any filter that is in use, where nothing lists numbers. */
START_TEST (test_of_any)
{
    kit_plugins ("toypipe toyraw toyxor", NULL);
    const char *choices = find_option ("toypipe", "last").choices;
    ck_assert_msg (strncmp (choices, "none ", 5) == 0 && strstr (choices, " deflate")
                       && strstr (choices, " pshuffle prle pframe ") && strstr (choices, " toyxor toyrot"),
                   "%s", choices);
    ck_assert_int_eq (save_plan ("f.toypipe", "toypipe.last=toyxor"), TENON_OK);
    expect_filter ("f.toypipe", "toyxor");
    tenon_close (kit_open ("f.toypipe", NULL, "toypipe.last=pframe"));
    ck_assert_int_eq (save_plan ("g.toypipe", "toypipe.steps=pframe toypipe.last=deflate"), TENON_OK);
    expect_filter ("g.toypipe", "pframe+deflate");
    kit_failed (save_plan ("h.toypipe", "toypipe.last=De_Flate"), TENON_E_CONFIG,
                "last = 'De_Flate': expected is none or the id of a filter");
    kit_failed (save_plan ("h.toypipe", "toypipe.last=squash"), TENON_E_CONFIG,
                "there is no filter 'squash': no plugin that was found has it; in use: ");
    kit_open_fails ("f.toypipe", NULL, "toypipe.last=squash", TENON_E_CONFIG, "there is no filter 'squash'");
    ck_assert_int_eq (kit_context ("plugin.toyxor.enabled=no"), TENON_OK);
    kit_failed (
        save_plan ("h.toypipe", "toypipe.last=toyxor"), TENON_E_CONFIG,
        "[codec toypipe] last = 'toyxor': there is no filter 'toyxor': the plugin toyxor is not in use: "
        "disabled at …; in use: …pframe");
    ck_assert (!kit_exists ("h.toypipe"));
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *filter_option = kit_case (suite, "filter option");
    tcase_add_test (filter_option, test_of_archive);
    tcase_add_test (filter_option, test_of_any);
}

int
main (void)
{
    return kit_main ("filter_option", fill_suite);
}
