/* SPDX-License-Identifier: MIT */
/* test_bad_writers.c - codecs that misbehave while they write. The target stays as it was, and no other file
 * is left behind. */
#include "kit.h"
#include <unistd.h>

static const struct {
    const char *codec;
    tenon_status status;
    const char *words;
} bad[] = {
    { "forgets", TENON_E_MISUSE, "tensor 'x': the codec forgets: it did not write this tensor" },
    { "puts_99", TENON_E_MISUSE, "codec puts_99: it put a tensor that the plan does not have" },
    { "asks_99", TENON_E_MISUSE, "codec asks_99: it asked for a tensor that the plan does not have" },
    { "asks_metadata_99", TENON_E_MISUSE, "it asked for metadata that the plan does not have" },
    { "plan_size_zero", TENON_E_MISUSE, "codec plan_size_zero: a struct has no struct_size" },
    { "patches_beyond", TENON_E_MISUSE, "codec patches_beyond: it patches bytes that were not put yet" },
    { "patches_far", TENON_E_MISUSE, "it patches bytes that were not put yet" },
    { "aligns_to_0", TENON_E_MISUSE, "codec aligns_to_0: it aligns to 0" },
    { "layout_flag", TENON_E_MISUSE, "codec layout_flag: … layout that this version does not know" },
    { "layout_low_flag", TENON_OK, "\1\2\3\4" },
    { "layout_size_zero", TENON_E_MISUSE, "struct tenon_layout has a wrong struct_size" },
    { "file_up", TENON_E_MISUSE, "codec file_up: it begins a file whose name is no bare file name" },
    { "file_flag", TENON_E_MISUSE, "an entry has flags that this version does not know" },
    { "file_twice", TENON_E_MISUSE, "part" },
    { "file_is_target", TENON_E_MISUSE, "target" },
    { "fails_late", TENON_E_UNSUPPORTED, "it comes to its mind late" },
    { "silent_write", TENON_E_IO, "the codec silent_write failed without saying why" },
    { "positive_write", TENON_E_MISUSE, "the codec positive_write returned 7" },
    { "describes", TENON_E_MISUSE,
      "codec describes: it called add_tensor from write; it may be used from describe" },
    { "reads_source", TENON_E_MISUSE, "there is no source" },
    { "member_beyond", TENON_E_MISUSE, "codec member_beyond" },
    { "member_far", TENON_E_MISUSE, "codec member_far" },
    { "member_nobody", TENON_E_NOT_FOUND, "there is no codec 'nobody'" },
    { "member_no_codec", TENON_E_MISUSE, "codec member_no_codec" },
    { "member_filter", TENON_E_UNSUPPORTED, "'squash'" },
    { "member_level", TENON_E_UNSUPPORTED, "the filter deflate encodes at levels … not 77" },
    { "member_block", TENON_E_LIMIT, "memory in [limits]" },
    { "member_check", TENON_E_UNSUPPORTED, "this version knows no checksum of kind 9" },
    { "member_flag", TENON_E_MISUSE, "codec member_flag" },
    { "member_itself", TENON_E_LIMIT, "more than 20 deep, which no limit allows" },
    { "member_ping", TENON_E_LIMIT, "more than 20 deep, which no limit allows" },
    { "member_file", TENON_E_UNSUPPORTED, "file_alone writes more than one file" },
    { "member_patched", TENON_E_UNSUPPORTED, "patcher goes back" }, /* its checksum would be wrong */
    { "patcher", TENON_OK, "DONE\1\2\3\4" },
    { "plain", TENON_OK, "\1\2\3\4" },
    { "strings_without_length", TENON_E_MISUSE,
      "codec strings_without_length: it puts strings without a length" },
    { "items_of_scalar", TENON_E_MISUSE, "codec items_of_scalar: put_items takes arrays" },
    { "items_of_source_99", TENON_E_MISUSE, "codec items_of_source_99" },
};

/* One tensor, and an array of two strings as metadata. */
static tenon_plan *
plan_of (void)
{
    static const char strings[] = "\1\0\0\0a\2\0\0\0bc";
    struct tenon_value value;
    tenon_plan *plan = kit_plan ();
    memset (&value, 0, sizeof value);
    value.type = TENON_ARRAY;
    value.item_type = TENON_STRING;
    value.count = 2;
    value.encoding = TENON_STRINGS_32;
    value.source = TENON_NO_SOURCE;
    value.as.memory = strings;
    value.length = sizeof strings - 1;
    tenon_status status = tenon_plan_add_metadata (plan, "words", &value, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return plan;
}

/* With and without an existing target. */
START_TEST (test_bad)
{
    kit_plugins ("badwrite", NULL);
    tenon_plan *plan = plan_of ();
    for (unsigned i = 0; i < 2; i++) {
        unlink (kit_path ("target"));
        if (i == 1)
            kit_save ("target", "as it was", 9);
        tenon_status status = kit_write (plan, "target", bad[_i].codec, NULL, NULL);
        if (bad[_i].status == TENON_OK) {
            struct bytes expected = { .size = 0 };
            ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
            kit_text (&expected, bad[_i].words);
            kit_same_file ("target", &expected);
            continue;
        }
        kit_failed (status, bad[_i].status, bad[_i].words);
        ck_assert_uint_eq (kit_count_files (), i);
        if (i == 1) {
            struct bytes was = { .size = 0 };
            kit_text (&was, "as it was");
            kit_same_file ("target", &was);
        }
    }
    tenon_plan_free (plan);
}
END_TEST

/* A dry run finds the same failures and makes no file. */
START_TEST (test_dry)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_DRY_RUN | TENON_SAVE_EXACT_NAME;
    options.format = bad[_i].codec;
    kit_plugins ("badwrite", NULL);
    tenon_plan *plan = plan_of ();
    tenon_status status = tenon_save (plan, kit_path ("target"), &options, NULL, NULL, &kit_error);
    ck_assert_uint_eq (kit_count_files (), 0);
    ck_assert_msg (status == bad[_i].status, "%s: %s, %s in earnest", bad[_i].codec,
                   tenon_status_name (status), tenon_status_name (bad[_i].status));
    tenon_plan_free (plan);
}
END_TEST

/* ---- stopping ---- */

static int
stop_at_tenth (void *user, uint64_t done, uint64_t total)
{
    unsigned *calls = (unsigned *) user;
    (void) done, (void) total;
    return ++*calls >= 10;
}

START_TEST (test_cancelled)
{
    unsigned calls = 0;
    tenon_progress progress;
    tenon_save_options options;
    KIT_INIT (progress);
    KIT_INIT (options);
    progress.report = stop_at_tenth;
    progress.user = &calls;
    options.format = "spins_writing";
    options.flags = TENON_SAVE_EXACT_NAME;
    kit_plugins ("badwrite", NULL);
    tenon_plan *plan = kit_plan ();
    tenon_status status = tenon_save (plan, kit_path ("target"), &options, NULL, &progress, &kit_error);
    kit_failed (status, TENON_E_CANCELLED, "cancelled");
    ck_assert_uint_eq (calls, 10);
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

/* ---- to a pipe ---- */

static tenon_status
write_to_pipe (tenon_plan *plan, const char *format, uint8_t *bytes, size_t room, size_t *size)
{
    int ends[2];
    tenon_save_options options;
    KIT_INIT (options);
    options.format = format;
    ck_assert_int_eq (pipe (ends), 0);
    tenon_status status = tenon_save_fd (plan, ends[1], &options, NULL, NULL, &kit_error);
    close (ends[1]);
    ssize_t got = read (ends[0], bytes, room);
    *size = got > 0 ? (size_t) got : 0;
    close (ends[0]);
    return status;
}

START_TEST (test_pipe)
{
    uint8_t bytes[256];
    size_t size;
    kit_plugins ("badwrite toybox toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    ck_assert_int_eq (write_to_pipe (plan, "plain", bytes, sizeof bytes, &size), TENON_OK);
    ck_assert_uint_eq (size, 4);
    ck_assert_int_eq (memcmp (bytes, "\1\2\3\4", 4), 0);
    /* patcher patches without declaring it: the patch fails */
    tenon_status status = write_to_pipe (plan, "patcher", bytes, sizeof bytes, &size);
    kit_failed (status, TENON_E_UNSUPPORTED, "the format patcher goes back");
    /* toybox declares it: nothing is written */
    status = write_to_pipe (plan, "toybox", bytes, sizeof bytes, &size);
    kit_failed (status, TENON_E_UNSUPPORTED, "toybox");
    ck_assert_uint_eq (size, 0);
    status = write_to_pipe (plan, "file_alone", bytes, sizeof bytes, &size);
    kit_failed (status, TENON_E_UNSUPPORTED, "more than one file");
    /* toyraw counts before it writes: 24 + 2+1 + 1+2 + 1+4+8 + 8+8 bytes, then up to 64, then the data */
    ck_assert_int_eq (write_to_pipe (plan, "toyraw", bytes, sizeof bytes, &size), TENON_OK);
    ck_assert_uint_eq (size, 68);
    ck_assert_int_eq (memcmp (bytes + 64, "\1\2\3\4", 4), 0);
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "write");
    tcase_add_loop_test (tests, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_loop_test (tests, test_dry, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test (tests, test_cancelled);
    tcase_add_test (tests, test_pipe);
}

int
main (void)
{
    return kit_main ("badwrite", fill_suite);
}
