/* SPDX-License-Identifier: MIT */
/* tree_folders.h - the folders that a tree being written has made. */
#ifndef TN_TREE_FOLDERS_H
#define TN_TREE_FOLDERS_H
#include "sink/destination.h"

struct tn_tree_folders {
    const char *path;     /* of the tree, for messages; borrowed */
    tenon_report *report; /* NULL, or for notes */
    int root;             /* of the new tree: locked */
    int old;              /* of the old tree; -1: there is none */
    char **keys;          /* of the folders that were made */
    uint64_t count, room;
};

/* Makes the folders on the way to a key that are not there yet. `way` is changed meanwhile. */
tenon_status tn_tree_folders_make (struct tn_tree_folders *folders, char *way, tenon_error *error);
/* The descriptor of a folder of the old tree, for what it allows; -1: it has none of this key. */
int tn_tree_folders_old (const struct tn_tree_folders *folders, const char *key);
/* The folders, and the root, get their rights when nothing more is put into them. */
tenon_status tn_tree_folders_finish (const struct tn_tree_folders *folders,
                                     const struct tn_destination *destination, bool sync, tenon_error *error);
/* Frees the keys; the descriptors are the caller's. */
void tn_tree_folders_free (struct tn_tree_folders *folders);

#endif
