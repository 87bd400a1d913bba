/* transfer.c - reads many wants on all threads.
 *
 * Small ones, and those that can only be read from front to back, are done whole by one thread each; large
 * ones one after the other, cut into slabs that the threads share. */
#include "transfer.h"

#define SMALL (1u << 20)
#define RAW_SLAB (4u << 20)
#define MADE_SLAB (1u << 20)
/* What may follow or precede a tensor in its member and is read along for the checksum's sake. */
#define MARGIN 65536u

/* ---- progress ---- */

void
tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total)
{
    memset (meter, 0, sizeof *meter);
    meter->progress = progress && progress->report ? progress : NULL;
    meter->total = total;
    pthread_mutex_init (&meter->lock, NULL);
}

void
tn_meter_end (struct tn_meter *meter)
{
    pthread_mutex_destroy (&meter->lock);
}

tenon_status
tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error)
{
    if (!meter || !meter->progress)
        return TENON_OK;
    pthread_mutex_lock (&meter->lock);
    meter->done += bytes;
    if (!meter->stopped && (meter->done - meter->told >= MADE_SLAB || meter->done >= meter->total)) {
        meter->told = meter->done;
        meter->stopped =
            meter->progress->report (meter->progress->user, TN_MIN (meter->done, meter->total), meter->total)
            != 0;
    }
    bool stopped = meter->stopped;
    pthread_mutex_unlock (&meter->lock);
    return stopped ? tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled") : TENON_OK;
}

/* ---- work that the pool shares ---- */

struct work {
    const struct tn_job *jobs;
    const uint64_t *single;     /* indices of jobs that one thread does */
    const struct tn_want *want; /* the large one */
    struct tn_slabs slabs;
    uint8_t *to;
    struct tn_source *blocks_of; /* reading whole blocks */
    uint64_t first_block, begin, end;
    atomic_bool bad_blocks;
    struct tn_worker *workers;
    struct tn_meter *meter;
    pthread_mutex_t lock; /* of error */
    uint64_t failed_item;
    tenon_error *error;
};

/* Keeps the failure of the lowest item, so that the same file gives the same message on any number of
 * threads. */
static tenon_status
keep_error (struct work *work, uint64_t item, const tenon_error *error)
{
    if (error->status < 0) {
        pthread_mutex_lock (&work->lock);
        if (work->error->status == TENON_OK || item < work->failed_item) {
            *work->error = *error;
            work->failed_item = item;
        }
        pthread_mutex_unlock (&work->lock);
    }
    return error->status;
}

/* When nearly all of a checked member was read, the rest is read, too, and its checksum compared. */
static tenon_status
finish_check (const struct tn_want *want, struct tn_worker *worker, tenon_error *error)
{
    struct tn_source *source = want->source;
    if (!want->whole || source->check == TENON_CHECK_NONE || want->tensor->storage != TENON_EXTENT
        || worker->stream_of != source || source->size - want->tensor->length > MARGIN)
        return TENON_OK;
    return tn_stream_finish (worker->stream, error);
}

/* The bytes before the tensor, for the same reason. */
tenon_status
tn_read_before (const struct tn_want *want, struct tn_worker *worker, tenon_error *error)
{
    struct tn_source *source = want->source;
    uint8_t head[4096];
    if (!want->whole || source->check == TENON_CHECK_NONE || want->tensor->storage != TENON_EXTENT
        || source->size - want->tensor->length > MARGIN)
        return TENON_OK;
    for (uint64_t at = 0; at < want->offset; at += sizeof head)
        TN_TRY (tn_worker_read (worker, source, at, head, TN_MIN (sizeof head, want->offset - at), error));
    return TENON_OK;
}

static tenon_status
do_single (const struct tn_job *job, struct tn_worker *worker, struct tn_meter *meter, tenon_error *error)
{
    struct tn_want want;
    struct tn_slabs slabs;
    tenon_status status = tn_want_make (&want, job->catalog, job->tensor, job->box, job->target, 0, error);
    if (status == TENON_OK) {
        /* a stream of a checked source starts anew for each tensor, or it would not sum up from the
         * beginning */
        if (want.source->check != TENON_CHECK_NONE && worker->stream_of == want.source) {
            tn_stream_free (worker->stream);
            worker->stream = NULL, worker->stream_of = NULL;
        }
        status = tn_read_before (&want, worker, error);
    }
    if (status == TENON_OK) {
        /* a stream is decoded once: what is picked from all over it is made in one slab (it fits, see choose_way) */
        bool once = want.fortran && tn_source_is_encoded (want.source);
        tn_slabs_plan (&want,
                       once                            ? UINT64_MAX / 2
                       : tn_want_is_contiguous (&want) ? RAW_SLAB
                                                       : MADE_SLAB,
                       &slabs);
        for (uint64_t i = 0; i < slabs.count && status == TENON_OK; i++) {
            uint64_t begin, size;
            tn_slab_place (&want, &slabs, i, &begin, &size);
            status = tn_want_slab (&want, &slabs, i, worker, (uint8_t *) job->to + begin, error);
            if (status == TENON_OK)
                status = tn_meter_add (meter, size, error);
        }
    }
    if (status == TENON_OK)
        status = finish_check (&want, worker, error);
    if (status < 0)
        tn_fail_place (error, NULL, job->tensor->name);
    return status;
}

/* Small jobs go in batches: taking one costs about as much as reading it. */
#define BATCH 16u

struct batches {
    struct work *work;
    uint64_t count;
};

static tenon_status
single_item (void *opaque, uint64_t item, unsigned worker)
{
    struct batches *batches = opaque;
    struct work *work = batches->work;
    uint64_t end = TN_MIN (batches->count, (item + 1) * BATCH);
    for (uint64_t i = item * BATCH; i < end; i++) {
        tenon_error error = TENON_ERROR_INIT;
        do_single (&work->jobs[work->single[i]], &work->workers[worker], work->meter, &error);
        if (error.status < 0)
            return keep_error (work, i, &error);
    }
    return TENON_OK;
}

static tenon_status
one_item (void *opaque, uint64_t item, unsigned worker)
{
    struct work *work = opaque;
    tenon_error error = TENON_ERROR_INIT;
    do_single (&work->jobs[work->single[item]], &work->workers[worker], work->meter, &error);
    return keep_error (work, item, &error);
}

static tenon_status
slab_item (void *opaque, uint64_t item, unsigned worker)
{
    struct work *work = opaque;
    tenon_error error = TENON_ERROR_INIT;
    uint64_t begin, size;
    tn_slab_place (work->want, &work->slabs, item, &begin, &size);
    if (tn_want_slab (work->want, &work->slabs, item, &work->workers[worker], work->to + begin, &error)
        == TENON_OK)
        tn_meter_add (work->meter, size, &error);
    return keep_error (work, item, &error);
}

/* One block of an encoded source, of which [begin, end) is wanted. */
static tenon_status
block_item (void *opaque, uint64_t item, unsigned number)
{
    struct work *work = opaque;
    struct tn_worker *worker = &work->workers[number];
    struct tn_source *source = work->blocks_of;
    tenon_error error = TENON_ERROR_INIT;
    uint64_t block = work->first_block + item, at = block * source->block_size;
    uint64_t size = TN_MIN (source->block_size, source->size - at);
    uint64_t from = TN_MAX (at, work->begin), until = TN_MIN (at + size, work->end);
    bool direct = at >= work->begin && at + size <= work->end, good = true;
    uint8_t *to = direct ? work->to + (at - work->begin) : tn_worker_buffer (worker, 0, size);
    if (atomic_load (&work->bad_blocks))
        return TENON_OK;
    if (!to)
        tn_fail_memory (&error);
    else if (tn_blocks_read (source, block, 1, to, &worker->blocks, &good, &error) == TENON_OK && !good)
        atomic_store (&work->bad_blocks, true);
    else if (error.status == TENON_OK && !direct && until > from)
        memcpy (work->to + (from - work->begin), to + (from - at), until - from);
    if (error.status == TENON_OK && good)
        tn_meter_add (work->meter, until > from ? until - from : 0, &error);
    return keep_error (work, item, &error);
}

/* ---- choosing ---- */

enum way { SINGLE, SLABS, BLOCKS };

static enum way
choose_way (const struct tn_want *want)
{
    struct tn_source *source = want->source;
    if (want->size <= SMALL || want->tensor->storage == TENON_SERVED)
        return SINGLE;
    /* what is picked from all over an encoded source is decoded once: in one slab, or into a spool */
    if (tn_source_is_encoded (source) && want->fortran)
        return want->tensor->length > want->catalog->context->limits[TENON_LIMIT_MEMORY] / 2 ? SLABS : SINGLE;
    if (tn_source_is_encoded (source)) {
        if (source->hard != source || !tn_has_blocks (source) || source->check != TENON_CHECK_NONE)
            return SINGLE;
        return tn_want_is_contiguous (want) ? BLOCKS : SLABS;
    }
    if (source->check != TENON_CHECK_NONE && want->whole && source->size - want->tensor->length <= MARGIN)
        return SINGLE;
    return SLABS;
}

/* Fortran order to C: every slab touches all of the stored bytes, a little of each run. Slabs as large as
 * the memory allows keep the runs long. */
static uint64_t
slab_bytes (const struct tn_want *want, const tenon_context *context)
{
    if (tn_want_is_contiguous (want))
        return RAW_SLAB;
    if (!want->fortran)
        return MADE_SLAB;
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (2 * tn_pool_width (context->pool));
    uint64_t even = want->size / (4 * tn_pool_width (context->pool));
    return TN_MAX (TN_MIN (share, even), MADE_SLAB);
}

/* Fortran order behind a filter cannot be picked from: decode it into a temporary file first. */
static tenon_status
spool_want (struct tn_want *want, struct tn_source **spool, tenon_error *error)
{
    *spool = NULL;
    bool picks = want->fortran && tn_source_is_encoded (want->source);
    if (!picks || want->tensor->length <= want->catalog->context->limits[TENON_LIMIT_MEMORY] / 2)
        return TENON_OK;
    TN_TRY (tn_spool (want->source, spool, error));
    want->source = *spool;
    return TENON_OK;
}

static tenon_status
do_large (tenon_context *context, const struct tn_job *job, struct work *work)
{
    struct tn_want want;
    struct tn_source *spool = NULL;
    work->error->status = TENON_OK;
    TN_TRY (tn_want_make (&want, job->catalog, job->tensor, job->box, job->target, 0, work->error));
    enum way way = choose_way (&want);
    TN_TRY (spool_want (&want, &spool, work->error));
    work->to = job->to;
    work->want = &want;
    tenon_status status = TENON_OK;
    if (way == BLOCKS) {
        struct tn_source *source = want.source;
        uint64_t begin = want.offset + want.start[0] * want.unit_bytes;
        work->blocks_of = source;
        work->begin = begin, work->end = begin + want.size;
        work->first_block = begin / source->block_size;
        uint64_t last = (work->end - 1) / source->block_size;
        status = tn_pool_run (context->pool, last - work->first_block + 1, block_item, work);
        if (status == TENON_OK && atomic_exchange (&work->bad_blocks, false))
            status = do_single (job, &work->workers[0], work->meter, work->error);
        else if (status == TENON_OK && want.swap_in)
            tn_want_swap (&want, job->to);
    } else {
        tn_slabs_plan (&want, slab_bytes (&want, context), &work->slabs);
        status = tn_pool_run (context->pool, work->slabs.count, slab_item, work);
    }
    if (status < 0)
        tn_fail_place (work->error, NULL, job->tensor->name);
    for (unsigned i = 0; spool && i < tn_pool_width (context->pool); i++)
        tn_worker_free (&work->workers[i]); /* they may hold the spool */
    tn_source_free (spool);
    return status;
}

tenon_status
tn_transfer_read (tenon_context *context, const struct tn_job *jobs, uint64_t count, struct tn_meter *meter,
                  tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct work work = { .jobs = jobs, .meter = meter, .error = error, .failed_item = UINT64_MAX };
    TN_FREE uint64_t *single = malloc ((count + 1) * sizeof *single);
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!single || !workers)
        return tn_fail_memory (error);
    work.workers = workers;
    work.single = single;
    pthread_mutex_init (&work.lock, NULL);
    struct batches batches = { &work, 0 };
    tenon_status status = TENON_OK;
    for (uint64_t i = 0; i < count && status == TENON_OK; i++) {
        bool small = jobs[i].size <= SMALL;
        if (!small) {
            struct tn_want want;
            status =
                tn_want_make (&want, jobs[i].catalog, jobs[i].tensor, jobs[i].box, jobs[i].target, 0, error);
            small = status == TENON_OK && choose_way (&want) == SINGLE;
        }
        if (status == TENON_OK && small)
            single[batches.count++] = i;
        else if (status == TENON_OK)
            status = do_large (context, &jobs[i], &work);
    }
    if (status == TENON_OK && batches.count > 0) {
        /* few and long ones are shared out one by one */
        uint64_t bytes = 0;
        for (uint64_t i = 0; i < batches.count; i++)
            bytes += jobs[single[i]].size;
        status =
            bytes / batches.count > SMALL / BATCH
                ? tn_pool_run (context->pool, batches.count, one_item, &work)
                : tn_pool_run (context->pool, (batches.count + BATCH - 1) / BATCH, single_item, &batches);
    }
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    pthread_mutex_destroy (&work.lock);
    return error->status < 0 ? error->status : status;
}
