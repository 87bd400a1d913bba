/* SPDX-License-Identifier: MIT */
/* tree_target.h - targets that are folders. */
#ifndef TN_TREE_TARGET_H
#define TN_TREE_TARGET_H
#include "context/context.h"

/* What a keyed codec writes into at a path of this name. */
struct tn_store_target {
    bool folder; /* a tree of files */
    uint64_t
        archive; /* else, of a codec of folders: 1 + the codec of archives whose extension the name has */
};
void tn_store_target_choose (const tenon_context *context, const struct tn_codec *codec, const char *name,
                             struct tn_store_target *target);

/* Whether a folder may be removed, since a codec writes another in its place: only if every file in it, and
 * all else that is no folder, is a key that the codec opens or claims when it describes the folder.
 * TENON_E_EXISTS: the codec cannot describe it, or there is something else. */
struct tn_tree_judge {
    tenon_context *context;
    uint64_t codec;
};
tenon_status tn_tree_may_replace (const struct tn_tree_judge *judge, const char *path, tenon_error *error);

#endif
