/* SPDX-License-Identifier: MIT */
/* test_shards_index.c - sets that an index names, beside their shards or in their folder; thousands of names.
 */
#include "sets.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- by an index ---- */

START_TEST (test_index)
{
    kit_plugins ("toyraw toyset", NULL);
    put_three ();
    put_index ("m.index.toyset", "m-00001-of-00003.toyraw\ta\nm-00003-of-00003.toyraw\tc\n");
    tenon_file *file = open_set ("m-00003-of-00003.toyraw"); /* the numbers decide, not the index */
    is_set (file, "m-00001-of-00003.toyraw", 3);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 2); /* of the other authors */
    tenon_close (file);
    file = open_set ("m.index.toyset");
    is_set (file, "m.index.toyset", 2);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 1);
    tenon_close (file);
    for (unsigned i = 0; i < 2; i++) { /* the index, and the folder, by names */
        ck_assert_int_eq (open_with (i ? "" : "m.index.toyset", TENON_OPEN_NO_INDEX, &file), TENON_OK);
        is_set (file, "m-00001-of-00003.toyraw", 3);
        tenon_close (file);
    }
    ck_assert_int_eq (open_with ("m-00002-of-00003.toyraw", TENON_OPEN_NO_INDEX, &file), TENON_OK);
    is_set (file, "m-00002-of-00003.toyraw", 1);
    tenon_close (file);
    file = kit_open ("m-00001-of-00003.toyraw", NULL, NULL); /* without the flag: itself */
    is_set (file, "m-00001-of-00003.toyraw", 1);
    tenon_close (file);
    put_index ("m.index.toyset", "m-00001-of-00003.toyraw\ta\ngone.toyraw\n");
    set_fails ("m.index.toyset", TENON_OPEN_SHARDS, TENON_E_NOT_FOUND, "m.index.toyset: … 'gone.toyraw'");
    put_index ("m.index.toyset", "./m-00001-of-00003.toyraw\ta\n");
    set_fails ("m.index.toyset", TENON_OPEN_SHARDS, TENON_E_MALFORMED, "has a component '.' or '..'");
    tenon_close (open_set ("m-00001-of-00003.toyraw")); /* it plays no part */
    ck_assert_int_eq (unlink (kit_path ("m.index.toyset")), 0);
    ck_assert_int_eq (mkfifo (kit_path ("m.index.toyset"), 0644), 0);
    tenon_close (open_set ("m-00001-of-00003.toyraw"));
    set_fails ("m.index.toyset", 0, TENON_E_IO, "m.index.toyset: it is no regular file");
    /* the index of a set without one of the names that its shards would have */
    put_index ("n.index.toyset", "m-00001-of-00003.toyraw\ta\n");
    set_fails ("n.index.toyset", TENON_OPEN_NO_INDEX, TENON_E_NOT_FOUND, "no numbered files beside it");
}
END_TEST

/* Two divisions of the same tensors in one folder, and an index for one of them. */
START_TEST (test_divisions)
{
    tenon_file *file;
    kit_plugins ("toyraw toyset", NULL);
    put_three ();
    kit_shard ("m-00001-of-00002.toyraw", "a", '8', 7);
    kit_shard ("m-00002-of-00002.toyraw", "b", '9', 7);
    put_index ("m.index.toyset", "m-00001-of-00003.toyraw\ta\nm-00002-of-00003.toyraw\tb\n"
                                 "m-00003-of-00003.toyraw\tc\n");
    file = open_set ("m-00002-of-00002.toyraw");
    is_set (file, "m-00001-of-00002.toyraw", 2);
    kit_data (file, "a", "", "8", 1);
    tenon_close (file);
    file = open_set ("m-00002-of-00003.toyraw");
    is_set (file, "m-00001-of-00003.toyraw", 3);
    kit_data (file, "a", "", "1", 1);
    tenon_close (file);
    file = open_set ("");
    is_set (file, "m.index.toyset", 3);
    tenon_close (file);
    set_fails ("", TENON_OPEN_NO_INDEX, TENON_E_AMBIGUOUS,
               "'m-00001-of-00002.toyraw' and 'm-00001-of-00003.toyraw'");
    set_fails ("m.index.toyset", TENON_OPEN_NO_INDEX, TENON_E_AMBIGUOUS,
               "'m-00001-of-00002.toyraw' and 'm-00001-of-00003.toyraw'");
}
END_TEST

/* Names of variants: the word stands before the numbers or behind them, and before the last word of an
 * index. */
START_TEST (test_variants)
{
    tenon_file *file;
    kit_plugins ("toyraw toyset", NULL);
    kit_shard ("m.half-00001-of-00002.toyraw", "a", '1', 7);
    kit_shard ("m.half-00002-of-00002.toyraw", "b", '2', 7);
    kit_shard ("n-00001-of-00002.half.toyraw", "a", '3', 7);
    kit_shard ("n-00002-of-00002.half.toyraw", "b", '4', 7);
    file = open_set ("m.half-00002-of-00002.toyraw");
    is_set (file, "m.half-00001-of-00002.toyraw", 2);
    tenon_close (file);
    file = open_set ("n-00002-of-00002.half.toyraw");
    is_set (file, "n-00001-of-00002.half.toyraw", 2);
    kit_data (file, "b", "", "4", 1);
    tenon_close (file);
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_AMBIGUOUS,
               "'m.half-00001-of-00002.toyraw' and 'n-00001-of-00002.half.toyraw'");
    put_index ("m.index.half.toyset", "m.half-00001-of-00002.toyraw\ta\nm.half-00002-of-00002.toyraw\tb\n");
    file = open_set ("m.index.half.toyset");
    is_set (file, "m.index.half.toyset", 2);
    tenon_close (file);
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_AMBIGUOUS,
               "'m.index.half.toyset' and 'n-00001-of-00002.half.toyraw'");
    put_index ("n.index.half.toyset", "n-00001-of-00002.half.toyraw\ta\n");
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_AMBIGUOUS, "'m.index.half.toyset' and 'n.index.half.toyset'");
    ck_assert_int_eq (open_with ("n.index.half.toyset", TENON_OPEN_NO_INDEX, &file), TENON_OK);
    is_set (file, "n-00001-of-00002.half.toyraw", 2);
    tenon_close (file);
    ck_assert_int_eq (open_with ("m.index.half.toyset", TENON_OPEN_NO_INDEX, &file), TENON_OK);
    is_set (file, "m.half-00001-of-00002.toyraw", 2);
    tenon_close (file);
}
END_TEST

/* ---- folders ---- */

START_TEST (test_folder)
{
    kit_plugins ("toyraw toyset", NULL);
    kit_open_fails ("", NULL, NULL, TENON_E_NOT_FOUND,
                    "it is a folder without a set (no *.index.toyset, *-00001-of-*.toyraw");
    kit_shard ("alone.toyraw", "a", '1', 7);
    kit_save ("notes.txt", "x", 1);
    tenon_file *file = kit_open ("", NULL, NULL); /* the one file */
    is_set (file, "alone.toyraw", 1);
    tenon_close (file);
    kit_shard ("both.toyraw", "a", '1', 7);
    kit_open_fails ("", NULL, NULL, TENON_E_AMBIGUOUS,
                    "more than one file, 'alone.toyraw' and 'both.toyraw': name one of them");
    put_three ();
    kit_open_fails ("", NULL, NULL, TENON_E_NOT_FOUND, "no index");
    ck_assert_str_eq (kit_error.advice, "TENON_OPEN_SHARDS opens them as a set");
    file = open_set ("");
    ck_assert_uint_eq (tenon_count (file), 3);
    tenon_close (file);
    ck_assert_int_eq (unlink (kit_path ("m-00001-of-00003.toyraw")), 0);
    set_lacks ("", "m-00002-of-00003.toyraw", 2, "1 of 3 shards is missing, m-00001-of-00003.toyraw");
    put_three ();
    put_index ("m.index.toyset", "m-00001-of-00003.toyraw\ta\n");
    put_index (".hidden.index.toyset", "");
    kit_shard ("m-00001-of-00002.toyraw", "a", '1', 7); /* of an older set: the index counts */
    for (uint32_t flags = 0; flags <= TENON_OPEN_SHARDS; flags += TENON_OPEN_SHARDS) {
        ck_assert_int_eq (open_with ("", flags, &file), TENON_OK);
        ck_assert_uint_eq (tenon_count (file), 1);
        ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 0);
        tenon_close (file);
    }
    kit_shard ("k-00002-of-00002.toyraw", "a", '1', 7); /* a set that only the flag opens */
    file = kit_open ("", NULL, NULL);
    tenon_close (file);
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_AMBIGUOUS, "'k-00002-of-00002.toyraw' and 'm.index.toyset'");
    put_index ("b.index.toyset", "");
    put_index ("a.index.toyset", "");
    set_fails ("", 0, TENON_E_AMBIGUOUS, "'a.index.toyset' and 'b.index.toyset'");
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_AMBIGUOUS, "'a.index.toyset' and 'b.index.toyset'");
    kit_open_fails ("", "toyfirst", NULL, TENON_E_IO, "it is a folder");
}
END_TEST

/* Indexes that are no files are passed over; a link is what it leads to; names do not lead anywhere. */
START_TEST (test_traps)
{
    kit_plugins ("toyraw toyset", NULL);
    ck_assert_int_eq (mkfifo (kit_path ("a.index.toyset"), 0644), 0);
    ck_assert_int_eq (mkdir (kit_path ("b.index.toyset"), 0755), 0);
    ck_assert_int_eq (symlink ("/nowhere", kit_path ("c.index.toyset")), 0);
    ck_assert_int_eq (symlink ("d.index.toyset", kit_path ("d.index.toyset")), 0);
    ck_assert_int_eq (symlink ("..", kit_path ("e.index.toyset")), 0);
    set_fails ("", 0, TENON_E_IO, "d.index.toyset: cannot be opened"); /* a link to itself has no type */
    ck_assert_int_eq (unlink (kit_path ("d.index.toyset")), 0);
    set_fails ("", 0, TENON_E_NOT_FOUND, "without a set");
    ck_assert_int_eq (mkdir (kit_path ("blobs"), 0755), 0);
    put_index ("blobs/1", "m.toyraw\n");
    kit_shard ("m.toyraw", "a", '1', 7);
    ck_assert_int_eq (symlink ("blobs/1", kit_path ("f.index.toyset")), 0);
    tenon_file *file = kit_open ("", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 1);
    tenon_close (file);
    ck_assert_int_eq (mkdir (kit_path ("closed"), 0), 0);
    if (access (kit_path ("closed"), R_OK) < 0)
        set_fails ("closed", 0, TENON_E_IO, "closed: the folder cannot be opened");
    ck_assert_int_eq (rmdir (kit_path ("closed")), 0);
}
END_TEST

START_TEST (test_many_names)
{
    char name[64];
    kit_plugins ("toyraw toyset", NULL);
    for (unsigned i = 1; i <= 20000; i++) {
        snprintf (name, sizeof name, "m-%05u-of-20000.toyraw", i);
        int fd = open (kit_path (name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        ck_assert_int_ge (fd, 0);
        close (fd);
    }
    kit_open_fails ("", NULL, NULL, TENON_E_NOT_FOUND, "'m-00001-of-20000.toyraw'");
    set_fails ("", TENON_OPEN_SHARDS, TENON_E_TRUNCATED, "m-00001-of-20000.toyraw");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "parts");
    tcase_add_test (tests, test_index);
    tcase_add_test (tests, test_folder);
    tcase_add_test (tests, test_traps);
    tcase_add_test (tests, test_divisions);
    tcase_add_test (tests, test_variants);
    tcase_add_test (tests, test_many_names);
}

int
main (void)
{
    return kit_main ("shards_index", fill_suite);
}
