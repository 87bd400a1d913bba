/* SPDX-License-Identifier: MIT */
/* kit.c - see kit.h. */
#define _GNU_SOURCE
#include "kit.h"
#include <stdio.h>

tenon_context *context;
tenon_error error;
static uint8_t *copy; /* of the file that is open */

void
settings (const char *words)
{
    static char text[500];
    static const char *list[20];
    unsigned count = 0;
    snprintf (text, sizeof text, "%s", words);
    for (char *word = strtok (text, " "); word; word = strtok (NULL, " "))
        list[count++] = word;
    list[count] = NULL;
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = list };
    tenon_context_free (context);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_msg (tenon_context_new (&context, &options, &error) == TENON_OK, "%s", error.message);
}

void
setup (void)
{
    settings ("");
}

void
teardown (void)
{
    tenon_context_free (context);
    context = NULL;
}

/* ---- files ---- */

void
put (struct bytes *to, const void *data, size_t size)
{
    if (to->size + size >= to->room) {
        to->room = 2 * (to->size + size) + 64;
        to->data = realloc (to->data, to->room);
        ck_assert_ptr_nonnull (to->data);
    }
    if (size > 0)
        memcpy (to->data + to->size, data, size);
    to->size += size;
}

void
put_number (struct bytes *to, uint64_t number, unsigned width)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < width; i++)
        bytes[i] = (uint8_t) (number >> 8 * i);
    put (to, bytes, width);
}

struct bytes
file_around (const void *pickle, size_t size)
{
    static const char before[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                                 "\x80\x02M\xe9\x03."
                                 "\x80\x02}.";
    static const char keys[] = "\x80\x02]X\x01\0\0\0"
                               "0"
                               "a.";
    static const uint32_t numbers[] = { 0x3f800000, 0x40000000, 0x40400000, 0x40800000 };
    static const char no_keys[] = "\x80\x02].";
    struct bytes file = { .size = 0 };
    put (&file, before, sizeof before - 1);
    put (&file, pickle, size);
    if (!memmem (pickle, size, "FloatStorage", 12)) {
        put (&file, no_keys, sizeof no_keys - 1);
        return file;
    }
    put (&file, keys, sizeof keys - 1);
    put_number (&file, 4, 8);
    for (unsigned i = 0; i < 4; i++)
        put_number (&file, numbers[i], 4);
    return file;
}

tenon_file *
open_bytes (const struct bytes *bytes, const char *name)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = name };
    tenon_file *file = NULL;
    error = (tenon_error) TENON_ERROR_INIT;
    free (copy);
    copy = malloc (bytes->size + 1); /* of no more than its size, so that reading beyond its end is found */
    ck_assert_ptr_nonnull (copy);
    if (bytes->size > 0)
        memcpy (copy, bytes->data, bytes->size);
    tenon_status status = tenon_open_memory (context, copy, bytes->size, &options, &file, &error);
    ck_assert ((status == TENON_OK) == (file != NULL));
    if (!file)
        close_file (NULL);
    return file;
}

void
close_file (tenon_file *file)
{
    tenon_close (file);
    free (copy);
    copy = NULL;
}

/* ---- what a file holds ---- */

int
noted (const tenon_file *file, const char *words)
{
    const tenon_report *report = tenon_file_report (file);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        if ((entry.kind == TENON_NOTE || entry.kind == TENON_LOSS) && strstr (entry.message, words))
            return 1;
    }
    return 0;
}

void
has_tensor (tenon_file *file, const char *name)
{
    static const float expected[] = { 1, 2, 3, 4 };
    float found[4] = { 0 };
    uint64_t index;
    ck_assert_msg (tenon_find (file, name, &index) == TENON_OK, "there is no '%s'", name);
    tenon_tensor_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_msg (info.unreadable == TENON_OK, "'%s': %s", name, info.why);
    ck_assert_uint_eq (info.dtype, TENON_F32);
    ck_assert_uint_eq (info.rank, 1);
    ck_assert_uint_eq (info.shape[0], 4);
    tenon_request request = {
        .struct_size = sizeof request, .index = index, .data = found, .size = sizeof found
    };
    ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s", error.message);
    ck_assert (memcmp (found, expected, sizeof found) == 0);
}

void
spoiled (tenon_file *file, const char *name, tenon_status status, const char *words)
{
    uint64_t index;
    ck_assert_msg (tenon_find (file, name, &index) == TENON_OK, "there is no '%s'", name);
    tenon_tensor_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_int_eq (info.unreadable, status);
    ck_assert_msg (info.why && strstr (info.why, words), "'%s', expected '%s'", info.why, words);
}

static size_t
list_value (const tenon_file *file, const struct tenon_value *value, char *to, size_t room)
{
    size_t length;
    switch (value->type) {
    case TENON_NONE: return (size_t) snprintf (to, room, "null");
    case TENON_BOOL: return (size_t) snprintf (to, room, value->as.u ? "true" : "false");
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: return (size_t) snprintf (to, room, "%lld", (long long) value->as.i);
    case TENON_F64:
    case TENON_F32: return (size_t) snprintf (to, room, "%g", value->as.f);
    case TENON_STRING: return (size_t) snprintf (to, room, "'%.*s'", (int) value->count, value->as.string);
    case TENON_ARRAY: break;
    default: return (size_t) snprintf (to, room, "%lluu", (unsigned long long) value->as.u);
    }
    length = (size_t) snprintf (to, room, "[");
    for (uint64_t i = 0; i < value->count; i++) {
        struct tenon_value item;
        tenon_memory *memory = NULL;
        ck_assert_int_eq (tenon_value_items (file, value, i, 1, &item, &memory, &error), TENON_OK);
        length += (size_t) snprintf (to + length, room - length, i ? "," : "");
        length += list_value (file, &item, to + length, room - length);
        tenon_memory_free (memory);
    }
    return length + (size_t) snprintf (to + length, room - length, "]");
}

const char *
listed (const tenon_file *file)
{
    static char text[4000];
    size_t length = 0;
    text[0] = 0;
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++) {
        tenon_metadata_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_metadata_get (file, i, &info), TENON_OK);
        if (strcmp (info.key, "tenon.pt") == 0) /* the outline, which test_outline looks at */
            continue;
        length += (size_t) snprintf (text + length, sizeof text - length, "%s%s=", i ? " " : "", info.key);
        length += list_value (file, &info.value, text + length, sizeof text - length);
    }
    return text;
}

tenon_file *
open_value (const char *value, size_t size)
{
    static const char before[] = P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x"), after[] = TEXT1 ("z") TENSOR "u.";
    struct bytes pickle = { .size = 0 };
    put (&pickle, before, sizeof before - 1);
    put (&pickle, value, size);
    put (&pickle, after, sizeof after - 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m.pt");
    ck_assert_msg (file != NULL, "%s", error.message);
    has_tensor (file, "w");
    has_tensor (file, "z");
    free (pickle.data);
    free (bytes.data);
    return file;
}

int
run_suite (const char *name, void (*add_tests) (TCase *cases))
{
    Suite *suite = suite_create (name);
    TCase *cases = tcase_create (name);
    tcase_add_checked_fixture (cases, setup, teardown);
    add_tests (cases);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
