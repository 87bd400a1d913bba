/* SPDX-License-Identifier: MIT */
/* tree_swap.h - gives a folder the name of another one, in one step.
 *
 * Where the file system exchanges two names (Linux, macOS) there is no moment without the old tree or the new
 * one. Elsewhere the old tree gets the name .NAME.tenon-old.tmp before the new one gets its own. A folder of
 * that name is always whole; if a crash came between the two renames, it gets its name back from the next
 * program that saves or opens the tree. */
#ifndef TN_TREE_SWAP_H
#define TN_TREE_SWAP_H
#include "sink/temporary.h"

/* Both are in the destination's folder. On success `temporary` becomes the name of the old tree. */
tenon_status tn_tree_swap (const struct tn_destination *destination, char temporary[TN_TEMPORARY_SIZE],
                           tenon_error *error);
/* Under the lock of the name: gives a tree its name back, or, if there is a newer one, removes it. True: it
 * got its name back. */
bool tn_tree_settle (int folder, const char *name);
/* True if an interrupted save left the old tree of this name without it. */
bool tn_tree_is_unsettled (int folder, const char *name);

#endif
