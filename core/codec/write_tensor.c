/* SPDX-License-Identifier: MIT */
/* write_tensor.c - moves a tensor of the plan into the writer's sink. */
#include "base/report.h"
#include "codec/call.h"
#include "codec/write.h"
#include <errno.h>

tenon_status
tn_writer_cannot_measure (struct tn_call *call, const char *filter)
{
    (void) tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "its size is known only after the filter %.60s has encoded it", filter);
    return tn_advise (call->session->error,
                      "save it to know, or without compression: the size of stored data is known");
}

static tenon_status
put_piece (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    return tn_sink_write (user, bytes, length, error);
}

#define FILE_PIECE (16u << 20)

/* A descriptor that is given back must not be kept by the sink. */
static tenon_status
put_from_file (struct tn_sink *sink, struct tn_source *source, uint64_t at, uint64_t length,
               tenon_error *error)
{
    int fd = tn_source_take_fd (source, error);
    if (fd < 0)
        return error->status;
    sink->from = source->path ? source->path : source->name;
    at += source->origin;
    tenon_status status = source->pooled && sink->keeps_fd ? tn_sink_read_from (sink, fd, at, length, error)
                                                           : tn_sink_copy (sink, fd, at, length, error);
    /* a sink that cannot write has named itself */
    if (status == TENON_E_TRUNCATED || status == TENON_E_IO)
        tn_fail_in (error, sink->from, NULL);
    sink->from = NULL;
    tn_source_give_fd (source);
    return status;
}

/* Puts stored bytes that need no change: from a file's descriptor, or from memory. */
static tenon_status
put_stored (struct tn_writer *writer, const struct tn_request *request, tenon_error *error)
{
    struct tn_source *backing = request->source->backing;
    uint64_t at = request->source->backing_offset + request->offset, left = request->size;
    while (left > 0) {
        uint64_t piece = TN_MIN (left, FILE_PIECE);
        if (backing->kind == TN_SOURCE_FD)
            TN_TRY (put_from_file (writer->sink, backing, at, piece, error));
        else
            TN_TRY (tn_sink_lend (writer->sink,
                                  atomic_load_explicit (&backing->base, memory_order_relaxed) + at, piece,
                                  error));
        TN_TRY (tn_meter_add (writer->meter, piece, error));
        at += piece, left -= piece;
    }
    return tn_request_account (request, error);
}

/* Puts bytes that are converted or made. The sink of a file takes them in any order. */
static tenon_status
put_transferred (struct tn_writer *writer, struct tn_request *request, struct tn_way way, tenon_error *error)
{
    struct tn_sink *sink = writer->sink;
    tenon_context *context = request->context;
    struct tn_place place;
    if (writer->dry || !sink->reserve || !tn_transfer_scatters (request, way))
        return tn_transfer_stream (context, request, way, put_piece, sink, writer->meter, error);
    TN_TRY (tn_sink_reserve (sink, request->size, &place.offset, error));
    place.fd = sink->fd, place.name = sink->name;
    return tn_transfer_to_file (context, request, way, &place, writer->meter, error);
}

static void
tell_change (struct tn_call *call, const char *name, const char *what, const char *from, const char *to)
{
    if (call->session->report)
        tn_report_add (call->session->report, TENON_NOTE, TENON_OK, 0, name, "",
                       "its %s changes from %s to %s", what, from, to);
}

/* Reports what the tensor has in its file and will not have in the target. What a cast changes is known when
 * it is done: see save/casts.c. */
void
tn_write_tell_changes (struct tn_call *call, uint64_t index, const struct tn_request *request,
                       uint32_t layout)
{
    const struct tn_writer *writer = call->writer;
    const struct tn_origin *origin = &writer->plan->origins[index];
    const struct tn_tensor *tensor = origin->tensor, *entry = tn_catalog_tensor (writer->plan->own, index);
    uint32_t changed = (tensor->flags ^ layout) & (TENON_FORTRAN | TENON_BIG_ENDIAN);
    if (!origin->from_file || request->elements == 0)
        return;
    if (tn_tensor_strides (origin->catalog, tensor))
        tell_change (call, entry->name, "order", "strides", layout & TENON_FORTRAN ? "Fortran" : "C");
    else if ((changed & TENON_FORTRAN) && tn_shape_has_order (tensor->rank, tensor->shape)
             && tensor->storage == TENON_EXTENT)
        tell_change (call, entry->name, "order", tensor->flags & TENON_FORTRAN ? "Fortran" : "C",
                     layout & TENON_FORTRAN ? "Fortran" : "C");
    if ((changed & TENON_BIG_ENDIAN) && request->stored->swap_count > 0 && request->target->swap_count > 0
        && tensor->storage == TENON_EXTENT)
        tell_change (call, entry->name, "byte order",
                     tensor->flags & TENON_BIG_ENDIAN ? "big-endian" : "little-endian",
                     layout & TENON_BIG_ENDIAN ? "big-endian" : "little-endian");
}

/* Reports a table of blocks that reading found to be wrong. */
static void
tell_wrong_blocks (struct tn_call *call, uint64_t index, struct tn_source *source)
{
    if (call->session->report && source->block_count > 1 && atomic_load (&source->blocks_are_wrong))
        tn_report_add (call->session->report, TENON_NOTE, TENON_OK, 0,
                       tn_catalog_tensor (call->writer->plan->own, index)->name, "",
                       "its member's table of blocks is wrong: it was read as one stream");
}

/* Has the request count what its cast changes; a dry run, too, reads the tensor for that. False: there is
 * nothing to count. */
bool
tn_write_counts_casts (const struct tn_origin *origin, struct tn_request *request)
{
    if (!origin->tally)
        return false;
    request->tally = origin->tally;
    tn_tally_reset (origin->tally, origin->tally->saturate);
    origin->tally->seen = UINT64_MAX; /* reading it once more counts nothing */
    return origin->tally->counts;
}

/* What is known to be too much for the disk is not begun: many tensors that are the same bytes, or few of
 * them over and over, can be any number of times larger than their file. The first tensor that has bytes, and
 * whose sink does not encode them, decides for all that are still to come: a codec encodes all of them or
 * none. Encoded ones before it may have had any size. */
tenon_status
tn_write_check_room (struct tn_call *call, uint64_t length)
{
    const struct tn_writer *writer = call->writer;
    const tenon_plan *plan = writer->plan;
    tenon_error *error = call->session->error;
    uint64_t room, all = 0, shared = 0;
    if (writer->dry || !writer->is_begun || *writer->is_begun || length == 0 || !writer->sink->room)
        return TENON_OK;
    *writer->is_begun = true;
    TN_TRY (tn_sink_room (writer->sink, &room, error));
    for (uint64_t i = writer->done_first; i < plan->count && room < UINT64_MAX; i++) {
        const uint64_t size = tn_catalog_tensor (plan->own, i)->length;
        const bool is_twin = plan->origins[i].twin != TENON_AUTO;
        if (writer->done[i - writer->done_first]
            || (is_twin && (call->codec->table.flags & TENON_CODEC_ALIASES)))
            continue;
        shared += is_twin ? TN_MIN (size, UINT64_MAX - shared) : 0;
        all += TN_MIN (size, UINT64_MAX - all);
    }
    if (all <= room)
        return TENON_OK;
    (void) tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                    "its tensors need %llu bytes, and its file system has %llu free",
                    (unsigned long long) all, (unsigned long long) room);
    error->system = ENOSPC;
    return shared == 0
               ? error->status
               : tn_advise (
                   error,
                   "%llu of these bytes are needed because some tensors are the same, and this format "
                   "writes each of them: a format that shares their bytes needs less",
                   (unsigned long long) shared);
}

tenon_status
tn_write_tensor (struct tn_call *call, uint64_t index, uint32_t layout)
{
    struct tn_writer *writer = call->writer;
    tenon_error *error = call->session->error;
    const struct tn_origin *origin = &writer->plan->origins[index];
    uint64_t begin = writer->sink->position, size = tn_catalog_tensor (writer->plan->own, index)->length;
    struct tn_request request;
    TN_TRY (tn_write_check_room (call, size));
    tenon_status status = tn_request_make (&request, origin->catalog, origin->tensor, NULL, origin->target,
                                           layout & (TENON_FORTRAN | TENON_BIG_ENDIAN), error);
    if (status == TENON_OK) {
        request.context = call->session->context;
        writer->sink->subject = tn_catalog_tensor (writer->plan->own, index)->name;
        bool counts = tn_write_counts_casts (origin, &request);
        tn_write_tell_changes (call, index, &request, layout);
        if (!writer->measures && (!writer->dry || counts))
            tn_request_unpack (&request);
        struct tn_way way = tn_way_choose (&request, TN_TO_FILE);
        if (request.size == 0)
            ;
        else if (writer->measures || (writer->dry && !counts))
            status = tn_sink_skip (writer->sink, request.size, error);
        else if (way.kind == TN_WAY_COPY)
            status = put_stored (writer, &request, error);
        else {
            status = put_transferred (writer, &request, way, error);
            tell_wrong_blocks (call, index, origin->catalog->sources[origin->tensor->source]);
        }
    }
    writer->sink->subject = NULL;
    /* The codec has written this size into its header: one byte more or less would spoil the rest. */
    if (status == TENON_OK && writer->sink->position - begin != size)
        status = tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "%llu bytes were put instead of %llu",
                          (unsigned long long) (writer->sink->position - begin), (unsigned long long) size);
    if (status < 0)
        tn_fail_in (error, NULL, tn_catalog_tensor (writer->plan->own, index)->name);
    else
        writer->done[index - writer->done_first] = true;
    return status;
}
