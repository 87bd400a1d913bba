/* SPDX-License-Identifier: MIT */
/* listing.h - the keys of all files beneath a folder, in the order of their bytes. */
#ifndef TN_LISTING_H
#define TN_LISTING_H
#include "base/budget.h"

struct tn_listed {
    const char *key; /* NUL-terminated */
    uint64_t length;
    uint64_t size; /* bytes of the file; with `no_sizes` 0 */
    /* It is no regular file, nor a link to one beneath the folder; or a folder that cannot be read; or its
     * name is no UTF-8 */
    bool unreadable;
};
struct tn_listing {
    struct tn_listed *entries;
    uint64_t count, room;
    struct tn_arena arena;
};

struct tn_listing_options {
    const char *prefix; /* a key of a folder; "": all of it */
    uint64_t depth;     /* so many components at most, folders that lie deeper are not entered; 0: all */
    uint64_t most;      /* keys; beyond: TENON_E_LIMIT */
    bool no_sizes;      /* no file is examined for its size, which takes most of the time */
    bool folders;       /* with `depth`: a folder that is not entered is an entry, too: "a/" */
    struct tn_budget *budget;
};

/* Lists the keys of a folder; one that changes meanwhile may be in the list or not. The keys begin with the
 * prefix. A prefix that is no folder has no keys. One descriptor at a time is open, however deep the folders
 * lie. The caller frees the listing, also after a failure. */
tenon_status tn_listing_make (struct tn_listing *listing, int folder,
                              const struct tn_listing_options *options, tenon_error *error);
void tn_listing_free (struct tn_listing *listing, struct tn_budget *budget);
/* The number of the first key that is not less than the text. */
uint64_t tn_listing_find (const struct tn_listing *listing, const char *text, uint64_t length);

#endif
