/* SPDX-License-Identifier: MIT */
/* range_reader.h - what a want makes, byte range by byte range, a slab at a time on one thread
 * (write_read.c). */
#ifndef TN_RANGE_READER_H
#define TN_RANGE_READER_H
#include "transfer/request.h"

struct tn_range_reader {
    uint64_t index; /* of the tensor in its plan, and how it is laid out: who reads it */
    uint32_t layout;
    struct tn_request request;
    struct tn_slabs slabs;
    struct tn_worker worker;
    uint8_t *bytes;       /* of one slab … */
    uint64_t slab;        /* … and which, counted from 1 */
    uint64_t begin, size; /* where it lies in the whole */
};

void tn_range_reader_free (struct tn_range_reader *reading);
/* After `want` was made in a zeroed reading, which tn_range_reader_free frees in any state. */
tenon_status tn_range_reader_begin (struct tn_range_reader *reading, tenon_error *error);
/* Bytes of the result, inside it; cheap in rising order. */
tenon_status tn_range_reader_read (struct tn_range_reader *reading, uint64_t offset, uint8_t *to,
                                   uint64_t length, tenon_error *error);

#endif
