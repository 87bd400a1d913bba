/* SPDX-License-Identifier: MIT */
/* test_index.c - sharded sets with an index: the index and the shards that it names, read and written; shards
 * that are missing or false, or whose names lead out of the folder; failures leave nothing behind. */
#include "kit.h"
#include <sys/stat.h>
#include <unistd.h>

static void
put_index (const char *file, const char *lines)
{
    struct bytes bytes = { .size = 0 };
    kit_text (&bytes, "TOYSET1\n");
    kit_text (&bytes, lines);
    kit_file (file, &bytes);
}

/* ---- reading ---- */

START_TEST (test_read)
{
    kit_plugins ("toyset toyraw", NULL);
    kit_shard ("one.toyraw", "a", '1', 7);
    kit_shard ("two.toyraw", "b", '2', 8);
    kit_shard ("three", "", '3', 9);
    put_index ("all.toyset", "one.toyraw\ta\ntwo.toyraw\tb\nthree\tthree\none.toyraw\ta\n");
    tenon_file *file = kit_open ("all.toyset", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 3);
    kit_data (file, "a", "", "1", 1);
    kit_data (file, "b", "", "2", 1);
    kit_data (file, "three", "", "3", 1);
    ck_assert_uint_eq (tenon_metadata_count (file), 1); /* every shard has it; the first one counts */
    ck_assert_uint_eq (kit_value (file, "author").as.u, 7);
    tenon_tensor_info b = kit_tensor (file, "b");
    ck_assert_str_eq (b.source_name, kit_path ("two.toyraw"));
    ck_assert_uint_eq (b.offset, 64);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_uint_eq (info.sources, 4);
    ck_assert_uint_eq (info.size, 8 + 13 + 13 + 12 + 13);
    const void *data;
    uint64_t size, index;
    ck_assert_int_eq (tenon_find (file, "b", &index), TENON_OK);
    ck_assert_int_eq (tenon_map (file, index, &data, &size, &kit_error), TENON_OK);
    ck_assert_int_eq (*(const char *) data, '2');
    tenon_close (file);
    /* by a relative path: siblings lie beside the index, not in the program's folder */
    ck_assert_int_eq (chdir (kit_path ("plugins")), 0);
    file = NULL;
    tenon_status status = tenon_open (kit, "../all.toyset", NULL, &file, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_data (file, "b", "", "2", 1);
    tenon_close (file);
    ck_assert_int_eq (chdir (kit_path ("")), 0);
    status = tenon_open (kit, "all.toyset", NULL, &file, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_data (file, "b", "", "2", 1);
    tenon_close (file);
    ck_assert_int_eq (chdir ("/"), 0);
}
END_TEST

START_TEST (test_refused)
{
    kit_plugins ("toyset toyraw", "limits.members=5");
    kit_shard ("one.toyraw", "a", '1', 7);
    kit_shard ("too.toyraw", "a", '2', 7);
    put_index ("i.toyset", "one.toyraw\ta\ngone.toyraw\tb\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_NOT_FOUND, "i.toyset: … 'gone.toyraw' … missing");
    tenon_file *file = kit_open ("i.toyset", NULL, "toyset.missing=yes");
    ck_assert_uint_eq (tenon_count (file), 1);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, "the sibling gone.toyraw is missing"));
    tenon_close (file);
    put_index ("i.toyset", "one.toyraw\tb\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_MALFORMED,
                    "'one.toyraw' holds 'b', which it does not (at byte 8)");
    put_index ("i.toyset", "one.toyraw\ta\ntoo.toyraw\ta\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_MALFORMED,
                    "too.toyraw: tensor 'a': the name occurs twice");
    put_index ("i.toyset", "../one.toyraw\ta\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_MALFORMED,
                    "the key '../one.toyraw' has a component '.' or '..'");
    put_index ("i.toyset", "/etc/passwd\ta\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_MALFORMED, "the key '/etc/passwd' begins with '/'");
    put_index ("i.toyset", ".\ta\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_MALFORMED, "has a component '.' or '..'");
    put_index ("i.toyset", "\xff\xfe\ta\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_MALFORMED, "the key '\\xff\\xfe' is not valid UTF-8");
    put_index ("i.toyset", "plugins\ta\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_IO, "plugins: it is a folder");
    put_index ("i.toyset", "plain\ta\n");
    kit_save ("plain", "of no format", 12);
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_UNRECOGNISED, "no codec recognises 'plain'");
    put_index ("i.toyset", "i.toyset\n"); /* includes itself */
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_LIMIT, "more than 20 deep");
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_LIMIT, "more than 20 deep, which no limit allows");
    ck_assert_int_eq (mkfifo (kit_path ("pipe"), 0644), 0); /* must not hang */
    put_index ("i.toyset", "pipe\n");
    kit_open_fails ("i.toyset", NULL, NULL, TENON_E_IO, "pipe: it is no regular file");
}
END_TEST

/* ---- writing ---- */

static tenon_plan *
plan_of_five (void)
{
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (unsigned i = 0; i < 5; i++) {
        char name[] = { (char) ('a' + i), 0 };
        kit_add (plan, name, "u8", 0, 0, NULL, &"12345"[i], 1);
    }
    return plan;
}

START_TEST (test_write)
{
    struct bytes index = { .size = 0 }, part = { .size = 0 };
    kit_plugins ("toyset toyraw", NULL);
    tenon_plan *plan = plan_of_five ();
    tenon_status status = kit_write (plan, "w.toyset", NULL, "toyset.each=2 toyraw.align=1", NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (kit_count_files (), 4);
    kit_text (&index, "TOYSET1\nw-1.toyraw\ta\nw-1.toyraw\tb\nw-2.toyraw\tc\nw-2.toyraw\td\nw-3.toyraw\te\n");
    kit_same_file ("w.toyset", &index);
    kit_raw_head (&part, 2, 0, 24 + 2 * 27);
    kit_raw_tensor (&part, "c", "u8", 0, 0, NULL, 0, 1);
    kit_raw_tensor (&part, "d", "u8", 0, 0, NULL, 1, 1);
    kit_text (&part, "34");
    kit_same_file ("w-2.toyraw", &part);
    tenon_file *file = kit_open ("w.toyset", NULL, NULL);
    for (unsigned i = 0; i < 5; i++) {
        char name[] = { (char) ('a' + i), 0 };
        kit_data (file, name, "", &"12345"[i], 1);
    }
    tenon_close (file);
    /* parts that patch their header, each its own */
    kit_copy ("toybox", "toybox");
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    tenon_plan_free (plan);
    plan = plan_of_five ();
    status = kit_write (plan, "v.toyset", NULL, "toyset.each=3 toyset.part=toybox toybox.check=no", NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    file = kit_open ("v.toyset", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 5);
    kit_data (file, "e", "", "5", 1);
    tenon_close (file);
}
END_TEST

/* A set read and written where it lies: the parts that are read are the parts that are replaced. */
START_TEST (test_onto_itself)
{
    kit_plugins ("toyset toyraw", NULL);
    tenon_plan *plan = plan_of_five ();
    ck_assert_int_eq (kit_write (plan, "w.toyset", NULL, "toyset.each=1", NULL), TENON_OK);
    tenon_plan_free (plan);
    ck_assert_uint_eq (kit_count_files (), 6);
    char path[256];
    strcpy (path, kit_path ("w.toyset"));
    tenon_save_options save;
    KIT_INIT (save);
    save.settings = (const char *const[]){ "toyset.each=5", NULL };
    tenon_status status = tenon_convert (kit, path, path, NULL, &save, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_file *file = kit_open ("w.toyset", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 5);
    kit_data (file, "a", "", "1", 1);
    kit_data (file, "e", "", "5", 1);
    ck_assert_str_eq (kit_tensor (file, "e").source_name, kit_path ("w-1.toyraw"));
    tenon_close (file);
}
END_TEST

/* A failure half way: no part, no index, nothing temporary. TENON_SAVE_NEW: parts count as well. */
START_TEST (test_whole_or_nothing)
{
    kit_plugins ("toyset toytext", NULL);
    tenon_plan *plan = plan_of_five ();
    kit_add (plan, "f", "u16", 0, 0, NULL, "66", 2);
    tenon_status status = kit_write (plan, "w.toyset", NULL, "toyset.each=1 toyset.part=toylist", NULL);
    kit_failed (status, TENON_E_UNSUPPORTED, "tensor 'f': the format toylist cannot hold u16");
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
    plan = plan_of_five ();
    kit_save ("w-4.toylist", "mine", 4);
    tenon_save_options save;
    KIT_INIT (save);
    save.flags = TENON_SAVE_NEW;
    save.settings = (const char *const[]){ "toyset.part=toylist", NULL };
    status = tenon_save (plan, kit_path ("w.toyset"), &save, NULL, NULL, &kit_error);
    kit_failed (status, TENON_E_EXISTS, "w-4.toylist");
    ck_assert_uint_eq (kit_count_files (), 1);
    struct bytes mine = { .size = 0 };
    kit_text (&mine, "mine");
    kit_same_file ("w-4.toylist", &mine);
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "sets");
    tcase_add_test (tests, test_read);
    tcase_add_test (tests, test_refused);
    tcase_add_test (tests, test_write);
    tcase_add_test (tests, test_onto_itself);
    tcase_add_test (tests, test_whole_or_nothing);
}

int
main (void)
{
    return kit_main ("set", fill_suite);
}
