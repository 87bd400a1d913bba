/* reading.c - what a want makes, byte range by byte range. */
#include "transfer/reading.h"
#include "source/scan.h"
#include "transfer/transfer.h"

#define SLAB (256u << 10)

void
tn_reading_free (struct tn_reading *reading)
{
    if (!reading)
        return;
    tn_worker_free (&reading->worker);
    free (reading->bytes);
    free (reading);
}

tenon_status
tn_reading_begin (struct tn_reading *reading, tenon_error *error)
{
    uint64_t begin, largest;
    /* as little of it may be read as is liked, so it is not summed up on the way */
    if (reading->want.source->check && tn_want_covers (&reading->want))
        TN_TRY (tn_feed_all (reading->want.catalog->context, reading->want.source, NULL, NULL, error));
    tn_slabs_plan (&reading->want, SLAB, &reading->slabs);
    if (reading->slabs.count == 0)
        return TENON_OK;
    tn_slab_place (&reading->want, &reading->slabs, 0, &begin, &largest);
    return (reading->bytes = malloc (largest)) ? TENON_OK : tn_fail_memory (error);
}

/* Slabs lie one behind the other: the one that holds a byte is found by halving. */
static uint64_t
slab_of (const struct tn_reading *reading, uint64_t offset)
{
    uint64_t low = 0, high = reading->slabs.count, begin, size;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        tn_slab_place (&reading->want, &reading->slabs, middle, &begin, &size);
        if (begin <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

tenon_status
tn_reading_bytes (struct tn_reading *reading, uint64_t offset, uint8_t *to, uint64_t length,
                  tenon_error *error)
{
    while (length > 0) {
        if (reading->slab == 0 || offset < reading->begin || offset - reading->begin >= reading->size) {
            uint64_t slab = slab_of (reading, offset);
            reading->slab = 0;
            tn_slab_place (&reading->want, &reading->slabs, slab, &reading->begin, &reading->size);
            TN_TRY (tn_want_slab (&reading->want, &reading->slabs, slab, &reading->worker, reading->bytes,
                                  error));
            reading->slab = slab + 1;
        }
        uint64_t at = offset - reading->begin, piece = TN_MIN (length, reading->size - at);
        memcpy (to, reading->bytes + at, piece);
        offset += piece, to += piece, length -= piece;
    }
    return TENON_OK;
}
