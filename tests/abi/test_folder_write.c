/* SPDX-License-Identifier: MIT */
/* test_folder_write.c - folders as stores are written, replaced as a whole, and converted to archives and
 * back. */
#include "kit.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const float numbers[6] = { 1, 2, 3, 4, 5, 6 };

static tenon_status
save_numbers (const char *name, const char *format, float first)
{
    float data[6];
    tenon_plan *plan = kit_plan ();
    memcpy (data, numbers, sizeof data);
    data[0] = first;
    kit_add (plan, "a/m", "f32", 0, 2, KIT_SHAPE (2, 3), data, sizeof data);
    tenon_status status = kit_write (plan, name, format, NULL, NULL);
    tenon_plan_free (plan);
    return status;
}

static void
check_numbers (const char *name, float first)
{
    float data[6];
    memcpy (data, numbers, sizeof data);
    data[0] = first;
    tenon_file *file = kit_open (name, NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, "tree");
    ck_assert_uint_eq (info.tensors, 2);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    kit_data (file, "a/m", "", data, sizeof data);
    tenon_close (file);
}

/* A codec of stores writes a folder, and an archive of the same, with no line of its own. */
START_TEST (test_write)
{
    kit_plugins ("tree", NULL);
    ck_assert_msg (save_numbers ("new.tree", NULL, 1) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree", 1);
    ck_assert (kit_exists ("new.tree/data/a/m"));
    ck_assert (kit_exists ("new.tree/tree.index"));
    ck_assert_msg (save_numbers ("new.tree/", NULL, 9) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree", 9);
    ck_assert_int_eq (save_numbers ("named", "tree", 2), TENON_OK);
    check_numbers ("named", 2);
    ck_assert_int_eq (save_numbers ("exact/", "tree", 3), TENON_OK);
    check_numbers ("exact", 3);
    ck_assert_uint_eq (kit_count_files (), 3);
}
END_TEST

static void
add_zip (void)
{
    kit_copy ("tree", "tree");
    kit_copy_zip ();
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
}

START_TEST (test_archive)
{
    add_zip ();
    ck_assert_msg (save_numbers ("new.tree.zip", NULL, 1) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree.zip", 1);
    size_t size;
    ck_assert (memcmp (kit_load ("new.tree.zip", &size), "PK\3\4", 4) == 0);
    ck_assert_msg (save_numbers ("named.zip", "tree", 2) == TENON_OK, "%s", kit_error.message);
    check_numbers ("named.zip", 2);
    ck_assert_int_eq (save_numbers ("new.tree", NULL, 3), TENON_OK);
    check_numbers ("new.tree", 3);
    ck_assert_uint_eq (kit_count_files (), 3);
}
END_TEST

/* ---- a folder, and an archive of it ---- */

static tenon_plan *
plan_of_all (void)
{
    static const float columns[6] = { 1, 4, 2, 5, 3, 6 };
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "a/m", "f32", 0, 2, KIT_SHAPE (2, 3), numbers, sizeof numbers);
    kit_add (plan, "a/fortran", "f32", TENON_FORTRAN, 2, KIT_SHAPE (2, 3), columns, sizeof columns);
    kit_add (plan, "swapped", "u16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (2), "\0\1\0\2", 4);
    kit_add (plan, "scalar", "i64", 0, 0, NULL, "\1\0\0\0\0\0\0\200", 8);
    kit_add (plan, "none", "f64", 0, 2, KIT_SHAPE (0, 3), NULL, 0);
    kit_add (plan, "small", "bf16", 0, 3, KIT_SHAPE (1, 3, 1), "abcdef", 6);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const texts[] = { "one", "", "\303\244 = \"2 3\"" };
        struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
        char key[] = "key.0";
        key[4] = (char) ('0' + i);
        value.as.string = texts[i];
        value.count = strlen (texts[i]);
        ck_assert_int_eq (tenon_plan_add_metadata (plan, key, &value, &kit_error), TENON_OK);
    }
    return plan;
}

static void
same_tensor (tenon_file *one, tenon_file *other, uint64_t index, const char *name)
{
    static uint8_t bytes[2][1024];
    tenon_tensor_info infos[2];
    KIT_INIT (infos[0]);
    KIT_INIT (infos[1]);
    ck_assert_int_eq (tenon_get (one, index, &infos[0]), TENON_OK);
    ck_assert_int_eq (tenon_get (other, index, &infos[1]), TENON_OK);
    ck_assert_str_eq (infos[0].name, infos[1].name);
    ck_assert_str_eq (infos[0].dtype_name, infos[1].dtype_name);
    ck_assert_uint_eq (infos[0].nbytes, infos[1].nbytes);
    ck_assert_uint_eq (infos[0].rank, infos[1].rank);
    for (uint32_t i = 0; i < infos[0].rank; i++)
        ck_assert_uint_eq (infos[0].shape[i], infos[1].shape[i]);
    for (int i = 0; i < 2; i++) {
        tenon_request request;
        KIT_INIT (request);
        request.index = index;
        request.data = bytes[i];
        request.size = infos[i].nbytes;
        ck_assert_msg (tenon_read (i ? other : one, &request, 1, NULL, &kit_error) == TENON_OK, "%s: %s",
                       name, kit_error.message);
    }
    ck_assert_msg (memcmp (bytes[0], bytes[1], infos[0].nbytes) == 0, "%s: %s", name, infos[0].name);
}

/* All that an application can ask about the file is the same for both. */
static void
same_catalog (tenon_file *one, const char *name)
{
    tenon_file *other = kit_open (name, NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (other, &info), TENON_OK);
    ck_assert_str_eq (info.format, "tree");
    ck_assert_uint_eq (tenon_count (one), tenon_count (other));
    for (uint64_t i = 0; i < tenon_count (one); i++)
        same_tensor (one, other, i, name);
    ck_assert_uint_eq (tenon_metadata_count (one), tenon_metadata_count (other));
    for (uint64_t i = 0; i < tenon_metadata_count (one); i++) {
        tenon_metadata_info infos[2];
        KIT_INIT (infos[0]);
        KIT_INIT (infos[1]);
        ck_assert_int_eq (tenon_metadata_get (one, i, &infos[0]), TENON_OK);
        ck_assert_int_eq (tenon_metadata_get (other, i, &infos[1]), TENON_OK);
        ck_assert_str_eq (infos[0].key, infos[1].key);
        ck_assert_uint_eq (infos[0].value.type, infos[1].value.type);
        ck_assert_uint_eq (infos[0].value.count, infos[1].value.count);
        ck_assert_mem_eq (infos[0].value.as.string, infos[1].value.as.string, infos[0].value.count);
    }
    tenon_close (other);
}

static void
convert_file (const char *from, const char *to)
{
    char source[512];
    snprintf (source, sizeof source, "%s", kit_path (from));
    tenon_status status = tenon_convert (kit, source, kit_path (to), NULL, NULL, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s to %s: %s", from, to, kit_error.message);
}

/* Bit 0: plugins run in a child. */
START_TEST (test_both_ways)
{
    static const char *const names[] = { "a.tree.zip", "b.tree.zip", "b.tree", "c.tree", "c.tree.zip" };
    if (_i)
        setenv ("KIT_ISOLATE", "1", 1);
    add_zip ();
    tenon_plan *plan = plan_of_all ();
    ck_assert_msg (kit_write (plan, "a.tree", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    ck_assert_msg (kit_write (plan, "a.tree.zip", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    convert_file ("a.tree", "b.tree.zip");
    convert_file ("b.tree.zip", "b.tree");
    convert_file ("a.tree.zip", "c.tree");
    convert_file ("c.tree", "c.tree.zip");
    tenon_file *file = kit_open ("a.tree", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 7);
    ck_assert_uint_eq (tenon_metadata_count (file), 3);
    kit_data (file, "a/m", "", numbers, sizeof numbers);
    kit_data (file, "a/fortran", "", numbers, sizeof numbers);
    kit_data (file, "swapped", "", "\1\0\2\0", 4);
    ck_assert_str_eq (kit_value (file, "key.0").as.string, "one");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        same_catalog (file, names[i]);
    tenon_close (file);
    ck_assert_uint_eq (kit_count_files (), 6);
}
END_TEST

/* Only a folder that the codec can read is replaced. */
START_TEST (test_not_replaced)
{
    kit_plugins ("tree", NULL);
    ck_assert_int_eq (mkdir (kit_path ("new.tree"), 0777), 0);
    kit_save ("new.tree/precious", "precious", 8);
    kit_failed (
        save_numbers ("new.tree", NULL, 1), TENON_E_EXISTS,
        "the codec tree cannot read the folder that it would replace, so files in it could be lost (the key "
        "'tree.index' is not there)");
    ck_assert (kit_exists ("new.tree/precious"));
    kit_save ("file.tree", "precious", 8);
    kit_failed (save_numbers ("file.tree", NULL, 1), TENON_E_EXISTS, "a file has it");
    kit_save ("new.tree/tree.index", "damaged\n", 8);
    kit_failed (save_numbers ("new.tree", NULL, 1), TENON_E_EXISTS, "cannot read the folder…'damaged'");
    ck_assert (kit_exists ("new.tree/precious"));
    ck_assert_int_eq (mkdir (kit_path ("empty.tree"), 0777), 0);
    ck_assert_msg (save_numbers ("empty.tree", NULL, 5) == TENON_OK, "%s", kit_error.message);
    check_numbers ("empty.tree", 5);
}
END_TEST

static void
put_text (const char *name, const char *text)
{
    kit_save (name, text, strlen (text));
}

static void
check_foreign (const char *words, const char *advice)
{
    for (uint32_t flags = 0; flags <= TENON_SAVE_DRY_RUN; flags += TENON_SAVE_DRY_RUN) {
        tenon_save_options options;
        KIT_INIT (options);
        options.flags = flags;
        tenon_plan *plan = kit_plan ();
        kit_failed (tenon_save (plan, kit_path ("own.tree"), &options, NULL, NULL, &kit_error),
                    TENON_E_EXISTS, words);
        ck_assert_str_eq (kit_error.advice, advice);
        tenon_plan_free (plan);
    }
    check_numbers ("own.tree", 1);
}

/* What the codec does not open is not its own, and a save does not remove it. */
START_TEST (test_foreign)
{
    static const char one[] = "move it elsewhere, or save to another name";
    static const char more[] = "move them elsewhere, or save to another name";
    if (_i)
        setenv ("KIT_ISOLATE", "1", 1);
    kit_plugins ("tree", NULL);
    ck_assert_int_eq (save_numbers ("own.tree", NULL, 1), TENON_OK);
    put_text ("own.tree/notes.txt", "precious");
    check_foreign ("removed with 1 file that the codec tree does not use: 'notes.txt'", one);
    put_text ("own.tree/data/.hidden", "");
    check_foreign ("removed with 2 files that the codec tree does not use: 'data/.hidden', …", more);
    ck_assert_int_eq (unlink (kit_path ("own.tree/notes.txt")), 0);
    ck_assert_int_eq (unlink (kit_path ("own.tree/data/.hidden")), 0);
    ck_assert_int_eq (symlink ("../elsewhere", kit_path ("own.tree/data/link")), 0);
    check_foreign ("'data/link'", one);
    ck_assert_int_eq (unlink (kit_path ("own.tree/data/link")), 0);
    ck_assert_int_eq (mkfifo (kit_path ("own.tree/zz"), 0666), 0);
    check_foreign ("'zz'", one);
    ck_assert_int_eq (unlink (kit_path ("own.tree/zz")), 0);
    put_text ("own.tree/\xff", "");
    check_foreign ("'\\xff'", one);
    ck_assert_int_eq (unlink (kit_path ("own.tree/\xff")), 0);
    /* folders without files are no loss, nor are links that lead to what the codec opens */
    ck_assert_int_eq (mkdir (kit_path ("own.tree/empty"), 0777), 0);
    ck_assert_int_eq (mkdir (kit_path ("own.tree/empty/empty"), 0777), 0);
    ck_assert_int_eq (rename (kit_path ("own.tree/data/x"), kit_path ("own.tree/data/y")), 0);
    put_text ("own.tree/tree.index",
              "tensor x u8 data/x 4\ntensor gone u8 gone 4\ntensor a/m f32 data/a/m 2 3\n");
    put_text ("own.tree/data/x", "\1\2\3\4");
    tenon_plan *plan = kit_plan ();
    kit_failed (kit_write (plan, "own.tree", NULL, NULL, NULL), TENON_E_EXISTS, "'data/y'");
    ck_assert_int_eq (unlink (kit_path ("own.tree/data/y")), 0);
    ck_assert_msg (kit_write (plan, "own.tree", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    ck_assert (!kit_exists ("own.tree/empty"));
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* A tree is converted into itself. */
START_TEST (test_onto_itself)
{
    kit_plugins ("tree", NULL);
    ck_assert_int_eq (save_numbers ("new.tree", NULL, 1), TENON_OK);
    tenon_file *file = kit_open ("new.tree", NULL, NULL);
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    tenon_close (file);
    ck_assert_msg (kit_write (plan, "new.tree", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree", 1);
    tenon_plan_free (plan);
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* What no folder can be. */
START_TEST (test_no_folder)
{
    tenon_save_options options;
    kit_plugins ("tree", NULL);
    tenon_plan *plan = kit_plan ();
    KIT_INIT (options);
    options.flags = TENON_SAVE_APPEND;
    kit_failed (tenon_save (plan, kit_path ("new.tree"), &options, NULL, NULL, &kit_error),
                TENON_E_UNSUPPORTED, "nothing can be added to a folder");
    options.flags = 0;
    options.format = "tree";
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_fd (plan, 1, &options, NULL, NULL, &kit_error), TENON_E_UNSUPPORTED,
                "is a folder of files");
    options.format = NULL;
    options.flags = TENON_SAVE_DRY_RUN;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_save (plan, kit_path ("new.tree"), &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

/* Names that no file can have, and names that are the folder of others. */
START_TEST (test_names)
{
    static const struct {
        const char *name, *words;
        tenon_status status;
    } names[] = {
        { "../up", "'data/../up' has a component '.' or '..'", TENON_E_UNSUPPORTED },
        { "a//b", "has an empty component", TENON_E_UNSUPPORTED },
        { "b\\c", "has a backslash", TENON_E_UNSUPPORTED },
        { "x/y", "'data/x' is a file of the tree", TENON_E_EXISTS },
    };
    kit_plugins ("tree", NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tenon_plan *plan = kit_plan ();
        kit_add (plan, names[i].name, "u8", 0, 1, KIT_SHAPE (1), "z", 1);
        kit_failed (kit_write (plan, "new.tree", NULL, NULL, NULL), names[i].status, names[i].words);
        tenon_plan_free (plan);
        ck_assert_uint_eq (kit_count_files (), 0);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *writing = kit_case (suite, "writing");
    tcase_add_test (writing, test_write);
    tcase_add_test (writing, test_archive);
    tcase_add_loop_test (writing, test_both_ways, 0, 2);
    tcase_add_test (writing, test_not_replaced);
    tcase_add_loop_test (writing, test_foreign, 0, 2);
    tcase_add_test (writing, test_onto_itself);
    tcase_add_test (writing, test_no_folder);
    tcase_add_test (writing, test_names);
}

int
main (void)
{
    return kit_main ("folder_write", fill_suite);
}
