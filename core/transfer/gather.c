/* SPDX-License-Identifier: MIT */
/* gather.c - picks the units of a box out of a source, in the order in which they are stored.
 *
 * A box is a number of runs, each of which lies in one piece. Long runs are read to where they belong;
 * short ones that lie close together are read through a window, with the bytes between them, because a system
 * call costs as much as copying some kilobytes. */
#include "transfer/gather.h"
#include "kernels/permute.h"
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

void
tn_gather_settle (struct tn_gather *box)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < box->rank; i++) {
        uint64_t count = box->count[i];
        int64_t stride = box->stride[i];
        if (count == 1)
            continue;
        if (out > 0 && box->stride[out - 1] == (int64_t) count * stride)
            count *= box->count[--out];
        box->count[out] = count;
        box->stride[out++] = stride;
    }
    box->rank = out;
}

static void
plan_runs (const struct tn_gather *box, struct runs *runs)
{
    uint32_t left = box->rank;
    uint64_t end = box->offset + box->unit;
    runs->rank = 0; /* small requests should not pay for 64 axes */
    runs->first = box->offset;
    runs->piece = box->unit;
    runs->pieces = 1, runs->stride_in = 0;
    for (uint32_t i = 0; i < box->rank; i++)
        end += (box->count[i] - 1) * (uint64_t) box->stride[i];
    if (left > 0 && box->stride[left - 1] == (int64_t) box->unit)
        runs->piece *= box->count[--left];
    else if (left > 0) {
        runs->pieces = box->count[--left];
        runs->stride_in = (uint64_t) box->stride[left];
    }
    while (left-- > 0) {
        runs->count[runs->rank] = box->count[left];
        runs->stride[runs->rank++] = (uint64_t) box->stride[left];
    }
    runs->span = (runs->pieces - 1) * runs->stride_in + runs->piece;
    runs->end = end;
}

const uint8_t *
tn_gather_memory (const struct tn_source *source)
{
    const struct tn_source *backing = source->backing;
    if (backing->kind != TN_SOURCE_MEMORY)
        return NULL;
    return atomic_load_explicit (&backing->base, memory_order_relaxed) + source->backing_offset;
}

/* Calls for each run in storage order. */
struct walk {
    struct tn_source *source;
    struct tn_worker *worker;
    uint8_t *window;
    uint64_t window_room, window_at, window_length;
    bool dense;
    tenon_error *error;
};

static tenon_status
read_source (struct walk *walk, uint64_t offset, void *to, uint64_t length)
{
    return tn_needs_decoder (walk->source)
               ? tn_decoder_read (&walk->worker->decoder, walk->source, offset, to, length, walk->error)
               : tn_source_read (walk->source, offset, to, length, walk->error);
}

/* Pieces that lie in memory. */
static void
copy_pieces (const struct runs *runs, const uint8_t *from, uint64_t pieces, uint8_t *to)
{
    if (pieces == 1) {
        memcpy (to, from, runs->piece);
        return;
    }
    struct tn_move move;
    move.rank = 1;
    move.stream = false;
    move.item = runs->piece;
    move.count[0] = pieces;
    move.from[0] = (int64_t) runs->stride_in;
    move.to[0] = (int64_t) runs->piece;
    tn_permute (to, from, &move, NULL);
}

static tenon_status
read_run (struct walk *walk, const struct runs *runs, uint64_t at, uint8_t *to)
{
    if (runs->pieces == 1 && (runs->span >= LONG_RUN || !walk->dense))
        return read_source (walk, at, to, runs->piece);
    /* a run whose pieces are far apart is taken piece by piece */
    if (runs->pieces > 1 && runs->stride_in > SMALL_GAP + runs->piece) {
        for (uint64_t i = 0; i < runs->pieces; i++)
            TN_TRY (read_source (walk, at + i * runs->stride_in, to + i * runs->piece, runs->piece));
        return TENON_OK;
    }
    for (uint64_t done = 0, some; done < runs->pieces; done += some) {
        if (at < walk->window_at || at + runs->piece > walk->window_at + walk->window_length) {
            uint64_t more = TN_MIN (walk->window_room, runs->end - at);
            walk->window_length = 0;
            TN_TRY (read_source (walk, at, walk->window, more));
            walk->window_at = at, walk->window_length = more;
        }
        uint64_t behind = walk->window_at + walk->window_length - at - runs->piece;
        some = runs->stride_in > 0 ? TN_MIN (behind / runs->stride_in + 1, runs->pieces - done) : 1;
        copy_pieces (runs, walk->window + (at - walk->window_at), some, to);
        at += some * runs->stride_in, to += some * runs->piece;
    }
    return TENON_OK;
}

const uint8_t *
tn_gather_in_place (const struct tn_source *source, const struct tn_gather *box)
{
    const uint8_t *base = tn_gather_memory (source);
    bool one = box->rank == 0 || (box->rank == 1 && box->stride[0] == (int64_t) box->unit);
    return base && one ? base + box->offset : NULL;
}

static TN_OWN_FRAME tenon_status
copy_box (const uint8_t *base, const struct tn_gather *box, struct tn_worker *worker, uint8_t *to,
          tenon_error *error)
{
    struct tn_move move;
    move.rank = box->rank, move.item = box->unit;
    move.stream = false;
    uint8_t *tile = tn_worker_buffer (worker, 4, TN_PERMUTE_TILE);
    if (!tile)
        return tn_fail_memory (error);
    uint64_t bytes = box->unit;
    for (uint32_t i = box->rank; i-- > 0; bytes *= box->count[i]) {
        move.count[i] = box->count[i];
        move.from[i] = box->stride[i];
        move.to[i] = (int64_t) bytes;
    }
    tn_permute (to, base + box->offset, &move, tile);
    return TENON_OK;
}

static TN_OWN_FRAME tenon_status
read_box (struct tn_source *source, const struct tn_gather *box, struct tn_worker *worker, uint8_t *to,
          tenon_error *error)
{
    struct runs runs;
    uint64_t index[TN_MAX_RANK] = { 0 };
    plan_runs (box, &runs);
    struct walk walk = { .source = source, .worker = worker, .error = error };
    walk.dense = runs.rank > 0 && runs.stride[0] <= runs.span + SMALL_GAP;
    /* long pieces are read to where they belong: they are far apart if they are not one run */
    if (runs.piece < LONG_RUN && (walk.dense || runs.pieces > 1)) {
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

tenon_status
tn_gather (struct tn_source *source, const struct tn_gather *box, struct tn_worker *worker, uint8_t *to,
           tenon_error *error)
{
    const uint8_t *base = tn_gather_memory (source);
    return base ? copy_box (base, box, worker, to, error) : read_box (source, box, worker, to, error);
}

tenon_status
tn_gather_prove (const struct tn_request *request, tenon_error *error)
{
    struct tn_source *source = request->source;
    if (request->size == 0 || request->tensor->length == 0 || source->backing != source
        || source->block_count == 0)
        return TENON_OK;
    return tn_scan_prove (request->context, source, tn_request_last_byte (request) / source->block_size,
                          error);
}
