/* SPDX-License-Identifier: MIT */
/* test_shards.c - sets that the core puts together by the numbers of their shards; gaps, pipes, links; sets
 * that are written, and read again. */
#include "sets.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- by their numbers ---- */

START_TEST (test_a_part)
{
    kit_plugins ("toyraw", NULL);
    put_three ();
    tenon_file *file = kit_open ("m-00002-of-00003.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 1);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE,
                             "shard 2 of 3 of a set; TENON_OPEN_SHARDS opens all"));
    tenon_close (file);
    /* all that there is */
    kit_shard ("n-00001-of-00001.toyraw", "a", '1', 7);
    file = kit_open ("n-00001-of-00001.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 0);
    tenon_close (file);
    file = open_set ("n-00001-of-00001.toyraw");
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 0);
    tenon_close (file);
}
END_TEST

START_TEST (test_all_parts)
{
    static const char *const names[] = { "m-00001-of-00003.toyraw", "m-00002-of-00003.toyraw",
                                         "m-00003-of-00003.toyraw" };
    kit_plugins ("toyraw", NULL);
    put_three ();
    for (unsigned i = 0; i < 3; i++) {
        tenon_file *file = open_set (names[i]);
        is_set (file, names[0], 3);
        ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 2); /* of the other authors */
        ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, "another value, which counts"));
        kit_data (file, "a", "", "1", 1);
        kit_data (file, "b", "", "2", 1);
        kit_data (file, "c", "", "3", 1);
        ck_assert_str_eq (kit_tensor (file, "c").source_name, kit_path (names[2]));
        ck_assert_uint_eq (tenon_metadata_count (file), 1); /* the first counts */
        ck_assert_uint_eq (kit_value (file, "author").as.u, 7);
        tenon_close (file);
    }
    ck_assert_int_eq (chdir (kit_path ("plugins")), 0);
    tenon_open_options options;
    tenon_file *file;
    KIT_INIT (options);
    options.flags = TENON_OPEN_SHARDS;
    ck_assert_int_eq (tenon_open (kit, "../m-00003-of-00003.toyraw", &options, &file, &kit_error), TENON_OK);
    kit_data (file, "a", "", "1", 1);
    tenon_close (file);
    ck_assert_int_eq (chdir (kit_path ("")), 0);
    ck_assert_int_eq (tenon_open (kit, "m-00003-of-00003.toyraw", &options, &file, &kit_error), TENON_OK);
    kit_data (file, "a", "", "1", 1);
    tenon_close (file);
    ck_assert_int_eq (chdir ("/"), 0);
}
END_TEST

/* Names that are nearly those of a part, with the parts of a set beside them. */
START_TEST (test_names)
{
    static const char *const names[] = {
        "m-0001-of-0003.toyraw",
        "m-00001-of-3.toyraw",
        "m-00000-of-00003.toyraw",
        "m-00004-of-00003.toyraw",
        "m00001-of-00003.toyraw",
        "-00001-of-00003.toyraw",
        "m-00001-of-000003.toyraw",
        "m-00001_of_00003.toyraw",
        "m-00001-of-00003.toyraw.x",
        "m-00001-of-00003",
        "of-00003.toyraw",
        "00003.toyraw",
        "m-1111111111111111111-of-1111111111111111111.toyraw",
    };
    kit_plugins ("toyraw", NULL);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        kit_shard (names[i], "a", '1', 7);
        tenon_file *file = open_set (names[i]);
        ck_assert_uint_eq (tenon_count (file), 1);
        ck_assert_msg (kit_reported (tenon_file_report (file), TENON_NOTE, "it belongs to no set"), "%s",
                       names[i]);
        tenon_close (file);
    }
    kit_shard ("x-00001-of-00002.TR", "a", '1', 7); /* the name's own case stays */
    kit_shard ("x-00002-of-00002.TR", "b", '1', 7);
    kit_shard ("x-00002-of-00002.tr", "c", '1', 7);
    tenon_file *file = open_set ("x-00001-of-00002.TR");
    ck_assert_uint_eq (tenon_count (file), 2);
    kit_data (file, "b", "", "1", 1);
    tenon_close (file);
}
END_TEST

START_TEST (test_gaps)
{
    kit_plugins ("toyraw", NULL);
    put_three ();
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00003.toyraw")), 0);
    set_lacks ("m-00003-of-00003.toyraw", "m-00001-of-00003.toyraw", 2,
               "1 of 3 shards is missing, m-00002-of-00003.toyraw: the tensors in it are not listed");
    kit_shard ("m-00002-of-00003.toyraw", "a", '2', 7);
    set_fails (
        "m-00003-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_MALFORMED,
        "m-00002-of-00003.toyraw: tensor 'a': the name occurs twice: m-00001-of-00003.toyraw has it, too");
    kit_save ("m-00002-of-00003.toyraw", "of no format", 12);
    set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_MALFORMED, "m-00002-of-00003.toyraw: ");
    set_fails ("m-00002-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_MALFORMED, "m-00002-of-00003.toyraw: ");
    ck_assert_int_eq (unlink (kit_path ("m-00001-of-00003.toyraw")), 0);
    kit_shard ("m-00002-of-00003.toyraw", "b", '2', 8);
    set_lacks ("m-00003-of-00003.toyraw", "m-00002-of-00003.toyraw", 2,
               "1 of 3 shards is missing, m-00001-of-00003.toyraw");
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00003.toyraw")), 0);
    set_lacks ("m-00003-of-00003.toyraw", "m-00003-of-00003.toyraw", 1,
               "2 of 3 shards are missing, m-00001-of-00003.toyraw and 1 more: the tensors in them");
    set_lacks ("", "m-00003-of-00003.toyraw", 1, "2 of 3 shards are missing");
    set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_NOT_FOUND, "cannot be opened");
}
END_TEST

START_TEST (test_limits)
{
    kit_plugins ("toyraw", "limits.members=1");
    put_three ();
    set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_LIMIT,
               "a set of 3 files…members in [limits]");
    kit_shard ("n-00001-of-99999.toyraw", "a", '1', 7);
    set_fails ("n-00001-of-99999.toyraw", TENON_OPEN_SHARDS, TENON_E_LIMIT, "a set of 99999 files");
    kit_shard ("n-00001-of-999999999999999999.toyraw", "a", '1', 7);
    set_fails ("n-00001-of-999999999999999999.toyraw", TENON_OPEN_SHARDS, TENON_E_LIMIT,
               "a set of 999999999999999999 files");
    ck_assert_int_eq (kit_context ("limits.members=2"), TENON_OK);
    tenon_close (open_set ("m-00001-of-00003.toyraw"));
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    set_lacks ("n-00001-of-99999.toyraw", "n-00001-of-99999.toyraw", 1,
               "99998 of 99999 shards are missing, n-00002-of-99999.toyraw and 99997 more");
}
END_TEST

/* What has the name of a part, and is no file. */
START_TEST (test_no_files)
{
    kit_plugins ("toyraw", NULL);
    put_three ();
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00003.toyraw")), 0);
    ck_assert_int_eq (mkfifo (kit_path ("m-00002-of-00003.toyraw"), 0644), 0); /* must not hang */
    set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_IO,
               "m-00002-of-00003.toyraw: it is no regular file");
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_IO, "m-00002-of-00003.toyraw: it is no regular file");
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00003.toyraw")), 0);
    ck_assert_int_eq (mkdir (kit_path ("m-00002-of-00003.toyraw"), 0755), 0);
    set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_IO,
               "m-00002-of-00003.toyraw: it is a folder");
    ck_assert_int_eq (rmdir (kit_path ("m-00002-of-00003.toyraw")), 0);
    /* download caches: links to files elsewhere; siblings are looked for beside the link */
    ck_assert_int_eq (mkdir (kit_path ("blobs"), 0755), 0);
    kit_shard ("blobs/123", "b", '2', 8);
    ck_assert_int_eq (symlink ("blobs/123", kit_path ("m-00002-of-00003.toyraw")), 0);
    tenon_file *file = open_set ("m-00002-of-00003.toyraw");
    kit_data (file, "b", "", "2", 1);
    tenon_close (file);
    ck_assert_int_eq (unlink (kit_path ("blobs/123")), 0);
    set_lacks ("m-00001-of-00003.toyraw", "m-00001-of-00003.toyraw", 2, "1 of 3 shards is missing");
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00003.toyraw")), 0);
    ck_assert_int_eq (symlink ("m-00002-of-00003.toyraw", kit_path ("m-00002-of-00003.toyraw")), 0);
    set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_IO,
               "m-00002-of-00003.toyraw: cannot be opened");
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00003.toyraw")), 0);
    kit_shard ("m-00002-of-00003.toyraw", "b", '2', 8);
    ck_assert_int_eq (chmod (kit_path ("m-00002-of-00003.toyraw"), 0), 0);
    if (access (kit_path ("m-00002-of-00003.toyraw"), R_OK) < 0) /* root may read all */
        set_fails ("m-00001-of-00003.toyraw", TENON_OPEN_SHARDS, TENON_E_IO,
                   "m-00002-of-00003.toyraw: cannot be opened");
}
END_TEST

START_TEST (test_first_opens)
{
    kit_plugins ("toyfirst", NULL);
    kit_save ("m-00001-of-00002.toyfirst", "TOYFIRSTone", 11);
    kit_save ("m-00002-of-00002.toyfirst", "TOYFIRSTtwo", 11);
    tenon_file *file = kit_open ("m-00001-of-00002.toyfirst", NULL, NULL);
    is_set (file, "m-00001-of-00002.toyfirst", 2);
    kit_data (file, "m-00002-of-00002", "", "two", 3);
    tenon_close (file);
    file = kit_open ("m-00002-of-00002.toyfirst", NULL, NULL);
    is_set (file, "m-00002-of-00002.toyfirst", 1);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, "shard 2 of 2 of a set"));
    tenon_close (file);
    file = open_set ("m-00002-of-00002.toyfirst");
    is_set (file, "m-00001-of-00002.toyfirst", 2);
    tenon_close (file);
    file = kit_open ("", NULL, NULL); /* the folder */
    ck_assert_uint_eq (tenon_count (file), 2);
    tenon_close (file);
    tenon_save_options save;
    KIT_INIT (save);
    save.flags = TENON_SAVE_APPEND;
    tenon_plan *plan = kit_plan ();
    tenon_status status =
        tenon_save (plan, kit_path ("m-00001-of-00002.toyfirst"), &save, NULL, NULL, &kit_error);
    kit_failed (status, TENON_E_UNSUPPORTED, "the first of a set of 2 files");
    tenon_plan_free (plan);
    ck_assert_int_eq (unlink (kit_path ("m-00002-of-00002.toyfirst")), 0);
    file = kit_open ("m-00001-of-00002.toyfirst", NULL, NULL);
    lacks (file, "m-00001-of-00002.toyfirst", 1, "1 of 2 shards is missing");
    /* by itself, which is no set that lacks anything */
    ck_assert_int_eq (open_with ("m-00001-of-00002.toyfirst", TENON_OPEN_ALONE, &file), TENON_OK);
    is_set (file, "m-00001-of-00002.toyfirst", 1);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, "shard 1 of 2 of a set"));
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
}
END_TEST

static void
kit_counts (tenon_file *file, const char *key, uint64_t value)
{
    ck_assert_uint_eq (kit_value (file, key).as.u, value);
}

/* What a codec is told of the set, and what becomes of metadata that parts repeat. */
START_TEST (test_set_info)
{
    kit_plugins ("toyfirst", NULL);
    kit_save ("m-00001-of-00003.toyfirst", "TOYFIRSTone", 11);
    kit_save ("m-00002-of-00003.toyfirst", "TOYFIRSTtwos", 12);
    kit_save ("m-00003-of-00003.toyfirst", "TOYFIRSTtre", 11);
    tenon_file *file = kit_open ("m-00001-of-00003.toyfirst", NULL, NULL);
    kit_counts (file, "1 of 3: tensors before", 0);
    kit_counts (file, "2 of 3: tensors before", 1);
    kit_counts (file, "3 of 3: tensors before", 2);
    kit_counts (file, "1 of 3: bytes so far", 3); /* handed on from part to part */
    kit_counts (file, "2 of 3: bytes so far", 7);
    kit_counts (file, "3 of 3: bytes so far", 10);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 2);
    tenon_report_entry entry;
    KIT_INIT (entry);
    ck_assert_int_eq (tenon_report_get (tenon_file_report (file), 0, &entry), TENON_OK);
    ck_assert_str_eq (entry.subject, "text"); /* "one", not "twos" */
    ck_assert_str_eq (entry.file, kit_path ("m-00002-of-00003.toyfirst"));
    ck_assert_int_eq (tenon_report_get (tenon_file_report (file), 1, &entry), TENON_OK);
    ck_assert_str_eq (entry.subject,
                      "bytes"); /* of the third: an array of as many bytes as the first's, and others */
    ck_assert_str_eq (entry.file, kit_path ("m-00003-of-00003.toyfirst"));
    ck_assert_int_eq (memcmp (kit_value (file, "text").as.string, "o", 1), 0);
    tenon_close (file);
    file = kit_open ("m-00002-of-00003.toyfirst", NULL, NULL);
    kit_counts (file, "2 of 3, alone", 0);
    tenon_close (file);
    kit_save ("m.toyfirst", "TOYFIRSTone", 11);
    file = kit_open ("m.toyfirst", NULL, NULL);
    kit_counts (file, "0 of 0, alone", 0);
    tenon_close (file);
}
END_TEST

/* ---- other ways in ---- */

START_TEST (test_without_path)
{
    size_t size;
    tenon_file *file;
    tenon_open_options options;
    kit_plugins ("toyraw", NULL);
    put_three ();
    KIT_INIT (options);
    options.flags = TENON_OPEN_SHARDS;
    options.name = "m-00001-of-00003.toyraw";
    const uint8_t *bytes = kit_load ("m-00001-of-00003.toyraw", &size);
    kit_failed (tenon_open_memory (kit, bytes, size, &options, &file, &kit_error), TENON_E_MISUSE,
                "by a path");
    int fd = open (kit_path ("m-00001-of-00003.toyraw"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge (fd, 0);
    kit_error.status = TENON_OK;
    kit_failed (tenon_open_fd (kit, fd, &options, &file, &kit_error), TENON_E_MISUSE, "by a path");
    options.flags = 0;
    ck_assert_int_eq (tenon_open_fd (kit, fd, &options, &file, &kit_error), TENON_OK);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 0);
    tenon_close (file);
    close (fd);
}
END_TEST

START_TEST (test_why)
{
    tenon_report *report;
    kit_plugins ("toyraw toyset", NULL);
    put_three ();
    put_index ("m.index.toyset", "m-00001-of-00003.toyraw\ta\n");
    ck_assert_int_eq (tenon_why (kit, kit_path (""), NULL, &report, &kit_error), TENON_OK);
    ck_assert (kit_reported (report, TENON_NOTE, "m.index.toyset is opened for it"));
    ck_assert (kit_reported (report, TENON_BID, "a magic of 8 bytes matches, its extension fits"));
    tenon_report_free (report);
    put_index ("n.index.toyset", "");
    kit_failed (tenon_why (kit, kit_path (""), NULL, &report, &kit_error), TENON_E_AMBIGUOUS,
                "more than one set");
    tenon_report_free (report);
}
END_TEST

/* ---- written and read again ---- */

static void
write_set (unsigned each, const char *items, uint32_t flags)
{
    tenon_plan *plan = NULL;
    char setting[32];
    tenon_save_options save;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (unsigned i = 0; i < 4; i++) {
        char name[] = { (char) ('a' + i), 0 };
        kit_add (plan, name, "u8", 0, 0, NULL, &items[i], 1);
    }
    snprintf (setting, sizeof setting, "toyset.each=%u", each);
    KIT_INIT (save);
    save.flags = flags;
    save.settings = (const char *const[]){ setting, "toyset.beside=yes", NULL };
    tenon_status status = tenon_save (plan, kit_path ("w.toyset"), &save, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}

static void
expect_items (const char *name, const char *path, const char *items)
{
    tenon_file *file = open_set (name);
    is_set (file, path, 4);
    for (unsigned i = 0; i < 4; i++)
        kit_data (file, (const char[]){ (char) ('a' + i), 0 }, "", &items[i], 1);
    tenon_close (file);
}

/* Fewer shards: those that only the old index named are removed with it. Without an old index the older ones
 * stay, and the new index does not name them. */
START_TEST (test_rewritten)
{
    kit_plugins ("toyraw toyset", NULL);
    write_set (1, "1234", 0);
    ck_assert_uint_eq (kit_count_files (), 5);
    expect_items ("w-00004-of-00004.toyraw", "w-00001-of-00004.toyraw", "1234");
    write_set (2, "5678", 0);
    ck_assert_uint_eq (kit_count_files (), 3);
    expect_items ("w.index.toyset", "w.index.toyset", "5678");
    write_set (1, "1234", 0);
    ck_assert_uint_eq (kit_count_files (), 5);
    ck_assert_int_eq (unlink (kit_path ("w.index.toyset")), 0);
    write_set (2, "5678", 0);
    ck_assert_uint_eq (kit_count_files (), 7);
    expect_items ("w-00001-of-00002.toyraw", "w-00001-of-00002.toyraw", "5678");
    expect_items ("w-00004-of-00004.toyraw", "w-00001-of-00004.toyraw", "1234");
    expect_items ("", "w.index.toyset", "5678");
    ck_assert_int_eq (unlink (kit_path ("w.index.toyset")), 0); /* as after a crash: each by itself */
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_AMBIGUOUS,
               "'w-00001-of-00002.toyraw' and 'w-00001-of-00004.toyraw'");
    tenon_file *file = open_set ("w-00001-of-00002.toyraw");
    kit_data (file, "d", "", "8", 1);
    tenon_close (file);
    file = open_set ("w-00001-of-00004.toyraw");
    kit_data (file, "d", "", "4", 1);
    tenon_close (file);
}
END_TEST

/* The parts that are read are the parts that are replaced. */
START_TEST (test_onto_itself)
{
    tenon_save_options save;
    tenon_open_options set;
    tenon_report *report;
    kit_plugins ("toyraw toyset", NULL);
    write_set (1, "1234", 0);
    KIT_INIT (save);
    save.settings = (const char *const[]){ "toyset.each=1", "toyset.beside=yes", NULL };
    KIT_INIT (set);
    set.flags = TENON_OPEN_SHARDS;
    char target[512];
    strcpy (target, kit_path ("w.toyset"));
    for (unsigned i = 0; i < 2; i++) {
        const char *source = kit_path (i ? "w-00002-of-00004.toyraw" : "");
        tenon_status status = tenon_convert (kit, source, target, &set, &save, &report, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_report_free (report);
        ck_assert_uint_eq (kit_count_files (), 5);
        expect_items ("", "w.index.toyset", "1234");
    }
    /* a single file of the target's name is not part of what is written */
    kit_save ("w.toyset", "mine", 4);
    tenon_status status =
        tenon_convert (kit, kit_path ("w.index.toyset"), target, NULL, &save, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "the older file of this name stays as it is"));
    tenon_report_free (report);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "parts");
    tcase_add_test (tests, test_a_part);
    tcase_add_test (tests, test_all_parts);
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_gaps);
    tcase_add_test (tests, test_limits);
    tcase_add_test (tests, test_no_files);
    tcase_add_test (tests, test_first_opens);
    tcase_add_test (tests, test_set_info);
    tcase_add_test (tests, test_without_path);
    tcase_add_test (tests, test_why);
    tcase_add_test (tests, test_rewritten);
    tcase_add_test (tests, test_onto_itself);
}

int
main (void)
{
    return kit_main ("shards", fill_suite);
}
