/* SPDX-License-Identifier: MIT */
/* tree.h - folders that appear whole or not at all.
 *
 * A tree is built beside its target under a temporary name, as a file is (atomic.h), and locked. Commit gives
 * it its name in one step, and removes the old tree afterwards. A crash leaves the old tree or the new one
 * under the name, and the other one as litter that the next save of the name removes. */
#ifndef TN_TREE_H
#define TN_TREE_H
#include "context/context.h"
#include "sink/lock.h"
#include "sink/tree_file.h"

struct tn_tree;
struct tn_tree_options {
    bool durable;                /* fsync files and folders */
    bool must_be_new;            /* an existing target is TENON_E_EXISTS */
    tenon_report *report;        /* NULL, or for notes */
    struct tn_lock_options lock; /* against other saves of the name; `durable` there means nothing */
    struct tn_lock *held;        /* of the target, which the caller has taken and will release; or NULL */
    /* Whether a folder that is not empty may be replaced, and with it removed: called at the beginning, and
     * again under the lock. A failure is the save's. */
    tenon_status (*may_replace) (void *user, const char *path, tenon_error *error);
    /* As of struct tn_atomic_options; `target` is the folder. */
    bool (*is_stale) (void *user, const struct stat *target);
    void (*was_saved) (void *user);
    void *user;
};

/* Follows symbolic links of `path`. A file that has the name is TENON_E_EXISTS. Nothing is created. */
tenon_status tn_tree_begin (struct tn_tree **tree, const char *path, const struct tn_tree_options *options,
                            tenon_error *error);
/* Ends the file before, and begins that of a new key, with the folders that it lies in. A key that has a
 * fault (tn_new_key_fault), that was begun before, or that is the folder of another, is TENON_E_MISUSE. NULL:
 * only ends. The sink stays valid until the next call. */
tenon_status tn_tree_sink (struct tn_tree *tree, const char *key, uint64_t length, struct tn_sink **sink,
                           tenon_error *error);
/* Opens the folder of a new file for tn_tree_put_file, and makes it if need be. tn_tree_folder_close closes
 * it. Failures as of tn_tree_sink, on the same thread. */
tenon_status tn_tree_enter (struct tn_tree *tree, const char *key, struct tn_tree_folder *folder,
                            tenon_error *error);
/* True if a file of this key lies in the folder. */
bool tn_tree_is_in (const struct tn_tree_folder *folder, const char *key);
/* Writes a whole file of a folder that was entered. On any thread, many at once, also while a file of
 * tn_tree_sink is being written. */
tenon_status tn_tree_put_file (struct tn_tree *tree, const struct tn_tree_folder *folder, const char *key,
                               const void *bytes, uint64_t size, tenon_error *error);
/* Takes the lock, looks at the target again, syncs, gives the tree its name, and removes the old one. Folders
 * and files that the old tree has, too, keep their rights and attributes (rights.h). TENON_E_BUSY: another
 * save holds the lock, or changed the target. Until the tree has its name a failure changes nothing. Frees
 * `tree`, also on failure. *unlocked: as of tn_atomic_commit; may be NULL. */
tenon_status tn_tree_commit (struct tn_tree *tree, bool *unlocked, tenon_error *error);
/* Removes what was written and frees. NULL is fine. */
void tn_tree_abort (struct tn_tree *tree);

#endif
