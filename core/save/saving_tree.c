/* SPDX-License-Identifier: MIT */
/* saving_tree.c - saves to a folder. */
#include "save/save_lock.h"
#include "save/saving.h"

static tenon_status
judge_tree (void *user, const char *path, tenon_error *error)
{
    struct tn_saving *saving = user;
    struct tn_tree_judge judge = { saving->context, saving->codec };
    return tn_tree_may_replace (&judge, path, error);
}

static bool
is_stale_tree (void *user, const struct stat *target)
{
    return tn_stale_check (&((struct tn_saving *) user)->stale, target);
}

static void
remember_tree (void *user)
{
    tn_stale_remember (&((struct tn_saving *) user)->stale);
}

static tenon_status
write_tree (struct tn_saving *saving, const tenon_progress *progress, struct tn_tree *tree)
{
    struct tn_sink outside;
    bool dry = saving->options.flags & TENON_SAVE_DRY_RUN;
    struct tn_writer writer = {
        .sink = &outside, .folder = true, .tree = dry ? NULL : tree, .dry = dry, .one_file = true
    };
    tn_sink_null_init (&outside);
    return tn_saving_run (saving, &writer, progress);
}

tenon_status
tn_saving_to_tree (struct tn_saving *saving, const tenon_progress *progress, bool *unlocked)
{
    const tenon_save_options *options = &saving->options;
    struct tn_tree_options how = { .durable = saving->context->durable,
                                   .must_be_new = options->flags & TENON_SAVE_NEW,
                                   .report = saving->report,
                                   .held = options->held ? &options->held->lock : NULL,
                                   .may_replace = judge_tree,
                                   .is_stale = is_stale_tree,
                                   .was_saved = remember_tree,
                                   .user = saving };
    struct tn_tree *tree;
    if (options->flags & TENON_SAVE_APPEND)
        return tn_fail (
            saving->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "nothing can be added to a folder: it is replaced as a whole; save all of it to a new "
            "one");
    tn_lock_configure (saving->context, options->lock, progress, &how.lock);
    TN_TRY (tn_tree_begin (&tree, saving->path, &how, saving->error));
    tenon_status status = write_tree (saving, progress, tree);
    if (status == TENON_OK && !(options->flags & TENON_SAVE_DRY_RUN))
        return tn_tree_commit (tree, unlocked, saving->error);
    tn_tree_abort (tree);
    return status;
}
