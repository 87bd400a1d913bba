/* SPDX-License-Identifier: MIT */
/* cut_copy.c - copies chunks that are stored as they shall be written, without decoding them. So damage in
 * them is copied, too; what reads or verifies the new file finds it. */
#include "transfer/cut_copy.h"

/* A chunk that was encoded elsewhere may be larger than what the filters here make of it, but not much. */
#define MARGIN ((uint64_t) 64 << 10)

void
tn_cut_worker_leave (struct tn_cut_worker *worker)
{
    if (worker->locator)
        worker->located->locating->end (worker->locator);
    worker->locator = NULL;
}

static tenon_status
fetch_stored (struct tn_cut_worker *worker, const struct tn_chunk *found, uint8_t *to, tenon_error *error)
{
    struct tn_decoder *decoder = &worker->worker.decoder;
    return tn_needs_decoder (found->source)
               ? tn_decoder_read (decoder, found->source, found->offset, to, found->stored, error)
               : tn_source_read (found->source, found->offset, to, found->stored, error);
}

tenon_status
tn_cut_copy (const struct tn_cut_view *view, struct tn_cut_worker *worker, const uint64_t *chunk,
             bool encoded, struct tn_slot *slot, bool *copied, bool *missing, tenon_error *error)
{
    struct tn_chunk found;
    const struct tn_locating *locating = view->catalog->locating;
    const uint64_t size = worker->piece.size;
    *copied = *missing = false;
    if (!worker->locator) {
        worker->located = view->catalog;
        TN_TRY (locating->begin (view->catalog, view->tensor, &worker->locator, error));
    }
    TN_TRY (locating->find (worker->locator, chunk, &found, error));
    *missing = found.missing;
    if (found.missing || found.skipped
        || (encoded ? found.stored > size + size / 2 + MARGIN : found.stored != size))
        return TENON_OK;
    if (!tn_need_buffer (&slot->bytes, &slot->room, found.stored))
        return tn_fail_memory (error);
    TN_TRY (fetch_stored (worker, &found, slot->bytes, error));
    slot->length = found.stored;
    *copied = true;
    return TENON_OK;
}
