/* SPDX-License-Identifier: MIT */
/* range_reader.c - the result of a request, byte range by byte range. */
#include "transfer/range_reader.h"
#include "source/scan.h"
#include "transfer/gather.h"
#include "transfer/grid.h"

#define SLAB (256u << 10)
/* Items of chunks that are kept in memory: this share of the limit, as some readers are open at once. */
#define SHARE 16u

void
tn_range_reader_free (struct tn_range_reader *reader)
{
    if (!reader)
        return;
    tn_worker_free (&reader->worker);
    tn_spooled_free (&reader->spooled);
    free (reader->bytes);
    free (reader);
}

/* All chunks are read once, on all threads: ranges may come in any order. */
static tenon_status
spool_chunks (struct tn_range_reader *reader, tenon_error *error)
{
    struct tn_request *request = &reader->request;
    const tenon_context *context = request->context;
    unsigned width = tn_pool_width (context->pool);
    uint64_t memory = context->limits[TENON_LIMIT_MEMORY];
    struct tn_made made = { .most = context->limits[TENON_LIMIT_INFLATED_BYTES] };
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    struct tn_grid_how how = {
        .pool = tn_request_pool (request), .workers = workers, .memory = memory / 2, .made = &made
    };
    if (!workers)
        return tn_fail_memory (error);
    tenon_status status = tn_grid_spool (request, &how, memory / SHARE, &reader->spooled, error);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    return status;
}

tenon_status
tn_range_reader_begin (struct tn_range_reader *reader, tenon_error *error)
{
    uint64_t begin, largest;
    bool alone;
    tn_request_unpack (&reader->request);
    struct tn_way way = tn_way_choose (&reader->request, TN_BY_RANGES);
    if (way.kind == TN_WAY_GRID)
        TN_TRY (spool_chunks (reader, error));
    if (way.kind == TN_WAY_SPOOL)
        TN_TRY (tn_request_spool (&reader->request, 0, &reader->spooled, error));
    if (way.sums_first)
        TN_TRY (tn_scan_all (reader->request.context, reader->request.source, NULL, NULL, error));
    if (way.kind == TN_WAY_DECODER)
        TN_TRY (tn_gather_prove (&reader->request, error));
    /* the codec may read all of it */
    TN_TRY (tn_request_account (&reader->request, error));
    tn_slabs_plan (&reader->request, SLAB, &reader->slabs);
    if (reader->slabs.count == 0)
        return TENON_OK;
    TN_TRY (tn_slabs_fit (&reader->request, &reader->slabs, &alone, error));
    tn_slab_range (&reader->request, &reader->slabs, 0, &begin, &largest);
    return (reader->bytes = malloc (largest)) ? TENON_OK : tn_fail_memory (error);
}

/* Slabs lie one behind the other: the one that holds a byte is found by halving. */
static uint64_t
slab_of (const struct tn_range_reader *reader, uint64_t offset)
{
    uint64_t low = 0, high = reader->slabs.count, begin, size;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        tn_slab_range (&reader->request, &reader->slabs, middle, &begin, &size);
        if (begin <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Makes a slab, and counts what its cast changes unless it was made before. */
static tenon_status
make_slab (struct tn_range_reader *reader, uint64_t slab, tenon_error *error)
{
    struct tn_tally *tally = reader->request.tally;
    if (tally && slab < tally->seen) {
        reader->ignored.counts = tally->counts;
        reader->ignored.saturate = tally->saturate;
        reader->request.tally = &reader->ignored;
    }
    tenon_status status =
        tn_slab_make (&reader->request, &reader->slabs, slab, &reader->worker, reader->bytes, error);
    if (tally)
        tally->seen = TN_MAX (tally->seen, slab + 1); /* it may be UINT64_MAX, after a write */
    reader->request.tally = tally;
    return status;
}

tenon_status
tn_range_reader_read (struct tn_range_reader *reader, uint64_t offset, uint8_t *to, uint64_t length,
                      tenon_error *error)
{
    while (length > 0) {
        if (reader->slab == 0 || offset < reader->begin || offset - reader->begin >= reader->size) {
            uint64_t slab = slab_of (reader, offset);
            reader->slab = 0;
            tn_slab_range (&reader->request, &reader->slabs, slab, &reader->begin, &reader->size);
            TN_TRY (make_slab (reader, slab, error));
            reader->slab = slab + 1;
        }
        uint64_t at = offset - reader->begin, piece = TN_MIN (length, reader->size - at);
        memcpy (to, reader->bytes + at, piece);
        offset += piece, to += piece, length -= piece;
    }
    return TENON_OK;
}
