/* SPDX-License-Identifier: MIT */
/* writer_bytes.h - the bytes of tensors that a writer keeps until its save: one run in memory, and, when that
 * is full, one in a temporary file. Both are sources of the plan, in which each tensor lies in one piece. */
#ifndef TN_WRITER_BYTES_H
#define TN_WRITER_BYTES_H
#include "plan/plan.h"
#include "source/spool_file.h"

struct tn_writer_bytes {
    tenon_plan *plan;
    const char *path;         /* of the target: the temporary file lies in its folder */
    struct tn_source *memory; /* the source of the bytes in memory */
    uint8_t *bytes;
    uint64_t held, room, most; /* in memory: used, allocated, and at most */
    struct tn_source *file;    /* NULL: there is none yet */
    struct tn_spool_file spool;
    uint64_t written; /* bytes of the file, without those in the buffer */
    uint8_t *waiting; /* the buffer */
    uint64_t waits;
    bool in_file;   /* the tensor lies there */
    uint64_t begin; /* where it lies */
    uint64_t put;   /* its bytes so far */
};

/* `memory`: that of the save, of which a quarter is used; 0: the configured limit. */
tenon_status tn_writer_bytes_begin (struct tn_writer_bytes *kept, tenon_plan *plan, const char *path,
                                    uint64_t memory, tenon_error *error);
/* The plan, which has the sources, is freed after it. */
void tn_writer_bytes_free (struct tn_writer_bytes *kept);
/* Begins a tensor of `size` bytes; UINT64_MAX: any number. */
tenon_status tn_writer_bytes_next (struct tn_writer_bytes *kept, uint64_t size, tenon_error *error);
tenon_status tn_writer_bytes_put (struct tn_writer_bytes *kept, const void *bytes, uint64_t size,
                                  tenon_error *error);
/* The source of the tensor; it lies there at kept->begin. */
struct tn_source *tn_writer_bytes_source (const struct tn_writer_bytes *kept);
/* Forgets the tensor. */
void tn_writer_bytes_drop (struct tn_writer_bytes *kept);
/* Makes all bytes readable. */
tenon_status tn_writer_bytes_flush (struct tn_writer_bytes *kept, tenon_error *error);

#endif
