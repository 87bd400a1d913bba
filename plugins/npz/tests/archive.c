/* SPDX-License-Identifier: MIT */
/* archive.c - see archive.h. */
#include "archive.h"
#include <stdio.h>
#include <zlib.h>

struct archive archive;
struct member member;
tenon_error error;
static tenon_context *context;
static char words_of_settings[512];
static const char *setting_list[16];

/* ---- bytes ---- */

void
put (struct buffer *buffer, const void *bytes, size_t size)
{
    ck_assert_uint_le (buffer->size + size, ROOM);
    if (size > 0)
        memcpy (buffer->data + buffer->size, bytes, size);
    buffer->size += size;
}

void
put_number (struct buffer *buffer, uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t byte = (uint8_t) (number >> 8 * i);
        put (buffer, &byte, 1);
    }
}

void
put_extra (struct buffer *buffer, unsigned id, const void *bytes, unsigned size)
{
    put_number (buffer, id, 2);
    put_number (buffer, size, 2);
    put (buffer, bytes, size);
}

/* ---- members ---- */

static uint8_t contents[ROOM], packed[ROOM];

struct buffer
npy_of (const char *descr, const char *shape, size_t size)
{
    struct buffer npy = { contents, 0 };
    char text[200];
    int length =
        snprintf (text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    put (&npy, "\x93NUMPY\1\0", 8);
    put_number (&npy, 118, 2);
    put (&npy, text, (size_t) length);
    while (npy.size < 127)
        put (&npy, " ", 1);
    put (&npy, "\n", 1);
    for (size_t i = 1; i <= size; i++)
        put_number (&npy, i, 1);
    return npy;
}

static void
set_heading (struct heading *heading, uint32_t signature, const char *name)
{
    memset (heading, 0, sizeof *heading);
    heading->signature = signature;
    heading->extras.data = heading->extra;
    heading->name = name;
    heading->name_length = (unsigned) strlen (name);
    heading->offset = (uint32_t) archive.file.size;
}

void
member_of (const char *name, const struct buffer *bytes, int deflated)
{
    z_stream z;
    set_heading (&member.local, 0x04034b50, name);
    set_heading (&member.central, 0x02014b50, name);
    member.behind_size = 0;
    member.stored = *bytes;
    if (deflated) {
        memset (&z, 0, sizeof z);
        ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = bytes->data;
        z.avail_in = (uInt) bytes->size;
        z.next_out = packed;
        z.avail_out = sizeof packed;
        ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
        member.stored = (struct buffer){ packed, z.total_out };
        deflateEnd (&z);
    }
    member.local.method = member.central.method = deflated ? 8 : 0;
    member.local.crc = member.central.crc = (uint32_t) crc32 (0, bytes->data, (uInt) bytes->size);
    member.local.size = member.central.size = (uint32_t) bytes->size;
    member.local.stored = member.central.stored = (uint32_t) member.stored.size;
}

void
member_begin (const char *name)
{
    struct buffer npy = npy_of ("|u1", "(4,)", 4);
    member_of (name, &npy, 0);
}

/* From the flags to the extra field's length: both headers have these. */
static void
put_common (struct buffer *to, const struct heading *heading)
{
    put_number (to, heading->flags, 2);
    put_number (to, heading->method, 2);
    put_number (to, 0x00210000, 4);
    put_number (to, heading->crc, 4);
    put_number (to, heading->stored, 4);
    put_number (to, heading->size, 4);
    put_number (to, heading->name_length, 2);
    put_number (to, heading->extras.size, 2);
}

void
member_end (void)
{
    struct buffer *file = &archive.file, *directory = &archive.directory;
    put_number (file, member.local.signature, 4);
    put_number (file, 20, 2);
    put_common (file, &member.local);
    put (file, member.local.name, member.local.name_length);
    put (file, member.local.extra, member.local.extras.size);
    put (file, member.stored.data, member.stored.size);
    put (file, member.behind, member.behind_size);
    put_number (directory, member.central.signature, 4);
    put_number (directory, 0x0314, 2);
    put_number (directory, 20, 2);
    put_common (directory, &member.central);
    put_number (directory, 0, 2);
    put_number (directory, member.central.disk, 2);
    put_number (directory, 0, 6);
    put_number (directory, member.central.offset, 4);
    put (directory, member.central.name, member.central.name_length);
    put (directory, member.central.extra, member.central.extras.size);
    archive.here++;
}

void
wide_extra (struct heading *heading, unsigned numbers, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t all[3] = { a, b, c };
    struct buffer *extras = &heading->extras;
    put_number (extras, 1, 2);
    put_number (extras, 8 * numbers, 2);
    for (unsigned i = 0; i < numbers; i++)
        put_number (extras, all[i], 8);
}

/* ---- archives ---- */

void
archive_begin (void)
{
    struct buffer file = archive.file, directory = archive.directory;
    memset (&archive, 0, sizeof archive);
    archive.file = (struct buffer){ file.data, 0 };
    archive.directory = (struct buffer){ directory.data, 0 };
    archive.count = archive.size = archive.offset = UINT64_MAX;
    archive.wide_count = archive.wide_size = archive.wide_offset = archive.wide_place = UINT64_MAX;
    archive.wide_length = 44;
    archive.wide_disks = 1;
    archive.comment_claims = UINT32_MAX;
}

static uint64_t
claim_or_truth (uint64_t claim, uint64_t truth)
{
    return claim == UINT64_MAX ? truth : claim;
}

static void
put_wide_end (uint64_t offset)
{
    struct buffer *file = &archive.file;
    uint64_t place = file->size;
    put_number (file, 0x06064b50, 4);
    put_number (file, archive.wide_length, 8);
    put_number (file, 0x2d, 2);
    put_number (file, 0x2d, 2);
    put_number (file, 0, 8);
    put_number (file, claim_or_truth (archive.wide_count, archive.here), 8);
    put_number (file, claim_or_truth (archive.wide_count, archive.here), 8);
    put_number (file, claim_or_truth (archive.wide_size, archive.directory.size), 8);
    put_number (file, claim_or_truth (archive.wide_offset, offset), 8);
    put_number (file, 0x07064b50, 4);
    put_number (file, archive.locator_disk, 4);
    put_number (file, claim_or_truth (archive.wide_place, place), 8);
    put_number (file, archive.wide_disks, 4);
}

void
archive_end (void)
{
    struct buffer *file = &archive.file;
    uint64_t offset = file->size;
    put (file, archive.directory.data, archive.directory.size);
    if (archive.wide)
        put_wide_end (offset);
    put_number (file, 0x06054b50, 4);
    put_number (file, archive.disk, 2);
    put_number (file, archive.directory_disk, 2);
    put_number (file, claim_or_truth (archive.count, archive.here), 2);
    put_number (file, claim_or_truth (archive.count, archive.here), 2);
    put_number (file, claim_or_truth (archive.size, archive.directory.size), 4);
    put_number (file, claim_or_truth (archive.offset, offset), 4);
    put_number (file, archive.comment_claims == UINT32_MAX ? archive.comment_length : archive.comment_claims,
                2);
    put (file, archive.comment, archive.comment_length);
}

void
one_member (const char *name)
{
    archive_begin ();
    member_begin (name);
    member_end ();
    archive_end ();
}

void
begin_second (const char *name)
{
    archive_begin ();
    member_begin ("first.npy");
    member_end ();
    member_begin (name);
}

void
end_both (void)
{
    member_end ();
    archive_end ();
}

void
wide_archive (void)
{
    archive_begin ();
    member_begin ("x.npy");
    member_end ();
    archive.wide = 1;
}

/* ---- opening and reading ---- */

void
settings (const char *words)
{
    unsigned count = 0;
    snprintf (words_of_settings, sizeof words_of_settings, "%s", words ? words : "");
    for (char *word = strtok (words_of_settings, " "); word; word = strtok (NULL, " "))
        setting_list[count++] = word;
    setting_list[count] = NULL;
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = setting_list };
    tenon_context_free (context);
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
}

/* The bytes, in memory of exactly their size, so that reading beyond their end is found. */
static uint8_t *copy;

tenon_file *
open_as (const char *name)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = name };
    tenon_file *file = NULL;
    error = (tenon_error) TENON_ERROR_INIT;
    free (copy);
    copy = malloc (archive.file.size + 1);
    ck_assert_ptr_nonnull (copy);
    memcpy (copy, archive.file.data, archive.file.size);
    tenon_status status = tenon_open_memory (context, copy, archive.file.size, &options, &file, &error);
    ck_assert ((status == TENON_OK) == (file != NULL));
    return file;
}

tenon_file *
open_archive (void)
{
    return open_as ("box.npz");
}

void
close_archive (tenon_file *file)
{
    tenon_close (file);
    free (copy);
    copy = NULL;
}

static void
check_failure (tenon_status status, const char *words)
{
    int said = strstr (error.message, words) || strstr (error.file, words) || strstr (error.tensor, words);
    ck_assert_msg (error.status == status && said, "%d '%s' in '%s', tensor '%s'; expected %d '%s'",
                   error.status, error.message, error.file, error.tensor, status, words);
}

void
refused (tenon_status status, const char *words)
{
    tenon_file *file = open_archive ();
    ck_assert_msg (!file, "it opens; expected '%s'", words);
    check_failure (status, words);
    close_archive (file);
}

static tenon_status
read_first (tenon_file *file, uint64_t index, uint8_t bytes[4])
{
    tenon_request request = { .struct_size = sizeof request, .index = index, .data = bytes, .size = 4 };
    return tenon_read (file, &request, 1, NULL, &error);
}

void
accepted (const char *names)
{
    char found[2000] = "";
    uint8_t bytes[4];
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    tenon_file_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    for (uint64_t i = 0; i < info.tensors; i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        ck_assert_int_eq (tenon_get (file, i, &tensor), TENON_OK);
        size_t end = strlen (found);
        snprintf (found + end, sizeof found - end, "%s%s", i ? " " : "", tensor.name);
        ck_assert_msg (read_first (file, i, bytes) == TENON_OK, "%s: %s", tensor.name, error.message);
        ck_assert_msg (memcmp (bytes, "\1\2\3\4", 4) == 0, "%s has other bytes", tensor.name);
    }
    ck_assert_str_eq (found, names);
    close_archive (file);
}

void
spoiled (tenon_status status, const char *words)
{
    uint8_t bytes[4];
    uint64_t found = 0;
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s; expected '%s'", error.file, error.message, words);
    tenon_file_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    for (uint64_t i = 0; i < info.tensors; i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        ck_assert_int_eq (tenon_get (file, i, &tensor), TENON_OK);
        if (tensor.unreadable) {
            ck_assert_msg (strstr (tensor.why, words) || strstr (tensor.name, words), "'%s'; expected '%s'",
                           tensor.why, words);
            ck_assert_int_eq (tensor.unreadable, status);
            ck_assert_int_eq (read_first (file, i, bytes), status);
            found++;
        } else {
            ck_assert_msg (read_first (file, i, bytes) == TENON_OK, "%s: %s", tensor.name, error.message);
            ck_assert (memcmp (bytes, "\1\2\3\4", 4) == 0);
        }
    }
    ck_assert_uint_eq (found, 1);
    ck_assert_uint_eq (info.unreadable, 1);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), status);
    close_archive (file);
}

int
noted (tenon_file *file, const char *words)
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
unreadable (tenon_status status, const char *words)
{
    uint8_t bytes[4];
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    ck_assert_int_lt (read_first (file, 0, bytes), 0);
    check_failure (status, words);
    close_archive (file);
}

void
setup (void)
{
    archive.file.data = malloc (ROOM);
    archive.directory.data = malloc (ROOM);
    ck_assert (archive.file.data && archive.directory.data);
    settings (NULL);
}

void
teardown (void)
{
    tenon_context_free (context);
    context = NULL;
    free (archive.file.data);
    free (archive.directory.data);
    archive.file.data = archive.directory.data = NULL;
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
    srunner_run_all (runner, CK_NORMAL);
    int failures = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failures > 0;
}
