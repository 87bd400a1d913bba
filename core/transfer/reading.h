/* reading.h - what a want makes, byte range by byte range, a slab at a time on one thread (write_read.c). */
#ifndef TN_READING_H
#define TN_READING_H
#include "transfer/request.h"

struct tn_reading {
    uint64_t index; /* of the tensor in its plan, and how it is laid out: who reads it */
    uint32_t layout;
    struct tn_want want;
    struct tn_slabs slabs;
    struct tn_worker worker;
    uint8_t *bytes;       /* of one slab … */
    uint64_t slab;        /* … and which, counted from 1 */
    uint64_t begin, size; /* where it lies in the whole */
};

void tn_reading_free (struct tn_reading *reading);
/* After `want` was made in a zeroed reading, which tn_reading_free frees in any state. */
tenon_status tn_reading_begin (struct tn_reading *reading, tenon_error *error);
/* Bytes of the result, inside it; cheap in rising order. */
tenon_status tn_reading_bytes (struct tn_reading *reading, uint64_t offset, uint8_t *to, uint64_t length,
                               tenon_error *error);

#endif
