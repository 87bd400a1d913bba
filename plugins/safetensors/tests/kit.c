/* SPDX-License-Identifier: MIT */
/* kit.c - see kit.h. */
#include "kit.h"
#include <unistd.h>

tenon_context *context;
tenon_error error;
char path[64];
static uint8_t *copy; /* of the file that is open */

void
set (const char *setting)
{
    const char *const list[] = { setting, NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = setting ? list : NULL };
    tenon_context_free (context);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
}

void
setup (void)
{
    set (NULL);
    snprintf (path, sizeof path, "/tmp/tenon-metadata-%ld.safetensors", (long) getpid ());
}

void
teardown (void)
{
    unlink (path);
    tenon_context_free (context);
    context = NULL;
}

/* ---- files ---- */

tenon_file *
open_header (const char *header, size_t length)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = "m.safetensors" };
    tenon_file *file = NULL;
    error = (tenon_error) TENON_ERROR_INIT;
    copy = malloc (8 + length); /* of exactly this size, so that reading beyond its end is found */
    ck_assert_ptr_nonnull (copy);
    for (unsigned i = 0; i < 8; i++)
        copy[i] = (uint8_t) (length >> 8 * i);
    memcpy (copy + 8, header, length);
    tenon_status status = tenon_open_memory (context, copy, 8 + length, &options, &file, &error);
    ck_assert ((status == TENON_OK) == (file != NULL));
    if (!file)
        close_file (NULL);
    return file;
}

tenon_file *
open_metadata (const char *inside)
{
    size_t room = strlen (inside) + 40;
    char *header = malloc (room);
    ck_assert_ptr_nonnull (header);
    int length = snprintf (header, room, "{\"__metadata__\":{%s}}", inside);
    tenon_file *file = open_header (header, (size_t) length);
    free (header);
    return file;
}

tenon_file *
open_path (void)
{
    tenon_file *file;
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_msg (tenon_open (context, path, NULL, &file, &error) == TENON_OK, "%s", error.message);
    return file;
}

void
close_file (tenon_file *file)
{
    tenon_close (file);
    free (copy);
    copy = NULL;
}

int
noted (const tenon_file *file, const char *words)
{
    const tenon_report *report = tenon_file_report (file);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        if (entry.kind == TENON_NOTE && (!words || strstr (entry.message, words)))
            return 1;
    }
    return 0;
}

char *
quoted (char *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to = 0;
    return to;
}

/* ---- values ---- */

const char *
key_at (const tenon_file *file, uint64_t index)
{
    tenon_metadata_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_metadata_get (file, index, &info), TENON_OK);
    return info.key;
}

/* ---- plans ---- */

tenon_plan *
plan_begin (void)
{
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (context, &plan, &error), TENON_OK);
    return plan;
}

void
add (tenon_plan *plan, const char *key, struct tenon_value value)
{
    ck_assert_msg (tenon_plan_add_metadata (plan, key, &value, &error) == TENON_OK, "%s: %s", key,
                   error.message);
}

void
add_tensor (tenon_plan *plan, const char *name)
{
    static const uint64_t shape[] = { 4 };
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_U8,
                          .name = name,
                          .shape = shape,
                          .rank = 1,
                          .data = "\1\2\3\4",
                          .size = 4 };
    ck_assert_int_eq (tenon_plan_add (plan, &array, &error), TENON_OK);
}

tenon_status
save_with (tenon_plan *plan, uint32_t flags, const char *setting)
{
    const char *const list[] = { setting, NULL };
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = flags,
                                   .settings = setting ? list : NULL };
    error = (tenon_error) TENON_ERROR_INIT;
    return tenon_save (plan, path, &options, NULL, NULL, &error);
}

tenon_file *
saved (tenon_plan *plan)
{
    /* nothing is lost */
    ck_assert_msg (save_with (plan, TENON_SAVE_STRICT, NULL) == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    return open_path ();
}

void
writes (tenon_plan *plan, const char *header)
{
    char found[4096] = "";
    ck_assert_msg (save_with (plan, TENON_SAVE_STRICT, NULL) == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    FILE *file = fopen (path, "rb");
    ck_assert_ptr_nonnull (file);
    size_t length = fread (found, 1, sizeof found - 1, file);
    fclose (file);
    size_t padded = 8 + (strlen (header) + 7) / 8 * 8;
    ck_assert_msg (strncmp (found + 8, header, strlen (header)) == 0, "%s\n  in place of\n%s", found + 8,
                   header);
    ck_assert_uint_eq ((uint8_t) found[0] | (size_t) (uint8_t) found[1] << 8, padded - 8);
    ck_assert_uint_ge (length, padded);
    for (size_t i = 8 + strlen (header); i < padded; i++)
        ck_assert_int_eq (found[i], ' ');
}

int
run_suite (Suite *suite)
{
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
