/* SPDX-License-Identifier: MIT */
/* write.c - checks a plan against a codec, runs its write, and moves tensors into its sink. */
#include "codec/write.h"
#include "transfer/request.h"
#include <stdio.h>

void
tn_write_loss (struct tn_call *call, struct tn_writer *writer, const char *item, const char *format, ...)
{
    char text[600];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    ++*writer->losses;
    if (call->session->report)
        tn_report_add (call->session->report, TENON_LOSS, TENON_OK, 0, item, "", "%s", text);
}

/* ---- what the codec can hold ---- */

bool
tn_can_store (const struct tenon_codec *codec, const struct tenon_dtype *dtype)
{
    if (dtype->kind == TENON_KIND_OPAQUE)
        return codec->opaque_family && strcmp (codec->opaque_family, dtype->family) == 0;
    if (!codec->dtypes)
        return true;
    for (const char *const *name = codec->dtypes; *name; name++)
        if (strcmp (*name, dtype->name) == 0)
            return true;
    return false;
}

tenon_status
tn_storing_codec (const tenon_context *context, const struct tn_overlay *overlay, uint64_t number,
                  const struct tenon_codec **storing, tenon_error *error)
{
    *storing = &context->registry.codecs[number]->table;
    /* a container that names itself ends somewhere: writing it will say how */
    for (unsigned depth = 0; depth < 8 && (*storing)->member_option > 0; depth++) {
        struct tenon_setting setting;
        if (!tn_overlay_get (context, overlay, number, (*storing)->member_option - 1, &setting))
            break;
        TN_TRY (tn_codec_find (context, setting.text, TN_TO_WRITE, &number, error));
        *storing = &context->registry.codecs[number]->table;
    }
    return TENON_OK;
}

static const char *
what_helps (const struct tenon_codec *codec, const struct tenon_codec *storing,
            const struct tenon_dtype *dtype)
{
    bool carries =
        codec->metadata != TENON_METADATA_NONE && tn_can_store (storing, &tn_dtype_fixed[TENON_U8]);
    if (dtype->kind == TENON_KIND_OPAQUE)
        return carries ? "; --carry stores its bytes" : "";
    return carries ? "; --as DTYPE converts it to one that it can, --carry stores its bytes"
                   : "; --as DTYPE converts it to one that it can";
}

static tenon_status
check_tensors (struct tn_session *session, const struct tn_writer *writer, const struct tenon_codec *codec,
               const struct tenon_codec *storing)
{
    const struct tn_catalog *own = writer->plan->own;
    if (codec->max_tensors > 0 && writer->count > codec->max_tensors)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s holds at most %llu tensor%s, the plan has %llu; choose with --only, "
                        "or take another format",
                        codec->id, (unsigned long long) codec->max_tensors,
                        codec->max_tensors == 1 ? "" : "s", (unsigned long long) writer->count);
    if (codec->max_tensors == 1 && writer->count == 0)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s holds one tensor, the plan has none", codec->id);
    for (uint64_t i = 0; i < writer->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (own, writer->first + i);
        const struct tenon_dtype *dtype = tn_catalog_dtype (own, tensor->dtype);
        bool stored = tn_can_store (storing, dtype);
        if (stored && (storing->max_rank == 0 || tensor->rank <= storing->max_rank))
            continue;
        tn_fail_in (session->error, NULL, tensor->name);
        if (stored)
            return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "it has %u dims, the format %s holds at most %u", tensor->rank, codec->id,
                            storing->max_rank);
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s cannot hold %s%.100s%s", codec->id,
                        dtype->kind == TENON_KIND_OPAQUE ? "items of the type " : "", tn_dtype_label (dtype),
                        what_helps (codec, storing, dtype));
    }
    return TENON_OK;
}

static tenon_status
choose_metadata (struct tn_call *call, struct tn_writer *writer, const struct tenon_codec *codec)
{
    const struct tn_catalog *entries = writer->entries;
    writer->metadata = NULL;
    writer->metadata_count = 0;
    if (writer->within || entries->metadata_count == 0)
        return TENON_OK;
    if (!(writer->metadata = malloc ((entries->metadata_count + 1) * sizeof *writer->metadata)))
        return tn_fail_memory (call->session->error);
    for (uint64_t i = 0; i < entries->metadata_count; i++) {
        const struct tn_metadata *entry = &entries->metadata[i];
        if (entry->key_length == 0)
            continue;
        bool kept = codec->metadata == TENON_METADATA_TYPED
                    || (codec->metadata == TENON_METADATA_STRINGS && entry->value.type == TENON_STRING);
        if (kept)
            writer->metadata[writer->metadata_count++] = i;
        else
            tn_write_loss (call, writer, entry->key,
                           codec->metadata == TENON_METADATA_NONE
                               ? "the format %s has no metadata: this entry is dropped"
                               : "the format %s keeps only strings as metadata: this entry is dropped",
                           codec->id);
    }
    return TENON_OK;
}

static tenon_status
check_done (struct tn_call *call, const struct tn_writer *writer)
{
    for (uint64_t i = writer->first; i < writer->first + writer->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (writer->plan->own, i);
        if (writer->done[i - writer->done_first] || tensor->length == 0)
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
    TN_TRY (check_tensors (session, writer, codec, storing));
    tn_call_begin (&call, session, TN_CALL_WRITE, number);
    call.writer = writer;
    struct tn_mark mark = tn_arena_mark (&session->arena);
    tenon_status status = choose_metadata (&call, writer, codec);
    if (status == TENON_OK) {
        status = codec->write (&call.public);
        if (status == TENON_OK && call.announced > 0)
            status = tn_call_misuse (&call, "it did not ask for a member that it announced");
        status = tn_call_end (&call, status);
        if (status == TENON_OK)
            status = check_done (&call, writer);
    }
    tn_arena_release (&session->arena, mark);
    free (writer->metadata);
    return status;
}

/* ---- tensors ---- */

struct destination {
    struct tn_sink *sink;
};

static tenon_status
take_piece (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    return tn_sink_write (((struct destination *) user)->sink, bytes, length, error);
}

#define FILE_PIECE (16u << 20)

/* Stored bytes that go as they are: from a file's descriptor, or from memory. */
static tenon_status
copy_plain (struct tn_writer *writer, const struct tn_request *request, tenon_error *error)
{
    struct tn_source *backing = request->source->backing;
    uint64_t at = request->source->backing_offset + request->offset, left = request->size;
    while (left > 0) {
        uint64_t piece = TN_MIN (left, FILE_PIECE);
        if (backing->kind == TN_SOURCE_FD)
            TN_TRY (tn_sink_copy (writer->sink, backing->fd, at, piece, error));
        else
            TN_TRY (tn_sink_lend (writer->sink,
                                  atomic_load_explicit (&backing->base, memory_order_relaxed) + at, piece,
                                  error));
        TN_TRY (tn_meter_add (writer->meter, piece, error));
        at += piece, left -= piece;
    }
    return TENON_OK;
}

static void
tell_change (struct tn_call *call, struct tn_writer *writer, const char *name, bool asked, const char *what,
             const char *from, const char *to)
{
    if (!asked)
        tn_write_loss (call, writer, name, "its %s changes from %s to %s", what, from, to);
    else if (call->session->report)
        tn_report_add (call->session->report, TENON_NOTE, TENON_OK, 0, name, "",
                       "its %s changes from %s to %s, as asked for", what, from, to);
}

/* What a file had, and the target will not have. */
static void
tell_changes (struct tn_call *call, struct tn_writer *writer, uint64_t index,
              const struct tn_request *request, uint32_t layout)
{
    const struct tn_origin *origin = &writer->plan->origins[index];
    const struct tn_tensor *tensor = origin->tensor, *entry = tn_catalog_tensor (writer->plan->own, index);
    uint32_t changed = (tensor->flags ^ layout) & (TENON_FORTRAN | TENON_BIG_ENDIAN);
    if (!origin->from_file || request->elements == 0)
        return;
    bool asked = layout & TENON_ASKED;
    if ((changed & TENON_FORTRAN) && tn_shape_has_order (tensor->rank, tensor->shape)
        && tensor->storage == TENON_EXTENT)
        tell_change (call, writer, entry->name, asked, "order",
                     tensor->flags & TENON_FORTRAN ? "Fortran" : "C",
                     layout & TENON_FORTRAN ? "Fortran" : "C");
    if ((changed & TENON_BIG_ENDIAN) && request->stored->swap_count > 0 && request->target->swap_count > 0
        && tensor->storage == TENON_EXTENT)
        tell_change (call, writer, entry->name, asked, "byte order",
                     tensor->flags & TENON_BIG_ENDIAN ? "big-endian" : "little-endian",
                     layout & TENON_BIG_ENDIAN ? "big-endian" : "little-endian");
    if (request->stored_id != request->target_id && call->session->report)
        tn_report_add (call->session->report, TENON_NOTE, TENON_OK, 0, entry->name, "",
                       "converted from %s to %s, as asked for", tn_dtype_label (request->stored),
                       tn_dtype_label (request->target));
}

/* Found out on the way. */
static void
tell_blocks (struct tn_call *call, struct tn_writer *writer, uint64_t index, struct tn_source *source)
{
    if (call->session->report && source->block_count > 1 && atomic_load (&source->blocks_are_wrong))
        tn_report_add (call->session->report, TENON_NOTE, TENON_OK, 0,
                       tn_catalog_tensor (writer->plan->own, index)->name, "",
                       "its member's table of blocks is wrong: it was read as one stream");
}

tenon_status
tn_write_tensor (struct tn_call *call, struct tn_writer *writer, uint64_t index, uint32_t layout)
{
    tenon_error *error = call->session->error;
    const struct tn_origin *origin = &writer->plan->origins[index];
    struct destination destination = { writer->sink };
    uint64_t begin = writer->sink->position, size = tn_catalog_tensor (writer->plan->own, index)->length;
    struct tn_request request;
    tenon_status status = tn_request_make (&request, origin->catalog, origin->tensor, NULL, origin->target,
                                           layout & (TENON_FORTRAN | TENON_BIG_ENDIAN), error);
    if (status == TENON_OK) {
        writer->sink->subject = tn_catalog_tensor (writer->plan->own, index)->name;
        tell_changes (call, writer, index, &request, layout);
        struct tn_way way = tn_way_choose (&request, TN_TO_FILE);
        if (request.size == 0)
            ;
        else if (writer->dry)
            status = tn_sink_fill (writer->sink, 0, request.size, error);
        else if (way.kind == TN_WAY_COPY)
            status = copy_plain (writer, &request, error);
        else {
            struct tn_source *read = request.source;
            status = tn_transfer_stream (writer->plan->context, &request, way, take_piece, &destination,
                                         writer->meter, error);
            tell_blocks (call, writer, index, read);
        }
    }
    writer->sink->subject = NULL;
    /* codecs have written this size into headers: a byte more or less would spoil all that follows */
    if (status == TENON_OK && writer->sink->position - begin != size)
        status = tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "%llu bytes were put instead of %llu",
                          (unsigned long long) (writer->sink->position - begin), (unsigned long long) size);
    if (status < 0)
        tn_fail_in (error, NULL, tn_catalog_tensor (writer->plan->own, index)->name);
    else
        writer->done[index - writer->done_first] = true;
    return status;
}
