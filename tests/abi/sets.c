/* SPDX-License-Identifier: MIT */
/* sets.c - opens sets of shards. */
#include "sets.h"

void
put_three (void)
{
    kit_shard ("m-00001-of-00003.toyraw", "a", '1', 7);
    kit_shard ("m-00002-of-00003.toyraw", "b", '2', 8);
    kit_shard ("m-00003-of-00003.toyraw", "c", '3', 9);
}

tenon_status
open_with (const char *name, uint32_t flags, tenon_file **file)
{
    static const tenon_error fresh = TENON_ERROR_INIT;
    tenon_open_options options;
    KIT_INIT (options);
    options.flags = flags;
    kit_error = fresh;
    return tenon_open (kit, kit_path (name), &options, file, &kit_error);
}

tenon_file *
open_set (const char *name)
{
    tenon_file *file;
    tenon_status status = open_with (name, TENON_OPEN_SHARDS, &file);
    ck_assert_msg (status == TENON_OK, "%s: %s", name, kit_error.message);
    return file;
}

void
set_fails (const char *name, uint32_t flags, tenon_status expected, const char *words)
{
    tenon_file *file;
    kit_failed (open_with (name, flags, &file), expected, words);
    ck_assert_ptr_null (file);
}

void
is_set (tenon_file *file, const char *name, uint64_t tensors)
{
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.path, kit_path (name));
    ck_assert_uint_eq (info.tensors, tensors);
}

void
lacks (tenon_file *file, const char *path, uint64_t tensors, const char *words)
{
    tenon_report *report;
    is_set (file, path, tensors);
    ck_assert_msg (kit_reported (tenon_file_report (file), TENON_NOTE, words), "%s", words);
    kit_failed (tenon_verify (file, &report, NULL, &kit_error), TENON_E_MALFORMED, words);
    tenon_report_free (report);
    tenon_close (file);
}

void
set_lacks (const char *name, const char *path, uint64_t tensors, const char *words)
{
    lacks (open_set (name), path, tensors, words);
}

void
put_index (const char *file, const char *lines)
{
    struct bytes bytes = { .size = 0 };
    kit_text (&bytes, "TOYSET1\n");
    kit_text (&bytes, lines);
    kit_file (file, &bytes);
}
