/* SPDX-License-Identifier: MIT */
/* set_folder.h - finds the file that a folder stands for. */
#ifndef TN_SET_FOLDER_H
#define TN_SET_FOLDER_H
#include "open/set_name.h"

struct tn_set_found {
    char *name;                   /* bare; the caller frees it */
    const struct tn_codec *index; /* it is an index of this codec's sets; NULL: it is none */
    bool numbered;                /* it is a shard, whose set was meant */
};

/* The index of the one set in the folder, or one of the numbered shards of that set, or, without a set, the
 * one file that has an extension of a codec. TENON_E_AMBIGUOUS: there are more; TENON_E_NOT_FOUND: none.
 * `of_index`: an index in the folder, by whose name its shards are found; NULL: any set will do. */
tenon_status tn_set_find (const tenon_context *context, const char *folder, const tenon_open_options *options,
                          const char *of_index, struct tn_set_found *found, tenon_error *error);

#endif
