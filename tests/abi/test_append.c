/* SPDX-License-Identifier: MIT */
/* test_append.c - saving into an existing file: its old bytes stay as they were, the new ones follow. */
#include "kit.h"
#include <sys/stat.h>
#include <unistd.h>

static tenon_status
append_plan (tenon_plan *plan, const char *path, const char *format, uint32_t flags,
             const char *const *settings, tenon_report **report)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_APPEND | TENON_SAVE_EXACT_NAME | flags;
    options.format = format;
    options.settings = settings;
    return tenon_save (plan, kit_path (path), &options, report, NULL, &kit_error);
}

static tenon_plan *
plan_of (const char *name, const char *data)
{
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, name, "u8", 0, 1, KIT_SHAPE (3), data, 3);
    return plan;
}

static void
save_new (const char *path, const char *name, const char *data)
{
    tenon_plan *plan = plan_of (name, data);
    tenon_status status = kit_write (plan, path, "toybox", NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}

/* The file is made when it does not exist, then it grows, then a tensor in it is replaced. */
START_TEST (test_grows)
{
    static const char *const packed[] = { "toybox.filter=toyxor", NULL };
    struct stat about;
    size_t before, after;
    tenon_report *report = NULL;
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_plan *plan = plan_of ("a", "123");
    tenon_status status = append_plan (plan, "f.toybox", NULL, 0, NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    ck_assert_int_eq (chmod (kit_path ("f.toybox"), 0640), 0);
    const uint8_t *bytes = kit_load ("f.toybox", &before);
    static uint8_t old[4096];
    uint64_t directory = bytes[16]; /* the file is small: the low byte says all */
    memcpy (old, bytes, before);
    plan = plan_of ("b", "456");
    status = append_plan (plan, "f.toybox", NULL, 0, packed, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (!kit_reported (report, TENON_NOTE, "is replaced"));
    tenon_report_free (report);
    tenon_plan_free (plan);
    bytes = kit_load ("f.toybox", &after);
    ck_assert_uint_gt (after, before);
    ck_assert_uint_eq (bytes[8], 2);
    ck_assert_int_eq (memcmp (bytes + 24, old + 24, directory - 24), 0);
    plan = plan_of ("a", "789");
    status = append_plan (plan, "f.toybox", "toybox", TENON_SAVE_STRICT, NULL, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "is replaced"));
    tenon_report_free (report);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 2);
    kit_data (file, "a", "u8", "789", 3);
    kit_data (file, "b", "u8", "456", 3);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
    ck_assert_int_eq (stat (kit_path ("f.toybox"), &about), 0);
    ck_assert_uint_eq (about.st_mode & 0777, 0640);
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* The target is a link, and the plan's tensors come from the file that it leads to. */
START_TEST (test_itself)
{
    kit_plugins ("toybox toyraw toyxor", NULL);
    save_new ("f.toybox", "a", "123");
    ck_assert_int_eq (symlink ("f.toybox", kit_path ("link.toybox")), 0);
    tenon_file *file = kit_open ("link.toybox", NULL, NULL);
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, 0, "copy", TENON_U16, &kit_error), TENON_OK);
    tenon_close (file);
    for (unsigned i = 0; i < 2; i++) { /* the same plan again */
        tenon_status status = append_plan (plan, "link.toybox", NULL, 0, NULL, NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        file = kit_open ("f.toybox", NULL, NULL);
        ck_assert_uint_eq (tenon_count (file), 2);
        kit_data (file, "a", "", "123", 3);
        kit_data (file, "copy", "u8", "123", 3);
        tenon_close (file);
    }
    tenon_plan_free (plan);
    struct stat about;
    ck_assert_int_eq (lstat (kit_path ("link.toybox"), &about), 0);
    ck_assert (S_ISLNK (about.st_mode));
}
END_TEST

/* A toylog file: strings, arrays and tensors, laid out by hand. */
static void
put_record (struct bytes *bytes, char kind, const char *key, const char *data)
{
    if (bytes->size == 0)
        kit_text (bytes, "TOYLOG1\n");
    kit_le (bytes, (uint8_t) kind, 1);
    kit_le (bytes, strlen (key), 1);
    kit_le (bytes, strlen (data), 1);
    kit_text (bytes, key);
    kit_text (bytes, data);
}

/* The metadata of the old file come first, in their order; those of the plan replace them; the plan itself
 * does not change. Arrays lie in the old file, in another file, and in memory. */
START_TEST (test_metadata)
{
    struct bytes old = { .size = 0 }, other = { .size = 0 }, wanted = { .size = 0 };
    struct tenon_value value;
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    kit_plugins ("toylog", NULL);
    put_record (&old, 'M', "author", "old");
    put_record (&old, 'A', "counts", "1234");
    put_record (&old, 'T', "a", "12");
    put_record (&old, 'M', "title", "stays");
    put_record (&old, 'A', "sizes", "zz");
    kit_file ("f.toylog", &old);
    put_record (&other, 'A', "sizes", "567");
    put_record (&other, 'T', "b", "34");
    put_record (&other, 'A', "more", "89");
    kit_file ("g.toylog", &other);
    tenon_file *file = kit_open ("g.toylog", NULL, NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    memset (&value, 0, sizeof value);
    value.type = TENON_STRING;
    value.source = TENON_NO_SOURCE;
    value.count = 3;
    value.as.string = "new";
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "author", &value, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    tenon_close (file);
    tenon_status status = append_plan (plan, "f.toylog", NULL, TENON_SAVE_STRICT, NULL, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (tenon_report_count (report), 0);
    tenon_report_free (report);
    put_record (&wanted, 'M', "author", "new");
    put_record (&wanted, 'A', "counts", "1234");
    put_record (&wanted, 'M', "title", "stays");
    put_record (&wanted, 'A', "sizes", "567");
    put_record (&wanted, 'A', "more", "89");
    put_record (&wanted, 'T', "a", "12");
    put_record (&wanted, 'T', "b", "34");
    kit_same_file ("f.toylog", &wanted);
    ck_assert_int_eq (kit_write (plan, "h.toylog", NULL, NULL, NULL), TENON_OK);
    wanted.size = 0;
    put_record (&wanted, 'M', "author", "new");
    put_record (&wanted, 'A', "sizes", "567");
    put_record (&wanted, 'A', "more", "89");
    put_record (&wanted, 'T', "b", "34");
    kit_same_file ("h.toylog", &wanted);
    tenon_plan_free (plan);
}
END_TEST

/* ---- what cannot be ---- */

static void
expect_unchanged (const char *path, const char *name, const char *data)
{
    tenon_file *file = kit_open (path, NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 1);
    kit_data (file, name, "u8", data, 3);
    tenon_close (file);
}

START_TEST (test_refused)
{
    kit_plugins ("toybox toyraw toyxor", NULL);
    save_new ("f.toybox", "a", "123");
    tenon_plan *plan = plan_of ("b", "456");
    kit_failed (append_plan (plan, "f.toybox", "toyraw", 0, NULL, NULL), TENON_E_UNSUPPORTED,
                "nothing can be added to a file of the format toyraw");
    kit_failed (append_plan (plan, "f.toybox", NULL, TENON_SAVE_NEW, NULL, NULL), TENON_E_EXISTS, "");
    ck_assert_int_eq (kit_write (plan, "raw", "toyraw", NULL, NULL), TENON_OK);
    kit_failed (append_plan (plan, "raw", "toybox", 0, NULL, NULL), TENON_E_UNSUPPORTED,
                "it is a file of the format toyraw");
    kit_save ("text.toybox", "hello", 5);
    kit_failed (append_plan (plan, "text.toybox", NULL, 0, NULL, NULL), TENON_E_TRUNCATED,
                "it cannot be added to");
    ck_assert_int_eq (mkfifo (kit_path ("fifo.toybox"), 0600), 0);
    kit_failed (append_plan (plan, "fifo.toybox", NULL, 0, NULL, NULL), TENON_E_UNSUPPORTED,
                "a device or pipe");
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_APPEND;
    options.format = "toyraw";
    kit_failed (tenon_save_fd (plan, 1, &options, NULL, NULL, &kit_error), TENON_E_UNSUPPORTED,
                "added to a descriptor");
    ck_assert_int_eq (append_plan (plan, "new.toybox", NULL, TENON_SAVE_NEW, NULL, NULL), TENON_OK);
    expect_unchanged ("new.toybox", "b", "456");
    expect_unchanged ("f.toybox", "a", "123");
    ck_assert_uint_eq (kit_count_files (), 5);
    tenon_plan_free (plan);
}
END_TEST

static const struct {
    const char *setting, *words;
} wrong[] = {
    { "toybox.old=forget", "it did not put the beginning of the old file (put_old)" },
    { "toybox.old=late", "after something else" },
    { "toybox.old=twice", "the old file twice" },
    { "toybox.old=beyond", "more of the old file than there is" },
};

/* Codecs that would lose what the file holds, in a save and in a dry run. */
START_TEST (test_wrong)
{
    kit_plugins ("toybox toyraw toyxor", NULL);
    save_new ("f.toybox", "a", "123");
    tenon_plan *plan = plan_of ("b", "456");
    for (unsigned dry = 0; dry < 2; dry++) {
        tenon_status status = append_plan (plan, "f.toybox", NULL, dry ? TENON_SAVE_DRY_RUN : 0,
                                           (const char *const[]){ wrong[_i].setting, NULL }, NULL);
        kit_failed (status, TENON_E_MISUSE, wrong[_i].words);
    }
    tenon_status status = append_plan (plan, "f.toybox", NULL, TENON_SAVE_DRY_RUN, NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    expect_unchanged ("f.toybox", "a", "123");
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* ---- arrays without a name ---- */

START_TEST (test_unnamed)
{
    tenon_array array;
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    KIT_INIT (array);
    array.dtype = TENON_U8;
    array.data = "a";
    array.size = 1;
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
    kit_add (plan, "named", "u8", 0, 0, NULL, "b", 1);
    array.size = 2;
    kit_failed (tenon_plan_add (plan, &array, &kit_error), TENON_E_MISUSE, "'arr_1'");
    array.size = 1;
    array.data = "c";
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
    ck_assert_int_eq (kit_write (plan, "f.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 4);
    kit_data (file, "arr_0", "u8", "a", 1);
    kit_data (file, "named", "u8", "b", 1);
    kit_data (file, "arr_1", "u8", "c", 1);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "append");
    tcase_add_test (tests, test_grows);
    tcase_add_test (tests, test_itself);
    tcase_add_test (tests, test_metadata);
    tcase_add_test (tests, test_refused);
    tcase_add_loop_test (tests, test_wrong, 0, sizeof wrong / sizeof wrong[0]);
    tests = kit_case (suite, "names");
    tcase_add_test (tests, test_unnamed);
}

int
main (void)
{
    return kit_main ("append", fill_suite);
}
