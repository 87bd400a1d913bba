/* SPDX-License-Identifier: MIT */
/* range_reader.c - what a want makes, byte range by byte range. */
#include "transfer/range_reader.h"
#include "source/scan.h"
#include "transfer/transfer.h"

#define SLAB (256u << 10)

void
tn_range_reader_free (struct tn_range_reader *reading)
{
    if (!reading)
        return;
    tn_worker_free (&reading->worker);
    free (reading->bytes);
    free (reading);
}

tenon_status
tn_range_reader_begin (struct tn_range_reader *reading, tenon_error *error)
{
    uint64_t begin, largest;
    TN_TRY (tn_spool_in_order (reading->request.catalog->context, reading->request.source, error));
    /* as little of it may be read as is liked, so it is not summed up on the way */
    if (reading->request.source->check && tn_request_covers (&reading->request))
        TN_TRY (tn_scan_all (reading->request.catalog->context, reading->request.source, NULL, NULL, error));
    tn_slabs_plan (&reading->request, SLAB, &reading->slabs);
    if (reading->slabs.count == 0)
        return TENON_OK;
    tn_slab_range (&reading->request, &reading->slabs, 0, &begin, &largest);
    return (reading->bytes = malloc (largest)) ? TENON_OK : tn_fail_memory (error);
}

/* Slabs lie one behind the other: the one that holds a byte is found by halving. */
static uint64_t
slab_of (const struct tn_range_reader *reading, uint64_t offset)
{
    uint64_t low = 0, high = reading->slabs.count, begin, size;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        tn_slab_range (&reading->request, &reading->slabs, middle, &begin, &size);
        if (begin <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

tenon_status
tn_range_reader_read (struct tn_range_reader *reading, uint64_t offset, uint8_t *to, uint64_t length,
                      tenon_error *error)
{
    while (length > 0) {
        if (reading->slab == 0 || offset < reading->begin || offset - reading->begin >= reading->size) {
            uint64_t slab = slab_of (reading, offset);
            reading->slab = 0;
            tn_slab_range (&reading->request, &reading->slabs, slab, &reading->begin, &reading->size);
            TN_TRY (tn_request_slab (&reading->request, &reading->slabs, slab, &reading->worker,
                                     reading->bytes, error));
            reading->slab = slab + 1;
        }
        uint64_t at = offset - reading->begin, piece = TN_MIN (length, reading->size - at);
        memcpy (to, reading->bytes + at, piece);
        offset += piece, to += piece, length -= piece;
    }
    return TENON_OK;
}
