/* SPDX-License-Identifier: MIT */
/* tree_file.h - the files of a tree that is being written, and what they keep of the old tree. */
#ifndef TN_TREE_FILE_H
#define TN_TREE_FILE_H
#include "sink/sink.h"
#include <sys/stat.h>

/* A folder of the new tree, and the same one of the old tree. */
struct tn_tree_folder {
    char *key;     /* "": the root; NULL: none is open */
    int into, old; /* descriptors; -1: there is none */
};
void tn_tree_folder_close (struct tn_tree_folder *folder);

/* Gives a file (`sort` S_IFREG) or a folder (S_IFDIR) the rights of what has its name in a folder of the old
 * tree; -1: there is none. `shown` is for messages. */
tenon_status tn_tree_keep_rights (tenon_report *report, int fd, int old, const char *name, mode_t sort,
                                  const char *shown, tenon_error *error);
/* Makes an empty file of this name in a folder, private if it will get the rights of an old one. `key`: the
 * whole key of the file; `shown`: its path. */
tenon_status tn_tree_file_make (const struct tn_tree_folder *folder, const char *key, const char *shown,
                                int *fd, tenon_error *error);
/* Ends a file: rights, disk, and its descriptor, which it sets to -1 when it is closed. */
struct tn_tree_ending {
    tenon_report *report;
    bool sync;
    const char *shown; /* the path of the file */
};
tenon_status tn_tree_file_end (const struct tn_tree_folder *folder, const struct tn_tree_ending *ending,
                               int *fd, tenon_error *error);
/* Words for a key that cannot be a file, or a folder: "the key 'a/b' WORDS". */
tenon_status tn_tree_fail_key (const char *key, const char *words, tenon_error *error);

#endif
