/* SPDX-License-Identifier: MIT */
/* test_bad_readers.c - codecs that misbehave while they read. Each is refused or contained, and the message
 * says what is wrong. */
#include "kit.h"
#include <unistd.h>

#define BAD_PLUGINS "bad baderrors badparts badmeta"

static void
setup_file (const char *settings)
{
    uint8_t bytes[64];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) i;
    kit_save ("file", bytes, sizeof bytes);
    kit_plugins (BAD_PLUGINS, settings);
}

static const struct {
    const char *codec;
    tenon_status status;
    const char *words;
} bad[] = {
    /* bad.c: false descriptions of tensors */
    { "far_offset", TENON_E_MALFORMED, "tensor 'x': … offset 18446744073709551612, where no file has any" },
    { "wrong_length", TENON_E_MALFORMED, "tensor 'x': 4 u8 needs 4 bytes, the file gives it 5" },
    { "overlap", TENON_E_MALFORMED,
      "tensor 'between': its bytes 3 … 7 overlap those of tensor 'first', which end at 4" },
    { "alias", TENON_E_MISUSE, "codec alias: … TENON_CODEC_ALIASES" },
    { "product", TENON_E_MALFORMED, "tensor 'x': the product of its shape is 2^63 or more" },
    { "bytes", TENON_E_MALFORMED, "tensor 'x': its size in bytes is 2^63 or more" },
    { "large_dim", TENON_E_MALFORMED, "dim 1 is 9223372036854775808, which is not below 2^63" },
    { "zero_and_large", TENON_E_MALFORMED, "product of its shape" },
    { "rank_65", TENON_E_MALFORMED, "tensor 'x': it has 65 dims, at most 64" },
    { "no_shape", TENON_E_MISUSE, "codec no_shape: … dims but no shape" },
    { "twice", TENON_E_MALFORMED, "tensor 'same': the name occurs twice" },
    { "no_name", TENON_E_MALFORMED, "name '' is empty" },
    { "bad_name", TENON_E_MALFORMED, "name 'caf\\xe9' is not valid UTF-8" },
    { "nul_name", TENON_E_MALFORMED, "name 'a\\x00b' is not valid UTF-8 without NUL" },
    { "dtype_none", TENON_E_MISUSE, "codec dtype_none: there is no dtype" },
    { "dtype_between", TENON_E_MISUSE, "there is no dtype" },
    { "dtype_string", TENON_E_MISUSE, "there is no dtype" },
    { "dtype_far", TENON_E_MISUSE, "there is no dtype" },
    { "half_block", TENON_E_MALFORMED, "3 elements are no multiple of the 2 that a block of f4 holds" },
    { "opaque_plain", TENON_E_MISUSE, "add_dtype takes opaque dtypes" },
    { "opaque_items", TENON_E_MISUSE, "items_as must be a fixed dtype with items of the same size" },
    { "opaque_nameless", TENON_E_MISUSE, "add_dtype takes opaque dtypes with a family" },
    { "grid", TENON_E_MISUSE, "it describes a tensor in chunks, but has no locate_chunk function" },
    { "storage_77", TENON_E_MISUSE, "codec storage_77: a tensor has an unknown storage" },
    { "served_without_read", TENON_E_MISUSE, "it serves a tensor, but has no read" },
    { "high_flag", TENON_E_UNSUPPORTED, "codec high_flag … flags 0x10000" },
    { "skipped_high_flag", TENON_E_UNSUPPORTED, "skips it with flags 0x10000" },
    { "dtype_high_flag", TENON_E_UNSUPPORTED, "adds a dtype with flags 0x10000" },
    { "low_flag", TENON_OK, "x" },
    { "size_zero", TENON_E_MISUSE, "codec size_zero: a struct tenon_tensor has a wrong struct_size" },
    { "size_small", TENON_E_MISUSE, "struct tenon_tensor has a wrong struct_size" },
    { "info_size_zero", TENON_E_MISUSE, "codec info_size_zero: a struct has no struct_size" },
    { "tensor_source_9", TENON_E_MISUSE, "there is no source" },
    { "read_source_9", TENON_E_MISUSE, "there is no source" },
    { "option_9", TENON_E_MISUSE, "codec option_9: it has no option" },
    { "writes", TENON_E_MISUSE, "codec writes: it called put from describe; it may be used from write" },
    { "asks_for_plan", TENON_E_MISUSE, "it called plan_info from describe; it may be used from write" },
    { "tells", TENON_E_MISUSE, "it called tell from describe; it may be used from write" },
    /* baderrors.c: failures and impossible requests */
    { "fails_and_succeeds", TENON_E_MALFORMED, "file: the first failure (at byte 7)" },
    { "ignores_failure", TENON_E_MALFORMED, "offset 9223372036854775806" },
    { "silent", TENON_E_MALFORMED, "the codec silent failed without saying why: malformed file" },
    { "unknown_status", -99, "the codec unknown_status failed without saying why: unknown status" },
    { "fails_with_5", TENON_E_MISUSE, "five is no failure" },
    { "fails_without_words", TENON_E_UNSUPPORTED, "" },
    { "long_words", TENON_E_MALFORMED, "a\\x1b[31m\\n\\xffwww" },
    { "positive", TENON_E_MISUSE, "the codec positive returned 7, which is neither success nor a failure" },
    { "nothing", TENON_OK, NULL },
    { "expects_all", TENON_OK, "x" },
    { "wants_2_63", TENON_E_LIMIT, "header_bytes in [limits]" },
    { "wants_all", TENON_E_LIMIT, "header_bytes in [limits]" },
    { "wants_more", TENON_E_LIMIT, "more than 1048576 bytes … header_bytes in [limits]" },
    { "views_beyond", TENON_E_TRUNCATED, "5 bytes are needed, it ends at 64 (at byte 60)" },
    { "reads_far", TENON_E_TRUNCATED, "4 bytes are needed, it ends at 64" },
    { "many", TENON_E_LIMIT, "more than 50 tensors; raise tensors in [limits]" },
    /* badparts.c */
    { "part_past_end", TENON_E_TRUNCATED,
      "member 'part': its 8 bytes at offset 60 are not inside the file, which ends at 64" },
    { "part_far", TENON_E_TRUNCATED, "member 'part': … not inside the file" },
    { "part_lead", TENON_E_TRUNCATED, "member 'part': … not inside the file" },
    { "parts_overlap", TENON_E_MALFORMED,
      "member 'late': its bytes 23 … 34 overlap those of member 'part', which end at 24" },
    { "part_and_tensor", TENON_E_MALFORMED, "tensor 'x': its bytes 20 … 24 overlap those of member 'part'" },
    { "part_twice_used", TENON_E_MALFORMED, "overlap those of" },
    { "part_size", TENON_E_MALFORMED, "member 'part': it is stored as it is, but in 8 bytes instead of 9" },
    { "part_filter", TENON_E_UNSUPPORTED, "member 'part': there is no filter 'squash'" },
    { "part_check", TENON_E_UNSUPPORTED, "this version knows no checksum of kind 9" },
    { "part_name", TENON_E_MALFORMED, "not valid UTF-8" },
    { "part_in_itself", TENON_E_MISUSE, "there is no source" },
    { "part_size_small", TENON_E_MISUSE, "struct tenon_part has a wrong struct_size" },
    { "blocks_fall", TENON_E_MISUSE, "block ends of a part do not rise" },
    { "blocks_leave", TENON_E_MISUSE, "block ends of a part" },
    { "blocks_stop", TENON_E_MISUSE, "last block of a part does not end where the part does" },
    { "bomb", TENON_E_LIMIT,
      "member 'part': it would inflate to 4294967296 bytes from 8, … inflated_ratio in [limits]" },
    { "bomb_far", TENON_E_LIMIT, "18446744073709551614 bytes; raise inflated_bytes in [limits]" },
    { "parts_deep", TENON_E_LIMIT, "raise depth in [limits]" },
    { "parts_many", TENON_E_LIMIT, "more than 100 members; raise members in [limits]" },
    { "includes_itself", TENON_E_MISUSE, "include the source that it was called for" },
    { "recurses", TENON_E_LIMIT, "more than 20 deep, which no limit allows" },
    { "include_flags", TENON_E_UNSUPPORTED, "codec include_flags … 0x20000" },
    { "include_nobody", TENON_E_NOT_FOUND, "there is no codec 'nobody'" },
    { "include_unknown", TENON_E_UNRECOGNISED, "no codec recognises 'part'" },
    { "include_twice", TENON_E_MALFORMED, "'fine': the name occurs twice" },
    { "beside_up", TENON_E_MALFORMED, "the key '../secret' has a component '.' or '..'" },
    { "beside_absolute", TENON_E_MALFORMED, "the key '/etc/passwd' begins with '/'" },
    { "beside_dots", TENON_E_MALFORMED, "the key '..' has a component '.' or '..'" },
    { "beside_empty", TENON_E_MALFORMED, "the key '' is empty" },
    { "beside_missing", TENON_E_NOT_FOUND, "'nowhere.bin' … missing" },
    /* badmeta.c */
    { "key_empty", TENON_E_MALFORMED, "a metadata key is empty" },
    { "key_twice", TENON_E_MALFORMED, "the metadata key 'k' occurs twice" },
    { "key_bad", TENON_E_MALFORMED, "a metadata key is not valid UTF-8" },
    { "value_type", TENON_E_MISUSE, "metadata key 'k': values of type 10 do not exist" },
    { "value_bool", TENON_E_MALFORMED, "metadata key 'k': a bool is 2" },
    { "value_string", TENON_E_MISUSE, "metadata key 'k': a string without its bytes" },
    { "range_past_end", TENON_E_TRUNCATED, "array needs 16 bytes, 12 are left" },
    { "range_count", TENON_E_MALFORMED, "metadata key 'k': 4 items do not make an array of 15 bytes" },
    { "range_overflow", TENON_E_MALFORMED, "4611686018427387904 items do not make an array of 0 bytes" },
    { "range_strings", TENON_E_MISUSE, "cannot have encoding 0" },
    { "range_source", TENON_E_MISUSE, "there is no source" },
    { "nested_none", TENON_E_MISUSE, "an array of arrays has no items" },
    { "nested_number", TENON_E_MISUSE, "an array of arrays has an item that is none" },
    { "nested_cycle", TENON_E_LIMIT, "nested too deeply; raise depth in [limits]" },
    { "items_beyond", TENON_E_MISUSE, "items 0 … of an array of 4" },
    { "serves_fortran", TENON_E_MISUSE, "a served tensor is in C order" },
};

/* Twice in the same context: a failure leaves nothing behind. */
START_TEST (test_bad)
{
    setup_file ("limits.header_bytes=1048576 limits.tensors=50 limits.members=100");
    for (unsigned i = 0; i < 2; i++) {
        if (bad[_i].status < 0) {
            kit_open_fails ("file", bad[_i].codec, NULL, bad[_i].status, bad[_i].words);
            ck_assert_ptr_nonnull (strstr (kit_error.message, kit_path ("file")));
            ck_assert_ptr_null (strchr (kit_error.message, '\n'));
            continue;
        }
        tenon_file *file = kit_open ("file", bad[_i].codec, NULL);
        ck_assert_uint_eq (tenon_count (file), bad[_i].words != NULL);
        if (bad[_i].words)
            kit_data (file, bad[_i].words, "", "\0\1\2\3", 4);
        tenon_close (file);
    }
}
END_TEST

/* Under the default limits, time and memory stay bounded. */
START_TEST (test_default_limits)
{
    setup_file (NULL);
    kit_open_fails ("file", "parts_deep", NULL, TENON_E_LIMIT, "depth in [limits]");
    kit_open_fails ("file", "wants_more", NULL, TENON_E_LIMIT, "open_memory_ratio in [limits]");
    ck_assert_int_eq (kit_context ("limits.open_memory_ratio=1000000000"), TENON_OK);
    kit_open_fails ("file", "wants_more", NULL, TENON_E_LIMIT, "header_bytes in [limits]");
    tenon_file *file = kit_open ("file", "many", NULL);
    ck_assert_uint_eq (tenon_count (file), 64);
    kit_data (file, "t63", "", "\x3f", 1);
    tenon_close (file);
}
END_TEST

START_TEST (test_flood)
{
    setup_file (NULL);
    tenon_file *file = kit_open ("file", "floods", NULL);
    const tenon_report *report = tenon_file_report (file);
    ck_assert_uint_le (tenon_report_count (report), 20000);
    ck_assert (kit_reported (report, TENON_NOTE, "note 0"));
    ck_assert (kit_reported (report, TENON_NOTE, "more was said than this report holds"));
    ck_assert (!kit_reported (report, TENON_NOTE, "of no known kind"));
    tenon_report_entry entry;
    KIT_INIT (entry);
    ck_assert_int_eq (tenon_report_get (report, 0, &entry), TENON_OK);
    ck_assert_str_eq (entry.subject, "item\\x01");
    /* A flaw behind all that the report holds still fails. */
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_MALFORMED,
                "more was said than this report holds");
    tenon_close (file);
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
    tenon_open_options options;
    KIT_INIT (progress);
    KIT_INIT (options);
    progress.report = stop_at_tenth;
    progress.user = &calls;
    options.format = "spins";
    setup_file (NULL);
    kit_copy ("badwrite", "badwrite");
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    /* an open has no progress function; the open of a conversion has */
    kit_open_fails ("file", "spins", NULL, TENON_E_MISUSE, "it was never asked to stop");
    char from[256], to[256];
    strcpy (from, kit_path ("file"));
    strcpy (to, kit_path ("out.bin"));
    tenon_save_options save;
    KIT_INIT (save);
    save.format = "plain";
    tenon_status status = tenon_convert (kit, from, to, &options, &save, NULL, &progress, &kit_error);
    kit_failed (status, TENON_E_CANCELLED, "cancelled");
    ck_assert_uint_eq (calls, 10);
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* ---- files beside it without a folder, probes, served tensors ---- */

START_TEST (test_no_folder)
{
    tenon_open_options options;
    tenon_file *file = NULL;
    KIT_INIT (options);
    options.format = "beside_missing";
    setup_file (NULL);
    tenon_status status = tenon_open_memory (kit, "bytes", 5, &options, &file, &kit_error);
    kit_failed (status, TENON_E_NOT_FOUND,
                "'nowhere.bin' cannot be looked for: the file was opened without a path");
    ck_assert_ptr_null (file);
}
END_TEST

START_TEST (test_probes)
{
    tenon_report *report = NULL;
    setup_file (NULL);
    kit_open_fails ("file", NULL, NULL, TENON_E_UNRECOGNISED, "no codec recognises it");
    tenon_status status = tenon_why (kit, kit_path ("file"), NULL, &report, &kit_error);
    kit_failed (status, TENON_E_UNRECOGNISED, "no codec recognises it");
    ck_assert (kit_reported (report, TENON_BID, "its bytes are not recognised"));
    ck_assert (!kit_reported (report, TENON_BID, "of 100"));
    ck_assert (kit_reported (report, TENON_NOTE, "the probe of the codec probe_sure returned more than 100"));
    ck_assert (!kit_reported (report, TENON_NOTE, "probe_minus"));
    tenon_report_free (report);
}
END_TEST

START_TEST (test_served)
{
    setup_file (NULL);
    tenon_file *file = kit_open ("file", "serves_silence", NULL);
    kit_data_fails (file, "silence", "", TENON_E_IO, "tensor 'silence': … failed without saying why");
    kit_data_fails (file, "silence", "f32", TENON_E_IO, "tensor 'silence': … failed without saying why");
    tenon_close (file);
    file = kit_open ("file", "serves_seven", NULL);
    kit_data_fails (file, "seven", "", TENON_E_MISUSE, "tensor 'seven': the codec serves_seven returned 7");
    tenon_close (file);
    file = kit_open ("file", "serves_lies", NULL);
    kit_data_fails (file, "lies", "", TENON_E_CHECKSUM, "tensor 'lies': it is not what it seems");
    ck_assert_uint_eq (tenon_count (file), 1);
    const void *data;
    uint64_t size;
    tenon_status status = tenon_map (file, 0, &data, &size, &kit_error);
    kit_failed (status, TENON_E_NOT_MAPPABLE, "tensor 'lies'");
    tenon_report *report = NULL;
    status = tenon_verify (file, &report, NULL, &kit_error);
    kit_failed (status, TENON_E_CHECKSUM, "it is not what it seems");
    ck_assert (kit_reported (report, TENON_NOTE, "it is not what it seems"));
    tenon_report_free (report);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "describe");
    tcase_add_loop_test (tests, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test (tests, test_default_limits);
    tcase_add_test (tests, test_flood);
    tcase_add_test (tests, test_cancelled);
    tests = kit_case (suite, "rest");
    tcase_add_test (tests, test_no_folder);
    tcase_add_test (tests, test_probes);
    tcase_add_test (tests, test_served);
}

int
main (void)
{
    return kit_main ("bad", fill_suite);
}
