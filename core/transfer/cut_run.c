/* SPDX-License-Identifier: MIT */
/* cut_run.c - makes and encodes chunks on all threads. Those that have an order are written by the thread
 * that finishes the one whose turn it is, so no thread waits to write. */
#include "transfer/cut_run.h"
#include "base/pool.h"
#include "base/report.h"
#include "transfer/cut_copy.h"

#define SLOTS_PER_THREAD 4u

struct cut_run {
    const struct tn_cut_job *job;
    const struct tn_cut_view *view;
    uint64_t first, chunks; /* of the box */
    uint64_t items;         /* of the pool */
    uint64_t begin;         /* with TN_TAKES_ON_THREAD: the item that is the pool's first */
    bool skips_fill;
    /* under the lock: */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t taken, failed; /* items; the first that failed */
    bool taking;
    tenon_error *take_error; /* the failure of handing an item out, on any thread */
};

/* ---- tools ---- */

tenon_status
tn_cut_tools_new (tenon_context *context, struct tn_cut_tools **result, tenon_error *error)
{
    struct tn_cut_tools *tools = *result = calloc (1, sizeof *tools);
    if (!tools)
        return tn_fail_memory (error);
    tools->context = context;
    tools->width = tn_pool_width (context->pool);
    tools->slot_count = tools->width * SLOTS_PER_THREAD;
    tools->workers = calloc (tools->width, sizeof *tools->workers);
    tools->single = calloc (tools->width, sizeof *tools->single);
    tools->slots = calloc (tools->slot_count, sizeof *tools->slots);
    return tools->workers && tools->single && tools->slots ? TENON_OK : tn_fail_memory (error);
}

tenon_status
tn_cut_tools_encode (struct tn_cut_tools *tools, const struct tn_pipeline *pipeline, tenon_error *error)
{
    if (tools->encoder && tn_pipeline_same (tools->encoder->pipeline, pipeline))
        return TENON_OK;
    tn_encoder_free (tools->encoder);
    tools->encoder = NULL;
    return tn_encoder_new (tools->context, pipeline, &tools->encoder, error);
}

void
tn_cut_tools_free (struct tn_cut_tools *tools)
{
    if (!tools)
        return;
    for (unsigned i = 0; tools->workers && i < tools->width; i++)
        tn_cut_worker_free (&tools->workers[i]);
    for (unsigned i = 0; tools->single && i < tools->width; i++)
        free (tools->single[i].bytes);
    for (unsigned i = 0; tools->slots && i < tools->slot_count; i++)
        free (tools->slots[i].encoded.bytes);
    tn_encoder_free (tools->encoder);
    free (tools->workers);
    free (tools->single);
    free (tools->slots);
    free (tools);
}

/* ---- one chunk ---- */

void
tn_cut_find_chunk (const struct tn_cut_job *job, uint64_t number, uint64_t *chunk)
{
    for (uint32_t i = job->shape->rank; i-- > 0; number /= job->count[i])
        chunk[i] = job->first[i] + number % job->count[i];
}

/* Makes a chunk, or a piece of one, which is stored as it is, in `slot` or where it lies. */
static tenon_status
make_stored (const struct cut_run *run, struct tn_cut_worker *worker, struct tn_slot *slot,
             const uint8_t **bytes, tenon_error *error)
{
    if (!tn_need_buffer (&slot->bytes, &slot->room, worker->piece.size))
        return tn_fail_memory (error);
    slot->length = worker->piece.size;
    return tn_cut_make (run->job->shape, run->view, worker, slot->bytes, bytes, error);
}

/* Makes a chunk and encodes it into `slot`. *length: of what it became; TENON_AUTO: it is left out. */
static tenon_status
make_encoded (const struct cut_run *run, struct tn_cut_worker *worker, unsigned number, struct tn_slot *slot,
              const uint8_t **bytes, uint64_t *length, tenon_error *error)
{
    const struct tn_cut_job *job = run->job;
    const struct tn_encoder *encoder = job->tools->encoder;
    const uint8_t *made;
    const uint64_t size = worker->piece.size;
    if (!tn_need_buffer (&worker->made, &worker->room, size))
        return tn_fail_memory (error);
    TN_TRY (tn_cut_make (job->shape, run->view, worker, worker->made, &made, error));
    *length = TENON_AUTO;
    if (run->skips_fill && tn_cut_is_fill (job->shape, made, size))
        return TENON_OK;
    TN_TRY (tn_encoder_encode (encoder, &encoder->workers[number], TENON_FILTER_FIRST | TENON_FILTER_LAST,
                               made, size, slot, error));
    *bytes = slot->bytes;
    *length = slot->length;
    return TENON_OK;
}

/* Takes the stored bytes of a chunk as they are, if that can be. A chunk that is missing is left out where
 * fill is. */
static tenon_status
copy_stored (const struct cut_run *run, struct tn_cut_worker *worker, const uint64_t *chunk,
             struct tn_slot *slot, const uint8_t **bytes, uint64_t *length, bool *copied, tenon_error *error)
{
    const struct tn_cut_job *job = run->job;
    bool missing = false;
    *copied = false;
    if (!job->copies || job->pieces.count > 1)
        return TENON_OK;
    TN_TRY (tn_cut_copy (run->view, worker, chunk, job->encodes, slot, copied, &missing, error));
    *bytes = slot->bytes;
    *length = slot->length;
    if (missing && run->skips_fill) {
        *length = TENON_AUTO;
        *copied = true;
    }
    return TENON_OK;
}

/* Makes what is to be handed out for a chunk, or a piece of one. */
static tenon_status
make_chunk (const struct cut_run *run, uint64_t number, uint64_t piece, unsigned worker, struct tn_slot *slot,
            const uint8_t **bytes, uint64_t *length, tenon_error *error)
{
    const struct tn_cut_job *job = run->job;
    struct tn_cut_worker *own = &job->tools->workers[worker];
    uint64_t chunk[TN_MAX_RANK];
    TN_TRY (tn_meter_ask (job->meter, error));
    tn_cut_find_chunk (job, number, chunk);
    tn_cut_find_piece (job->shape, &job->pieces, chunk, piece, &own->piece);
    bool copied;
    TN_TRY (copy_stored (run, own, chunk, slot, bytes, length, &copied, error));
    if (copied)
        ;
    else if (job->encodes)
        TN_TRY (make_encoded (run, own, worker, slot, bytes, length, error));
    else {
        TN_TRY (make_stored (run, own, slot, bytes, error));
        *length = own->piece.size;
        if (run->skips_fill && tn_cut_is_fill (job->shape, *bytes, *length))
            *length = TENON_AUTO;
    }
    return tn_meter_add (job->meter, own->piece.inside, error);
}

/* ---- one item ---- */

/* The chunks of an item. */
static void
item_range (const struct cut_run *run, uint64_t item, uint64_t *first, uint64_t *count)
{
    const struct tn_cut_job *job = run->job;
    *first = run->first + item / job->pieces.count * job->together;
    *count = TN_MIN (job->together, run->first + run->chunks - *first);
}

static tenon_status
append_chunk (struct tn_slot *slot, const uint8_t *bytes, uint64_t length, tenon_error *error)
{
    const uint64_t size = slot->length + length;
    if (size > slot->room) {
        const uint64_t room = TN_MAX (size, slot->room * 2);
        uint8_t *more = realloc (slot->bytes, room);
        if (!more)
            return tn_fail_memory (error);
        slot->bytes = more;
        slot->room = room;
    }
    if (length > 0)
        memcpy (slot->bytes + slot->length, bytes, length);
    slot->length = size;
    return TENON_OK;
}

/* Makes the chunks of an item into its slot. */
static tenon_status
make_item_chunks (const struct cut_run *run, uint64_t item, unsigned worker, struct tn_cut_slot *slot,
                  tenon_error *error)
{
    const struct tn_cut_job *job = run->job;
    uint64_t first, count;
    const uint8_t *bytes = NULL;
    item_range (run, item, &first, &count);
    if (job->together == 1) {
        slot->bytes = NULL;
        return make_chunk (run, first, item % job->pieces.count, worker, &slot->encoded, &slot->bytes,
                           &slot->lengths[0], error);
    }
    slot->encoded.length = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t *length = &slot->lengths[i];
        TN_TRY (make_chunk (run, first + i, 0, worker, &job->tools->single[worker], &bytes, length, error));
        if (*length != TENON_AUTO)
            TN_TRY (append_chunk (&slot->encoded, bytes, *length, error));
    }
    slot->bytes = slot->encoded.bytes;
    return TENON_OK;
}

static tenon_status
hand_out_chunks (const struct cut_run *run, uint64_t item, const struct tn_cut_slot *slot, tenon_error *error)
{
    const struct tn_cut_job *job = run->job;
    const bool last = item % job->pieces.count + 1 == job->pieces.count;
    const uint8_t *bytes = slot->bytes;
    uint64_t first, count;
    item_range (run, item, &first, &count);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t length = slot->lengths[i];
        TN_TRY (job->taker->take (job->taker->user, first + i, bytes, length, last, error));
        bytes += length == TENON_AUTO ? 0 : length;
    }
    return TENON_OK;
}

/* ---- in any order ---- */

static tenon_status
do_item_at_once (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    const struct cut_run *run = opaque;
    const struct tn_cut_job *job = run->job;
    const uint8_t *bytes = NULL;
    uint64_t first, count, length;
    item_range (run, item, &first, &count);
    for (uint64_t i = 0; i < count; i++) {
        TN_TRY (make_chunk (run, first + i, 0, worker, &job->tools->single[worker], &bytes, &length, error));
        TN_TRY (job->taker->take (job->taker->user, first + i, bytes, length, true, error));
    }
    return TENON_OK;
}

/* ---- in order ---- */

static struct tn_cut_slot *
item_slot (const struct cut_run *run, uint64_t item)
{
    return &run->job->tools->slots[item % run->job->in_flight];
}

/* Stops handing out before this item. The caller holds the lock. */
static void
fail_cut_item (struct cut_run *run, uint64_t item)
{
    run->failed = TN_MIN (run->failed, item);
    pthread_cond_broadcast (&run->moved);
}

/* Hands out the items whose turn it is, unless another thread does so. The caller holds the lock, which is
 * let go meanwhile. */
static void
hand_out_in_turn (struct cut_run *run, tenon_error *error)
{
    if (run->taking)
        return;
    run->taking = true;
    while (run->taken < TN_MIN (run->items, run->failed)) {
        struct tn_cut_slot *slot = item_slot (run, run->taken);
        if (!slot->finished)
            break;
        slot->finished = false;
        pthread_mutex_unlock (&run->lock);
        hand_out_chunks (run, run->taken, slot, error);
        pthread_mutex_lock (&run->lock);
        if (error->status < 0) {
            *run->take_error = *error;
            fail_cut_item (run, run->taken);
        } else
            run->taken++;
        pthread_cond_broadcast (&run->moved);
    }
    run->taking = false;
}

static tenon_status
do_item_in_turn (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct cut_run *run = opaque;
    struct tn_cut_slot *slot = item_slot (run, item);
    pthread_mutex_lock (&run->lock);
    /* Threads begin items in rising order, so the item that this one waits for is being made. */
    while (item - run->taken >= run->job->in_flight && item < run->failed)
        pthread_cond_wait (&run->moved, &run->lock);
    const bool in_vain = item > run->failed;
    pthread_mutex_unlock (&run->lock);
    if (!in_vain)
        make_item_chunks (run, item, worker, slot, error);
    pthread_mutex_lock (&run->lock);
    if (error->status < 0)
        fail_cut_item (run, item);
    else if (!in_vain) {
        slot->finished = true;
        hand_out_in_turn (run, error);
    }
    pthread_mutex_unlock (&run->lock);
    return error->status;
}

static tenon_status
run_in_turn (struct cut_run *run, tenon_error *error)
{
    tenon_error take_error = TENON_ERROR_INIT;
    run->take_error = &take_error;
    run->failed = UINT64_MAX;
    for (unsigned i = 0; i < run->job->in_flight; i++)
        item_slot (run, i)->finished = false;
    pthread_mutex_init (&run->lock, NULL);
    pthread_cond_init (&run->moved, NULL);
    tn_pool_run (run->view->context->pool, run->items, do_item_in_turn, run, error);
    pthread_cond_destroy (&run->moved);
    pthread_mutex_destroy (&run->lock);
    /* All items before the one that was refused were taken, so no lower one failed. */
    if (take_error.status < 0)
        *error = take_error;
    return error->status;
}

/* ---- in order, on this thread ---- */

static tenon_status
do_item_of_turn (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    const struct cut_run *run = opaque;
    item += run->begin;
    return make_item_chunks (run, item, worker, item_slot (run, item), error);
}

/* All threads make as many items as there are slots, then this thread hands them out. */
static tenon_status
run_on_thread (struct cut_run *run, tenon_error *error)
{
    while (run->begin < run->items) {
        uint64_t count = TN_MIN (run->items - run->begin, (uint64_t) run->job->in_flight);
        TN_TRY (tn_pool_run (run->view->context->pool, count, do_item_of_turn, run, error));
        for (; count > 0; count--, run->begin++)
            TN_TRY (hand_out_chunks (run, run->begin, item_slot (run, run->begin), error));
    }
    return TENON_OK;
}

/* ---- all ---- */

static tenon_status
run_some (const struct tn_cut_job *job, const struct tn_cut_view *view, uint64_t first, uint64_t count,
          tenon_error *error)
{
    struct cut_run run = { .job = job, .view = view, .first = first, .chunks = count };
    const struct tn_cut_taker *taker = job->taker;
    const bool cut = job->pieces.count > 1;
    run.skips_fill = job->skips_fill && !cut; /* a piece says nothing of its chunk */
    if (tn_multiply ((count - 1) / job->together + 1, job->pieces.count, &run.items))
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "its chunks have more pieces than can be counted");
    if (taker->how == TN_TAKES_ON_THREAD)
        return run_on_thread (&run, error);
    if (taker->how == TN_TAKES_ANY && !cut && job->in_flight >= job->tools->width)
        return tn_pool_run (view->context->pool, run.items, do_item_at_once, &run, error);
    return run_in_turn (&run, error);
}

/* True if all pieces of a chunk are fill. Most chunks are not, and their first piece says so. */
static tenon_status
is_chunk_fill (const struct tn_cut_job *job, const struct tn_cut_view *view, uint64_t number, bool *fill,
               tenon_error *error)
{
    struct tn_cut_view uncounted = *view;
    struct cut_run run = { .job = job, .view = &uncounted };
    struct tn_cut_worker *worker = &job->tools->workers[0];
    const uint8_t *bytes;
    uint64_t chunk[TN_MAX_RANK];
    uncounted.tally = NULL;
    *fill = true;
    tn_cut_find_chunk (job, number, chunk);
    for (uint64_t piece = 0; *fill && piece < job->pieces.count; piece++) {
        tn_cut_find_piece (job->shape, &job->pieces, chunk, piece, &worker->piece);
        TN_TRY (tn_meter_ask (job->meter, error));
        TN_TRY (make_stored (&run, worker, &job->tools->single[0], &bytes, error));
        *fill = tn_cut_is_fill (job->shape, bytes, worker->piece.size);
    }
    return TENON_OK;
}

/* Chunks that go in pieces are looked at before they are handed out: no piece can be taken back. */
static tenon_status
run_cut_chunk (const struct tn_cut_job *job, const struct tn_cut_view *view, uint64_t number,
               tenon_error *error)
{
    bool fill;
    TN_TRY (is_chunk_fill (job, view, number, &fill, error));
    return fill ? job->taker->take (job->taker->user, number, NULL, TENON_AUTO, true, error)
                : run_some (job, view, number, 1, error);
}

tenon_status
tn_cut_run (const struct tn_cut_job *job, const struct tn_cut_view *view, uint64_t first, uint64_t count,
            tenon_error *error)
{
    const struct tn_cut_taker *taker = job->taker;
    const bool looks = job->skips_fill && job->pieces.count > 1;
    for (uint64_t some; count > 0; first += some, count -= some) {
        some = looks ? 1 : TN_MIN (count, taker->most);
        if (taker->expect)
            TN_TRY (taker->expect (taker->user, first, some, error));
        TN_TRY (looks ? run_cut_chunk (job, view, first, error) : run_some (job, view, first, some, error));
    }
    return TENON_OK;
}
