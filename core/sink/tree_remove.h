/* SPDX-License-Identifier: MIT */
/* tree_remove.h - removes a folder with all that is in it. */
#ifndef TN_TREE_REMOVE_H
#define TN_TREE_REMOVE_H
#include "base/base.h"

/* Follows no links, and has few descriptors open, however deep the folders lie. False: something is left, and
 * errno says why. */
bool tn_tree_remove (int folder, const char *name);
/* True if a folder has no entries. */
bool tn_folder_is_empty (int folder, const char *name);

#endif
