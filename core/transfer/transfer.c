/* SPDX-License-Identifier: MIT */
/* transfer.c - reads many requests into memory, on all threads.
 *
 * Small tensors, and those that can only be read in order, are each read by one thread. Large tensors are
 * read one at a time, split among all threads. */
#include "transfer/transfer.h"
#include "kernels/checksum.h"
#include "source/scan.h"
#include "transfer/gather.h"
#include "transfer/grid.h"
#include "transfer/slab.h"
#include "transfer/tile.h"
#include "transfer/together.h"

#define STORED_SLAB (4u << 20)
#define MADE_SLAB (1u << 20)

/* ---- slabs ---- */

struct sum {
    uint32_t value;
    uint64_t length;
};

struct slab_run {
    const struct tn_request *request;
    struct tn_slabs slabs;
    uint8_t *to;
    struct sum *sums; /* of each slab's stored bytes; NULL: not needed */
    struct tn_worker *workers;
    struct tn_meter *meter;
};

static tenon_status
read_slab (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct slab_run *run = opaque;
    struct tn_worker *state = &run->workers[worker];
    uint64_t begin, size;
    tn_slab_range (run->request, &run->slabs, item, &begin, &size);
    state->check = run->sums ? run->request->source->check : TENON_CHECK_NONE;
    TN_TRY (tn_slab_make (run->request, &run->slabs, item, state,
                          run->to + tn_slab_place (run->request, &run->slabs, item), error));
    if (run->sums)
        run->sums[item] = (struct sum){ state->sum, state->summed };
    return tn_meter_add (run->meter, size, error);
}

/* The sum of a few bytes beside a tensor. */
static tenon_status
sum_margin (struct tn_source *source, uint64_t begin, uint64_t end, uint32_t *sum, tenon_error *error)
{
    uint8_t bytes[1024];
    for (uint64_t at = begin; at < end; at += sizeof bytes) {
        uint64_t piece = TN_MIN (sizeof bytes, end - at);
        TN_TRY (tn_source_read (source, at, bytes, piece, error));
        *sum = tn_sum_add (source->check, *sum, bytes, piece);
    }
    return TENON_OK;
}

/* Compares the source's checksum with that of its slabs, which lie one behind the other from `begin` on. */
static tenon_status
compare_sums (struct tn_source *source, uint64_t begin, const struct sum *sums, uint64_t count,
              tenon_error *error)
{
    uint32_t sum = tn_sum_begin (source->check);
    uint64_t end = begin;
    TN_TRY (sum_margin (source, 0, begin, &sum, error));
    for (uint64_t i = 0; i < count; i++) {
        sum = tn_sum_join (source->check, sum, sums[i].value, sums[i].length);
        end += sums[i].length;
    }
    TN_TRY (sum_margin (source, end, source->size, &sum, error));
    return tn_source_compare (source, sum, error);
}

/* What turns and goes into blocks: every slab touches all of the stored bytes, a little of each run. Slabs as
 * large as the memory allows keep the runs long, and a decoder goes through its source once only for a single
 * slab. */
static uint64_t
slab_size (const struct tn_request *request)
{
    const tenon_context *context = request->context;
    if (tn_request_is_contiguous (request))
        return STORED_SLAB;
    if (!request->turns)
        return MADE_SLAB;
    if (tn_needs_decoder (request->source))
        return UINT64_MAX / 2;
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (2 * tn_pool_width (context->pool));
    uint64_t even = request->size / (4 * tn_pool_width (context->pool));
    return TN_MAX (TN_MIN (share, even), MADE_SLAB);
}

/* What turns goes tile by tile: each is read once, and scattered into the result. */
static tenon_status
read_tiles (const struct tn_request *request, struct tn_pool *pool, struct tn_worker *workers, uint8_t *to,
            struct tn_meter *meter, tenon_error *error)
{
    struct tn_slabs slabs;
    tn_slabs_plan (request, UINT64_MAX, &slabs);
    return slabs.count > 0
               ? tn_tiles_make (request, &slabs, 0, pool, workers, to + request->to_first, meter, error)
               : TENON_OK;
}

/* Makes all slabs on the threads of the pool; NULL: on this one, with one worker. `sums`: those of the stored
 * bytes become the source's, which is compared. */
static tenon_status
read_slabs (const struct tn_request *request, bool sums, struct tn_pool *pool, struct tn_worker *workers,
            uint8_t *to, struct tn_meter *meter, tenon_error *error)
{
    struct slab_run run = { .request = request, .to = to, .workers = workers, .meter = meter };
    bool alone = false;
    if (request->turns && tn_request_by_items (request))
        return read_tiles (request, pool, workers, to, meter, error);
    tn_slabs_plan (request, slab_size (request), &run.slabs);
    if (request->turns) /* else nothing is held beside the result */
        TN_TRY (tn_slabs_fit (request, &run.slabs, &alone, error));
    TN_FREE struct sum *all = sums ? calloc (run.slabs.count + 1, sizeof *all) : NULL;
    if (sums && !all)
        return tn_fail_memory (error);
    run.sums = all;
    TN_TRY (tn_pool_run (alone ? NULL : pool, run.slabs.count, read_slab, &run, error));
    return sums ? compare_sums (request->source, request->offset, all, run.slabs.count, error) : TENON_OK;
}

/* ---- one thread ---- */

/* True if the result is a range of the stored bytes. Then it needs no slab. */
static bool
copies_bytes (const struct tn_request *request)
{
    return tn_request_is_contiguous (request) && !request->swap_out;
}

/* `bytes` are those of the source from `first` on. */
static tenon_status
copy_bytes (const struct tn_transfer_job *job, const uint8_t *bytes, uint64_t first, struct tn_meter *meter,
            tenon_error *error)
{
    const struct tn_request *request = job->request;
    memcpy (job->to, bytes + (request->offset - first), request->size);
    if (request->swap_in)
        tn_request_swap (request, job->to);
    return tn_meter_add (meter, request->size, error);
}

/* Decodes all of a member at once: where the result belongs, if there is room for the bytes around the
 * tensor; else aside, and makes the slabs from there. */
static tenon_status
read_member (const struct tn_transfer_job *job, struct tn_worker *worker, struct tn_meter *meter,
             tenon_error *error)
{
    struct tn_request *request = job->request;
    struct tn_source memory, *source = request->source;
    uint64_t behind = source->size - request->begin - request->length;
    if (job->way.in_place && request->begin <= job->before && behind <= job->after) {
        TN_TRY (tn_decoder_whole (&worker->decoder, source, (uint8_t *) job->to - request->begin, error));
        if (request->swap_in)
            tn_request_swap (request, job->to);
        return tn_meter_add (meter, request->size, error);
    }
    uint8_t *bytes = tn_worker_buffer (worker, 3, source->size);
    if (!bytes)
        return tn_fail_memory (error);
    TN_TRY (tn_decoder_whole (&worker->decoder, source, bytes, error));
    if (copies_bytes (request))
        return copy_bytes (job, bytes, 0, meter, error);
    tn_request_from_memory (request, &memory, bytes, 0, source->size);
    return read_slabs (request, false, NULL, worker, job->to, meter, error);
}

/* To compare its checksum, a source is read from its first byte to its last. */
static tenon_status
read_decoder (const struct tn_transfer_job *job, struct tn_worker *worker, struct tn_meter *meter,
              tenon_error *error)
{
    struct tn_request *request = job->request;
    struct tn_decoder *decoder = &worker->decoder;
    uint8_t head[1024];
    if (!job->way.sums)
        return read_slabs (request, false, NULL, worker, job->to, meter, error);
    tn_decoder_restart (decoder); /* it may have got further for another tensor */
    for (uint64_t at = 0; at < request->begin; at += sizeof head)
        TN_TRY (tn_decoder_read (decoder, request->source, at, head,
                                 TN_MIN (sizeof head, request->begin - at), error));
    TN_TRY (read_slabs (request, false, NULL, worker, job->to, meter, error));
    return decoder->source == request->source ? tn_decoder_finish (decoder, request->source, error)
                                              : TENON_OK;
}

/* A tensor whose stored bytes may have been fetched, with others. */
static tenon_status
read_small (const struct tn_transfer_job *job, struct tn_worker *worker, struct tn_meter *meter,
            tenon_error *error)
{
    struct tn_source memory;
    struct tn_request *request = job->request;
    const uint8_t *bytes = tn_together_bytes (job, &worker->decoder);
    if (bytes && copies_bytes (request))
        return copy_bytes (job, bytes, request->begin, meter, error);
    if (bytes)
        tn_request_from_memory (request, &memory, bytes, request->begin, request->length);
    return read_slabs (request, job->way.sums, NULL, worker, job->to, meter, error);
}

/* Chunk by chunk; what is made of groups of items, by way of these. */
static tenon_status
read_grid (const struct tn_transfer_job *job, const struct tn_grid_how *how, tenon_error *error)
{
    struct tn_request *request = job->request;
    struct tn_spooled spooled;
    if (tn_request_by_items (request))
        return tn_grid_read (request, how, job->to, error);
    struct tn_grid_how quiet = *how;
    quiet.counts = false;
    tenon_status status = tn_grid_spool (request, &quiet, how->memory / 2, &spooled, error);
    if (status == TENON_OK)
        status = read_slabs (request, false, how->pool, how->workers, job->to, how->meter, error);
    tn_spooled_free (&spooled);
    return status;
}

static tenon_status
read_grid_alone (const struct tn_transfer_job *job, struct tn_worker *worker, struct tn_meter *meter,
                 tenon_error *error)
{
    const tenon_context *context = job->request->context;
    struct tn_grid_how how = { .workers = worker, .meter = meter, .counts = true };
    how.memory = context->limits[TENON_LIMIT_MEMORY] / tn_pool_width (context->pool);
    return read_grid (job, &how, error);
}

static tenon_status
read_alone (const struct tn_transfer_job *job, struct tn_worker *worker, struct tn_meter *meter,
            tenon_error *error)
{
    tenon_status status = job->way.kind == TN_WAY_GRID      ? read_grid_alone (job, worker, meter, error)
                          : job->way.kind == TN_WAY_MEMBER  ? read_member (job, worker, meter, error)
                          : job->way.kind == TN_WAY_DECODER ? read_decoder (job, worker, meter, error)
                                                            : read_small (job, worker, meter, error);
    if (status < 0)
        tn_fail_in (error, NULL, job->request->tensor->name);
    return status;
}

/* ---- all threads ---- */

/* Decodes blocks where they belong. A request that covers its member goes on to the end, for the checksum. */
static tenon_status
read_in_blocks (tenon_context *context, const struct tn_transfer_job *job, struct tn_meter *meter,
                tenon_error *error)
{
    const struct tn_request *request = job->request;
    uint64_t begin = request->offset;
    struct tn_scan *scan;
    TN_TRY (tn_scan_new (context, request->source, job->way.sums ? 0 : begin, &scan, error));
    tenon_status status = job->way.sums ? tn_scan_skip (scan, begin, error) : TENON_OK;
    if (status == TENON_OK)
        status = tn_scan_read (scan, job->to, request->size, meter, error);
    if (status == TENON_OK && job->way.sums)
        status = tn_scan_skip (scan, request->source->size - begin - request->size, error);
    tn_scan_free (scan);
    if (status == TENON_OK && request->swap_in)
        tn_request_swap (request, job->to);
    return status;
}

static tenon_status
read_spool (tenon_context *context, const struct tn_transfer_job *job, struct tn_worker *workers,
            struct tn_meter *meter, tenon_error *error)
{
    struct tn_spooled spooled;
    tenon_status status =
        tn_request_spool (job->request, context->limits[TENON_LIMIT_MEMORY] / 2, &spooled, error);
    if (status == TENON_OK)
        status =
            read_slabs (job->request, false, tn_request_pool (job->request), workers, job->to, meter, error);
    tn_spooled_free (&spooled);
    return status;
}

static tenon_status
read_shared (tenon_context *context, const struct tn_transfer_job *job, struct tn_worker *workers,
             struct tn_meter *meter, tenon_error *error)
{
    struct tn_request *request = job->request;
    struct tn_grid_how how = { .pool = tn_request_pool (request),
                               .workers = workers,
                               .memory = context->limits[TENON_LIMIT_MEMORY],
                               .meter = meter,
                               .counts = true };
    tenon_status status = TENON_OK;
    if (job->way.sums_first)
        status = tn_scan_all (context, request->source, NULL, NULL, error);
    if (status == TENON_OK)
        switch (job->way.kind) {
        case TN_WAY_GRID: status = read_grid (job, &how, error); break;
        case TN_WAY_BLOCKS: status = read_in_blocks (context, job, meter, error); break;
        case TN_WAY_SCAN:
            status = tn_transfer_scan (context, request, job->to, NULL, NULL, meter, error);
            break;
        case TN_WAY_SPOOL: status = read_spool (context, job, workers, meter, error); break;
        default:
            status = read_slabs (request, job->way.sums, tn_request_pool (request), workers, job->to, meter,
                                 error);
        }
    if (status < 0)
        tn_fail_in (error, NULL, request->tensor->name);
    return status;
}

/* ---- many jobs ---- */

/* Small jobs go in batches: taking one costs about as much as reading it. */
#define LEAST_BATCH 32u
#define MOST_BATCH 1024u

struct alone_run {
    const struct tn_transfer_job *jobs;
    const uint64_t *numbers; /* of the jobs that one thread does */
    uint64_t count, batch;
    struct tn_worker *workers;
    struct tn_meter *meter;
};

static tenon_status
read_alone_items (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct alone_run *run = opaque;
    struct tn_worker *state = &run->workers[worker];
    uint64_t first = item * run->batch, end = TN_MIN (run->count, first + run->batch);
    while (first < end) {
        struct tn_together range;
        uint64_t some = tn_together_find (run->jobs, &run->numbers[first], end - first, &range);
        if (some > 1)
            tn_decoder_fetch (&state->decoder, range.root, range.begin, range.end);
        for (; some > 0; some--, first++)
            TN_TRY (read_alone (&run->jobs[run->numbers[first]], state, run->meter, error));
    }
    return TENON_OK;
}

/* Long tensors are shared out one by one, small ones as many as are read at once, as long as all threads get
 * some. */
static uint64_t
batch_size (uint64_t count, uint64_t bytes, unsigned width)
{
    uint64_t each = bytes / count + 1;
    if (each > TN_SMALL / LEAST_BATCH)
        return 1;
    uint64_t most = TN_MIN (count / (8 * (uint64_t) width), MOST_BATCH);
    return TN_MAX (TN_MIN (TN_TOGETHER_SPAN / each, most), LEAST_BATCH);
}

/* Reads the large tensors, and lists the others in `alone`. */
static tenon_status
read_large (tenon_context *context, const struct tn_transfer_job *jobs, uint64_t count, uint64_t *numbers,
            struct alone_run *alone, tenon_error *error)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++)
        total += jobs[i].request->size;
    /* up to this size a tensor goes to one thread; a larger one would keep it busy when the others have
     * finished */
    uint64_t share = TN_MAX (total / (8 * (uint64_t) tn_pool_width (context->pool)), (uint64_t) STORED_SLAB);
    for (uint64_t i = 0; i < count; i++)
        if (jobs[i].way.alone || (jobs[i].way.kind == TN_WAY_STORED && jobs[i].request->size <= share))
            numbers[alone->count++] = i;
        else
            TN_TRY (read_shared (context, &jobs[i], alone->workers, alone->meter, error));
    return TENON_OK;
}

/* All jobs are of one file, whose parts are read on the same threads. */
tenon_status
tn_transfer_read (tenon_context *context, const struct tn_transfer_job *jobs, uint64_t count,
                  struct tn_meter *meter, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    TN_FREE uint64_t *numbers = malloc ((count + 1) * sizeof *numbers);
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!numbers || !workers)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < count; i++)
        if (jobs[i].way.kind == TN_WAY_SLABS || (jobs[i].way.kind == TN_WAY_DECODER && !jobs[i].way.sums))
            TN_TRY (tn_gather_prove (jobs[i].request, error));
    struct alone_run run = { .jobs = jobs, .numbers = numbers, .workers = workers, .meter = meter };
    tenon_status status = read_large (context, jobs, count, numbers, &run, error);
    if (status == TENON_OK && run.count > 0) {
        uint64_t bytes = 0;
        for (uint64_t i = 0; i < run.count; i++)
            bytes += jobs[numbers[i]].request->size;
        run.batch = batch_size (run.count, bytes, width);
        tn_together_sort (jobs, numbers, run.count);
        status = tn_pool_run (tn_request_pool (jobs->request), (run.count + run.batch - 1) / run.batch,
                              read_alone_items, &run, error);
    }
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    for (uint64_t i = 0; i < count && status == TENON_OK; i++)
        status = tn_request_account (jobs[i].request, error);
    return status;
}
