/* SPDX-License-Identifier: MIT */
/* host_put_key.c - the keys that a codec writes: entries of a store, or files beside the target. */
#include "base/io.h"
#include "base/report.h"
#include "codec/archive_write.h"
#include "codec/host.h"
#include "codec/write.h"
#include "kernels/checksum.h"

/* A dry run makes no files, but refuses a name that occurs twice, as a real one does. */
static tenon_status
next_dry_file (struct tn_call *call, struct tn_writer *writer, const char *name, uint64_t length)
{
    struct tn_arena *arena = &call->session->arena;
    if (writer->beside)
        writer->measured += writer->sink->position;
    else
        writer->target_left = writer->sink->position;
    writer->beside = name != NULL;
    writer->sink->position = name ? 0 : writer->target_left;
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

/* Begins the file of this key; NULL: goes back to the target. */
static tenon_status
begin_file_beside (struct tn_call *call, struct tn_writer *writer, const struct tenon_entry *entry)
{
    const char *name = entry ? entry->key : NULL;
    char bare[256];
    if (entry && !tn_is_file_name (name, entry->key_length))
        return tn_call_misuse (call, "it begins a file whose name is no bare file name");
    if (entry && (entry->flags & TENON_FLAGS_MUST_KNOW))
        return tn_call_misuse (call, "an entry has flags that this version does not know");
    if (entry && entry->step_count > 0)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "a file beside the target cannot be encoded by a filter");
    if (writer->one_file)
        return tn_fail (
            call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "the format %s writes more than one file, which is only possible beside a target in a folder",
            call->codec->table.id);
    writer->target_used |= !entry || (!writer->other_files && writer->sink->position > 0);
    writer->other_files = true;
    if (entry) {
        memcpy (bare, name, entry->key_length);
        bare[entry->key_length] = 0;
        TN_TRY (list_file (call, writer, bare));
    }
    if (writer->dry)
        return next_dry_file (call, writer, name, entry ? entry->key_length : 0);
    return tn_atomic_sink (writer->atomic, entry ? bare : NULL, &writer->sink, call->session->error);
}

tenon_status
tn_host_put_key (struct tenon_call *public, const struct tenon_entry *entry)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_entry ours;
    TN_TRY (TN_CALL_MAY (call, put_key));
    if (entry && !tn_copy_struct (&ours, sizeof ours, entry, offsetof (struct tenon_entry, block_size)))
        return tn_call_misuse (call, "a struct tenon_entry has a wrong struct_size");
    if (entry && !tn_sum_knows (ours.check))
        return tn_call_answer_check (call, ours.check);
    if (entry)
        TN_TRY (tn_entries_choose_check (call, &ours.check));
    const struct tenon_entry *copy = entry ? &ours : NULL;
    return call->writer->archive ? tn_entries_put_key (call, copy)
                                 : begin_file_beside (call, call->writer, copy);
}

tenon_status
tn_host_drop_key (struct tenon_call *public, const char *key, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    TN_TRY (TN_CALL_MAY (call, drop_key));
    if (!call->writer->archive || !key)
        return tn_call_misuse (call, key ? "it drops a key, but writes no store" : "it drops no key");
    return tn_entries_drop_key (call, key, length);
}
