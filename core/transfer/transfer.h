/* SPDX-License-Identifier: MIT */
/* transfer.h - moves wants to where they are wanted, on all threads, in bounded memory. */
#ifndef TN_TRANSFER_H
#define TN_TRANSFER_H
#include "base/progress.h"
#include "transfer/request.h"

/* Reads wants into memory: to[i] takes wants[i].size bytes. */
struct tn_transfer_job {
    const struct tn_box *box;
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    uint32_t target;
    uint64_t size;
    void *to;
    uint64_t before,
        after; /* bytes around `to` that may be overwritten: room for all of the tensor's member */
};
tenon_status tn_transfer_read (tenon_context *context, const struct tn_transfer_job *jobs, uint64_t count,
                               struct tn_meter *meter, tenon_error *error);

/* Takes some of a result; they come in order. */
typedef tenon_status (*tn_consumer) (void *user, const void *bytes, uint64_t length, tenon_error *error);

/* Hands the bytes of a want to `take` in order, in pieces. */
tenon_status tn_transfer_stream (tenon_context *context, struct tn_request *request, tn_consumer take,
                                 void *user, struct tn_meter *meter, tenon_error *error);

/* Is it best decoded right where the result belongs, with what lies beside the tensor in its member? */
bool tn_request_in_member (const struct tn_request *request);

/* What is picked from all over an encoded source (Fortran order) is not read from the stream again and again:
 * the source is decoded first, into memory when it fits in `most` bytes, else into an unlinked temporary
 * file. */
struct tn_spooled {
    struct tn_source memory, *spool;
    uint8_t *bytes;
};
/* Points the want there, if it needs it. */
tenon_status tn_request_spool (struct tn_request *request, uint64_t most, struct tn_spooled *settled,
                               tenon_error *error);
void tn_spooled_free (struct tn_spooled *settled);

/* Makes the slabs of a want over all of an encoded or checked source, which is fed in order, a group of slabs
 * after the other: `to` takes the result; or, when it is NULL, `take` each group's. */
tenon_status tn_transfer_scan (tenon_context *context, const struct tn_request *request, void *to,
                               tn_consumer take, void *user, struct tn_meter *meter, tenon_error *error);

/* Turns an in-order reader into an unlinked temporary file, which can be read at any place; other sources
 * stay as they are. */
tenon_status tn_spool_in_order (tenon_context *context, struct tn_source *source, tenon_error *error);

#endif
