/* SPDX-License-Identifier: MIT */
/* saving.h - a save, from its options to the end of it, for save.c and saving_*.c. */
#ifndef TN_SAVING_H
#define TN_SAVING_H
#include "codec/storable.h"
#include "codec/write.h"
#include "save/append.h"
#include "save/carry.h"
#include "save/stale.h"
#include "save/tree_target.h"

struct tn_saving {
    tenon_context *context;
    tenon_context
        *tuned; /* it is `context`, with what the options say of threads …; NULL: they say nothing */
    tenon_plan *plan;
    tenon_save_options options;
    uint64_t codec;
    char *path;            /* of the target, with its extension */
    const char *shown;     /* what messages call a target that has no path; NULL: it has one */
    char *name;            /* of the target, bare, without it */
    const char *extension; /* in `path`; of an index, that of its shards */
    size_t extension_length;
    tenon_report *report;
    tenon_error *error;
    uint64_t losses;
    struct tn_append append;
    struct tn_stale stale;
    struct tn_overlay overlay;
    tenon_plan *readable;   /* takes the place of one with tensors that cannot be read; NULL: it has none */
    struct tn_carry *carry; /* NULL: nothing is carried */
    bool index;             /* the target is the index of a set */
    struct tn_store_target store;
    tenon_report *files; /* TENON_WRITTEN for each file of a set; NULL: saved to a descriptor */
};

/* Chooses codec and path, and what of the plan is saved. The extension of a codec that the caller named is
 * appended if the path has none of the codec's own: weights → weights.toy. */
tenon_status tn_saving_choose (struct tn_saving *saving, const char *given);
/* The bytes of the plan, and of the file that is added to. */
uint64_t tn_saving_bytes (const struct tn_saving *saving);
/* A guess of the size of its file, from above; 0: it would be beyond all bounds. `bytes`: tn_saving_bytes. */
uint64_t tn_saving_guess (const struct tn_saving *saving, uint64_t bytes);
/* Runs the codec over the writer's sink. */
tenon_status tn_saving_run (struct tn_saving *saving, struct tn_writer *writer,
                            const tenon_progress *progress);
/* Saves to the file, or the set of files, that was chosen. *unlocked: its file system has no locks. */
tenon_status tn_saving_to_file (struct tn_saving *saving, const tenon_progress *progress, bool *unlocked);
/* Chooses, and saves to a sink that the caller made and finishes, with nothing beside it. `name`: of what the
 * sink stands for, or NULL. A dry run leaves the sink alone. */
tenon_status tn_saving_to_sink (struct tn_saving *saving, const char *name, struct tn_sink *sink,
                                const tenon_progress *progress);
/* The same as tn_saving_to_file, to the folder that was chosen. */
tenon_status tn_saving_to_tree (struct tn_saving *saving, const tenon_progress *progress, bool *unlocked);

#endif
