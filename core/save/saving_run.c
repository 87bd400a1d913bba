/* SPDX-License-Identifier: MIT */
/* saving_run.c - runs the codec of a save, and tells what was lost. */
#include "base/report.h"
#include "catalog/file.h"
#include "plan/aliases.h"
#include "save/casts.h"
#include "save/nameless.h"
#include "save/saving.h"

static uint64_t
plan_bytes (const tenon_plan *plan)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < plan->count; i++)
        if (tn_add (bytes, tn_catalog_tensor (plan->own, i)->length, &bytes))
            return UINT64_MAX;
    return bytes;
}

uint64_t
tn_saving_bytes (const struct tn_saving *saving)
{
    uint64_t bytes = plan_bytes (saving->plan);
    if (!saving->append.file)
        return bytes;
    return tn_add (bytes, saving->append.file->catalog->sources[0]->size, &bytes) ? UINT64_MAX : bytes;
}

/* Guesses the size of the file from above. One that is too high costs nothing, since the rest is given back;
 * one that is too low by a block makes ext4 write everything back before the rename. */
uint64_t
tn_saving_guess (const struct tn_saving *saving, uint64_t bytes)
{
    const tenon_plan *plan = saving->plan;
    uint64_t headers = 65536 + plan->own->metadata_bytes;
    for (uint64_t i = 0; i < plan->count; i++)
        headers += 512 + 2 * (uint64_t) tn_catalog_tensor (plan->own, i)->name_length;
    return tn_add (bytes, headers, &bytes) ? 0 : bytes;
}

/* Fills in all of the writer that files, descriptors and dry runs have in common. */
static void
prepare_writer (struct tn_saving *saving, struct tn_writer *writer)
{
    writer->plan = saving->plan;
    writer->entries = saving->append.both ? saving->append.both->own : saving->plan->own;
    writer->old = saving->append.file ? saving->append.file->catalog : NULL;
    writer->count = saving->plan->count;
    writer->name = saving->name;
    writer->name_length = strlen (saving->name);
    writer->extension = saving->extension;
    writer->extension_length = saving->extension_length;
    writer->losses = &saving->losses;
    writer->carries = saving->carry != NULL;
    writer->index = saving->index;
    writer->outer = saving->store.archive;
    writer->path = saving->path;
    writer->files = saving->files;
}

tenon_status
tn_saving_run (struct tn_saving *saving, struct tn_writer *writer, const tenon_progress *progress)
{
    tenon_error *error = saving->error;
    struct tn_meter meter;
    bool is_begun = false;
    const tenon_plan *entries = saving->append.both ? saving->append.both : saving->plan;
    const struct tenon_codec *codec = &saving->context->registry.codecs[saving->codec]->table;
    if ((codec->flags & TENON_CODEC_NEEDS_PATCH) && !writer->sink->seekable)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s goes back to fill in its header, which a pipe, or an output without a "
                        "function for "
                        "it, does not allow; save to a file, or to memory",
                        codec->id);
    prepare_writer (saving, writer);
    TN_FREE bool *done = calloc (writer->count + 1, sizeof *done);
    if (!done)
        return tn_fail_memory (error);
    writer->done = done;
    TN_TRY (tn_plan_find_aliases (saving->plan, error));
    writer->meter = &meter;
    writer->is_begun = &is_begun;
    struct tn_budget budget;
    tn_budget_begin (&budget, NULL, progress, error);
    struct tn_session session = { .context = saving->context,
                                  .error = error,
                                  .report = saving->report,
                                  .overlay = &saving->overlay,
                                  .catalog = saving->plan->own,
                                  .metadata_sources = entries->metadata_sources,
                                  .metadata_source_count = entries->metadata_source_count,
                                  .budget = &budget };
    tn_casts_begin (saving->plan, saving->options.flags & TENON_SAVE_SATURATE, error);
    tn_meter_begin (&meter, progress, tn_saving_bytes (saving));
    tenon_status status = tn_write (&session, writer, saving->codec);
    if (status == TENON_OK && writer->old && !writer->old_put)
        status = tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                          "the codec %s: it did not put the beginning of the old file (put_old)", codec->id);
    tn_meter_end (&meter);
    tn_arena_free (&session.arena);
    if (status == TENON_OK) {
        tn_casts_tell (saving->plan, saving->report, &saving->losses);
        tn_plan_tell_twice (saving->plan, done, saving->report);
        tn_tell_lost_name (saving->plan, codec, saving->name, saving->report, &saving->losses);
        status = tn_plan_tell_shared (saving->plan, saving->report, error);
    }
    if (status == TENON_OK && saving->losses > 0 && (saving->options.flags & TENON_SAVE_STRICT))
        return tn_fail (error, TENON_E_LOSS, TN_NO_OFFSET,
                        "%llu thing%s would be lost, and the save is strict",
                        (unsigned long long) saving->losses, saving->losses == 1 ? "" : "s");
    return status;
}
