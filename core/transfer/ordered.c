/* SPDX-License-Identifier: MIT */
/* ordered.c - hands out a result in order, slabs made on all threads. */
#include "sink/sink.h"
#include "source/scan.h"
#include "source/spool_file.h"
#include "transfer/gather.h"
#include "transfer/grid.h"
#include "transfer/slab.h"
#include "transfer/tile.h"
#include "transfer/transfer.h"
#include <unistd.h>

/* With so many slabs, each of which reads all of the source, a temporary file is faster. */
#define SLOW_SLABS 4u
#define FILE_PIECE ((uint64_t) 1 << 20)

struct group {
    const struct tn_request *request;
    const struct tn_slabs *slabs;
    struct tn_worker *workers;
    uint64_t first; /* slab of item 0 */
    uint64_t begin; /* where its result begins */
    uint8_t *to;
};

struct window_run {
    struct group group;
    struct tn_request request; /* pointed at the window, group after group */
    struct tn_source memory;   /* the window */
    struct tn_scan *scan;
    uint8_t *window;
    uint64_t start, length; /* of the window, in the source */
};

static tenon_status
make_group_slab (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct group *group = opaque;
    uint64_t begin, size;
    tn_slab_range (group->request, group->slabs, group->first + item, &begin, &size);
    return tn_slab_make (group->request, group->slabs, group->first + item, &group->workers[worker],
                         group->to + (begin - group->begin), error);
}

/* The memory for a result that turns. */
static uint64_t
turned_room (const tenon_context *context)
{
    return TN_MAX (context->limits[TENON_LIMIT_MEMORY] / 3, (uint64_t) 65536);
}

static tenon_status
take_from_file (int fd, uint64_t size, tn_consumer take, void *user, struct tn_meter *meter,
                tenon_error *error)
{
    TN_FREE uint8_t *bytes = malloc (FILE_PIECE);
    if (!bytes)
        return tn_fail_memory (error);
    for (uint64_t at = 0, piece; at < size; at += piece) {
        piece = TN_MIN (FILE_PIECE, size - at);
        TN_TRY (tn_read_all (fd, at, bytes, piece, error));
        TN_TRY (take (user, bytes, piece, error));
        TN_TRY (tn_meter_add (meter, piece, error));
    }
    return TENON_OK;
}

/* Makes the result in a temporary file. *taken: it was handed out, or that failed; else there is no room for
 * such a file, or no folder. */
static tenon_status
stream_by_file (tenon_context *context, const struct tn_request *request, tn_consumer take, void *user,
                struct tn_meter *meter, struct tn_worker *workers, bool *taken, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_spool_file file;
    *taken = false;
    if (tn_spool_file_open (context, request->size, &file, &mine) < 0)
        return TENON_OK;
    struct tn_place place = { .fd = file.fd, .name = "a temporary file" };
    tenon_status status = tn_tiles_to_file (request, &place, workers, NULL, &mine);
    *taken = status == TENON_OK || !tn_spool_is_full (&mine);
    if (status == TENON_OK)
        status = take_from_file (file.fd, request->size, take, user, meter, error);
    else if (*taken)
        *error = mine;
    close (file.fd);
    return *taken ? status : TENON_OK;
}

/* Slabs as large as the memory allows, one at a time, each on all threads: so the runs in the source are
 * long. */
static tenon_status
stream_tiles (tenon_context *context, const struct tn_request *request, bool alone, tn_consumer take,
              void *user, struct tn_meter *meter, struct tn_worker *workers, tenon_error *error)
{
    struct tn_slabs slabs;
    uint64_t begin, size;
    bool taken;
    tn_slabs_plan (request, turned_room (context), &slabs);
    if (slabs.count == 0)
        return TENON_OK;
    if (slabs.count >= SLOW_SLABS && !alone && !tn_needs_decoder (request->source)
        && !tn_gather_memory (request->source)) {
        tenon_status status = stream_by_file (context, request, take, user, meter, workers, &taken, error);
        if (taken)
            return status;
        if (request->tally)
            tn_tally_reset (request->tally, request->tally->saturate);
    }
    tn_slab_range (request, &slabs, 0, &begin, &size);
    TN_FREE uint8_t *result = malloc (size);
    if (!result)
        return tn_fail_memory (error);
    for (uint64_t slab = 0; slab < slabs.count; slab++) {
        tn_slab_range (request, &slabs, slab, &begin, &size);
        TN_TRY (tn_tiles_make (request, &slabs, slab, alone ? NULL : tn_request_pool (request), workers,
                               result, NULL, error));
        TN_TRY (take (user, result, size, error));
        TN_TRY (tn_meter_add (meter, size, error));
    }
    return TENON_OK;
}

static tenon_status
stream_groups (tenon_context *context, const struct tn_request *request, bool alone, tn_consumer take,
               void *user, struct tn_meter *meter, struct tn_worker *workers, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct tn_slabs slabs;
    /* results, gathered bytes and what lies between them: at most six buffers of a slab's size for each
     * thread */
    uint64_t bytes = context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) width);
    bytes = TN_MAX (TN_MIN (bytes, request->turns ? bytes : 4u << 20), 65536u);
    if (request->turns && tn_request_by_items (request))
        return stream_tiles (context, request, alone, take, user, meter, workers, error);
    tn_slabs_plan (request, bytes, &slabs);
    bool large;
    if (slabs.count == 0)
        return TENON_OK;
    TN_TRY (tn_slabs_fit (request, &slabs, &large, error));
    uint64_t at_once = alone || large ? 1 : width, largest, begin;
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
        TN_TRY (tn_pool_run (tn_request_pool (request), count, make_group_slab, &group, error));
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
        return request->length;
    tn_slab_range (request, slabs, slab, &begin, &size);
    uint64_t items = begin / request->target->block_bytes * request->target->block_items;
    uint64_t block = request->stored->block_items;
    return (items / block + (up && items % block > 0)) * request->stored->block_bytes;
}

/* Makes the window hold [begin, end) of the source. Bytes of that range that it holds already are kept. */
static tenon_status
fill_window (struct window_run *run, uint64_t begin, uint64_t end, tenon_error *error)
{
    uint64_t behind = run->start + run->length, kept = behind > begin ? behind - begin : 0;
    if (kept > 0)
        memmove (run->window, run->window + (begin - run->start), kept);
    TN_TRY (tn_scan_read (run->scan, run->window + kept, end - begin - kept, NULL, error));
    run->start = begin;
    run->length = end - begin;
    return TENON_OK;
}

static tenon_status
scan_groups (tenon_context *context, const struct tn_request *request, struct window_run *run,
             uint64_t at_once, uint8_t *results, tn_consumer take, void *user, struct tn_meter *meter,
             tenon_error *error)
{
    const struct tn_slabs *slabs = run->group.slabs;
    for (uint64_t slab = 0; slab < slabs->count; slab += at_once) {
        uint64_t count = TN_MIN (at_once, slabs->count - slab), end, size;
        TN_TRY (fill_window (run, request->offset + stored_before (request, slabs, slab, false),
                             request->offset + stored_before (request, slabs, slab + count, true), error));
        tn_request_copy (&run->request, request);
        tn_request_from_memory (&run->request, &run->memory, run->window, run->start, run->length);
        run->group.first = slab;
        tn_slab_range (request, slabs, slab, &run->group.begin, &size);
        tn_slab_range (request, slabs, slab + count - 1, &end, &size);
        size += end - run->group.begin;
        const uint8_t *result = run->window;
        if (!take || !tn_request_is_plain (request)) {
            result = run->group.to = take ? results : results + run->group.begin;
            TN_TRY (tn_pool_run (context->pool, count, make_group_slab, &run->group, error));
        }
        if (take)
            TN_TRY (take (user, result, size, error));
        TN_TRY (tn_meter_add (meter, size, error));
    }
    return TENON_OK;
}

tenon_status
tn_transfer_scan (tenon_context *context, const struct tn_request *request, void *to, tn_consumer take,
                  void *user, struct tn_meter *meter, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct tn_slabs slabs;
    struct window_run run = { .group = { .slabs = &slabs } };
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
    run.window = window;
    run.start = request->offset;
    run.group.request = &run.request;
    run.group.workers = workers;
    /* all of the source, for its checksum; or only the blocks of the tensor */
    bool all = request->source->in_order || tn_request_covers (request);
    tenon_status status = tn_scan_new (context, request->source, all ? 0 : request->offset, &run.scan, error);
    if (status == TENON_OK && all)
        status = tn_scan_skip (run.scan, request->offset, error);
    if (status == TENON_OK)
        status = scan_groups (context, request, &run, at_once, take ? results : to, take, user, meter, error);
    if (status == TENON_OK && all)
        status = tn_scan_skip (run.scan, request->source->size - request->begin - request->length, error);
    tn_scan_free (run.scan);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    return error->status < 0 ? error->status : status;
}

/* Plain bytes of an in-order reader: nothing is made of them, so no thread but the caller's has work. */
static tenon_status
stream_stored (const struct tn_request *request, tn_consumer take, void *user, struct tn_meter *meter,
               tenon_error *error)
{
    uint64_t room = TN_MIN (TN_MAX (request->size, 1), (uint64_t) 4 << 20);
    TN_FREE uint8_t *buffer = malloc (room);
    if (!buffer)
        return tn_fail_memory (error);
    for (uint64_t at = 0, piece; at < request->size; at += piece) {
        piece = TN_MIN (room, request->size - at);
        TN_TRY (tn_source_read (request->source, request->offset + at, buffer, piece, error));
        TN_TRY (take (user, buffer, piece, error));
        TN_TRY (tn_meter_add (meter, piece, error));
    }
    return TENON_OK;
}

/* Chunk by chunk, into the file or to `take`. *done: this was all; else the items lie in `spooled`. */
static tenon_status
stream_grid (tenon_context *context, struct tn_request *request, const struct tn_place *place,
             tn_consumer take, void *user, struct tn_meter *meter, struct tn_worker *workers,
             struct tn_spooled *spooled, bool *done, tenon_error *error)
{
    uint64_t memory = context->limits[TENON_LIMIT_MEMORY];
    struct tn_made made = { .most = context->limits[TENON_LIMIT_INFLATED_BYTES] };
    struct tn_grid_how how = { .pool = tn_request_pool (request),
                               .workers = workers,
                               .memory = memory / 2,
                               .made = &made,
                               .meter = meter,
                               .counts = tn_request_by_items (request) };
    *done = how.counts;
    if (!how.counts)
        return tn_grid_spool (request, &how, memory / 3, spooled, error);
    return place ? tn_grid_to_file (request, &how, place, error)
                 : tn_grid_stream (request, &how, take, user, error);
}

/* Into the file, or, if `place` is NULL, to `take`. */
static tenon_status
stream_made (tenon_context *context, struct tn_request *request, struct tn_way way,
             const struct tn_place *place, tn_consumer take, void *user, struct tn_meter *meter,
             tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct tn_spooled spooled = { .spool = NULL }, items = { .spool = NULL };
    if (way.sums_first)
        TN_TRY (tn_scan_all (context, request->source, NULL, NULL, error));
    if (way.kind == TN_WAY_SLABS)
        TN_TRY (tn_gather_prove (request, error));
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!workers)
        return tn_fail_memory (error);
    tenon_status status = TENON_OK;
    bool done = false;
    if (way.kind == TN_WAY_SPOOL)
        status = tn_request_spool (request, context->limits[TENON_LIMIT_MEMORY] / 3, &spooled, error);
    if (way.kind == TN_WAY_GRID)
        status = stream_grid (context, request, place, take, user, meter, workers, &spooled, &done, error);
    if (status == TENON_OK && !done)
        status = tn_request_spool_items (request, workers, &items, error);
    if (status == TENON_OK && !done && place)
        status = tn_tiles_to_file (request, place, workers, meter, error);
    else if (status == TENON_OK && !done)
        status = stream_groups (context, request, way.alone, take, user, meter, workers, error);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    tn_spooled_free (&items);
    tn_spooled_free (&spooled);
    return status;
}

tenon_status
tn_transfer_stream (tenon_context *context, struct tn_request *request, struct tn_way way, tn_consumer take,
                    void *user, struct tn_meter *meter, tenon_error *error)
{
    if (way.kind == TN_WAY_SCAN)
        TN_TRY (tn_transfer_scan (context, request, NULL, take, user, meter, error));
    else if (way.kind == TN_WAY_STORED)
        TN_TRY (stream_stored (request, take, user, meter, error));
    else
        TN_TRY (stream_made (context, request, way, NULL, take, user, meter, error));
    return tn_request_account (request, error);
}

bool
tn_transfer_scatters (const struct tn_request *request, struct tn_way way)
{
    if (way.kind == TN_WAY_GRID)
        return tn_grid_scatters (request);
    return request->turns && tn_request_by_items (request) && request->size > turned_room (request->context)
           && (way.kind == TN_WAY_SPOOL || (way.kind == TN_WAY_SLABS && !tn_needs_decoder (request->source)));
}

tenon_status
tn_transfer_to_file (tenon_context *context, struct tn_request *request, struct tn_way way,
                     const struct tn_place *place, struct tn_meter *meter, tenon_error *error)
{
    TN_TRY (stream_made (context, request, way, place, NULL, NULL, meter, error));
    return tn_request_account (request, error);
}
