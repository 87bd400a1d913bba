/* SPDX-License-Identifier: MIT */
/* test_parts.c - a part of a file that is opened as one. */
#include "kit.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEHIND 3000u

static const struct {
    const char *name, *settings;
} forms[] = {
    { "x.toyraw", NULL },
    { "x.toybox", "toybox.filter=deflate" },
    { "x.tree.zip", NULL },
};
static const uint64_t offsets[] = { 0, 1, 4096, 100000 };
enum { FORMS = 3, OFFSETS = 4 };

static const uint8_t *whole; /* the bytes of the file, … */
static size_t size;
static tenon_file *alone; /* … opened as they are */
static uint8_t *bundle;
static uint64_t bundle_size;
static tenon_open_options options;

/* A file of a form, and "bundle", which has it at an offset, with other bytes around. */
static void
begin_bundle (int form, uint64_t offset, const char *settings)
{
    static uint32_t numbers[100000];
    tenon_plan *plan = NULL;
    kit_copy_zip ();
    kit_plugins ("toyraw toybox tree", settings);
    for (uint32_t i = 0; i < 100000; i++)
        numbers[i] = i * 7;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, "a", "u32", 0, 2, KIT_SHAPE (100, 1000), numbers, sizeof numbers);
    kit_add (plan, "b", "u8", 0, 1, KIT_SHAPE (7), numbers, 7);
    kit_add (plan, "c", "u32", TENON_FORTRAN, 2, KIT_SHAPE (100, 10), numbers, 4000);
    tenon_status status = kit_write (plan, forms[form].name, NULL, forms[form].settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    whole = kit_load (forms[form].name, &size);
    bundle_size = offset + size + BEHIND;
    bundle = malloc (bundle_size);
    memset (bundle, 0xa5, bundle_size);
    memcpy (bundle + offset, whole, size);
    kit_save ("bundle", bundle, bundle_size);
    alone = kit_open (forms[form].name, NULL, NULL);
    KIT_INIT (options);
    options.offset = offset;
    options.length = size;
}

static void
same_as_whole (tenon_file *file, uint64_t offset)
{
    static uint8_t bytes[400000];
    ck_assert_uint_eq (tenon_count (file), 3);
    for (uint64_t i = 0; i < 3; i++) {
        tenon_tensor_info info;
        tenon_request request;
        KIT_INIT (info);
        KIT_INIT (request);
        ck_assert_int_eq (tenon_get (alone, i, &info), TENON_OK);
        request.index = i;
        request.data = bytes;
        request.size = sizeof bytes;
        ck_assert_int_eq (tenon_read (alone, &request, 1, NULL, &kit_error), TENON_OK);
        kit_data (file, info.name, "", bytes, info.nbytes);
        ck_assert_uint_eq (kit_tensor (file, info.name).offset, info.offset + offset);
        ck_assert_uint_eq (kit_tensor (file, info.name).stored, info.stored);
    }
    tenon_file_info about;
    KIT_INIT (about);
    ck_assert_int_eq (tenon_file_get (file, &about), TENON_OK);
    ck_assert_uint_eq (about.size, size);
}

/* What can be mapped alone can be mapped in the bundle, where it is aligned, and has the same bytes. */
static void
same_mapped (tenon_file *file, uint64_t offset)
{
    const void *data, *other;
    uint64_t length, others;
    tenon_report *report;
    for (uint64_t i = 0; i < 3; i++) {
        kit_error = (tenon_error) TENON_ERROR_INIT;
        if (tenon_map (alone, i, &other, &others, &kit_error) < 0)
            continue;
        kit_error = (tenon_error) TENON_ERROR_INIT;
        tenon_status status = tenon_map (file, i, &data, &length, &kit_error);
        if (offset % 4 != 0 && i != 1) {
            kit_failed (status, TENON_E_NOT_MAPPABLE, "it does not lie at a multiple of 4");
            continue;
        }
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        kit_same ("mapped", data, length, other, others);
    }
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_verify (file, &report, NULL, &kit_error), TENON_OK);
    tenon_report_free (report);
    tenon_plan *plan = kit_plan_of (file);
    ck_assert_int_eq (kit_write (plan, "again.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_file *again = kit_open ("again.toyraw", NULL, NULL);
    tenon_plan *same = kit_plan_of (alone);
    ck_assert_int_eq (kit_write (same, "same.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (same);
    size_t one, two;
    const uint8_t *first = kit_load ("again.toyraw", &one);
    uint8_t *copy = malloc (one);
    memcpy (copy, first, one);
    const uint8_t *second = kit_load ("same.toyraw", &two);
    kit_same ("saved", copy, one, second, two);
    free (copy);
    tenon_close (again);
}

static tenon_file *
opened (tenon_status status, tenon_file *file)
{
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return file;
}

START_TEST (test_ways)
{
    uint64_t offset = offsets[_i % OFFSETS];
    tenon_file *file = NULL;
    tenon_report *report;
    begin_bundle (_i / OFFSETS, offset, NULL);
    opened (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), file);
    same_as_whole (file, offset);
    same_mapped (file, offset);
    tenon_close (file);
    ck_assert_int_eq (tenon_why (kit, kit_path ("bundle"), &options, &report, &kit_error), TENON_OK);
    tenon_report_free (report);

    int fd = open (kit_path ("bundle"), O_RDONLY);
    ck_assert_int_eq (lseek (fd, 11, SEEK_SET), 11);
    opened (tenon_open_fd (kit, fd, &options, &file, &kit_error), file);
    ck_assert_int_eq (lseek (fd, 0, SEEK_CUR), 11);
    close (fd);
    same_as_whole (file, offset);
    same_mapped (file, offset);
    tenon_close (file);

    options.flags = TENON_OPEN_NO_MAP;
    opened (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), file);
    same_as_whole (file, offset);
    tenon_close (file);

    opened (tenon_open_memory (kit, bundle, bundle_size, &options, &file, &kit_error), file);
    same_as_whole (file, offset);
    same_mapped (file, offset + (uintptr_t) bundle % 4);
    tenon_close (file);

    /* to the end, if nothing is behind it */
    ck_assert_int_eq (truncate (kit_path ("bundle"), (off_t) (offset + size)), 0);
    options.length = 0;
    opened (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), file);
    same_as_whole (file, offset);
    tenon_close (file);
    tenon_close (alone);
    free (bundle);
}
END_TEST

/* The process that describes a file has its descriptor, too. */
START_TEST (test_isolated)
{
    tenon_file *file = NULL;
    begin_bundle (0, 5000, NULL);
    tenon_close (alone);
    free (bundle);
    tenon_status status = kit_context ("core.isolate=third-party");
    if (status == TENON_E_UNSUPPORTED)
        return;
    ck_assert_int_eq (status, TENON_OK);
    alone = kit_open ("x.toyraw", NULL, NULL);
    opened (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), file);
    same_as_whole (file, 5000);
    tenon_close (file);
    tenon_close (alone);
}
END_TEST

/* What is before it is skipped, what is behind it stays in the pipe. */
START_TEST (test_pipe)
{
    int ends[2];
    char rest[20];
    tenon_file *file = NULL;
    kit_plugins ("toyraw", _i ? "limits.memory=65536" : NULL);
    tenon_plan *plan = kit_plan ();
    ck_assert_int_eq (kit_write (plan, "x.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    const uint8_t *bytes = kit_load ("x.toyraw", &size);
    ck_assert_int_eq (pipe (ends), 0);
    ck_assert_int_eq (write (ends[1], "before", 6), 6);
    ck_assert_int_eq (write (ends[1], bytes, size), (ssize_t) size);
    ck_assert_int_eq (write (ends[1], "behind", 6), 6);
    KIT_INIT (options);
    options.offset = 6;
    options.length = size;
    opened (tenon_open_fd (kit, ends[0], &options, &file, &kit_error), file);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    tenon_close (file);
    ck_assert_int_eq (read (ends[0], rest, sizeof rest), 6);
    ck_assert_int_eq (memcmp (rest, "behind", 6), 0);
    /* it ends too early */
    ck_assert_int_eq (write (ends[1], bytes, 20), 20);
    close (ends[1]);
    options.offset = 0;
    kit_failed (tenon_open_fd (kit, ends[0], &options, &file, &kit_error), TENON_E_TRUNCATED,
                "the pipe ends … bytes before the end of the part");
    options.offset = 1;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open_fd (kit, ends[0], &options, &file, &kit_error), TENON_E_TRUNCATED,
                "the pipe ends 1 bytes before the end of the part");
    close (ends[0]);
}
END_TEST

START_TEST (test_refused)
{
    static const struct {
        uint64_t offset, length;
    } outside[] = { { 101, 0 },        { 0, 101 },        { 100, 1 },
                    { UINT64_MAX, 0 }, { 1, UINT64_MAX }, { UINT64_MAX, UINT64_MAX } };
    char bytes[100] = "";
    tenon_file *file = NULL;
    tenon_reader reader;
    kit_plugins ("toyraw", NULL);
    kit_save ("bundle", bytes, 100);
    KIT_INIT (options);
    for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        options.offset = outside[i].offset;
        options.length = outside[i].length;
        kit_error = (tenon_error) TENON_ERROR_INIT;
        kit_failed (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), TENON_E_TRUNCATED,
                    "bundle: … were to be opened, and the file has 100");
        ck_assert_ptr_null (file);
        kit_error = (tenon_error) TENON_ERROR_INIT;
        kit_failed (tenon_open_memory (kit, bytes, 100, &options, &file, &kit_error), TENON_E_TRUNCATED,
                    "were to be opened, and the file has 100");
        int fd = open (kit_path ("bundle"), O_RDONLY);
        kit_error = (tenon_error) TENON_ERROR_INIT;
        kit_failed (tenon_open_fd (kit, fd, &options, &file, &kit_error), TENON_E_TRUNCATED,
                    "were to be opened, and the file has 100");
        close (fd);
    }
    options.offset = 3;
    options.length = 0;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open (kit, kit_path ("."), &options, &file, &kit_error), TENON_E_MISUSE,
                "is opened of a single file");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open (kit, kit_path ("none"), &options, &file, &kit_error), TENON_E_NOT_FOUND, "none");
    options.flags = TENON_OPEN_SHARDS;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), TENON_E_MISUSE,
                "is opened of a single file");
    options.flags = 0;
    KIT_INIT (reader);
    reader.read_at = (tenon_status (*) (void *, uint64_t, void *, uint64_t)) 1;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open_reader (kit, &reader, &options, &file, &kit_error), TENON_E_MISUSE,
                "a reader can be that of a part itself");
}
END_TEST

/* The offset of an error counts in the part, which its file names. */
START_TEST (test_errors)
{
    tenon_file *file = NULL;
    begin_bundle (0, 5000, NULL);
    options.length = 20;
    kit_failed (tenon_open (kit, kit_path ("bundle"), &options, &file, &kit_error), TENON_E_TRUNCATED,
                "bundle: part from byte 5000: where the data begin needs 8 bytes, 4 are left (at byte 16)");
    ck_assert_uint_eq (kit_error.offset, 16);
    tenon_close (alone);
    free (bundle);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "parts");
    tcase_set_timeout (tests, 30);
    tcase_add_loop_test (tests, test_ways, 0, FORMS * OFFSETS);
    tcase_add_test (tests, test_isolated);
    tcase_add_loop_test (tests, test_pipe, 0, 2);
    tcase_add_test (tests, test_refused);
    tcase_add_test (tests, test_errors);
}

int
main (void)
{
    return kit_main ("parts", fill_suite);
}
