/* SPDX-License-Identifier: MIT */
/* set_name.h - the names of the files of a set: its shards, and its index. */
#ifndef TN_SET_NAME_H
#define TN_SET_NAME_H
#include "context/context.h"

/* NAME-00002-of-00003.EXTENSION, or, with a variant, NAME-00002-of-00003.VARIANT.EXTENSION */
struct tn_shard_name {
    uint64_t number, count;
    size_t stem;           /* length of NAME */
    const char *extension; /* with its dot, and the variant, in the same text */
};

bool tn_is_index (const struct tn_codec *codec, const char *name);
bool tn_is_shard (const struct tn_codec *codec, const char *name, struct tn_shard_name *shard);
/* The name of another shard of the set, in a folder that ends in '/', or "". The caller frees it; NULL: no
 * memory. */
char *tn_shard_name (const char *directory, const char *name, const struct tn_shard_name *shard,
                     uint64_t number);
/* Hands out the bare names that an index of the set of a shard may have: the usual one first, then those of
 * its variant and of its extension. */
typedef tenon_status tn_each_set_name (void *user, const char *name, tenon_error *error);
tenon_status tn_index_names (const struct tn_codec *codec, const char *name,
                             const struct tn_shard_name *shard, tn_each_set_name *each, void *user,
                             tenon_error *error);
/* Hands out the bare names that may stand for the set in which a file has this name, and whose locks hold its
 * journal: the name, the indexes, the first shard. */
tenon_status tn_set_names (const tenon_context *context, const char *name, tn_each_set_name *each, void *user,
                           tenon_error *error);

#endif
