/* SPDX-License-Identifier: MIT */
/* reading.h - the requests of one call: checked, and made. */
#ifndef TN_READING_H
#define TN_READING_H
#include "catalog/file.h"
#include "transfer/transfer.h"

/* One call of a function that reads into memory. */
struct tn_reading {
    tenon_file *file;
    tenon_request *requests;
    uint64_t count;
    uint64_t bytes, room; /* of the results, packed; and with what lies between their items */
    struct tn_transfer_job *jobs;
    struct tn_arena arena; /* holds their requests */
};

/* Checks one request, and makes it. */
tenon_status tn_reading_request (const tenon_file *file, const tenon_request *theirs,
                                 struct tn_request *request, tenon_error *error);
/* The caller's requests may be longer than ours: struct_size is their distance. */
static inline tenon_request *
tn_reading_at (tenon_request *requests, uint64_t index)
{
    return (tenon_request *) (void *) ((char *) requests + index * requests->struct_size);
}
/* Makes a job of each request, without a place to read to. tn_reading_free follows in any case. */
tenon_status tn_reading_make (struct tn_reading *reading, tenon_error *error);
tenon_status tn_reading_run (struct tn_reading *reading, const tenon_progress *progress, tenon_error *error);
void tn_reading_free (struct tn_reading *reading);
/* Hands the failure of a call to the caller, with the file. `file` may be NULL. */
tenon_status tn_reading_end (const tenon_file *file, tenon_error *to, tenon_error *mine);

#endif
