/* SPDX-License-Identifier: MIT */
/* worker.c - what one thread keeps between slabs. */
#include "transfer/request.h"

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

tenon_status
tn_worker_read (struct tn_worker *worker, struct tn_source *source, uint64_t offset, void *to,
                uint64_t length, tenon_error *error)
{
    if (!tn_source_is_encoded (source))
        return tn_source_read (source, offset, to, length, error);
    return tn_decoder_read (&worker->decoder, source, offset, to, length, error);
}
