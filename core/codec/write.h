/* SPDX-License-Identifier: MIT */
/* write.h - one run of a codec's write, over a plan or a part of it. */
#ifndef TN_WRITE_H
#define TN_WRITE_H
#include "codec/call.h"
#include "plan/plan.h"
#include "sink/atomic.h"
#include "transfer/transfer.h"

struct tn_begun {
    const struct tn_begun *next;
    const char *name;
};

struct tn_writer {
    tenon_plan *plan;
    uint64_t first, count; /* tensors of the plan that this codec writes */
    const struct tn_catalog
        *entries;       /* whose metadata are written: the plan's, or, with `old`, one of both */
    uint64_t *metadata; /* indices of the entries that it can keep */
    uint64_t metadata_count;
    const char *name; /* the target's stem */
    uint64_t name_length;
    struct tn_sink *sink;
    struct tn_source *old; /* the file that is added to; NULL: none */
    bool old_put;
    bool other_files;             /* next_file was used */
    bool target_used;             /* the target is one of those files */
    struct tn_atomic *atomic;     /* NULL: one sink, no other files */
    bool alone;                   /* no other files can stand beside the sink: a pipe, a member */
    tenon_report *files;          /* TENON_WRITTEN for each file beside the target; NULL: nobody asks */
    const char *path;             /* of the target */
    const struct tn_begun *begun; /* names of a dry run's files */
    bool index;                   /* the target is the index of a set */
    bool carries;                 /* the metadata tell what carried tensors were */
    bool dry;                     /* `sink` keeps nothing: tensors need not be read */
    bool within;                  /* it writes a member: metadata belong to the container */
    bool in_batch;                /* it runs in an item of the pool, as a member of a batch */
    bool *done;                   /* per tensor from `done_first` on: it was put */
    uint64_t done_first;
    uint64_t *losses; /* counted over all members */
    struct tn_meter *meter;
};

/* Can write store items of this dtype? */
/* The codec whose tables say what can be stored: that of a container's members, or the codec itself. */
tenon_status tn_storing_codec (const tenon_context *context, const struct tn_overlay *overlay, uint64_t codec,
                               const struct tenon_codec **storing, tenon_error *error);
bool tn_can_store (const struct tenon_codec *codec, const struct tenon_dtype *dtype);
/* Checks what the codec can hold, runs its write, and checks that it put everything. */
tenon_status tn_write (struct tn_session *session, struct tn_writer *writer, uint64_t codec);
/* Something is lost: told, and counted. */
TN_PRINTF (4, 5)
void tn_write_loss (struct tn_call *call, struct tn_writer *writer, const char *item, const char *format,
                    ...);
/* Bytes of a tensor of the plan to the writer's sink. `layout`: flags of struct tenon_layout. */
tenon_status tn_write_tensor (struct tn_call *call, struct tn_writer *writer, uint64_t index,
                              uint32_t layout);

#endif
