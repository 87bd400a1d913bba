/* SPDX-License-Identifier: MIT */
/* write.h - one run of a codec's write, over a plan or some of its tensors. */
#ifndef TN_WRITE_H
#define TN_WRITE_H
#include "codec/session.h"
#include "plan/plan.h"
#include "sink/atomic.h"
#include "sink/tree.h"
#include "transfer/transfer.h"

/* A file that a dry run began: a real one would fail when a codec begins the same file twice. */
struct tn_dry_file {
    const struct tn_dry_file *next;
    const char *name;
};

struct tn_writer {
    tenon_plan *plan;
    uint64_t first, count;            /* tensors of the plan that this codec writes */
    const struct tn_catalog *entries; /* has the metadata: the plan's own catalog, or, when tensors are added
                                       * to a file, one that joins the old file's and the plan's */
    uint64_t *metadata;               /* indices of the entries that the codec can keep */
    uint64_t metadata_count;
    const char *name; /* the target's, without the codec's extension */
    uint64_t name_length;
    const char *extension; /* that extension, in `path`; of an index, that of its shards */
    uint64_t extension_length;
    struct tn_sink *sink;         /* put and put_tensor write to it; put_key exchanges it */
    const struct tn_catalog *old; /* of the file that is added to, its source 0; NULL: none */
    bool old_put;

    /* files beside the target */
    struct tn_atomic *atomic; /* makes them; NULL in a dry run, and where there can be one file only */
    bool one_file;            /* no file beside it: the sink is a pipe, or a member */
    bool other_files;         /* files beside the target were begun */
    bool target_used;         /* the target is one of the files */
    const char *path;         /* of the target */
    tenon_report *files;      /* takes TENON_WRITTEN for each file beside the target; NULL: nothing */
    const struct tn_dry_file *dry_files;

    struct tn_entries *archive; /* of a keyed codec: the store that it writes; NULL: it writes bytes */
    bool folder;                /* that store is a folder … */
    struct tn_tree *tree;       /* … this one; NULL in a dry run */
    uint64_t outer;             /* of a codec of folders: 1 + the codec of the archive; 0: none is meant */

    bool index;    /* the target is the index of a sharded set */
    bool carries;  /* the metadata say what carried tensors were */
    bool dry;      /* a dry run: the sink keeps nothing, so tensors are not read, only counted */
    bool measures; /* a dry run for the size alone: nothing is read, summed or encoded */
    uint64_t measured, target_left; /* bytes of files that were ended; of the target, while another is open */
    bool beside;                    /* in a dry run: a file beside the target is open */
    bool is_member; /* the sink is a member of a container, which writes the metadata itself */
    bool in_batch;  /* it runs in an item of the pool, as a member of a batch */

    bool *done; /* for each tensor from `done_first` on: it was put. Of all members and their container */
    uint64_t done_first;
    uint64_t *losses; /* of all members and their container; a member of a batch counts its own */
    struct tn_meter *meter;
    bool *is_begun; /* the room for tensors was looked at; of all members and their container. NULL: of a
                     * batch, in memory */
};

/* Checks that the codec can store the tensors, runs its write, and checks that it put them all. */
tenon_status tn_write (struct tn_session *session, struct tn_writer *writer, uint64_t codec);
struct tn_call;
/* The size of what a filter encodes is not known before. */
tenon_status tn_writer_cannot_measure (struct tn_call *call, const char *filter);
/* In write: adds a loss to the report, and to the number of losses, which makes a strict save fail. `item` is
 * the tensor or the metadata key. */
TN_PRINTF (3, 4) void tn_loss (struct tn_call *call, const char *item, const char *format, ...);
/* Moves a tensor of the plan into the writer's sink. `index` is the plan's; `layout` is flags of struct
 * tenon_layout. Reports changes of layout and dtype. */
tenon_status tn_write_tensor (struct tn_call *call, uint64_t index, uint32_t layout);
/* Steps of it. What is known to be too much for the disk is not begun … */
tenon_status tn_write_check_room (struct tn_call *call, uint64_t length);
/* … the request counts what its cast changes: false: there is nothing to count … */
bool tn_write_counts_casts (const struct tn_origin *origin, struct tn_request *request);
/* … and what the tensor has in its file, and will not have in the target, is reported. */
void tn_write_tell_changes (struct tn_call *call, uint64_t index, const struct tn_request *request,
                            uint32_t layout);

#endif
