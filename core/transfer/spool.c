/* SPDX-License-Identifier: MIT */
/* spool.c - a source decoded into memory or a temporary file first. */
#include "base/io.h"
#include "source/scan.h"
#include "transfer/transfer.h"
#include <errno.h>
#include <unistd.h>

static tenon_status
spool_piece (void *user, const void *piece, uint64_t length, tenon_error *error)
{
    if (tn_io_write (*(int *) user, TN_IO_CURRENT, piece, length) == length)
        return TENON_OK;
    return tn_fail_errno (error, errno != 0 ? errno : ENOSPC,
                          "a temporary file cannot be written (TMPDIR names another folder)", NULL);
}

/* All bytes of a source, decoded, in an unlinked temporary file. */
static tenon_status
spool_to_file (tenon_context *context, struct tn_source *source, int *fd, tenon_error *error)
{
    *fd = tn_temporary_file ();
    if (*fd < 0)
        return tn_fail_errno (error, errno, "a temporary file cannot be made", NULL);
    tenon_status status = tn_scan_all (context, source, spool_piece, fd, error);
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
    TN_TRY (tn_scan_new (request->catalog->context, source, 0, &scan, error));
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
        return spool_in_order (request->catalog->context, request->source, error);
    if (request->source->size <= most)
        return spool_to_memory (request, spooled, error);
    int fd;
    TN_TRY (spool_to_file (request->catalog->context, request->source, &fd, error));
    TN_TRY (tn_source_open_fd (fd, request->source->name, true, &spooled->spool, error));
    request->source = spooled->spool;
    return TENON_OK;
}

void
tn_spooled_free (struct tn_spooled *spooled)
{
    tn_source_free (spooled->spool);
    free (spooled->bytes);
}
