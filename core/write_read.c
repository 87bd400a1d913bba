/* write_read.c - hands a tensor of the plan to a codec that prints or indexes values, a slab at a time. */
#include "feed.h"
#include "reading.h"
#include "write.h"

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

static tenon_status
begin_reading (struct tn_call *call, struct tn_writer *writer, uint64_t index, uint32_t layout)
{
    tenon_error *error = call->run->error;
    struct tn_planned *planned = &writer->plan->planned[index];
    if (call->reading && call->reading->index == index && call->reading->layout == layout)
        return TENON_OK;
    tn_reading_free (call->reading);
    if (!(call->reading = calloc (1, sizeof *call->reading)))
        return tn_fail_memory (error);
    struct tn_reading *reading = call->reading;
    reading->index = index, reading->layout = layout;
    if (planned->fill) /* it makes its bytes once, from front to back */
        TN_TRY (tn_write_spool (writer, planned, error));
    TN_TRY (tn_want_make (&reading->want, planned->catalog, planned->tensor, NULL, planned->target, layout,
                          error));
    return tn_reading_begin (reading, error);
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

tenon_status
tn_host_read_tensor (struct tenon_call *public, uint64_t index, const struct tenon_layout *layout,
                     uint64_t offset, void *to, uint64_t length)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_writer *writer = call->writer;
    struct tenon_layout ours = { 0 };
    if (call->state != TN_CALL_WRITE)
        return tn_call_misuse (call, "it called a service of write from another function");
    if (call->run->error->status < 0)
        return call->run->error->status;
    if (layout && !tn_copy_struct (&ours, sizeof ours, layout, sizeof ours))
        return tn_call_misuse (call, "a struct tenon_layout has a wrong struct_size");
    if (index >= writer->count || (ours.flags & TENON_FLAGS_MUST_KNOW))
        return tn_call_misuse (
            call,
            "it read a tensor that the plan does not have, or in a layout that this version does not know");
    index += writer->first;
    tenon_status status =
        begin_reading (call, writer, index, ours.flags & (TENON_FORTRAN | TENON_BIG_ENDIAN));
    if (status == TENON_OK
        && (offset > call->reading->want.size || length > call->reading->want.size - offset))
        status = tn_call_misuse (call, "it read beyond the end of a tensor");
    if (status == TENON_OK)
        status = tn_reading_bytes (call->reading, offset, to, length, call->run->error);
    if (status < 0)
        tn_fail_place (call->run->error, NULL, tn_catalog_tensor (writer->plan->own, index)->name);
    else
        writer->done[index - writer->done_first] = true;
    return status;
}
