/* SPDX-License-Identifier: MIT */
/* range_reader.h - the result of a request, byte range by byte range, a slab at a time on one thread. */
#ifndef TN_RANGE_READER_H
#define TN_RANGE_READER_H
#include "transfer/slab.h"
#include "transfer/transfer.h"

struct tn_range_reader {
    uint64_t index; /* of the tensor in its plan, and the layout asked for: the caller's, to know it again */
    uint32_t layout;
    struct tn_request request; /* its tally counts each slab once */
    struct tn_tally ignored;
    struct tn_spooled spooled;
    struct tn_slabs slabs;
    struct tn_worker worker;
    uint8_t *bytes;       /* of one slab … */
    uint64_t slab;        /* … and which, counted from 1 */
    uint64_t begin, size; /* where it lies in the whole */
};

void tn_range_reader_free (struct tn_range_reader *reader);
/* Call it after `request` was made in a zeroed reader, which tn_range_reader_free frees in any state. */
tenon_status tn_range_reader_begin (struct tn_range_reader *reader, tenon_error *error);
/* A range of the result, which lies inside it. Rising ranges are cheap: each slab is made once. */
tenon_status tn_range_reader_read (struct tn_range_reader *reader, uint64_t offset, uint8_t *to,
                                   uint64_t length, tenon_error *error);

#endif
