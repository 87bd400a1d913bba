/* SPDX-License-Identifier: MIT */
/* write.c - runs the write function of a codec over a plan. */
#include "codec/write.h"
#include "base/report.h"
#include "codec/archive_write.h"
#include "codec/call.h"
#include "codec/put_chunks.h"
#include "codec/rules.h"
#include "codec/storable.h"
#include <stdio.h>

void
tn_loss (struct tn_call *call, const char *item, const char *format, ...)
{
    char text[600];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    ++*call->writer->losses;
    if (call->session->report)
        tn_report_add (call->session->report, TENON_LOSS, TENON_OK, 0, item, "", "%s", text);
}

/* NULL: the codec keeps the value. Else the reason why not, which follows "the format X". */
static const char *
metadata_reason (const struct tenon_codec *codec, const struct tenon_value *value)
{
    switch (codec->metadata) {
    case TENON_METADATA_NESTED: return NULL;
    case TENON_METADATA_TYPED:
        return !tn_value_is_tree (value)  ? NULL
               : value->type == TENON_MAP ? "keeps no maps as metadata"
                                          : "keeps no arrays of several types as metadata";
    case TENON_METADATA_STRINGS: return value->type == TENON_STRING ? NULL : "keeps only strings as metadata";
    default: return "has no metadata";
    }
}

static tenon_status
choose_metadata (struct tn_call *call, struct tn_writer *writer, const struct tenon_codec *codec)
{
    const struct tn_catalog *entries = writer->entries;
    writer->metadata = NULL;
    writer->metadata_count = 0;
    if (writer->is_member || entries->metadata_count == 0)
        return TENON_OK;
    if (!(writer->metadata = malloc ((entries->metadata_count + 1) * sizeof *writer->metadata)))
        return tn_fail_memory (call->session->error);
    for (uint64_t i = 0; i < entries->metadata_count; i++) {
        const struct tn_metadata *entry = &entries->metadata[i];
        if (entry->key_length == 0)
            continue;
        const char *reason = metadata_reason (codec, &entry->value);
        if (!reason)
            writer->metadata[writer->metadata_count++] = i;
        else
            tn_loss (call, entry->key, "the format %s %s: this entry is dropped", codec->id, reason);
    }
    return TENON_OK;
}

/* A format that can share bytes need not put those of an alias. */
static bool
shares_bytes (const struct tn_call *call, const struct tn_writer *writer, uint64_t index)
{
    uint64_t twin = writer->plan->origins[index].twin;
    return (call->codec->table.flags & TENON_CODEC_ALIASES) && twin != TENON_AUTO && twin >= writer->first
           && writer->done[twin - writer->done_first];
}

static tenon_status
check_all_put (struct tn_call *call, const struct tn_writer *writer)
{
    for (uint64_t i = writer->first; i < writer->first + writer->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (writer->plan->own, i);
        if (writer->done[i - writer->done_first] || tensor->length == 0 || shares_bytes (call, writer, i))
            continue;
        tn_fail_in (call->session->error, NULL, tensor->name);
        return tn_call_misuse (call, "it did not write this tensor");
    }
    return TENON_OK;
}

tenon_status
tn_write (struct tn_session *session, struct tn_writer *writer, uint64_t number)
{
    const struct tenon_codec *codec = &session->context->registry.codecs[number]->table, *storing;
    struct tn_call call;
    if (!codec->write)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the codec %s only reads",
                        codec->id);
    TN_TRY (tn_storing_codec (session->context, session->overlay, number, &storing, session->error));
    TN_TRY (tn_check_storable (session, writer, codec, storing));
    tn_call_begin (&call, session, TN_CALL_WRITE, number);
    call.writer = writer;
    struct tn_mark mark = tn_arena_mark (&session->arena);
    tenon_status status = choose_metadata (&call, writer, codec);
    if (status == TENON_OK && codec->root_keys)
        status = tn_entries_begin (session, writer, call.codec);
    if (status == TENON_OK) {
        status = codec->write (tn_call_enter (&call));
        if (status == TENON_OK && call.announced > 0)
            status = tn_call_misuse (&call, "it did not ask for a member that it announced");
        if (status == TENON_OK)
            status = tn_chunks_check (&call);
        status = tn_call_judge (&call, status);
    }
    if (writer->archive)
        status = tn_entries_end (session, writer, status);
    tn_call_free (&call);
    if (status == TENON_OK) {
        if (status == TENON_OK)
            status = check_all_put (&call, writer);
    }
    tn_arena_release (&session->arena, mark);
    free (writer->metadata);
    return status;
}
