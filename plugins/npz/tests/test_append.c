/* SPDX-License-Identifier: MIT */
/* test_append.c - arrays added to archives that other programs made: what they replace, and what is in their
 * way. An archive that cannot be added to stays as it is. */
#include "archive.h"
#include <stdio.h>
#include <unistd.h>

static char path[64];
static tenon_context *appender;

/* Ends the archive, and writes it to `path`. */
static void
write_archive (void)
{
    archive_end ();
    FILE *out = fopen (path, "wb");
    ck_assert_ptr_nonnull (out);
    ck_assert_uint_eq (fwrite (archive.file.data, 1, archive.file.size, out), archive.file.size);
    ck_assert_int_eq (fclose (out), 0);
}

/* Adds u8 [4], 1 2 3 4. */
static tenon_status
append_array (const char *name, const char *setting)
{
    const char *const settings[] = { "save.durable=no", setting, NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    tenon_save_options how = { .struct_size = sizeof how, .flags = TENON_SAVE_APPEND };
    static const uint64_t shape[] = { 4 };
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_U8,
                          .name = name,
                          .shape = shape,
                          .rank = 1,
                          .data = "\1\2\3\4",
                          .size = 4 };
    tenon_plan *plan;
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_context_free (appender);
    ck_assert_int_eq (tenon_context_new (&appender, &options, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_new (appender, &plan, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add (plan, &array, &error), TENON_OK);
    tenon_status status = tenon_save (plan, path, &how, NULL, NULL, &error);
    tenon_plan_free (plan);
    return status;
}

/* The file has these tensors, with the last one added. */
static void
holds (const char *names)
{
    char found[500] = "";
    tenon_file *file;
    ck_assert_msg (tenon_open (appender, path, NULL, &file, &error) == TENON_OK, "%s", error.message);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_get (file, i, &info), TENON_OK);
        size_t end = strlen (found);
        snprintf (found + end, sizeof found - end, "%s%s", i ? " " : "", info.name);
    }
    ck_assert_str_eq (found, names);
    ck_assert_msg (tenon_verify (file, NULL, NULL, &error) == TENON_OK, "%s", error.message);
    tenon_close (file);
}

/* Adding an array of this name fails with these words, and changes nothing. */
static void
refuses (const char *name, const char *setting, const char *words)
{
    static uint8_t bytes[ROOM];
    ck_assert_int_eq (append_array (name, setting), TENON_E_UNSUPPORTED);
    ck_assert_msg (strstr (error.message, words), "'%s' in '%s'", words, error.message);
    FILE *in = fopen (path, "rb");
    ck_assert_ptr_nonnull (in);
    ck_assert_uint_eq (fread (bytes, 1, sizeof bytes, in), archive.file.size);
    fclose (in);
    ck_assert_mem_eq (bytes, archive.file.data, archive.file.size);
}

static void
add_member (const char *name, const void *bytes, size_t size)
{
    struct buffer stored = { (uint8_t *) (uintptr_t) bytes, size };
    member_of (name, &stored, 0);
    member_end ();
}

/* A file of safetensors with the tensor x, u8 [1]. */
#define HEADER "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
#define OTHER_BYTES (8 + sizeof HEADER)
static const uint8_t *
other_member (void)
{
    static uint8_t bytes[OTHER_BYTES] = { sizeof HEADER - 1 };
    memcpy (bytes + 8, HEADER, sizeof HEADER); /* its NUL is the item */
    return bytes;
}

START_TEST (replaces_by_name)
{
    static const char *const names[] = { "a.npy", "a", "a.NPY" };
    for (unsigned i = 0; i < 3; i++) {
        archive_begin ();
        member_begin (names[i]);
        member_end ();
        member_begin ("b.npy");
        member_end ();
        write_archive ();
        ck_assert_msg (append_array ("a", NULL) == TENON_OK, "%s", error.message);
        holds ("b a");
        ck_assert_msg (append_array ("c", NULL) == TENON_OK, "%s", error.message);
        holds ("b a c");
    }
}
END_TEST

/* The extension of arrays is another one in this program: its members are known by what the catalog says. */
START_TEST (replaces_by_any_extension)
{
    archive_begin ();
    member_begin ("a.arr");
    member_end ();
    write_archive ();
    ck_assert_msg (append_array ("a", "npy.extensions=npy arr") == TENON_OK, "%s", error.message);
    holds ("a");
    archive_begin ();
    member_begin ("a.arr");
    member_end ();
    write_archive ();
    ck_assert_msg (append_array ("a", NULL) == TENON_OK, "%s", error.message);
    holds ("a.arr a");
}
END_TEST

START_TEST (parts_that_hold_more)
{
    static uint8_t inner[4096];
    archive_begin ();
    add_member ("w.safetensors", other_member (), OTHER_BYTES);
    write_archive ();
    refuses ("w.safetensors/x", NULL, "'w.safetensors', which holds more");
    one_member ("a.npy");
    size_t size = archive.file.size;
    memcpy (inner, archive.file.data, size);
    archive_begin ();
    add_member ("in.npz", inner, size);
    write_archive ();
    refuses ("in.npz/a", NULL, "holds more");
    ck_assert_msg (append_array ("b", NULL) == TENON_OK, "%s", error.message);
    holds ("in.npz/a b");
}
END_TEST

/* A member that holds other tensors, under the name that the array's would get. */
START_TEST (names_that_are_taken)
{
    archive_begin ();
    add_member ("w.safetensors", other_member (), OTHER_BYTES);
    write_archive ();
    refuses ("w", "npz.member=safetensors", "'w.safetensors' is not the array of that name");
}
END_TEST

static void
open_path (void)
{
    setup ();
    snprintf (path, sizeof path, "/tmp/tenon-append.XXXXXX.npz");
    int fd = mkstemps (path, 4);
    ck_assert_int_ge (fd, 0);
    close (fd);
}

static void
remove_path (void)
{
    tenon_context_free (appender);
    appender = NULL;
    unlink (path);
    teardown ();
}

int
main (void)
{
    Suite *suite = suite_create ("append");
    TCase *cases = tcase_create ("append");
    tcase_add_checked_fixture (cases, open_path, remove_path);
    tcase_add_test (cases, replaces_by_name);
    tcase_add_test (cases, replaces_by_any_extension);
    tcase_add_test (cases, parts_that_hold_more);
    tcase_add_test (cases, names_that_are_taken);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failures = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failures > 0;
}
