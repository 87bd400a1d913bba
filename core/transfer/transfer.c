/* SPDX-License-Identifier: MIT */
/* transfer.c - reads many wants on all threads.
 *
 * Small ones, and those that can only be read from front to back, are done whole by one thread each; large
 * ones one after the other, cut into slabs that the threads share. */
#include "transfer/transfer.h"
#include "kernels/checksum.h"
#include "source/scan.h"

#define SMALL (1u << 20)
#define RAW_SLAB (4u << 20)
#define MADE_SLAB (1u << 20)

/* ---- work that the pool shares ---- */

struct sum {
    uint32_t crc;
    uint64_t length;
};

struct work {
    const struct tn_transfer_job *jobs;
    const uint64_t *single;           /* indices of jobs that one thread does */
    const struct tn_request *request; /* the large one */
    struct tn_slabs slabs;
    uint8_t *to;
    struct tn_source *blocks_of; /* reading whole blocks */
    uint64_t first_block, begin, end;
    atomic_bool bad_blocks;
    struct sum *sums; /* of each slab or block; NULL: nobody wants them */
    struct tn_worker *workers;
    struct tn_meter *meter;
};

/* What one thread may hold of a member: stored and decoded bytes together. */
static uint64_t
member_room (const tenon_context *context)
{
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (2 * tn_pool_width (context->pool));
    return TN_MAX (share, 2 * ((uint64_t) SMALL + TN_MARGIN));
}

bool
tn_request_in_member (const struct tn_request *request)
{
    return tn_request_covers (request) && request->source->filter && tn_request_is_contiguous (request)
           && tn_whole_fits (request->source, UINT64_MAX);
}

/* All of a member at once: where the result belongs, when there is room for what lies beside it, else beside
 * it, and the want is pointed there. */
static tenon_status
read_member (const struct tn_transfer_job *job, struct tn_request *request, struct tn_source *memory,
             struct tn_worker *worker, bool *done, tenon_error *error)
{
    struct tn_source *source = request->source;
    uint64_t behind = source->size - request->offset - request->tensor->length;
    *done = tn_request_in_member (request) && request->offset <= job->before && behind <= job->after;
    if (*done) {
        TN_TRY (tn_decoder_whole (&worker->decoder, source, (uint8_t *) job->to - request->offset, error));
        if (request->swap_in)
            tn_request_swap (request, job->to);
        return TENON_OK;
    }
    uint8_t *bytes = tn_worker_buffer (worker, 3, source->size);
    if (!bytes)
        return tn_fail_memory (error);
    TN_TRY (tn_decoder_whole (&worker->decoder, source, bytes, error));
    tn_request_from_memory (request, memory, bytes, 0, source->size);
    return TENON_OK;
}

/* One run of a source that nothing encodes. */
static bool
is_as_it_lies (const struct tn_request *request)
{
    return !request->fortran && tn_request_is_contiguous (request) && request->tensor->storage == TENON_EXTENT
           && !tn_source_is_encoded (request->source);
}

/* A stream of a checked source is read from its beginning to its end, or it would not be summed up. */
static tenon_status
read_before (const struct tn_request *request, struct tn_worker *worker, tenon_error *error)
{
    struct tn_source *source = request->source;
    uint8_t head[4096];
    tn_decoder_restart (&worker->decoder); /* it may have got further for another tensor */
    for (uint64_t at = 0; at < request->offset; at += sizeof head)
        TN_TRY (tn_worker_read (worker, source, at, head, TN_MIN (sizeof head, request->offset - at), error));
    return TENON_OK;
}

/* The sum of a few bytes beside a tensor. */
static tenon_status
sum_margin (struct tn_source *source, uint64_t begin, uint64_t end, uint32_t *crc, tenon_error *error)
{
    uint8_t bytes[4096];
    for (uint64_t at = begin; at < end; at += sizeof bytes) {
        uint64_t piece = TN_MIN (sizeof bytes, end - at);
        TN_TRY (tn_source_read (source, at, bytes, piece, error));
        *crc = tn_crc32 (*crc, bytes, piece);
    }
    return TENON_OK;
}

/* The source's sum, from those of the slabs, or blocks, that lie one behind the other in it from `begin` on.
 */
static tenon_status
compare_sums (struct tn_source *source, uint64_t begin, const struct sum *sums, uint64_t count,
              tenon_error *error)
{
    uint32_t crc = 0;
    uint64_t end = begin;
    TN_TRY (sum_margin (source, 0, begin, &crc, error));
    for (uint64_t i = 0; i < count; i++) {
        crc = tn_crc32_combine (crc, sums[i].crc, sums[i].length);
        end += sums[i].length;
    }
    if (end < source->size)
        TN_TRY (sum_margin (source, end, source->size, &crc, error));
    return tn_source_compare (source, crc, error);
}

/* What lies in a file as it is, with a checksum over it: summed up as it comes. */
static tenon_status
make_summed (const struct tn_transfer_job *job, const struct tn_request *request, struct tn_worker *worker,
             struct tn_meter *meter, tenon_error *error)
{
    struct tn_slabs slabs;
    struct sum all = { 0, 0 };
    tn_slabs_plan (request, RAW_SLAB, &slabs);
    for (uint64_t i = 0; i < slabs.count; i++) {
        uint64_t begin, size;
        tn_slab_range (request, &slabs, i, &begin, &size);
        worker->sums = true;
        tenon_status status =
            tn_request_slab (request, &slabs, i, worker, (uint8_t *) job->to + begin, error);
        worker->sums = false;
        if (status < 0)
            return status;
        all.crc = tn_crc32_combine (all.crc, worker->crc, worker->summed);
        all.length += worker->summed;
        TN_TRY (tn_meter_add (meter, size, error));
    }
    return compare_sums (request->source, request->offset, &all, 1, error);
}

static tenon_status
make_slabs (const struct tn_transfer_job *job, const struct tn_request *request, struct tn_worker *worker,
            struct tn_meter *meter, tenon_error *error)
{
    struct tn_slabs slabs;
    /* a stream is decoded once: what is picked from all over it is made in one slab (it fits, see choose_way)
     */
    bool once = request->fortran && tn_source_is_encoded (request->source);
    tn_slabs_plan (request,
                   once                                 ? UINT64_MAX / 2
                   : tn_request_is_contiguous (request) ? RAW_SLAB
                                                        : MADE_SLAB,
                   &slabs);
    for (uint64_t i = 0; i < slabs.count; i++) {
        uint64_t begin, size;
        tn_slab_range (request, &slabs, i, &begin, &size);
        TN_TRY (tn_request_slab (request, &slabs, i, worker, (uint8_t *) job->to + begin, error));
        TN_TRY (tn_meter_add (meter, size, error));
    }
    return TENON_OK;
}

static tenon_status
make_single (const struct tn_transfer_job *job, struct tn_request *request, struct tn_worker *worker,
             struct tn_meter *meter, tenon_error *error)
{
    struct tn_source memory, *source = request->source;
    bool covers = tn_request_covers (request) && (source->filter || source->check), done = false;
    if (covers && request->size > SMALL && is_as_it_lies (request))
        return make_summed (job, request, worker, meter, error);
    if (covers && tn_whole_fits (source, member_room (request->catalog->context))) {
        TN_TRY (read_member (job, request, &memory, worker, &done, error));
        return done ? tn_meter_add (meter, request->size, error)
                    : make_slabs (job, request, worker, meter, error);
    }
    covers = covers && tn_source_is_encoded (source);
    if (covers)
        TN_TRY (read_before (request, worker, error));
    TN_TRY (make_slabs (job, request, worker, meter, error));
    return covers && worker->decoder.source == source ? tn_decoder_finish (&worker->decoder, source, error)
                                                      : TENON_OK;
}

static tenon_status
do_single (const struct tn_transfer_job *job, struct tn_worker *worker, struct tn_meter *meter,
           tenon_error *error)
{
    struct tn_request request;
    if (tn_request_make (&request, job->catalog, job->tensor, job->box, job->target, 0, error) == TENON_OK)
        make_single (job, &request, worker, meter, error);
    if (error->status < 0)
        tn_fail_in (error, NULL, job->tensor->name);
    return error->status;
}

/* Small jobs go in batches: taking one costs about as much as reading it. */
#define BATCH 32u
/* Stored bytes of a batch's members that are read at once; what lies between may be as much again. */
#define MOST_SPAN (256u << 10)

struct batches {
    struct work *work;
    uint64_t count;
};

/* Small members of one file that lie close together, as those of most archives do. */
static void
fetch_members (const struct work *work, uint64_t first, uint64_t end, struct tn_decoder *decoder)
{
    struct tn_source *root = NULL;
    uint64_t low = UINT64_MAX, high = 0, stored = 0;
    for (uint64_t i = first; i < end; i++) {
        const struct tn_transfer_job *job = &work->jobs[work->single[i]];
        const struct tn_source *source = job->catalog->sources[job->tensor->source];
        if (source->kind != TN_SOURCE_PART || source->stored > MOST_SPAN
            || source->parent->backing->kind != TN_SOURCE_FD || (root && root != source->parent->backing))
            return;
        root = source->parent->backing;
        uint64_t offset = source->parent->backing_offset + source->offset;
        low = TN_MIN (low, offset);
        high = TN_MAX (high, offset + source->stored);
        stored += source->stored;
    }
    if (root && high - low <= MOST_SPAN && high - low <= 2 * stored)
        tn_decoder_fetch (decoder, root, low, high);
}

static tenon_status
single_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct batches *batches = opaque;
    struct work *work = batches->work;
    uint64_t end = TN_MIN (batches->count, (item + 1) * BATCH);
    fetch_members (work, item * BATCH, end, &work->workers[worker].decoder);
    for (uint64_t i = item * BATCH; i < end; i++)
        TN_TRY (do_single (&work->jobs[work->single[i]], &work->workers[worker], work->meter, error));
    return TENON_OK;
}

static tenon_status
one_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct work *work = opaque;
    return do_single (&work->jobs[work->single[item]], &work->workers[worker], work->meter, error);
}

static tenon_status
slab_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct work *work = opaque;
    uint64_t begin, size;
    tn_slab_range (work->request, &work->slabs, item, &begin, &size);
    struct tn_worker *state = &work->workers[worker];
    state->sums = work->sums != NULL;
    if (tn_request_slab (work->request, &work->slabs, item, state, work->to + begin, error) == TENON_OK)
        tn_meter_add (work->meter, size, error);
    if (state->sums)
        work->sums[item] = (struct sum){ state->crc, state->summed };
    state->sums = false;
    return error->status;
}

/* One block of an encoded source, of which [begin, end) is wanted. */
static tenon_status
block_item (void *opaque, uint64_t item, unsigned number, tenon_error *error)
{
    struct work *work = opaque;
    struct tn_worker *worker = &work->workers[number];
    struct tn_source *source = work->blocks_of;
    uint64_t block = work->first_block + item, at = block * source->block_size;
    uint64_t size = TN_MIN (source->block_size, source->size - at);
    uint64_t from = TN_MAX (at, work->begin), until = TN_MIN (at + size, work->end);
    bool direct = at >= work->begin && at + size <= work->end, good = true;
    uint8_t *to = direct ? work->to + (at - work->begin) : tn_worker_buffer (worker, 0, size);
    if (atomic_load (&work->bad_blocks))
        return TENON_OK;
    if (!to)
        tn_fail_memory (error);
    else if (tn_decoder_blocks (&worker->decoder, source, block, 1, to, &good, error) == TENON_OK && !good)
        atomic_store (&work->bad_blocks, true);
    else if (error->status == TENON_OK) {
        if (work->sums)
            work->sums[item] = (struct sum){ tn_crc32 (0, to, size), size };
        if (!direct && until > from)
            memcpy (work->to + (from - work->begin), to + (from - at), until - from);
    }
    if (error->status == TENON_OK && good)
        tn_meter_add (work->meter, until > from ? until - from : 0, error);
    return error->status;
}

/* ---- choosing ---- */

enum way { SINGLE, SLABS, BLOCKS, FED };

static enum way
choose_way (const struct tn_request *request)
{
    struct tn_source *source = request->source;
    if (request->size <= SMALL || request->tensor->storage == TENON_SERVED)
        return SINGLE;
    if (!tn_source_is_encoded (source) || request->fortran) /* an encoded one is settled first */
        return SLABS;
    if (source->backing != source || !tn_has_blocks (source))
        return SINGLE;
    return tn_request_is_contiguous (request) ? BLOCKS : tn_request_covers (request) ? FED : SLABS;
}

/* Fortran order to C: every slab touches all of the stored bytes, a little of each run. Slabs as large as
 * the memory allows keep the runs long. */
static uint64_t
slab_bytes (const struct tn_request *request, const tenon_context *context)
{
    if (tn_request_is_contiguous (request))
        return RAW_SLAB;
    if (!request->fortran)
        return MADE_SLAB;
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (2 * tn_pool_width (context->pool));
    uint64_t even = request->size / (4 * tn_pool_width (context->pool));
    return TN_MAX (TN_MIN (share, even), MADE_SLAB);
}

static tenon_status
do_blocks (tenon_context *context, const struct tn_transfer_job *job, const struct tn_request *request,
           struct work *work, tenon_error *error)
{
    struct tn_source *source = request->source;
    work->begin = request->offset + request->start[0] * request->unit_bytes;
    work->end = work->begin + request->size;
    work->blocks_of = source;
    work->first_block = work->begin / source->block_size;
    uint64_t count = (work->end - 1) / source->block_size - work->first_block + 1;
    TN_FREE struct sum *sums = NULL;
    bool all = count == source->block_count && source->check;
    if (all && !(sums = calloc (count, sizeof *sums)))
        return tn_fail_memory (error);
    work->sums = sums;
    tenon_status status = tn_pool_run (context->pool, count, block_item, work, error);
    work->sums = NULL;
    if (status == TENON_OK && atomic_exchange (&work->bad_blocks, false))
        return do_single (job, &work->workers[0], work->meter, error);
    if (status == TENON_OK && all)
        status = compare_sums (source, 0, sums, count, error);
    if (status == TENON_OK && request->swap_in)
        tn_request_swap (request, job->to);
    return status;
}

static tenon_status
do_slabs (tenon_context *context, const struct tn_request *request, struct work *work, tenon_error *error)
{
    bool checks =
        tn_request_covers (request) && request->source->check && !tn_source_is_encoded (request->source);
    tn_slabs_plan (request, slab_bytes (request, context), &work->slabs);
    if (checks && request->fortran) { /* picked from all over: summed up before */
        TN_TRY (tn_scan_all (context, request->source, NULL, NULL, error));
        checks = false;
    }
    TN_FREE struct sum *sums = NULL;
    if (checks && !(sums = calloc (work->slabs.count, sizeof *sums)))
        return tn_fail_memory (error);
    work->sums = sums;
    tenon_status status = tn_pool_run (context->pool, work->slabs.count, slab_item, work, error);
    work->sums = NULL;
    return status == TENON_OK && checks
               ? compare_sums (request->source, request->offset, sums, work->slabs.count, error)
               : status;
}

static tenon_status
do_large (tenon_context *context, const struct tn_transfer_job *job, struct work *work, tenon_error *error)
{
    struct tn_request request;
    struct tn_spooled settled;
    TN_TRY (tn_request_make (&request, job->catalog, job->tensor, job->box, job->target, 0, error));
    enum way way = choose_way (&request);
    tenon_status status =
        tn_request_spool (&request, context->limits[TENON_LIMIT_MEMORY] / 2, &settled, error);
    work->to = job->to;
    work->request = &request;
    if (status == TENON_OK)
        status = way == BLOCKS ? do_blocks (context, job, &request, work, error)
                 : way == FED  ? tn_transfer_scan (context, &request, job->to, NULL, NULL, work->meter, error)
                               : do_slabs (context, &request, work, error);
    if (status < 0)
        tn_fail_in (error, NULL, job->tensor->name);
    tn_spooled_free (&settled);
    return status;
}

tenon_status
tn_transfer_read (tenon_context *context, const struct tn_transfer_job *jobs, uint64_t count,
                  struct tn_meter *meter, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct work work = { .jobs = jobs, .meter = meter };
    TN_FREE uint64_t *single = malloc ((count + 1) * sizeof *single);
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!single || !workers)
        return tn_fail_memory (error);
    work.workers = workers;
    work.single = single;
    struct batches batches = { &work, 0 };
    tenon_status status = TENON_OK;
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++)
        total += jobs[i].size;
    /* so large that one thread is not left alone with it in the end */
    uint64_t share = TN_MAX (total / (8 * (uint64_t) width), (uint64_t) RAW_SLAB);
    for (uint64_t i = 0; i < count && status == TENON_OK; i++) {
        bool small = jobs[i].size <= SMALL;
        if (!small) {
            struct tn_request request;
            status = tn_request_make (&request, jobs[i].catalog, jobs[i].tensor, jobs[i].box, jobs[i].target,
                                      0, error);
            small =
                status == TENON_OK
                && (choose_way (&request) == SINGLE || (request.size <= share && is_as_it_lies (&request)));
        }
        if (status == TENON_OK && small)
            single[batches.count++] = i;
        else if (status == TENON_OK)
            status = do_large (context, &jobs[i], &work, error);
    }
    if (status == TENON_OK && batches.count > 0) {
        /* few and long ones are shared out one by one */
        uint64_t bytes = 0;
        for (uint64_t i = 0; i < batches.count; i++)
            bytes += jobs[single[i]].size;
        status = bytes / batches.count > SMALL / BATCH
                     ? tn_pool_run (context->pool, batches.count, one_item, &work, error)
                     : tn_pool_run (context->pool, (batches.count + BATCH - 1) / BATCH, single_item, &batches,
                                    error);
    }
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    return status;
}
