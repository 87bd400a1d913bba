/* SPDX-License-Identifier: MIT */
/* transfer.h - carries requests out, on all threads, in bounded memory. */
#ifndef TN_TRANSFER_H
#define TN_TRANSFER_H
#include "base/report.h"
#include "transfer/tile.h"
#include "transfer/way.h"

/* Reads a request into memory: `to` takes request->size bytes. */
struct tn_transfer_job {
    struct tn_request *request; /* its source may be replaced while it is read */
    struct tn_way way;          /* for TN_INTO_MEMORY */
    void *to;
    uint64_t before, after; /* bytes around `to` that may be overwritten: room for all of a member */
};
tenon_status tn_transfer_read (tenon_context *context, const struct tn_transfer_job *jobs, uint64_t count,
                               struct tn_meter *meter, tenon_error *error);

/* Takes some of a result; the pieces come in order. */
typedef tenon_status (*tn_consumer) (void *user, const void *bytes, uint64_t length, tenon_error *error);

/* Hands the bytes of a request to `take` in order, in pieces. `way`: for TN_IN_ORDER or TN_TO_FILE. */
tenon_status tn_transfer_stream (tenon_context *context, struct tn_request *request, struct tn_way way,
                                 tn_consumer take, void *user, struct tn_meter *meter, tenon_error *error);
/* True if the result, which is larger than the memory for it, is made much faster where its pieces can be
 * written in any order: to hand it out in order would read the source over and over, or takes a temporary
 * file. `way`: for TN_TO_FILE. */
bool tn_transfer_scatters (const struct tn_request *request, struct tn_way way);
/* Writes the result of such a request into a file. */
tenon_status tn_transfer_to_file (tenon_context *context, struct tn_request *request, struct tn_way way,
                                  const struct tn_place *place, struct tn_meter *meter, tenon_error *error);
/* The way SCAN. `to` takes the result; or, when it is NULL, `take` each group's of slabs. */
tenon_status tn_transfer_scan (tenon_context *context, const struct tn_request *request, void *to,
                               tn_consumer take, void *user, struct tn_meter *meter, tenon_error *error);

/* What a request was pointed at in place of its source. */
struct tn_spooled {
    struct tn_source memory, *spool;
    uint8_t *bytes;
};
/* The beginning of the way SPOOL: decodes the request's source into memory when it fits in `most` bytes, else
 * into an unlinked temporary file, and points the request there. An in-order reader becomes a file itself. In
 * any case tn_spooled_free is called afterwards. */
tenon_status tn_request_spool (struct tn_request *request, uint64_t most, struct tn_spooled *spooled,
                               tenon_error *error);
/* A request that turns and goes into blocks, out of a file, and is larger than the memory: writes its items
 * to a temporary file in the order of the result, and points the request there. Of any other request, or if
 * there is no room for the file, nothing. In any case tn_spooled_free is called afterwards. */
tenon_status tn_request_spool_items (struct tn_request *request, struct tn_worker *workers,
                                     struct tn_spooled *spooled, tenon_error *error);
/* A request for the stored items of another one, packed in the order of its view. */
void tn_request_ask_items (const struct tn_request *request, struct tn_request *items);
/* True if a temporary file has no room, so that a way without it must be taken. */
bool tn_spool_is_full (const tenon_error *error);
void tn_spooled_free (struct tn_spooled *spooled);

#endif
