/* SPDX-License-Identifier: MIT */
/* spool.c - a source decoded into memory or a temporary file first. */
#include "source/scan.h"
#include "source/spool_file.h"
#include "transfer/gather.h"
#include "transfer/transfer.h"
#include <errno.h>
#include <unistd.h>

struct spooling {
    struct tn_spool_file file;
    uint64_t at;
};

static tenon_status
spool_piece (void *user, const void *piece, uint64_t length, tenon_error *error)
{
    struct spooling *spooling = user;
    TN_TRY (tn_spool_file_write (&spooling->file, spooling->at, piece, length, error));
    spooling->at += length;
    return TENON_OK;
}

/* All bytes of a source, decoded, in an unlinked temporary file. */
static tenon_status
spool_to_file (tenon_context *context, struct tn_source *source, int *fd, tenon_error *error)
{
    struct spooling spooling = { .at = 0 };
    TN_TRY (tn_spool_file_open (context, source->size, &spooling.file, error));
    *fd = spooling.file.fd;
    tenon_status status = tn_scan_all (context, source, spool_piece, &spooling, error);
    if (status < 0)
        close (*fd);
    return status;
}

/* Turns an in-order reader into a temporary file, which can be read at any place. */
static tenon_status
spool_in_order (tenon_context *context, struct tn_source *source, tenon_error *error)
{
    int fd;
    TN_TRY (spool_to_file (context, source, &fd, error));
    tn_source_reader_to_fd (source, fd);
    return TENON_OK;
}

static tenon_status
spool_to_memory (struct tn_request *request, struct tn_spooled *spooled, tenon_error *error)
{
    struct tn_source *source = request->source;
    struct tn_scan *scan;
    if (!(spooled->bytes = malloc (source->size)))
        return tn_fail_memory (error);
    TN_TRY (tn_scan_new (request->context, source, 0, &scan, error));
    tenon_status status = tn_scan_read (scan, spooled->bytes, source->size, NULL, error);
    tn_scan_free (scan);
    tn_request_from_memory (request, &spooled->memory, spooled->bytes, 0, source->size);
    return status;
}

tenon_status
tn_request_spool (struct tn_request *request, uint64_t most, struct tn_spooled *spooled, tenon_error *error)
{
    spooled->spool = NULL;
    spooled->bytes = NULL;
    if (request->source->in_order)
        return spool_in_order (request->context, request->source, error);
    if (request->source->size <= most)
        return spool_to_memory (request, spooled, error);
    int fd;
    TN_TRY (spool_to_file (request->context, request->source, &fd, error));
    TN_TRY (tn_source_open_fd (fd, request->source->name, true, &spooled->spool, error));
    request->source = spooled->spool;
    return TENON_OK;
}

/* ---- in another order ---- */

bool
tn_spool_is_full (const tenon_error *error)
{
    return error->system == ENOSPC || error->system == EDQUOT || error->system == EFBIG;
}

void
tn_request_ask_items (const struct tn_request *request, struct tn_request *items)
{
    uint64_t to = request->unit_bytes;
    tn_request_copy (items, request);
    items->target = request->stored;
    items->target_id = request->stored_id;
    items->tally = NULL;
    items->swap_in = items->swap_out = items->scattered = false;
    items->low = 0;
    items->to_first = 0;
    for (uint32_t i = request->rank; i-- > 0; to *= request->axis[i].count)
        items->axis[i].to = (int64_t) to;
    items->size = items->span = to;
}

/* Points the request at such items, which begin a file. */
static void
take_items (struct tn_request *request, const struct tn_request *items, struct tn_source *source)
{
    for (uint32_t i = 0; i < request->rank; i++) {
        request->axis[i].start = 0, request->axis[i].step = 1;
        request->axis[i].stride = items->axis[i].to;
    }
    request->source = source;
    request->offset = request->begin = 0;
    request->length = items->size;
    request->linear = true;
    request->turns = request->rewinds = false;
}

tenon_status
tn_request_spool_items (struct tn_request *request, struct tn_worker *workers, struct tn_spooled *spooled,
                        tenon_error *error)
{
    const tenon_context *context = request->context;
    struct tn_request items;
    struct tn_spool_file file;
    tenon_error mine = TENON_ERROR_INIT;
    if (!request->turns || request->decode || tn_request_by_items (request)
        || request->storage != TENON_EXTENT || tn_needs_decoder (request->source)
        || tn_gather_memory (request->source))
        return TENON_OK;
    tn_request_ask_items (request, &items);
    if (items.size <= context->limits[TENON_LIMIT_MEMORY]
        || tn_spool_file_open (context, items.size, &file, &mine) < 0)
        return TENON_OK;
    struct tn_place place = { .fd = file.fd, .name = "a temporary file" };
    tenon_status status = tn_tiles_to_file (&items, &place, workers, NULL, &mine);
    if (status < 0) {
        close (file.fd);
        if (tn_spool_is_full (&mine))
            return TENON_OK;
        *error = mine;
        return status;
    }
    TN_TRY (tn_source_open_fd (file.fd, request->source->name, true, &spooled->spool, error));
    take_items (request, &items, spooled->spool);
    return TENON_OK;
}

void
tn_spooled_free (struct tn_spooled *spooled)
{
    tn_source_free (spooled->spool);
    free (spooled->bytes);
}
