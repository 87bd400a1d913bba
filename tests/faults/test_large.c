/* SPDX-License-Identifier: MIT */
/* test_large.c - items and strings that are larger than what a conversion may hold: they are read piece by
 * piece, or refused with the name of the limit. The files are sparse. */
#include "rig.h"
#include <fcntl.h>
#include <unistd.h>

/* Half of limits.memory, so that one fits and three do not. */
#define LARGE 33554432u
#define MEMORY ((int64_t) 64 << 20)

static tenon_context *context;

/* ---- files ---- */

/* A .npy file of zeros. */
static const char *
put_npy (const char *name, unsigned item, const char *order, const char *shape, uint64_t items)
{
    char header[129], text[118];
    const char *path = kit_path (name);
    snprintf (text, sizeof text, "{'descr': '|V%u', 'fortran_order': %s, 'shape': %s, }", item, order, shape);
    snprintf (header, sizeof header, "%c%c%c%c%c%c%c%c%c%c%-117s\n", 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118,
              0, text);
    kit_save (name, header, 128);
    ck_assert_int_eq (truncate (path, (off_t) (128 + item * items)), 0);
    return path;
}

static void
mark_item (const char *path, uint64_t item, uint64_t number, uint8_t mark)
{
    int fd = open (path, O_WRONLY);
    ck_assert_int_ge (fd, 0);
    ck_assert_int_eq (pwrite (fd, &mark, 1, (off_t) (128 + item * number)), 1);
    ck_assert_int_eq (pwrite (fd, &mark, 1, (off_t) (128 + item * number + item - 1)), 1);
    close (fd);
}

/* A .gguf file with an array of one string of zeros. */
static const char *
put_gguf (const char *name, uint64_t length)
{
    struct bytes bytes = { .size = 0 };
    kit_text (&bytes, "GGUF");
    kit_le (&bytes, 3, 4), kit_le (&bytes, 0, 8), kit_le (&bytes, 1, 8);
    kit_le (&bytes, 1, 8), kit_text (&bytes, "k");
    kit_le (&bytes, 9, 4), kit_le (&bytes, 8, 4), kit_le (&bytes, 1, 8);
    kit_le (&bytes, length, 8);
    kit_file (name, &bytes);
    ck_assert_int_eq (truncate (kit_path (name), (off_t) (bytes.size + length)), 0);
    return kit_path (name);
}

/* ---- what is done ---- */

static int64_t before;

static void
begin_peak (void)
{
    rig.peak ();
    before = rig.peak ();
}

static void
bounded (int64_t most)
{
    int64_t peak = rig.peak () - before;
    ck_assert_msg (peak <= most, "%lld bytes were allocated, at most %lld are allowed", (long long) peak,
                   (long long) most);
}

static tenon_file *
open_large (const char *path)
{
    static const char *const settings[] = { "core.threads=2", "save.durable=no", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    tenon_file *file = NULL;
    ck_assert_int_eq (tenon_context_new (&context, &options, &kit_error), TENON_OK);
    tenon_status status = tenon_open (context, path, NULL, &file, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return file;
}

static void
close_large (tenon_file *file)
{
    tenon_close (file);
    tenon_context_free (context);
}

/* Remembers the marks, which are the only bytes that are not zero. */
static struct {
    uint64_t size;
    unsigned count;
    uint64_t place[64];
    uint8_t mark[64];
} seen;

static int
look (void *user, const void *data, uint64_t size)
{
    const uint8_t *bytes = data;
    (void) user;
    for (uint64_t i = 0; i < size && seen.count < 64; i++)
        if (bytes[i]) {
            seen.place[seen.count] = seen.size + i;
            seen.mark[seen.count++] = bytes[i];
        }
    seen.size += size;
    return 0;
}

static tenon_status
stream (tenon_file *file, const int64_t *step)
{
    tenon_request request = { .struct_size = sizeof request };
    static const tenon_error fresh = TENON_ERROR_INIT;
    request.rank = step ? 1 : 0;
    request.step = step;
    memset (&seen, 0, sizeof seen);
    kit_error = fresh;
    return tenon_stream (file, &request, look, NULL, NULL, &kit_error);
}

/* ---- items ---- */

START_TEST (one_behind_the_other)
{
    const char *path = put_npy ("f.npy", 3 * LARGE, "False", "(2,)", 2);
    mark_item (path, 3 * LARGE, 1, 7);
    tenon_file *file = open_large (path);
    begin_peak ();
    ck_assert_msg (stream (file, NULL) == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (seen.size, 6 * (uint64_t) LARGE);
    ck_assert_uint_eq (seen.count, 2);
    ck_assert_uint_eq (seen.place[0], 3 * LARGE);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    bounded (MEMORY);
    close_large (file);
}
END_TEST

/* Every second one. */
START_TEST (with_a_step)
{
    static const int64_t two = 2;
    const char *path = put_npy ("f.npy", 3 * LARGE, "False", "(4,)", 4);
    for (unsigned i = 0; i < 4; i++)
        mark_item (path, 3 * LARGE, i, (uint8_t) (i + 1));
    tenon_file *file = open_large (path);
    begin_peak ();
    ck_assert_msg (stream (file, &two) == TENON_OK, "%s", kit_error.message);
    bounded (MEMORY);
    ck_assert_uint_eq (seen.size, 6 * (uint64_t) LARGE);
    ck_assert_uint_eq (seen.count, 4);
    ck_assert (seen.mark[0] == 1 && seen.mark[1] == 1 && seen.mark[2] == 3 && seen.mark[3] == 3);
    ck_assert (seen.place[1] == 3 * LARGE - 1 && seen.place[2] == 3 * LARGE);
    close_large (file);
}
END_TEST

/* Items in Fortran order are put into C order piece by piece. */
START_TEST (in_fortran_order)
{
    const char *path = put_npy ("f.npy", LARGE / 2, "True", "(2,2)", 4);
    for (unsigned i = 0; i < 4; i++)
        mark_item (path, LARGE / 2, i, (uint8_t) (i + 1));
    tenon_file *file = open_large (path);
    begin_peak ();
    ck_assert_msg (stream (file, NULL) == TENON_OK, "%s", kit_error.message);
    bounded (MEMORY);
    ck_assert_uint_eq (seen.count, 8);
    for (unsigned i = 0; i < 8; i++) { /* 1 3 2 4, each at both ends of its item */
        ck_assert_uint_eq (seen.mark[i], "\1\1\3\3\2\2\4\4"[i]);
        ck_assert_uint_eq (seen.place[i], LARGE / 2 * (uint64_t) (i / 2) + i % 2 * (LARGE / 2 - 1));
    }
    close_large (file);
}
END_TEST

/* Items that do not fit in the memory are cut. */
START_TEST (larger_in_fortran_order)
{
    const char *path = put_npy ("f.npy", LARGE, "True", "(2,2)", 4);
    for (unsigned i = 0; i < 4; i++)
        mark_item (path, LARGE, i, (uint8_t) (i + 1));
    tenon_file *file = open_large (path);
    begin_peak ();
    ck_assert_msg (stream (file, NULL) == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (seen.count, 8);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq (seen.mark[i], "\1\1\3\3\2\2\4\4"[i]);
        ck_assert_uint_eq (seen.place[i], LARGE * (uint64_t) (i / 2) + i % 2 * (LARGE - 1));
    }
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error); /* needs no order */
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    bounded (MEMORY);
    tenon_request request = { .struct_size = sizeof request };
    tenon_memory *memory = NULL;
    status = tenon_load (file, &request, 1, &memory, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    const uint8_t *bytes = request.data;
    ck_assert (bytes[0] == 1 && bytes[LARGE] == 3 && bytes[2 * (size_t) LARGE] == 2);
    ck_assert_uint_eq (bytes[4 * (size_t) LARGE - 1], 4);
    tenon_memory_free (memory);
    close_large (file);
}
END_TEST

/* ---- strings ---- */

START_TEST (strings)
{
    const uint64_t length = (uint64_t) 300 << 20;
    tenon_metadata_info info = { .struct_size = sizeof info };
    struct tenon_value item;
    tenon_memory *memory = NULL;
    char to[300];
    const char *path = put_gguf ("f.gguf", length);
    snprintf (to, sizeof to, "%s", kit_path ("t.gguf"));
    tenon_file *file = open_large (path);
    ck_assert_int_eq (tenon_metadata_get (file, 0, &info), TENON_OK);
    begin_peak ();
    kit_failed (tenon_value_items (file, &info.value, 0, 1, &item, &memory, &kit_error), TENON_E_LIMIT,
                "strings of more than 268435456 bytes at once; … metadata_bytes in [limits]");
    kit_failed (tenon_value_take (file, &info.value, 1, &item, &memory, &kit_error), TENON_E_LIMIT,
                "metadata_bytes in [limits]");
    tenon_status status = tenon_convert (context, path, to, NULL, NULL, NULL, NULL, &kit_error);
    kit_failed (status, TENON_E_LIMIT, "metadata_bytes in [limits]");
    bounded (MEMORY);
    close_large (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "large");
    tcase_set_timeout (tests, 300);
    tcase_add_test (tests, one_behind_the_other);
    tcase_add_test (tests, with_a_step);
    tcase_add_test (tests, in_fortran_order);
    tcase_add_test (tests, larger_in_fortran_order);
    tcase_add_test (tests, strings);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("large items", fill_suite);
}
