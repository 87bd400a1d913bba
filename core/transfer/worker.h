/* SPDX-License-Identifier: MIT */
/* worker.h - the memory that one thread keeps between slabs. */
#ifndef TN_WORKER_H
#define TN_WORKER_H
#include "source/decoder.h"

/* Zeroed at first. */
struct tn_worker {
    /* of slabs, 3 for whole members, 4 for a tile of transposing, 5 for a block, 7 for a tile of a file */
    uint8_t *buffer[8];
    uint64_t room[8];
    uint32_t check;  /* TENON_CHECK_*: sum up the stored bytes of each slab … */
    uint32_t sum;    /* … here … */
    uint64_t summed; /* … so many */
    struct tn_decoder decoder;
};
void tn_worker_free (struct tn_worker *worker);
/* A buffer of at least `size` bytes. NULL: no memory. */
uint8_t *tn_worker_buffer (struct tn_worker *worker, unsigned number, uint64_t size);

#endif
