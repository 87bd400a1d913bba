/* SPDX-License-Identifier: MIT */
/* gather.c - picks the units of a box out of a source, in the order in which they are stored.
 *
 * A box is a number of runs, each of which lies in one piece. Long runs are read to where they belong;
 * short ones that lie close together are read through a window, with the bytes between them, because a system
 * call costs as much as copying some kilobytes. */
#include "transfer/gather.h"
#include "source/scan.h"

#define WINDOW (1u << 20)
#define LONG_RUN (256u << 10)
#define SMALL_GAP 4096u

struct runs {
    uint32_t rank;                                    /* axes outside a run, fastest first */
    uint64_t count[TN_MAX_RANK], stride[TN_MAX_RANK]; /* bytes */
    uint64_t first;                                   /* byte offset of the first run in the source */
    uint64_t pieces, stride_in;                       /* a run is `pieces` pieces … */
    uint64_t piece; /* … of so many bytes, stride_in apart; one piece: contiguous */
    uint64_t span;  /* bytes from its first to behind its last */
    uint64_t end;   /* behind the last run */
};

/* Axes in storage order; one that is taken whole joins its neighbour. */
static void
plan_runs (const struct tn_request *request, const struct tn_gather *box, struct runs *runs)
{
    uint64_t stride = request->unit_bytes, last_end = 0;
    runs->first = request->offset;
    runs->piece = request->unit_bytes;
    runs->pieces = 1, runs->stride_in = 0;
    bool growing = true; /* still inside the contiguous run */
    uint32_t made = 0;
    for (uint32_t i = 0; i < request->rank; i++) {
        uint32_t axis = request->fortran ? i : request->rank - 1 - i; /* fastest first */
        uint64_t count = box->count[axis], step = request->axis[axis].step;
        runs->first += box->start[axis] * stride;
        last_end += (count - 1) * step * stride;
        if (growing && step == 1) {
            runs->piece *= count;
            growing = count == request->axis[axis].shape;
        } else if (runs->pieces == 1 && made == 0 && count > 1 && runs->piece == request->unit_bytes
                   && step > 1) {
            runs->pieces = count;
            runs->stride_in = step * stride;
            growing = false;
        } else if (count > 1) {
            runs->count[made] = count;
            runs->stride[made] = step * stride;
            made++;
            growing = false;
        } else
            growing = false;
        stride *= request->axis[axis].shape;
    }
    runs->rank = made;
    runs->span = runs->pieces == 1 ? runs->piece : (runs->pieces - 1) * runs->stride_in + runs->piece;
    runs->end = TN_MAX (runs->first + last_end + request->unit_bytes, runs->first + runs->span);
}

/* Memory that the source lies in, from the source's byte 0; NULL: it must be read. */
static const uint8_t *
memory_of (const struct tn_source *source)
{
    const struct tn_source *backing = source->backing;
    if (backing->kind != TN_SOURCE_MEMORY)
        return NULL;
    return atomic_load_explicit (&backing->base, memory_order_relaxed) + source->backing_offset;
}

static void
copy_pieces (const struct runs *runs, const uint8_t *from, uint8_t *to)
{
    if (runs->pieces == 1) {
        memcpy (to, from, runs->piece);
        return;
    }
    for (uint64_t i = 0; i < runs->pieces; i++, from += runs->stride_in, to += runs->piece)
        memcpy (to, from, runs->piece);
}

/* Calls for each run in storage order. */
struct walk {
    const struct tn_request *request;
    struct tn_worker *worker;
    const uint8_t *base;
    uint8_t *window;
    uint64_t window_room, window_at, window_length;
    bool dense;
    tenon_error *error;
};

static tenon_status
read_source (struct walk *walk, uint64_t offset, void *to, uint64_t length)
{
    struct tn_source *source = walk->request->source;
    return tn_needs_decoder (source)
               ? tn_decoder_read (&walk->worker->decoder, source, offset, to, length, walk->error)
               : tn_source_read (source, offset, to, length, walk->error);
}

static tenon_status
read_run (struct walk *walk, const struct runs *runs, uint64_t at, uint8_t *to)
{
    if (walk->base) {
        copy_pieces (runs, walk->base + at, to);
        return TENON_OK;
    }
    if (runs->pieces == 1 && (runs->span >= LONG_RUN || !walk->dense))
        return read_source (walk, at, to, runs->piece);
    /* a run whose pieces are far apart is taken piece by piece */
    if (runs->pieces > 1 && runs->stride_in > SMALL_GAP + runs->piece) {
        for (uint64_t i = 0; i < runs->pieces; i++)
            TN_TRY (read_source (walk, at + i * runs->stride_in, to + i * runs->piece, runs->piece));
        return TENON_OK;
    }
    for (uint64_t i = 0; i < runs->pieces; i++, at += runs->stride_in, to += runs->piece) {
        if (at < walk->window_at || at + runs->piece > walk->window_at + walk->window_length) {
            uint64_t more = TN_MIN (walk->window_room, runs->end - at);
            walk->window_length = 0;
            TN_TRY (read_source (walk, at, walk->window, more));
            walk->window_at = at, walk->window_length = more;
        }
        memcpy (to, walk->window + (at - walk->window_at), runs->piece);
    }
    return TENON_OK;
}

const uint8_t *
tn_gather_in_place (const struct tn_request *request, const struct tn_gather *box)
{
    struct runs runs;
    const uint8_t *base = memory_of (request->source);
    if (!base)
        return NULL;
    plan_runs (request, box, &runs);
    return runs.rank == 0 && runs.pieces == 1 ? base + runs.first : NULL;
}

tenon_status
tn_gather (const struct tn_request *request, const struct tn_gather *box, struct tn_worker *worker,
           uint8_t *to, tenon_error *error)
{
    struct runs runs;
    uint64_t index[TN_MAX_RANK] = { 0 };
    plan_runs (request, box, &runs);
    struct walk walk = {
        .request = request, .worker = worker, .base = memory_of (request->source), .error = error
    };
    walk.dense = runs.rank > 0 && runs.stride[0] <= runs.span + SMALL_GAP;
    /* long pieces are read to where they belong: they are far apart if they are not one run */
    if (!walk.base && runs.piece < LONG_RUN && (walk.dense || runs.pieces > 1)) {
        walk.window_room = TN_MIN (WINDOW, TN_MAX (runs.end - runs.first, runs.piece));
        if (!(walk.window = tn_worker_buffer (worker, 2, walk.window_room)))
            return tn_fail_memory (error);
    }
    for (uint64_t at = runs.first;;) {
        TN_TRY (read_run (&walk, &runs, at, to));
        to += runs.pieces * runs.piece;
        uint32_t axis = 0;
        while (axis < runs.rank && ++index[axis] == runs.count[axis]) {
            at -= (runs.count[axis] - 1) * runs.stride[axis];
            index[axis++] = 0;
        }
        if (axis == runs.rank)
            return TENON_OK;
        at += runs.stride[axis];
    }
}

/* The axis whose steps are the longest tells about where the request ends. */
static uint64_t
last_byte (const struct tn_request *request)
{
    const struct tn_axis *slowest = &request->axis[request->fortran ? request->rank - 1 : 0];
    uint64_t length = request->tensor->length, row = length / TN_MAX (slowest->shape, 1) + 1;
    uint64_t rows = slowest->start + (slowest->count - 1) * slowest->step + 1;
    return request->offset + TN_MIN (row * rows, length) - 1;
}

tenon_status
tn_gather_prove (const struct tn_request *request, tenon_error *error)
{
    struct tn_source *source = request->source;
    if (request->size == 0 || request->tensor->length == 0 || source->backing != source
        || source->block_count == 0)
        return TENON_OK;
    return tn_scan_prove (request->catalog->context, source, last_byte (request) / source->block_size, error);
}
