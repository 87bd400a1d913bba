/* SPDX-License-Identifier: MIT */
/* test_recognise.c - which codec is chosen for a file, and how the choice is reported. */
#include "kit.h"

static const struct {
    const char *name, *contents;
    const char *settings; /* of the context */
    const char *format;
    const char *chosen; /* a codec, or NULL: */
    tenon_status status;
    const char *words;
} cases[] = {
    /* content counts before the name */
    { "f", "TWIN", NULL, NULL, NULL, TENON_E_AMBIGUOUS,
      "f: twin_a and twin_b claim it equally; set priority in [codec twin_a]" },
    { "f", "TWIN", "twin_b.priority=1", NULL, "twin_b", 0, NULL },
    { "f", "TWIN", "twin_b.priority=-1", NULL, "twin_a", 0, NULL },
    { "f", "TWIN", "twin_a.enabled=no", NULL, "twin_b", 0, NULL },
    { "f", "TWINLONG", NULL, NULL, "twin_long", 0, NULL },
    { "f", "TWINLONG", "twin_a.priority=100", NULL, "twin_long", 0, NULL },
    { "f.probe", "TWINLONG", NULL, NULL, "twin_long", 0, "its contents are twin_long, its extension is not" },
    { "f.x.twin", "TWINLONG", "twin_b.enabled=no", NULL, "twin_a", 0, NULL },
    { "f", "P", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "f: no codec recognises it" },
    { "f", "Pa", NULL, NULL, "twin_probe", 0, NULL },
    { "f", "PaDNE", NULL, NULL, "twin_end", 0, NULL }, /* a magic counts more than a probe */
    { "f", "..DNE", NULL, NULL, "twin_end", 0, NULL },
    { "f", "DNE", NULL, NULL, "twin_end", 0, NULL },
    { "f", "DNE..", NULL, NULL, "twin_end", 0, NULL },
    { "f", "DNE.", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "" },
    { "f", "NE", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "" },
    { "f", "", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "" },
    { "f", "Qa", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "" },
    { "f", "TWINDNE", NULL, NULL, NULL, TENON_E_AMBIGUOUS, "twin_a and twin_b" },
    /* then the longest extension */
    { "f.twin", "?", NULL, NULL, NULL, TENON_E_AMBIGUOUS, "twin_a and twin_b" },
    { "f.twin", "?", "twin_a.priority=7", NULL, "twin_a", 0, NULL },
    /* two have looked, and the bytes are not theirs */
    { "f.twin", "?", "twin_name.extensions=twin", NULL, "twin_name", 0, NULL },
    { "f.x.twin", "?", NULL, NULL, "twin_name", 0, NULL },
    { "f.name.twin", "?", NULL, NULL, "twin_name", 0, NULL },
    { "F.X.TWIN", "?", NULL, NULL, "twin_name", 0, NULL },
    { "name.twin", "?", "twin_b.enabled=no", NULL, "twin_a", 0,
      NULL }, /* the extension would leave no stem */
    { "f.twinx", "?", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "" },
    { "ftwinlong", "?", NULL, NULL, NULL, TENON_E_UNRECOGNISED, "" },
    { "f.probe", "Qa", NULL, NULL, "twin_probe", 0, NULL },
    { "f.foo", "?", "twin_long.extensions=foo,bar", NULL, "twin_long", 0, NULL },
    { "f.twinlong", "?", "twin_long.extensions=foo,bar", NULL, NULL, TENON_E_UNRECOGNISED, "" },
    /* unless the user names the format */
    { "f", "TWIN", NULL, "twin_b", "twin_b", 0, NULL },
    { "f.twin", "TWIN", NULL, "probe", "twin_probe", 0, NULL },
    { "f", "?", NULL, "x.twin", "twin_name", 0, NULL },
    { "f", "TWIN", NULL, "twin", NULL, TENON_E_AMBIGUOUS, "both have the extension 'twin'" },
    { "f", "TWIN", "twin_b.priority=1", "twin", "twin_b", 0, NULL },
    { "f", "TWIN", NULL, "twin_c", NULL, TENON_E_NOT_FOUND, "there is no codec 'twin_c'" },
    { "f", "TWIN", "twin_a.enabled=no", "twin_a", NULL, TENON_E_NOT_FOUND, "there is no codec 'twin_a'" },
};

/* tenon_open and tenon_why agree. */
START_TEST (test_choice)
{
    tenon_report *report = NULL;
    tenon_report_entry entry;
    tenon_open_options options;
    kit_plugins ("toytwin", cases[_i].settings);
    kit_save (cases[_i].name, cases[_i].contents, strlen (cases[_i].contents));
    KIT_INIT (options);
    KIT_INIT (entry);
    options.format = cases[_i].format;
    tenon_status status = tenon_why (kit, kit_path (cases[_i].name), &options, &report, &kit_error);
    if (cases[_i].chosen)
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    else
        kit_failed (status, cases[_i].status, cases[_i].words);
    unsigned bids = 0, chosen = 0;
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        if (entry.kind != TENON_BID)
            continue;
        bids++;
        ck_assert_uint_gt (strlen (entry.message), 0);
        ck_assert_int_eq (entry.chosen == 1, entry.status == TENON_OK);
        if (entry.chosen) {
            chosen++;
            ck_assert_ptr_nonnull (cases[_i].chosen);
            ck_assert_str_eq (entry.subject, cases[_i].chosen);
        }
    }
    ck_assert_uint_eq (bids, tenon_codec_count (kit));
    ck_assert_uint_eq (chosen, cases[_i].chosen != NULL);
    tenon_report_free (report);
    if (!cases[_i].chosen) {
        kit_open_fails (cases[_i].name, cases[_i].format, NULL, cases[_i].status, cases[_i].words);
        return;
    }
    tenon_file *file = kit_open (cases[_i].name, cases[_i].format, NULL);
    kit_tensor (file, cases[_i].chosen);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), cases[_i].words != NULL);
    if (cases[_i].words)
        ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, cases[_i].words));
    tenon_close (file);
}
END_TEST

/* The bid of each codec. */
START_TEST (test_bids)
{
    tenon_report *report = NULL;
    kit_plugins ("toytwin", NULL);
    kit_save ("f.x.twin", "PPxDNE", 6);
    ck_assert_int_eq (tenon_why (kit, kit_path ("f.x.twin"), NULL, &report, &kit_error), TENON_OK);
    ck_assert (kit_reported (report, TENON_BID, "a magic of 3 bytes matches"));
    ck_assert (kit_reported (report, TENON_BID, "its bytes look right (90 of 100)"));
    ck_assert (kit_reported (report, TENON_BID, "its bytes are not recognised, its extension fits"));
    tenon_report_free (report);
    kit_failed (tenon_why (kit, kit_path ("nowhere"), NULL, &report, &kit_error), TENON_E_NOT_FOUND,
                "nowhere");
    ck_assert_uint_eq (tenon_report_count (report), 0);
    tenon_report_free (report);
}
END_TEST

static tenon_status
write_plan (const char *name, const char *settings)
{
    tenon_plan *plan = kit_plan ();
    tenon_status status = kit_write (plan, name, NULL, settings, NULL);
    tenon_plan_free (plan);
    return status;
}

/* A member waits for a filter, or a codec, whose plugin is disabled or refused. */
START_TEST (test_causes)
{
    static const char *const packed = "toybox.filter=toyxor";
    kit_plugins ("toybox toyraw toyxor", NULL);
    ck_assert_int_eq (write_plan ("f.toybox", packed), TENON_OK);
    kit_context ("plugin.toyxor.enabled=no");
    kit_open_fails ("f.toybox", NULL, NULL, TENON_E_UNSUPPORTED,
                    "there is no filter 'toyxor': the plugin toyxor is not in use: disabled at ");
    kit_failed (write_plan ("g.toybox", packed), TENON_E_UNSUPPORTED,
                "there is no filter 'toyxor': the plugin toyxor is not in use: disabled at ");
    kit_context ("toybox.enabled=no");
    kit_open_fails ("f.toybox", NULL, NULL, TENON_E_UNRECOGNISED, "the codec toybox is disabled at ");
    kit_failed (write_plan ("g.toybox", NULL), TENON_E_UNRECOGNISED,
                "no codec writes files with this extension: the codec toybox is disabled at ");
}
END_TEST

/* ---- what there is ---- */

static tenon_codec_info
codec_of (const char *id, uint64_t *index)
{
    tenon_codec_info info;
    KIT_INIT (info);
    for (*index = 0; tenon_codec_get (kit, *index, &info) == TENON_OK; ++*index)
        if (strcmp (info.id, id) == 0)
            return info;
    ck_abort_msg ("there is no codec %s", id);
}

START_TEST (test_formats)
{
    uint64_t index;
    struct tenon_option option;
    struct tenon_setting setting;
    kit_plugins ("toybox toyraw toytext toyxor toyblock",
                 "toybox.priority=3 toybox.level=5 toyraw.enabled=no");
    ck_assert_uint_eq (tenon_codec_count (kit), 3);
    tenon_codec_info box = codec_of ("toybox", &index), text, list;
    ck_assert_str_eq (box.label, "toy container");
    ck_assert_str_eq (box.extensions[0], "toybox");
    ck_assert_ptr_null (box.extensions[1]);
    ck_assert_str_eq (box.plugin, "toybox");
    ck_assert_str_eq (box.plugin_version, "1.0");
    ck_assert_str_eq (box.plugin_license, "MIT");
    ck_assert_str_eq (box.plugin_file, kit_path ("plugins/toybox.so"));
    ck_assert_int_eq (box.priority, 3);
    ck_assert_uint_eq (box.flags, TENON_CAN_READ | TENON_CAN_WRITE); /* it patches, so it cannot stream */
    KIT_INIT (option);
    KIT_INIT (setting);
    ck_assert_int_eq (tenon_codec_option (kit, index, 2, &option, &setting), TENON_OK);
    ck_assert_str_eq (option.name, "level");
    ck_assert_str_eq (option.value, "-1");
    ck_assert_double_eq (option.least, -1);
    ck_assert_int_eq (setting.integer, 5);
    ck_assert_str_eq (setting.text, "5");
    ck_assert_str_eq (setting.origin, "the program");
    ck_assert_int_eq (tenon_codec_option (kit, index, box.option_count, &option, NULL), TENON_E_NOT_FOUND);
    text = codec_of ("toytext", &index);
    ck_assert_uint_eq (text.flags, TENON_CAN_READ);
    list = codec_of ("toylist", &index);
    ck_assert_uint_eq (list.flags, TENON_CAN_WRITE | TENON_CAN_STREAM);
    ck_assert_uint_eq (list.max_tensors, 3);
    ck_assert_uint_eq (list.metadata, 1);
    ck_assert (
        kit_reported (tenon_context_report (kit), TENON_VERDICT, "codec toyraw is disabled at the program"));
    tenon_filter_info filter;
    KIT_INIT (filter);
    ck_assert_uint_eq (tenon_filter_count (kit), 5); /* three are built in */
    ck_assert_int_eq (tenon_filter_get (kit, 3, &filter), TENON_OK);
    ck_assert_str_eq (filter.id, "toyxor");
    ck_assert_str_eq (filter.plugin, "toyxor");
    ck_assert_int_eq (filter.most_level, 3);
    unsigned found = 0;
    for (uint32_t dtype = 0; (dtype = tenon_dtype_next (kit, dtype)) != TENON_NONE;) {
        struct tenon_dtype info;
        KIT_INIT (info);
        ck_assert_int_eq (tenon_dtype_get (kit, NULL, dtype, &info), TENON_OK);
        ck_assert_uint_eq (tenon_dtype_find (kit, info.name), dtype);
        found += dtype >= TENON_DTYPE_DYNAMIC;
    }
    ck_assert_uint_eq (found, 3);
}
END_TEST

/* Two contexts with different settings, side by side, and one plugin in both. */
START_TEST (test_two_contexts)
{
    kit_plugins ("toyraw toytwin", "toyraw.stamp=first");
    tenon_context *first = kit;
    kit = NULL;
    ck_assert_int_eq (kit_context ("toyraw.stamp=second twin_a.priority=1"), TENON_OK);
    tenon_context *second = kit;
    for (unsigned i = 0; i < 2; i++) {
        kit = i ? second : first;
        tenon_plan *plan = kit_plan ();
        tenon_status status = kit_write (plan, "f", "toyraw", NULL, NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_plan_free (plan);
        tenon_file *file = kit_open ("f", NULL, NULL);
        ck_assert_str_eq (kit_value (file, "stamp").as.string, i ? "second" : "first");
        tenon_close (file);
        kit_save ("t", "TWIN", 4);
        if (i)
            tenon_close (kit_open ("t", NULL, NULL));
        else
            kit_open_fails ("t", NULL, NULL, TENON_E_AMBIGUOUS, "twin");
    }
    tenon_context_free (first);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "choice");
    tcase_add_loop_test (tests, test_choice, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test (tests, test_bids);
    tcase_add_test (tests, test_causes);
    tests = kit_case (suite, "formats");
    tcase_add_test (tests, test_formats);
    tcase_add_test (tests, test_two_contexts);
}

int
main (void)
{
    return kit_main ("choose", fill_suite);
}
