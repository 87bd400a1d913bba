/* SPDX-License-Identifier: MIT */
/* worker.c - the memory that one thread keeps between slabs. */
#include "transfer/worker.h"
#include <stdlib.h>
#include <string.h>

void
tn_worker_free (struct tn_worker *worker)
{
    for (unsigned i = 0; i < TN_COUNT (worker->buffer); i++)
        free (worker->buffer[i]);
    tn_decoder_free (&worker->decoder);
    memset (worker, 0, sizeof *worker);
}

uint8_t *
tn_worker_buffer (struct tn_worker *worker, unsigned number, uint64_t size)
{
    if (size > worker->room[number] || !worker->buffer[number]) {
        free (worker->buffer[number]);
        worker->room[number] = 0;
        worker->buffer[number] = size < SIZE_MAX / 2 ? malloc (size + 64) : NULL;
        if (worker->buffer[number])
            worker->room[number] = size;
    }
    return worker->buffer[number];
}
