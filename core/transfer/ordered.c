/* SPDX-License-Identifier: MIT */
/* ordered.c - hands out a result in order, slabs made on all threads. */
#include "source/scan.h"
#include "transfer/transfer.h"

struct group {
    const struct tn_request *request;
    const struct tn_slabs *slabs;
    struct tn_worker *workers;
    uint64_t first; /* slab of item 0 */
    uint64_t begin; /* where its result begins */
    uint8_t *to;
};

struct fed {
    struct group group;
    struct tn_request request; /* pointed at the window, group after group */
    struct tn_source memory;   /* the window */
    struct tn_scan *feed;
    uint8_t *window;
    uint64_t start, length; /* of what lies in the window, in the source */
};

static tenon_status
group_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct group *group = opaque;
    uint64_t begin, size;
    tn_slab_range (group->request, group->slabs, group->first + item, &begin, &size);
    return tn_request_slab (group->request, group->slabs, group->first + item, &group->workers[worker],
                            group->to + (begin - group->begin), error);
}

/* A source that is encoded and has no blocks is read front to back by one thread. */
static bool
is_serial (const struct tn_request *request)
{
    struct tn_source *source = request->source;
    bool blocks = source->backing == source && tn_has_blocks (source);
    return request->tensor->storage == TENON_SERVED || (tn_source_is_encoded (source) && !blocks);
}

static tenon_status
stream_groups (tenon_context *context, const struct tn_request *request, tn_consumer take, void *user,
               struct tn_meter *meter, struct tn_worker *workers, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    bool serial = is_serial (request);
    struct tn_slabs slabs;
    /* results, gathered bytes and what lies between them: at most six buffers of a slab's size for each
     * thread */
    uint64_t bytes = context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) width);
    bytes = TN_MAX (TN_MIN (bytes, request->fortran ? bytes : 4u << 20), 65536u);
    tn_slabs_plan (request, bytes, &slabs);
    uint64_t at_once = serial ? 1 : width, largest, begin;
    if (slabs.count == 0)
        return TENON_OK;
    tn_slab_range (request, &slabs, 0, &begin, &largest);
    TN_FREE uint8_t *results = malloc (largest * TN_MIN (at_once, slabs.count));
    if (!results)
        return tn_fail_memory (error);
    struct group group = { .request = request, .slabs = &slabs, .workers = workers, .to = results };
    for (uint64_t slab = 0; slab < slabs.count; slab += at_once) {
        uint64_t count = TN_MIN (at_once, slabs.count - slab), end, size;
        group.first = slab;
        tn_slab_range (request, &slabs, slab, &group.begin, &size);
        tn_slab_range (request, &slabs, slab + count - 1, &end, &size);
        TN_TRY (tn_pool_run (context->pool, count, group_item, &group, error));
        TN_TRY (take (user, results, end + size - group.begin, error));
        TN_TRY (tn_meter_add (meter, end + size - group.begin, error));
    }
    return TENON_OK;
}

/* Stored bytes of the slabs before this one. Dtypes whose items share bytes may be cut inside a block; `up`:
 * then the block is counted. */
static uint64_t
stored_before (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab, bool up)
{
    uint64_t begin, size;
    if (slab == slabs->count)
        return request->tensor->length;
    tn_slab_range (request, slabs, slab, &begin, &size);
    uint64_t items = begin / request->target->block_bytes * request->target->block_items;
    uint64_t block = request->stored->block_items;
    return (items / block + (up && items % block > 0)) * request->stored->block_bytes;
}

/* Makes the window hold [begin, end) of the source; what it had of that stays. */
static tenon_status
fill_window (struct fed *fed, uint64_t begin, uint64_t end, tenon_error *error)
{
    uint64_t behind = fed->start + fed->length, kept = behind > begin ? behind - begin : 0;
    if (kept > 0)
        memmove (fed->window, fed->window + (begin - fed->start), kept);
    TN_TRY (tn_scan_read (fed->feed, fed->window + kept, end - begin - kept, error));
    fed->start = begin;
    fed->length = end - begin;
    return TENON_OK;
}

static tenon_status
feed_groups (tenon_context *context, const struct tn_request *request, struct fed *fed, uint64_t at_once,
             uint8_t *results, tn_consumer take, void *user, struct tn_meter *meter, tenon_error *error)
{
    const struct tn_slabs *slabs = fed->group.slabs;
    for (uint64_t slab = 0; slab < slabs->count; slab += at_once) {
        uint64_t count = TN_MIN (at_once, slabs->count - slab), end, size;
        TN_TRY (fill_window (fed, request->offset + stored_before (request, slabs, slab, false),
                             request->offset + stored_before (request, slabs, slab + count, true), error));
        fed->request = *request;
        tn_request_from_memory (&fed->request, &fed->memory, fed->window, fed->start, fed->length);
        fed->group.first = slab;
        tn_slab_range (request, slabs, slab, &fed->group.begin, &size);
        tn_slab_range (request, slabs, slab + count - 1, &end, &size);
        size += end - fed->group.begin;
        const uint8_t *result = fed->window;
        if (!take || !tn_request_is_plain (request)) {
            result = fed->group.to = take ? results : results + fed->group.begin;
            TN_TRY (tn_pool_run (context->pool, count, group_item, &fed->group, error));
        }
        if (take)
            TN_TRY (take (user, result, size, error));
        TN_TRY (tn_meter_add (meter, size, error));
    }
    return tn_scan_skip (fed->feed, request->source->size - request->offset - request->tensor->length, error);
}

tenon_status
tn_transfer_scan (tenon_context *context, const struct tn_request *request, void *to, tn_consumer take,
                  void *user, struct tn_meter *meter, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct tn_slabs slabs;
    struct fed fed = { .group = { .slabs = &slabs } };
    uint64_t bytes = TN_MIN (context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) width), 4u << 20), at,
             size;
    tn_slabs_plan (request, TN_MAX (bytes, 65536u), &slabs);
    if (slabs.count == 0)
        return TENON_OK;
    uint64_t at_once = TN_MIN (slabs.count, (uint64_t) width);
    tn_slab_range (request, &slabs, 0, &at, &size);
    uint64_t room = (stored_before (request, &slabs, 1, true) + request->stored->block_bytes) * at_once;
    TN_FREE uint8_t *window = malloc (room);
    TN_FREE uint8_t *results = take && !tn_request_is_plain (request) ? malloc (size * at_once) : NULL;
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!window || !workers || (take && !tn_request_is_plain (request) && !results))
        return tn_fail_memory (error);
    fed.window = window;
    fed.start = request->offset;
    fed.group.request = &fed.request;
    fed.group.workers = workers;
    tenon_status status = tn_scan_new (context, request->source, &fed.feed, error);
    if (status == TENON_OK)
        status = tn_scan_skip (fed.feed, request->offset, error);
    if (status == TENON_OK)
        status = feed_groups (context, request, &fed, at_once, take ? results : to, take, user, meter, error);
    tn_scan_free (fed.feed);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    return error->status < 0 ? error->status : status;
}

tenon_status
tn_transfer_stream (tenon_context *context, struct tn_request *request, tn_consumer take, void *user,
                    struct tn_meter *meter, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct tn_source *source = request->source;
    struct tn_spooled settled;
    bool guarded = tn_request_covers (request) && (source->filter || source->check);
    if ((guarded || source->in_order) && !request->fortran)
        return tn_transfer_scan (context, request, NULL, take, user, meter, error);
    if (guarded && source->check
        && !tn_source_is_encoded (source)) /* picked from all over: summed up before */
        TN_TRY (tn_scan_all (context, source, NULL, NULL, error));
    TN_TRY (tn_spool_in_order (context, source, error));
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!workers)
        return tn_fail_memory (error);
    tenon_status status =
        tn_request_spool (request, context->limits[TENON_LIMIT_MEMORY] / 3, &settled, error);
    if (status == TENON_OK)
        status = stream_groups (context, request, take, user, meter, workers, error);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    tn_spooled_free (&settled);
    return status;
}
