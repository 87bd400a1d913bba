/* SPDX-License-Identifier: MIT */
/* test_misuse.c - what an application does wrong: NULL for an argument that is needed, callbacks whose
 * results do not exist, requests and arrays that do not fit. All of it is TENON_E_MISUSE, with names. */
#include "kit.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static tenon_file *file;
static tenon_plan *plan;
static tenon_error *const e = &kit_error;

static void
begin (void)
{
    static const char words[] = "\1\0\0\0a\2\0\0\0bc";
    struct tenon_value value;
    kit_plugins ("toyraw", NULL);
    plan = kit_plan ();
    memset (&value, 0, sizeof value);
    value.type = TENON_ARRAY;
    value.item_type = TENON_STRING;
    value.count = 2;
    value.encoding = TENON_STRINGS_32;
    value.source = TENON_NO_SOURCE;
    value.as.memory = words;
    value.length = sizeof words - 1;
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "words", &value, e), TENON_OK);
    ck_assert_int_eq (kit_write (plan, "f.toyraw", "toyraw", NULL, NULL), TENON_OK);
    file = kit_open ("f.toyraw", NULL, NULL);
}

static void
finish (void)
{
    tenon_plan_free (plan);
    tenon_close (file);
}

/* ---- NULL ---- */

/* The call fails with MISUSE, and the message names the function and the argument. */
#define NULL_FAILS(call, function, argument)                                                                 \
    do {                                                                                                     \
        kit_error = (tenon_error) TENON_ERROR_INIT;                                                          \
        kit_failed (call, TENON_E_MISUSE, #function ": the argument '" argument "' is NULL");                \
    } while (0)
/* The call has no error to fill. */
#define NULL_REFUSED(call) ck_assert_int_eq (call, TENON_E_MISUSE)

START_TEST (test_null_context)
{
    tenon_file *got = (tenon_file *) e;
    tenon_plan *new_plan = NULL;
    tenon_report *report = NULL;
    tenon_lock *lock = NULL;
    tenon_reader reader;
    KIT_INIT (reader);
    begin ();
    NULL_FAILS (tenon_context_new (NULL, NULL, e), tenon_context_new, "context");
    NULL_FAILS (tenon_open (NULL, "x", NULL, &got, e), tenon_open, "context");
    ck_assert_ptr_null (got);
    NULL_FAILS (tenon_open (kit, NULL, NULL, &got, e), tenon_open, "path");
    NULL_FAILS (tenon_open (kit, "x", NULL, NULL, e), tenon_open, "file");
    NULL_FAILS (tenon_open_memory (NULL, "x", 1, NULL, &got, e), tenon_open_memory, "context");
    NULL_FAILS (tenon_open_memory (kit, NULL, 1, NULL, &got, e), tenon_open_memory, "data");
    NULL_FAILS (tenon_open_memory (kit, "x", 1, NULL, NULL, e), tenon_open_memory, "file");
    NULL_FAILS (tenon_open_fd (NULL, 0, NULL, &got, e), tenon_open_fd, "context");
    NULL_FAILS (tenon_open_fd (kit, 0, NULL, NULL, e), tenon_open_fd, "file");
    NULL_FAILS (tenon_open_reader (NULL, &reader, NULL, &got, e), tenon_open_reader, "context");
    NULL_FAILS (tenon_open_reader (kit, NULL, NULL, &got, e), tenon_open_reader, "reader");
    NULL_FAILS (tenon_open_reader (kit, &reader, NULL, NULL, e), tenon_open_reader, "file");
    NULL_FAILS (tenon_why (NULL, "x", NULL, &report, e), tenon_why, "context");
    NULL_FAILS (tenon_why (kit, NULL, NULL, &report, e), tenon_why, "path");
    NULL_FAILS (tenon_why (kit, "x", NULL, NULL, e), tenon_why, "report");
    NULL_FAILS (tenon_plan_new (NULL, &new_plan, e), tenon_plan_new, "context");
    NULL_FAILS (tenon_plan_new (kit, NULL, e), tenon_plan_new, "plan");
    NULL_FAILS (tenon_lock_take (NULL, "x", TENON_LOCK_WAIT, NULL, &lock, e), tenon_lock_take, "context");
    NULL_FAILS (tenon_lock_take (kit, NULL, TENON_LOCK_WAIT, NULL, &lock, e), tenon_lock_take, "path");
    NULL_FAILS (tenon_lock_take (kit, "x", TENON_LOCK_WAIT, NULL, NULL, e), tenon_lock_take, "lock");
    NULL_FAILS (tenon_convert (NULL, "a", "b", NULL, NULL, &report, NULL, e), tenon_convert, "context");
    NULL_FAILS (tenon_convert (kit, NULL, "b", NULL, NULL, &report, NULL, e), tenon_convert, "source");
    NULL_FAILS (tenon_convert (kit, "a", NULL, NULL, NULL, &report, NULL, e), tenon_convert, "target");
    ck_assert_ptr_null (report);
    finish ();
}
END_TEST

START_TEST (test_null_lists)
{
    tenon_config_entry entry;
    tenon_codec_info codec;
    tenon_filter_info filter;
    struct tenon_option option;
    struct tenon_dtype dtype;
    begin ();
    KIT_INIT (entry), KIT_INIT (codec), KIT_INIT (filter), KIT_INIT (option), KIT_INIT (dtype);
    ck_assert_ptr_null (tenon_context_report (NULL));
    ck_assert_uint_eq (tenon_config_count (NULL), 0);
    NULL_REFUSED (tenon_config_get (NULL, 0, &entry));
    NULL_REFUSED (tenon_config_get (kit, 0, NULL));
    ck_assert_uint_eq (tenon_limit (NULL, TENON_LIMIT_DEPTH), 0);
    ck_assert_uint_eq (tenon_codec_count (NULL), 0);
    NULL_REFUSED (tenon_codec_get (NULL, 0, &codec));
    NULL_REFUSED (tenon_codec_get (kit, 0, NULL));
    NULL_REFUSED (tenon_codec_option (NULL, 0, 0, &option, NULL));
    NULL_REFUSED (tenon_codec_option (kit, 0, 0, NULL, NULL));
    ck_assert_uint_eq (tenon_filter_count (NULL), 0);
    NULL_REFUSED (tenon_filter_get (NULL, 0, &filter));
    NULL_REFUSED (tenon_filter_get (kit, 0, NULL));
    ck_assert_uint_eq (tenon_dtype_find (NULL, "f32"), TENON_NONE);
    ck_assert_uint_eq (tenon_dtype_find (kit, NULL), TENON_NONE);
    NULL_REFUSED (tenon_dtype_get (NULL, NULL, TENON_F32, &dtype));
    NULL_REFUSED (tenon_dtype_get (kit, NULL, TENON_F32, NULL));
    ck_assert_uint_eq (tenon_dtype_next (NULL, TENON_NONE), TENON_NONE);
    ck_assert_int_eq (tenon_dtype_castable (NULL, TENON_F32, TENON_F16), 0);
    ck_assert_uint_eq (tenon_report_count (NULL), 0);
    ck_assert_int_lt (tenon_report_get (NULL, 0, &(tenon_report_entry){ .struct_size = 8 }), 0);
    ck_assert_int_eq (tenon_report_get (tenon_context_report (kit), 0, NULL), TENON_E_MISUSE);
    tenon_context_free (NULL);
    tenon_close (NULL);
    tenon_plan_free (NULL);
    tenon_report_free (NULL);
    tenon_memory_free (NULL);
    tenon_lock_release (NULL);
    finish ();
}
END_TEST

START_TEST (test_null_file)
{
    tenon_file_info info;
    tenon_tensor_info tensor;
    tenon_metadata_info metadata;
    tenon_packed_info packed;
    uint64_t index = 0;
    begin ();
    KIT_INIT (info), KIT_INIT (tensor), KIT_INIT (metadata), KIT_INIT (packed);
    NULL_REFUSED (tenon_file_get (NULL, &info));
    NULL_REFUSED (tenon_file_get (file, NULL));
    NULL_REFUSED (tenon_packed_get (NULL, 0, &packed));
    NULL_REFUSED (tenon_packed_get (file, 0, NULL));
    ck_assert_ptr_null (tenon_file_report (NULL));
    ck_assert_uint_eq (tenon_count (NULL), 0);
    NULL_REFUSED (tenon_get (NULL, 0, &tensor));
    NULL_REFUSED (tenon_get (file, 0, NULL));
    NULL_REFUSED (tenon_find (NULL, "x", &index));
    NULL_REFUSED (tenon_find (file, NULL, &index));
    NULL_REFUSED (tenon_find (file, "x", NULL));
    ck_assert_uint_eq (tenon_metadata_count (NULL), 0);
    NULL_REFUSED (tenon_metadata_get (NULL, 0, &metadata));
    NULL_REFUSED (tenon_metadata_get (file, 0, NULL));
    NULL_REFUSED (tenon_metadata_find (NULL, "words", &index));
    NULL_REFUSED (tenon_metadata_find (file, NULL, &index));
    NULL_REFUSED (tenon_metadata_find (file, "words", NULL));
    finish ();
}
END_TEST

START_TEST (test_null_values)
{
    struct tenon_value items[2];
    tenon_memory *memory = NULL;
    const void *data = NULL;
    uint64_t size = 0;
    begin ();
    struct tenon_value words = kit_value (file, "words");
    NULL_FAILS (tenon_value_items (NULL, &words, 0, 1, items, &memory, e), tenon_value_items, "file");
    NULL_FAILS (tenon_value_items (file, NULL, 0, 1, items, &memory, e), tenon_value_items, "array");
    NULL_FAILS (tenon_value_items (file, &words, 0, 1, NULL, &memory, e), tenon_value_items, "items");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_value_items (file, &words, 0, 1, items, NULL, e), TENON_E_MISUSE, "tenon_memory");
    NULL_FAILS (tenon_value_take (NULL, &words, 1, items, &memory, e), tenon_value_take, "file");
    NULL_FAILS (tenon_value_take (file, NULL, 1, items, &memory, e), tenon_value_take, "array");
    NULL_FAILS (tenon_value_take (file, &words, 1, NULL, &memory, e), tenon_value_take, "items");
    NULL_FAILS (tenon_value_map (NULL, &words, &data, &size, e), tenon_value_map, "file");
    NULL_FAILS (tenon_value_map (file, NULL, &data, &size, e), tenon_value_map, "array");
    NULL_FAILS (tenon_value_map (file, &words, NULL, &size, e), tenon_value_map, "data");
    NULL_FAILS (tenon_value_map (file, &words, &data, NULL, e), tenon_value_map, "size");
    finish ();
}
END_TEST

static int
take_bytes (void *user, const void *data, uint64_t size)
{
    (void) user, (void) data, (void) size;
    return 0;
}

START_TEST (test_null_data)
{
    tenon_report *report = NULL;
    tenon_memory *memory = NULL;
    const void *data = NULL;
    uint64_t size = 0;
    tenon_request request;
    KIT_INIT (request);
    begin ();
    NULL_FAILS (tenon_map (NULL, 0, &data, &size, e), tenon_map, "file");
    NULL_FAILS (tenon_map (file, 0, NULL, &size, e), tenon_map, "data");
    NULL_FAILS (tenon_map (file, 0, &data, NULL, e), tenon_map, "size");
    NULL_FAILS (tenon_request_size (NULL, &request, &size, e), tenon_request_size, "file");
    NULL_FAILS (tenon_request_size (file, NULL, &size, e), tenon_request_size, "request");
    NULL_FAILS (tenon_request_size (file, &request, NULL, e), tenon_request_size, "size");
    NULL_FAILS (tenon_read (NULL, &request, 1, NULL, e), tenon_read, "file");
    NULL_FAILS (tenon_read (file, NULL, 1, NULL, e), tenon_read, "requests");
    NULL_FAILS (tenon_load (NULL, &request, 1, &memory, NULL, e), tenon_load, "file");
    NULL_FAILS (tenon_load (file, NULL, 1, &memory, NULL, e), tenon_load, "requests");
    NULL_FAILS (tenon_verify (NULL, &report, NULL, e), tenon_verify, "file");
    NULL_FAILS (tenon_stream (NULL, &request, take_bytes, NULL, NULL, e), tenon_stream, "file");
    NULL_FAILS (tenon_stream (file, NULL, take_bytes, NULL, NULL, e), tenon_stream, "request");
    NULL_FAILS (tenon_stream (file, &request, NULL, NULL, NULL, e), tenon_stream, "sink");
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, NULL), TENON_OK); /* both may be NULL */
    ck_assert_int_eq (tenon_read (file, NULL, 0, NULL, NULL), TENON_OK);
    finish ();
}
END_TEST

START_TEST (test_null_plan)
{
    tenon_report *report = NULL;
    tenon_save_options options;
    tenon_array array;
    struct tenon_value value;
    tenon_item_text item = { .struct_size = sizeof item };
    KIT_INIT (options), KIT_INIT (array);
    memset (&value, 0, sizeof value);
    begin ();
    NULL_FAILS (tenon_plan_add (NULL, &array, e), tenon_plan_add, "plan");
    NULL_FAILS (tenon_plan_add (plan, NULL, e), tenon_plan_add, "array");
    NULL_FAILS (tenon_plan_add_from (NULL, file, 0, NULL, 0, e), tenon_plan_add_from, "plan");
    NULL_FAILS (tenon_plan_add_from (plan, NULL, 0, NULL, 0, e), tenon_plan_add_from, "file");
    NULL_FAILS (tenon_plan_add_file (NULL, file, e), tenon_plan_add_file, "plan");
    NULL_FAILS (tenon_plan_add_file (plan, NULL, e), tenon_plan_add_file, "file");
    NULL_FAILS (tenon_plan_add_losses (NULL, file, e), tenon_plan_add_losses, "plan");
    NULL_FAILS (tenon_plan_add_losses (plan, NULL, e), tenon_plan_add_losses, "file");
    NULL_FAILS (tenon_plan_add_metadata_from (NULL, file, e), tenon_plan_add_metadata_from, "plan");
    NULL_FAILS (tenon_plan_add_metadata_from (plan, NULL, e), tenon_plan_add_metadata_from, "file");
    NULL_FAILS (tenon_plan_add_metadata (NULL, "k", &value, e), tenon_plan_add_metadata, "plan");
    NULL_FAILS (tenon_plan_add_metadata (plan, NULL, &value, e), tenon_plan_add_metadata, "key");
    NULL_FAILS (tenon_plan_add_metadata (plan, "k", NULL, e), tenon_plan_add_metadata, "value");
    NULL_FAILS (tenon_plan_set_metadata_text (NULL, "k", NULL, "v", 1, e), tenon_plan_set_metadata_text,
                "plan");
    NULL_FAILS (tenon_plan_set_metadata_text (plan, NULL, NULL, "v", 1, e), tenon_plan_set_metadata_text,
                "key");
    NULL_FAILS (tenon_plan_set_metadata_text (plan, "k", NULL, NULL, 1, e), tenon_plan_set_metadata_text,
                "text");
    ck_assert_int_eq (tenon_plan_set_metadata (NULL, "k", NULL, "v", e), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_set_metadata (plan, NULL, NULL, "v", e), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_set_metadata (plan, "k", NULL, NULL, e), TENON_E_MISUSE);
    NULL_FAILS (tenon_plan_set_metadata_items (NULL, "k", &item, 1, e), tenon_plan_set_metadata_items,
                "plan");
    NULL_FAILS (tenon_plan_set_metadata_items (plan, NULL, &item, 1, e), tenon_plan_set_metadata_items,
                "key");
    NULL_FAILS (tenon_plan_set_metadata_items (plan, "k", NULL, 1, e), tenon_plan_set_metadata_items,
                "items");
    NULL_FAILS (tenon_plan_remove_metadata (NULL, "k", e), tenon_plan_remove_metadata, "plan");
    NULL_FAILS (tenon_plan_remove_metadata (plan, NULL, e), tenon_plan_remove_metadata, "key");
    NULL_FAILS (tenon_save (NULL, "x", &options, &report, NULL, e), tenon_save, "plan");
    ck_assert_ptr_null (report);
    NULL_FAILS (tenon_save (plan, NULL, &options, NULL, NULL, e), tenon_save, "path");
    NULL_FAILS (tenon_save_fd (NULL, 1, &options, &report, NULL, e), tenon_save_fd, "plan");
    ck_assert_int_lt (tenon_save_fd (plan, 1, NULL, NULL, NULL, e), 0); /* without a format */
    finish ();
}
END_TEST

/* ---- callbacks ---- */

static tenon_status
give_result (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) offset;
    memset (to, 0, length);
    return *(tenon_status *) user;
}

/* A result that is neither 0 nor a failure is no success. */
START_TEST (test_callbacks)
{
    tenon_status result = 1;
    tenon_reader reader;
    tenon_file *got = NULL;
    tenon_array array;
    KIT_INIT (reader), KIT_INIT (array);
    begin ();
    reader.size = 100;
    reader.read_at = give_result;
    reader.user = &result;
    kit_failed (tenon_open_reader (kit, &reader, NULL, &got, e), TENON_E_MISUSE,
                "the program's own reader returned 1");
    ck_assert_ptr_null (got);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    array.name = "made";
    array.dtype = TENON_U8;
    array.rank = 1;
    array.shape = KIT_SHAPE (100);
    array.fill = give_result;
    array.user = &result;
    tenon_plan *filled = kit_plan ();
    ck_assert_int_eq (tenon_plan_add (filled, &array, e), TENON_OK);
    kit_failed (kit_write (filled, "g.toyraw", "toyraw", NULL, NULL), TENON_E_MISUSE,
                "tensor 'made': the program's own function returned 1");
    ck_assert (!kit_exists ("g.toyraw"));
    kit_error = (tenon_error) TENON_ERROR_INIT;
    result = TENON_OK;
    ck_assert_int_eq (kit_write (filled, "g.toyraw", "toyraw", NULL, NULL), TENON_OK);
    tenon_plan_free (filled);
    finish ();
}
END_TEST

/* ---- the tensor's name ---- */

static void
array_fails (tenon_array *array, const char *words)
{
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_add (plan, array, e), TENON_E_MISUSE, words);
    ck_assert_str_eq (kit_error.tensor, array->name ? array->name : "arr_0");
}

START_TEST (test_names)
{
    uint8_t bytes[4] = { 0 };
    uint64_t size;
    tenon_array array;
    tenon_request request;
    KIT_INIT (array), KIT_INIT (request);
    begin ();
    array.name = "y";
    array.dtype = 63;
    array_fails (&array, "tensor 'y': there is no dtype 63");
    array.dtype = TENON_U8;
    array.rank = 1;
    array_fails (&array, "tensor 'y': ");
    array.shape = KIT_SHAPE (4);
    array_fails (&array, "tensor 'y': a tenon_array needs data or fill");
    array.name = NULL;
    array_fails (&array, "tensor 'arr_0': a tenon_array needs data or fill");
    array.data = bytes;
    array.size = 3;
    array_fails (&array, "tensor 'arr_0': its shape and dtype need 4 bytes, 3 were given");
    array.rank = 65;
    array_fails (&array, "tensor 'arr_0': it has 65 dims");
    request.data = bytes;
    request.size = 3;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_read (file, &request, 1, NULL, e), TENON_E_MISUSE,
                "tensor 'x': 4 bytes are needed, there is room for 3");
    request.size = 4;
    request.flags = 0x20000;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_read (file, &request, 1, NULL, e), TENON_E_MISUSE, "tensor 'x': request flags 0x20000");
    request.flags = 0;
    request.rank = 2;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_request_size (file, &request, &size, e), TENON_E_MISUSE, "tensor 'x': ");
    request.rank = 1;
    request.start = KIT_SHAPE (5);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_request_size (file, &request, &size, e), TENON_E_MISUSE, "tensor 'x': ");
    finish ();
}
END_TEST

/* ---- files that do not exist ---- */

START_TEST (test_missing)
{
    begin ();
    kit_open_fails ("nosuch", NULL, NULL, TENON_E_NOT_FOUND, "nosuch: cannot be opened: ");
    ck_assert_int_eq (kit_error.system, ENOENT);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_open_fails ("f.toyraw/x", NULL, NULL, TENON_E_NOT_FOUND, "cannot be opened: ");
    ck_assert_int_eq (kit_error.system, ENOTDIR);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (kit_write (plan, "no/such/f.toyraw", "toyraw", NULL, NULL), TENON_E_NOT_FOUND,
                "f.toyraw: its folder '…no/such' cannot be opened: ");
    ck_assert_int_eq (kit_error.system, ENOENT);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (mkdir (kit_path ("closed"), 0555), 0);
    if (access (kit_path ("closed"), W_OK) < 0) { /* root may write all */
        kit_failed (kit_write (plan, "closed/f.toyraw", "toyraw", NULL, NULL), TENON_E_IO,
                    "in its folder '…closed'");
        ck_assert_int_eq (kit_error.system, EACCES);
        kit_said (kit_error.advice, "its folder must be writable");
    }
    finish ();
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "null");
    tcase_add_test (tests, test_null_context);
    tcase_add_test (tests, test_null_lists);
    tcase_add_test (tests, test_null_file);
    tcase_add_test (tests, test_null_values);
    tcase_add_test (tests, test_null_data);
    tcase_add_test (tests, test_null_plan);
    tests = kit_case (suite, "callbacks and names");
    tcase_add_test (tests, test_callbacks);
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_missing);
}

int
main (void)
{
    return kit_main ("misuse", fill_suite);
}
