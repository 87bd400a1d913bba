/* transfer.h - moves wants to where they are wanted, on all threads, in bounded memory. */
#ifndef TN_TRANSFER_H
#define TN_TRANSFER_H
#include "base/progress.h"
#include "transfer/request.h"

/* Reads wants into memory: to[i] takes wants[i].size bytes. */
struct tn_job {
    const struct tn_box *box;
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    uint32_t target;
    uint64_t size;
    void *to;
    uint64_t before,
        after; /* bytes around `to` that may be overwritten: room for all of the tensor's member */
};
tenon_status tn_transfer_read (tenon_context *context, const struct tn_job *jobs, uint64_t count,
                               struct tn_meter *meter, tenon_error *error);

/* Takes some of a result; they come in order. */
typedef tenon_status (*tn_take) (void *user, const void *bytes, uint64_t length, tenon_error *error);

/* Hands the bytes of a want to `take` in order, in pieces. */
tenon_status tn_transfer_stream (tenon_context *context, struct tn_want *want, tn_take take, void *user,
                                 struct tn_meter *meter, tenon_error *error);

/* Is it best decoded right where the result belongs, with what lies beside the tensor in its member? */
bool tn_want_in_member (const struct tn_want *want);

/* What is picked from all over an encoded source (Fortran order) is not read from the stream again and again:
 * the source is decoded first, into memory when it fits in `most` bytes, else into an unlinked temporary file. */
struct tn_settled {
    struct tn_source memory, *spool;
    uint8_t *bytes;
};
/* Points the want there, if it needs it. */
tenon_status tn_settle (struct tn_want *want, uint64_t most, struct tn_settled *settled, tenon_error *error);
void tn_settled_free (struct tn_settled *settled);

/* Makes the slabs of a want over all of an encoded or checked source, which is fed in order, a group of slabs
 * after the other: `to` takes the result; or, when it is NULL, `take` each group's. */
tenon_status tn_transfer_fed (tenon_context *context, const struct tn_want *want, void *to, tn_take take,
                              void *user, struct tn_meter *meter, tenon_error *error);

/* All bytes to a temporary file. */
tenon_status tn_spool_write (int fd, const uint8_t *bytes, uint64_t length, tenon_error *error);

#endif
