/* transfer.h - moves wants to where they are wanted, on all threads, in bounded memory. */
#ifndef TN_TRANSFER_H
#define TN_TRANSFER_H
#include "want.h"

/* Progress of one public call; any thread. */
struct tn_meter {
    const tenon_progress *progress; /* NULL: nobody asked */
    pthread_mutex_t lock;
    uint64_t done, total, told;
    bool stopped;
};
void tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total);
void tn_meter_end (struct tn_meter *meter);
/* More bytes are done. TENON_E_CANCELLED when the callback wants to stop. */
tenon_status tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error);

/* Reads wants into memory: to[i] takes wants[i].size bytes. */
struct tn_job {
    const struct tn_box *box;
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    uint32_t target;
    uint64_t size;
    void *to;
};
tenon_status tn_transfer_read (tenon_context *context, const struct tn_job *jobs, uint64_t count,
                               struct tn_meter *meter, tenon_error *error);

/* Hands the bytes of a want to `take` in order, in pieces. */
typedef tenon_status (*tn_take) (void *user, const void *bytes, uint64_t length, tenon_error *error);
tenon_status tn_transfer_stream (tenon_context *context, struct tn_want *want, tn_take take, void *user,
                                 struct tn_meter *meter, tenon_error *error);

/* For the checksum of a member that holds little beside the wanted tensor: reads what lies before it. */
tenon_status tn_read_before (const struct tn_want *want, struct tn_worker *worker, tenon_error *error);

/* A source with all of another's bytes, decoded, in an unlinked temporary file. */
tenon_status tn_spool (struct tn_source *source, struct tn_source **spool, tenon_error *error);

/* All bytes to a temporary file. */
tenon_status tn_spool_write (int fd, const uint8_t *bytes, uint64_t length, tenon_error *error);

#endif
