/* SPDX-License-Identifier: MIT */
/* test_stack.c - what lies in each other: archives in archives, arrays in arrays, types in types. All on a
 * thread with a stack of 128 KiB, with the limits raised to their most. It works, or is refused with
 * TENON_E_LIMIT: nothing else. */
#include "../small_stack.h"
#include <stdio.h>
#include <string.h>
#include <tenon/tenon.h>
#include <unistd.h>
#include <zlib.h>

static tenon_context *context;
static tenon_error error;
static char target[64];

static void
open_context (void)
{
    static const char *const settings[] = { "core.threads=2", "limits.depth=100", "limits.encoded_depth=16",
                                            "save.durable=no", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_msg (tenon_context_new (&context, &options, &error) == TENON_OK, "%s", error.message);
}

static void
close_context (void)
{
    tenon_context_free (context);
}

/* ---- bytes ---- */

struct bytes {
    uint8_t data[1 << 16];
    uint64_t size;
};

static void
put (struct bytes *to, const void *bytes, uint64_t size)
{
    ck_assert_uint_le (size, sizeof to->data - to->size);
    memcpy (to->data + to->size, bytes, size);
    to->size += size;
}

static void
put_text (struct bytes *to, const char *text)
{
    put (to, text, strlen (text));
}

static void
put_number (struct bytes *to, uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        put (to, (uint8_t[]){ (uint8_t) (i < 8 ? number >> 8 * i : 0) }, 1);
}

/* ---- what is done with each file ---- */

/* Saves all that a file holds as `target`, with this extension. Returns the status; a failure has a message.
 */
static tenon_status
save_as (tenon_file *file, const char *extension)
{
    static const char *const settings[] = { "npz.compression=deflate", NULL };
    tenon_save_options options = { .struct_size = sizeof options, .settings = settings };
    tenon_plan *plan;
    snprintf (target, sizeof target, "/tmp/tenon-stack-%ld.%s", (long) getpid (), extension);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_plan_new (context, &plan, &error), TENON_OK);
    tenon_status status = tenon_plan_add_file (plan, file, &error);
    ck_assert_msg (status == TENON_OK, "%s", error.message);
    status = tenon_save (plan, target, &options, NULL, NULL, &error);
    ck_assert (status == TENON_OK || error.message[0]);
    tenon_plan_free (plan);
    return status;
}

/* Lists and reads all of a file, twice. */
static void
read_file (tenon_file *file)
{
    tenon_metadata_info entry = { .struct_size = sizeof entry };
    ck_assert_msg (tenon_verify (file, NULL, NULL, &error) == TENON_OK, "%s", error.message);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_request request = { .struct_size = sizeof request, .index = i };
        tenon_memory *memory = NULL;
        ck_assert_msg (tenon_load (file, &request, 1, &memory, NULL, &error) == TENON_OK, "%s",
                       error.message);
        tenon_memory_free (memory);
    }
    for (uint64_t i = 0; tenon_metadata_get (file, i, &entry) == TENON_OK; i++)
        ck_assert_uint_gt (entry.key_length, 0);
}

/* NULL: the file is refused, as one that is too deep. */
static tenon_file *
open_bytes (const struct bytes *bytes, const char *name)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = name };
    tenon_file *file;
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_open_memory (context, bytes->data, bytes->size, &options, &file, &error);
    ck_assert_msg (status == TENON_OK || status == TENON_E_LIMIT, "%s: %s", name, error.message);
    return file;
}

/* ---- archives in archives ---- */

static void
put_npy (struct bytes *to)
{
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }";
    put (to, "\x93NUMPY\x01\x00\x76\x00", 10);
    put_text (to, header);
    for (size_t i = sizeof header - 1; i < 0x76 - 1; i++)
        put (to, " ", 1);
    put (to, "\n1234", 5);
}

/* A zip archive with one member. */
static void
put_archive (struct bytes *to, const char *name, const struct bytes *member, int deflated)
{
    static uint8_t stored[1 << 16];
    uint64_t size = member->size, length = strlen (name);
    uint32_t crc = (uint32_t) crc32 (0, member->data, (uInt) member->size);
    memcpy (stored, member->data, size);
    if (deflated) {
        z_stream z = { .next_in = (Bytef *) (uintptr_t) member->data,
                       .avail_in = (uInt) member->size,
                       .next_out = stored,
                       .avail_out = sizeof stored };
        ck_assert_int_eq (deflateInit2 (&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
        size = z.total_out;
        deflateEnd (&z);
    }
    for (unsigned central = 0; central < 2; central++) {
        put_number (to, central ? 0x02014b50 : 0x04034b50, 4);
        if (central)
            put_number (to, 20, 2);
        put_number (to, 20, 2);
        put_number (to, 0, 2);
        put_number (to, deflated ? 8 : 0, 2);
        put_number (to, 0, 4);
        put_number (to, crc, 4);
        put_number (to, size, 4);
        put_number (to, member->size, 4);
        put_number (to, length, 2);
        put_number (to, 0, central ? 16 : 2);
        put_text (to, name);
        if (!central)
            put (to, stored, size);
    }
    put_number (to, 0x06054b50, 4);
    put_number (to, 0, 4);
    put_number (to, 1, 2);
    put_number (to, 1, 2);
    put_number (to, 46 + length, 4);
    put_number (to, 30 + length + size, 4);
    put_number (to, 0, 2);
}

/* The most that can lie in each other: encoded_depth at its most; 20 calls, one for the npy. */
#define DEFLATED 16u
#define STORED 19u

static void *
archives (void *user)
{
    static struct bytes bytes[2];
    unsigned levels = *(unsigned *) user >> 1, deflated = *(unsigned *) user & 1;
    open_context ();
    bytes[0].size = 0;
    put_npy (&bytes[0]);
    for (unsigned i = 0; i < levels; i++) {
        bytes[(i + 1) % 2].size = 0;
        put_archive (&bytes[(i + 1) % 2], i ? "a.npz" : "x.npy", &bytes[i % 2], (int) deflated);
    }
    tenon_file *file = open_bytes (&bytes[levels % 2], "a.npz");
    tenon_file_info info = { .struct_size = sizeof info };
    ck_assert_msg (file != NULL, "%u levels: %s", levels, error.message);
    tenon_file_get (file, &info);
    ck_assert_uint_eq (info.tensors, 1);
    ck_assert_uint_eq (info.unreadable, levels > (deflated ? DEFLATED : STORED));
    if (info.unreadable == 0) {
        tenon_file *again;
        read_file (file);
        if (save_as (file, "npz") == TENON_OK)
            unlink (target);
        ck_assert_msg (save_as (file, "safetensors") == TENON_OK, "%s", error.message);
        ck_assert_int_eq (tenon_open (context, target, NULL, &again, &error), TENON_OK);
        read_file (again);
        tenon_close (again);
        unlink (target);
    }
    tenon_close (file);
    close_context ();
    return NULL;
}

START_TEST (archives_in_archives)
{
    static const unsigned levels[] = { 1, 2, 4, 10, DEFLATED, DEFLATED + 1, STORED, STORED + 1, 60 };
    unsigned which = levels[_i / 2] << 1 | (unsigned) (_i & 1);
    on_small_stack (archives, &which);
}
END_TEST

/* ---- arrays in arrays ---- */

/* A gguf file with one key, whose value is u8 arrays in `depth` - 1 arrays of one array each. */
static void
put_gguf (struct bytes *to, unsigned depth)
{
    put_text (to, "GGUF");
    put_number (to, 3, 4);
    put_number (to, 0, 8);
    put_number (to, 1, 8);
    put_number (to, 1, 8);
    put_text (to, "k");
    for (unsigned i = 0; i < depth; i++) {
        put_number (to, 9, 4); /* an array: of arrays, or at last of u8 */
        if (i > 0)
            put_number (to, 1, 8);
    }
    put_number (to, 0, 4);
    put_number (to, 2, 8);
    put_number (to, 0x0201, 2);
}

static void
expect_depth (unsigned depth)
{
    tenon_file *file;
    tenon_metadata_info entry = { .struct_size = sizeof entry };
    ck_assert_msg (tenon_open (context, target, NULL, &file, &error) == TENON_OK, "%s", error.message);
    ck_assert_int_eq (tenon_metadata_get (file, 0, &entry), TENON_OK);
    const struct tenon_value *value = &entry.value;
    for (unsigned i = 1; i < depth; i++) {
        ck_assert_uint_eq (value->type, TENON_ARRAY);
        ck_assert_uint_eq (value->item_type, TENON_ARRAY);
        ck_assert_uint_eq (value->count, 1);
        value = value->as.items;
    }
    ck_assert_uint_eq (value->item_type, TENON_U8);
    ck_assert_uint_eq (value->count, 2);
    tenon_close (file);
    unlink (target);
}

static void *
arrays (void *user)
{
    static struct bytes bytes;
    unsigned depth = *(unsigned *) user;
    open_context ();
    bytes.size = 0;
    put_gguf (&bytes, depth);
    tenon_file *file = open_bytes (&bytes, "a.gguf");
    ck_assert_msg (!file == (depth > 100), "%u: %s", depth, error.message);
    if (!file)
        ck_assert_msg (strstr (error.message, "depth in [limits]") != NULL, "%s", error.message);
    else {
        read_file (file);
        ck_assert_msg (save_as (file, "gguf") == TENON_OK, "%s", error.message);
        expect_depth (depth);
        /* as JSON arrays nest 30 deep around the innermost one: <tenon/json_value.h> */
        tenon_status status = save_as (file, "safetensors");
        ck_assert_msg (status == (depth > 31 ? TENON_E_LIMIT : TENON_OK), "%u: %s", depth, error.message);
        if (status == TENON_OK)
            expect_depth (depth);
    }
    tenon_close (file);
    close_context ();
    return NULL;
}

START_TEST (arrays_in_arrays)
{
    static unsigned depths[] = { 1, 2, 30, 31, 32, 64, 99, 100, 101, 1000, 5000 };
    on_small_stack (arrays, &depths[_i]);
}
END_TEST

/* ---- types in types, objects in objects ---- */

static void *
types (void *user)
{
    static struct bytes bytes, descr;
    unsigned depth = *(unsigned *) user;
    open_context ();
    bytes.size = descr.size = 0;
    put_text (&descr, "{'descr': ");
    for (unsigned i = 0; i < depth; i++)
        put_text (&descr, i % 2 ? "[('b', '<f4'), ('a', " : "[('a', ");
    put_text (&descr, "'<f4'");
    for (unsigned i = 0; i < depth; i++)
        put_text (&descr, ")]");
    put_text (&descr, ", 'fortran_order': False, 'shape': (0,), }\n");
    put (&bytes, "\x93NUMPY\x02\x00", 8);
    put_number (&bytes, descr.size, 4);
    put (&bytes, descr.data, descr.size);
    tenon_file *file = open_bytes (&bytes, "a.npy");
    ck_assert_msg (!file == (depth > 100), "%u: %s", depth, error.message);
    if (file) {
        read_file (file);
        ck_assert_msg (save_as (file, "npy") == TENON_OK, "%s", error.message);
        unlink (target);
    }
    tenon_close (file);
    close_context ();
    return NULL;
}

START_TEST (types_in_types)
{
    static unsigned depths[] = { 1, 2, 50, 99, 100, 101, 1000, 4000 };
    on_small_stack (types, &depths[_i]);
}
END_TEST

/* A header that is too deep for JSON is malformed. */
static void *
objects (void *user)
{
    static struct bytes bytes;
    unsigned depth = *(unsigned *) user;
    tenon_open_options options = { .struct_size = sizeof options, .name = "a.safetensors" };
    tenon_file *file;
    const char *begin = depth % 2 ? "[" : "{\"a\":";
    open_context ();
    bytes.size = 0;
    put_number (&bytes, strlen ("{\"__metadata__\":}") + depth * strlen (begin), 8);
    put_text (&bytes, "{\"__metadata__\":");
    for (unsigned i = 0; i < depth; i++)
        put_text (&bytes, begin);
    put_text (&bytes, "}");
    ck_assert_int_lt (tenon_open_memory (context, bytes.data, bytes.size, &options, &file, &error), 0);
    ck_assert (error.message[0]);
    close_context ();
    return NULL;
}

START_TEST (objects_in_objects)
{
    static unsigned depths[] = { 10, 63, 64, 65, 1001, 10000 };
    on_small_stack (objects, &depths[_i]);
}
END_TEST

/* A user who follows the advice of a message gets so far, and no further. */
START_TEST (depth_has_an_end)
{
    static const char *const settings[] = { "limits.depth=60000", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_E_CONFIG);
    ck_assert_msg (strstr (error.message, "from 1 to 100") != NULL, "%s", error.message);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("stack");
    TCase *tests = tcase_create ("stack");
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, archives_in_archives, 0, 18);
    tcase_add_loop_test (tests, arrays_in_arrays, 0, 11);
    tcase_add_loop_test (tests, types_in_types, 0, 8);
    tcase_add_loop_test (tests, objects_in_objects, 0, 6);
    tcase_add_test (tests, depth_has_an_end);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
