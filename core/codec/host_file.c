/* SPDX-License-Identifier: MIT */
/* host_file.c - begins another file beside the target. */
#include "base/io.h"
#include "base/report.h"
#include "codec/host.h"
#include "codec/write.h"

/* A dry run makes no files, but refuses a name that occurs twice, as a real one does. */
static tenon_status
next_dry_file (struct tn_call *call, struct tn_writer *writer, const char *name, uint64_t length)
{
    struct tn_arena *arena = &call->session->arena;
    writer->sink->position = 0;
    if (!name)
        return TENON_OK;
    for (const struct tn_dry_file *file = writer->dry_files; file; file = file->next)
        if (strlen (file->name) == length && memcmp (file->name, name, length) == 0)
            return tn_call_misuse (call, "it begins the same file twice");
    struct tn_dry_file *file = tn_arena_get (arena, sizeof *file, true);
    if (!file || !(file->name = tn_arena_text (arena, name, length)))
        return tn_fail_memory (call->session->error);
    file->next = writer->dry_files;
    writer->dry_files = file;
    return TENON_OK;
}

/* Adds the file of this bare name, which lies beside the target, to the list of written files. */
static tenon_status
list_file (struct tn_call *call, struct tn_writer *writer, const char *name)
{
    const char *target = writer->path ? writer->path : "";
    if (!writer->files)
        return TENON_OK;
    TN_FREE char *path = tn_format ("%.*s%s", (int) (tn_path_name (target) - target), target, name);
    if (!path)
        return tn_fail_memory (call->session->error);
    tn_report_add (writer->files, TENON_WRITTEN, TENON_OK, 0, "", path, "a file of the set");
    return TENON_OK;
}

tenon_status
tn_host_next_file (struct tenon_call *public, const char *name, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_CHECK (call, TN_CALL_WRITE));
    char bare[256];
    if (writer->archive || writer->is_archive)
        return tn_call_misuse (call, "it begins a file, but writes a store");
    if (name && !tn_is_file_name (name, length))
        return tn_call_misuse (call, "it begins a file whose name is no bare file name");
    if (writer->one_file)
        return tn_fail (
            call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "the format %s writes more than one file, which is only possible beside a target in a folder",
            call->codec->table.id);
    writer->target_used |= !name || (!writer->other_files && writer->sink->position > 0);
    writer->other_files = true;
    if (name) {
        memcpy (bare, name, length);
        bare[length] = 0;
        TN_TRY (list_file (call, writer, bare));
    }
    if (writer->dry)
        return next_dry_file (call, writer, name, length);
    return tn_atomic_sink (writer->atomic, name ? bare : NULL, &writer->sink, call->session->error);
}
