/* SPDX-License-Identifier: MIT */
/* together.h - small tensors that lie close together in a file are read at once: a system call for each would
 * cost more than its bytes. */
#ifndef TN_TOGETHER_H
#define TN_TOGETHER_H
#include "transfer/transfer.h"

/* The most bytes of a file that are read at once. More would not stay in a processor's cache until they are
 * copied. */
#define TN_TOGETHER_SPAN (256u << 10)

/* A range of a file. */
struct tn_together {
    struct tn_source *root;
    uint64_t begin, end;
};

/* Orders jobs, given by their numbers, as their bytes lie in files, unless they do already. */
void tn_together_sort (const struct tn_transfer_job *jobs, uint64_t *numbers, uint64_t count);
/* How many of these jobs, from the first one on, are to be read with one read of *range; 1: the first job
 * reads its own bytes. */
uint64_t tn_together_find (const struct tn_transfer_job *jobs, const uint64_t *numbers, uint64_t count,
                           struct tn_together *range);
/* The stored bytes of a tensor that were fetched by the decoder, from request->begin on; NULL: they were
 * not. */
const uint8_t *tn_together_bytes (const struct tn_transfer_job *job, const struct tn_decoder *decoder);

#endif
