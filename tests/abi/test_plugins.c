/* SPDX-License-Identifier: MIT */
/* test_plugins.c - plugins of other ages, plugins with wrong tables, and files that are no plugins: which are
 * used, which are refused, and with which message. */
#include "aged.h"
#include "kit.h"
#include <sys/stat.h>
#include <unistd.h>

/* ---- tables that are wrong ---- */

static const struct {
    const char *what; /* see broken.c */
    tenon_status status;
    const char *words;
} broken[] = {
    { "whole", TENON_OK, "in use: broken 1.0 (codecs broken second, filters brokenfilter, dtypes broken8)" },
    { "unwilling", TENON_E_UNSUPPORTED, "unwilling" },
    { "plugin-size-0", TENON_E_MISUSE, "struct_size of the plugin's table is 0" },
    { "plugin-size-3", TENON_E_MISUSE, "struct_size of the plugin's table is 3" },
    { "plugin-size-small", TENON_E_MISUSE, "too small" },
    { "plugin-minor", TENON_E_UNSUPPORTED, "wants minor 99 … this is 0" },
    { "plugin-newer", TENON_OK, "in use" },
    { "plugin-high-flag", TENON_E_UNSUPPORTED, "flags 0x40000000" },
    { "plugin-low-flag", TENON_OK, "in use" },
    { "plugin-name-null", TENON_E_MISUSE, "name '(null)'" },
    { "plugin-name", TENON_E_MISUSE, "'../broken'" },
    { "plugin-alias", TENON_E_MISUSE,
      "refused: it calls itself 'whole', its file or its section is called 'broken', which must be the "
      "same" },
    { "plugin-no-texts", TENON_OK, "in use: broken (" },
    { "plugin-empty", TENON_E_MISUSE, "registers nothing" },
    { "plugin-endless", TENON_E_MISUSE, "no end" },
    { "codec-size-0", TENON_E_MISUSE, "struct_size of a codec is 0" },
    { "codec-size-small", TENON_E_MISUSE, "struct_size of a codec" },
    { "codec-twice", TENON_E_EXISTS, "codec broken: plugin broken has that id already" },
    { "codec-taken", TENON_E_EXISTS, "codec leaves_null: plugin badstate has that id already" },
    { "codec-id-null", TENON_E_MISUSE, "codec '(null)'" },
    { "codec-id-upper", TENON_E_MISUSE, "codec 'Broken'" },
    { "codec-id-dot", TENON_E_MISUSE, "codec 'bro.ken'" },
    { "codec-id-core", TENON_E_MISUSE, "codec core: … reserved" },
    { "codec-id-limits", TENON_E_MISUSE, "codec limits: … reserved" },
    { "codec-id-save", TENON_E_MISUSE, "codec save: … reserved" },
    { "codec-useless", TENON_E_MISUSE, "codec broken: … neither read nor write" },
    { "codec-high-flag", TENON_E_UNSUPPORTED, "codec broken: … flags 0x00010000" },
    { "codec-low-flag", TENON_OK, "in use" },
    { "codec-metadata", TENON_E_UNSUPPORTED, "codec broken: … metadata in the unknown way 9" },
    { "codec-member-option", TENON_E_MISUSE,
      "codec broken: member_option is 'none', which is no option of it" },
    { "codec-dtypes-option", TENON_E_MISUSE, "codec broken: dtypes_option is 'none', which is no option" },
    { "codec-dtypes-alone", TENON_E_MISUSE,
      "codec broken: default_dtypes and dtypes_option need each other" },
    { "extension-dot", TENON_E_MISUSE, "codec broken: extension '.broken'" },
    { "extension-upper", TENON_E_MISUSE, "extension 'BROKEN'" },
    { "extension-slash", TENON_E_MISUSE, "extension 'a/b'" },
    { "extension-empty", TENON_E_MISUSE, "extension ''" },
    { "magic-null", TENON_E_MISUSE, "codec broken: it announces 1 magics" },
    { "magic-bytes-null", TENON_E_MISUSE, "magic 0" },
    { "magic-length-0", TENON_E_MISUSE, "magic 0 has 0 bytes" },
    { "magic-length", TENON_E_MISUSE, "magic 0 has 4000000000 bytes" },
    { "magic-size", TENON_E_MISUSE, "1 magics of 3 bytes" },
    { "option-null", TENON_E_MISUSE, "it announces 2 options" },
    { "option-count", TENON_E_MISUSE, "4294967295 options" },
    { "option-size", TENON_E_MISUSE, "2 options of 8 bytes" },
    { "option-size-0", TENON_E_MISUSE, "struct_size of an option is 0" },
    { "option-type", TENON_E_UNSUPPORTED, "option one has the unknown type 99" },
    { "option-name", TENON_E_MISUSE, "option 'One'" },
    { "option-name-null", TENON_E_MISUSE, "option '(null)'" },
    { "option-twice", TENON_E_MISUSE, "two options named one" },
    { "option-reserved", TENON_E_MISUSE, "option priority" },
    { "option-default", TENON_E_MISUSE, "11" },
    { "option-default-null", TENON_E_MISUSE, "option one has no default" },
    { "option-range", TENON_E_MISUSE, "option one: its range is empty" },
    { "option-choices", TENON_E_MISUSE, "option one has nothing to choose from" },
    { "option-high-flag", TENON_E_UNSUPPORTED, "flags 0x80000000" },
    { "archive-whole", TENON_OK, "in use" },
    { "archive-size-0", TENON_E_MISUSE, "struct_size of its functions for archives is 0" },
    { "archive-size-small", TENON_E_MISUSE, "struct_size of its functions for archives is" },
    { "archive-size-least", TENON_OK, "in use" },
    { "archive-high-flag", TENON_E_UNSUPPORTED, "flags 0x00010000" },
    { "archive-low-flag", TENON_OK, "in use" },
    { "archive-check", TENON_E_UNSUPPORTED, "codec broken: its archives have the unknown checksum 4" },
    { "archive-filter", TENON_E_MISUSE,
      "the list of its members' filters does not end in NULL, or has ids that no filter can have" },
    { "archive-filters-endless", TENON_E_MISUSE, "the list of its members' filters does not end in NULL" },
    { "archive-write-only", TENON_E_MISUSE, "neither read nor write" },
    { "archive-no-begin", TENON_E_MISUSE, "begin_entry, end_entry and finish need each other" },
    { "archive-no-end", TENON_E_MISUSE, "begin_entry, end_entry and finish need each other" },
    { "archive-no-finish", TENON_E_MISUSE, "begin_entry, end_entry and finish need each other" },
    { "archive-reads", TENON_OK, "in use" },
    { "archive-keyed", TENON_E_MISUSE, "it is a codec of archives, and has root keys" },
    { "keyed-not", TENON_E_MISUSE, "it names an archive, or is TENON_CODEC_ARCHIVED, but has no root keys" },
    { "keyed-archived", TENON_E_MISUSE,
      "it names an archive, or is TENON_CODEC_ARCHIVED, but has no root keys" },
    { "keyed-archive-id", TENON_E_MISUSE, "archive 'a/b'" },
    { "filter-size-0", TENON_E_MISUSE, "struct_size of a filter is 0" },
    { "filter-id", TENON_E_MISUSE, "filter 'a b'" },
    { "filter-domain", TENON_OK, "filters example.org/squash" },
    { "filter-taken", TENON_E_EXISTS, "filter deflate: plugin deflate has that id already" },
    { "filter-open", TENON_E_MISUSE, "filter brokenfilter: open or close is missing" },
    { "filter-bound", TENON_E_MISUSE, "filter brokenfilter: encode and bound need each other" },
    { "filter-one-way", TENON_E_MISUSE, "filter brokenfilter: … neither decode nor step" },
    { "filter-levels", TENON_E_MISUSE, "filter brokenfilter: its default level 7" },
    { "filter-high-flag", TENON_E_UNSUPPORTED, "flags 0x00100000" },
    { "dtype-size-0", TENON_E_MISUSE, "struct_size of a dtype is 0" },
    { "dtype-name", TENON_E_MISUSE, "dtype 'F 8'" },
    { "dtype-taken", TENON_E_EXISTS, "dtype f32: the core has that name already" },
    { "dtype-plain", TENON_E_MISUSE, "dtype broken8 is of kind 0" },
    { "dtype-items-0", TENON_E_MISUSE, "dtype broken8: a block of 0 items" },
    { "dtype-bytes", TENON_E_MISUSE, "1099511627776 bytes" },
    { "dtype-alignment", TENON_E_MISUSE, "alignment 3" },
    { "dtype-high-flag", TENON_E_UNSUPPORTED, "flags 0x00010000" },
    { "swap-null", TENON_E_MISUSE, "1 swap fields" },
    { "swap-size", TENON_E_MISUSE, "1 swap fields of 4 bytes" },
    { "swap-width", TENON_E_MISUSE, "swap field 0 (1 of 3 bytes from 0)" },
    { "swap-outside", TENON_E_MISUSE, "swap field 0 (1 of 2 bytes from 3) is not inside" },
    { "swap-far", TENON_E_MISUSE, "is not inside" },
};

/* Plugins that were loaded before and after a broken one keep working. */
START_TEST (test_broken)
{
    struct bytes file = { .size = 0 };
    setenv ("BROKEN", broken[_i].what, 1);
    kit_copy ("badstate", "badstate");
    kit_copy ("toyraw", "toyraw");
    kit_copy ("broken", "broken");
    ck_assert_msg (kit_context (NULL) == TENON_OK, "%s", kit_error.message);
    const tenon_report_entry *verdict = kit_verdict ("broken");
    ck_assert_ptr_nonnull (verdict);
    ck_assert_msg (verdict->status == broken[_i].status, "%s: %s expected, it is %s: %s", broken[_i].what,
                   tenon_status_name (broken[_i].status), tenon_status_name (verdict->status),
                   verdict->message);
    ck_assert_int_eq (verdict->chosen, broken[_i].status == TENON_OK);
    kit_said (verdict->message, broken[_i].words);
    kit_said (verdict->file, "plugins/broken.so");
    ck_assert_uint_eq (tenon_codec_count (kit), broken[_i].status == TENON_OK ? 15 : 13);
    ck_assert_uint_eq (tenon_filter_count (kit),
                       broken[_i].status == TENON_OK ? 4 : 3); /* and the three of deflate */
    ck_assert_int_eq (tenon_dtype_find (kit, "broken8") != TENON_NONE, broken[_i].status == TENON_OK);
    kit_raw_head (&file, 0, 0, 24);
    kit_file ("empty.toyraw", &file);
    tenon_close (kit_open ("empty.toyraw", NULL, NULL));
}
END_TEST

/* ---- files that are no plugins ---- */

static void
verdict_of (const char *plugin, tenon_status status, const char *words)
{
    const tenon_report_entry *verdict = kit_verdict (plugin);
    ck_assert_msg (verdict != NULL, "nothing was said of %s", plugin);
    ck_assert_msg (verdict->status == status, "%s: %s", tenon_status_name (verdict->status),
                   verdict->message);
    ck_assert_uint_eq (verdict->chosen, 0);
    kit_said (verdict->message, words);
}

START_TEST (test_no_plugins)
{
    kit_copy ("noentry", "noentry");
    kit_copy ("nextmajor", "nextmajor");
    kit_copy ("undefined", "undefined");
    kit_copy ("toyraw", "toyraw");
    kit_save ("plugins/text.so", "this is a text, not a plugin\n", 29);
    kit_save ("plugins/empty.so", "", 0);
    kit_save ("plugins/README", "not even a candidate", 20);
    ck_assert_int_eq (mkdir (kit_path ("plugins/folder.so"), 0755), 0);
    ck_assert_int_eq (symlink ("nowhere.so", kit_path ("plugins/dangling.so")), 0);
    ck_assert_msg (kit_context (NULL) == TENON_OK, "%s", kit_error.message);
    verdict_of ("noentry", TENON_E_MALFORMED, "does not export tenon_plugin_v");
    verdict_of ("nextmajor", TENON_E_UNSUPPORTED, "tenon_plugin_v9");
    verdict_of ("undefined", TENON_E_IO, "function_of_a_library_that_is_missing");
    verdict_of ("text", TENON_E_IO, "dlopen: ");
    verdict_of ("empty", TENON_E_IO, "dlopen: ");
    verdict_of ("folder", TENON_E_MALFORMED, "no regular file");
    verdict_of ("dangling", TENON_E_NOT_FOUND, "");
    ck_assert_ptr_null (kit_verdict ("README"));
    ck_assert_uint_eq (tenon_codec_count (kit), 1);
}
END_TEST

/* A plugin that needs a library that is gone: the name of the C library in its dynamic section is changed. */
START_TEST (test_library_missing)
{
    static const char is[] = "libc.so.6", was[] = "libq.so.6";
    size_t size, i = 0;
    kit_copy ("toyraw", "lonely");
    uint8_t *bytes = (uint8_t *) (uintptr_t) kit_load ("plugins/lonely.so", &size);
    while (i + sizeof is < size && memcmp (bytes + i, is, sizeof is) != 0)
        i++;
    if (i + sizeof is >= size)
        return; /* not linked to the C library under this name */
    memcpy (bytes + i, was, sizeof was);
    kit_save ("plugins/lonely.so", bytes, size);
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    verdict_of ("lonely", TENON_E_IO, "libq.so.6");
}
END_TEST

/* A truncated shared object is refused, or works if only unused bytes are missing. Nothing crashes. */
START_TEST (test_cut_short)
{
    static uint8_t whole[1 << 20];
    size_t size;
    kit_copy ("toyraw", "cut0");
    const uint8_t *bytes = kit_load ("plugins/cut0.so", &size);
    ck_assert_uint_le (size, sizeof whole);
    memcpy (whole, bytes, size);
    for (unsigned i = 1; i <= 40; i++) {
        char file[32], name[16];
        snprintf (name, sizeof name, "cut%u", i);
        snprintf (file, sizeof file, "plugins/%s.so", name);
        kit_save (file, whole,
                  i <= 8 ? i * i : i * (size / 41)); /* cut in the ELF header, then all over the file */
        ck_assert_int_eq (kit_context ("plugin.cut0.enabled=no"), TENON_OK);
        const tenon_report_entry *verdict = kit_verdict (name);
        ck_assert_ptr_nonnull (verdict);
        ck_assert_msg (verdict->status == TENON_E_IO || verdict->status == TENON_E_TRUNCATED
                           || (i > 8 && verdict->status == TENON_E_MISUSE), /* it calls itself toyraw */
                       "%s: %s", name, verdict->message);
        unlink (kit_path (file));
    }
}
END_TEST

START_TEST (test_untrusted)
{
    kit_copy ("toyraw", "open");
    kit_copy ("toyset", "toyset");
    ck_assert_int_eq (chmod (kit_path ("plugins/open.so"), 0777), 0);
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    verdict_of ("open", TENON_E_CONFIG, "the file is writable by everybody (mode 0777)");
    ck_assert_int_eq (kit_verdict ("toyset")->chosen, 1);
    if (geteuid () == 0) { /* only root can change the owner of a file */
        ck_assert_int_eq (chown (kit_path ("plugins/toyset.so"), 54321, 0), 0);
        ck_assert_int_eq (kit_context (NULL), TENON_OK);
        verdict_of ("toyset", TENON_E_CONFIG, "user 54321");
        ck_assert_int_eq (chown (kit_path ("plugins/toyset.so"), 0, 54321), 0);
        ck_assert_int_eq (chmod (kit_path ("plugins/toyset.so"), 0775), 0);
        ck_assert_int_eq (kit_context (NULL), TENON_OK);
        verdict_of ("toyset", TENON_E_CONFIG, "group 54321");
    }
    ck_assert_int_eq (chmod (kit_path ("plugins/open.so"), 0755), 0);
    ck_assert_int_eq (chmod (kit_path ("plugins"), 0777), 0);
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    verdict_of ("open", TENON_E_CONFIG, "plugins is writable by everybody");
    ck_assert_uint_eq (tenon_codec_count (kit), 0);
    ck_assert_int_eq (chmod (kit_path ("plugins"), 0755), 0);
    ck_assert_int_eq (kit_context ("plugin.open.enabled=no"), TENON_OK);
    verdict_of ("open", TENON_E_CONFIG, "disabled at the program");
}
END_TEST

/* ---- other ages ---- */

START_TEST (test_old)
{
    struct tenon_dtype dtype;
    struct tenon_option option;
    struct tenon_setting setting;
    kit_plugins ("toyraw old", NULL);
    kit_said (kit_verdict ("old")->message,
              "in use: old 0.0.1 (codecs old oldpack oldstore, filters oldxor, dtypes old4)");
    KIT_INIT (dtype);
    ck_assert_int_eq (tenon_dtype_get (kit, NULL, tenon_dtype_find (kit, "old4"), &dtype), TENON_OK);
    ck_assert_uint_eq (dtype.block_items, 4);
    ck_assert_uint_eq (dtype.block_bytes, 3);
    ck_assert_uint_eq (dtype.swap_count, 1);
    ck_assert_uint_eq (dtype.alignment, 0);
    ck_assert_ptr_null (dtype.decode);
    KIT_INIT (option);
    KIT_INIT (setting);
    ck_assert_uint_eq (tenon_codec_count (kit), 4);
    ck_assert_int_eq (tenon_codec_option (kit, 0, 0, &option, &setting), TENON_OK);
    ck_assert_str_eq (option.name, "member");
    ck_assert_str_eq (option.help, "");
    ck_assert_str_eq (setting.text, "toyraw");
    aged_round_trip ("old", "OLDFILE\n");
    aged_keys ("oldpack", "oldstore", "OLDPACK\n");
}
END_TEST

START_TEST (test_future)
{
    struct tenon_dtype dtype;
    struct tenon_option option;
    kit_plugins ("toyraw future", NULL);
    kit_said (kit_verdict ("future")->message, "in use: future 99.0");
    KIT_INIT (dtype);
    ck_assert_int_eq (tenon_dtype_get (kit, NULL, tenon_dtype_find (kit, "future4"), &dtype), TENON_OK);
    ck_assert_uint_eq (dtype.swap_count, 2);
    ck_assert_uint_eq (dtype.swap[1].offset, 2); /* read with the plugin's stride */
    ck_assert_uint_eq (dtype.swap[1].size, 4);
    KIT_INIT (option);
    ck_assert_int_eq (tenon_codec_option (kit, 0, 1, &option, NULL), TENON_OK);
    ck_assert_str_eq (option.name, "second");
    ck_assert_str_eq (option.value, "7");
    aged_round_trip ("future", "FUTURE!\n");
    aged_keys ("futurepack", "futurestore", "FUTPACK\n");
}
END_TEST

/* The structs of applications may be shorter or longer, too. */
START_TEST (test_application_ages)
{
    union {
        tenon_file_info info;
        uint8_t bytes[sizeof (tenon_file_info) + 32];
    } grown;
    tenon_file_info cut;
    struct bytes file = { .size = 0 };
    kit_plugins ("toyraw", NULL);
    kit_raw_head (&file, 0, 0, 24);
    kit_file ("empty.toyraw", &file);
    tenon_file *open = kit_open ("empty.toyraw", NULL, NULL);
    memset (&grown, 0xee, sizeof grown);
    grown.info.struct_size = sizeof grown;
    ck_assert_int_eq (tenon_file_get (open, &grown.info), TENON_OK);
    ck_assert_uint_eq (grown.info.struct_size, sizeof grown);
    ck_assert_uint_eq (grown.info.size, 24);
    for (size_t i = sizeof grown.info; i < sizeof grown; i++)
        ck_assert_uint_eq (grown.bytes[i], 0);
    memset (&cut, 0xee, sizeof cut);
    cut.struct_size = offsetof (tenon_file_info, size);
    ck_assert_int_eq (tenon_file_get (open, &cut), TENON_OK);
    ck_assert_str_eq (cut.format, "toyraw");
    ck_assert_uint_eq (cut.size, 0xeeeeeeeeeeeeeeeeu);
    cut.struct_size = 0;
    ck_assert_int_eq (tenon_file_get (open, &cut), TENON_E_MISUSE);
    tenon_close (open);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "tables");
    tcase_add_loop_test (tests, test_broken, 0, sizeof broken / sizeof broken[0]);
    tests = kit_case (suite, "files");
    tcase_add_test (tests, test_no_plugins);
    tcase_add_test (tests, test_library_missing);
    tcase_add_test (tests, test_cut_short);
    tcase_add_test (tests, test_untrusted);
    tests = kit_case (suite, "ages");
    tcase_add_test (tests, test_old);
    tcase_add_test (tests, test_future);
    tcase_add_test (tests, test_application_ages);
}

int
main (void)
{
    return kit_main ("abi", fill_suite);
}
