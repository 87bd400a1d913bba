/* SPDX-License-Identifier: MIT */
/* names.h - from names to their numbers in a list. The names themselves stay in the list; a function of its
 * owner compares them. */
#ifndef TN_NAMES_H
#define TN_NAMES_H
#include "base/hash.h"

struct tn_names {
    const struct tn_hash_key *key; /* of the context */
    uint64_t *slots;               /* number + 1 in the low half, hash in the high; 0: free */
    uint64_t size, count;
    struct tn_budget *budget; /* from which the slots are drawn; NULL: none */
};

/* True if entry `number` of the owner's list has this name. */
typedef bool tn_name_is (const void *owner, uint64_t number, const char *text, uint64_t length);

/* Room for `more` names. False: no memory. */
bool tn_names_grow (struct tn_names *names, uint64_t more);
/* The hash of a name. */
uint64_t tn_names_hash (const struct tn_names *names, const char *text, uint64_t length);
/* Fetches the slot of a hash into the cache. */
static inline void
tn_names_prefetch (const struct tn_names *names, uint64_t hash)
{
    __builtin_prefetch (&names->slots[hash & (names->size - 1)], 1);
}
/* Enters a name whose hash is known, and for which there is room. False: it is there already. */
bool tn_names_enter_hash (struct tn_names *names, const void *owner, tn_name_is *is, uint64_t hash,
                          const char *text, uint64_t length, uint64_t number);
/* 1: entered; 0: it is there already; -1: no memory. */
int tn_names_enter (struct tn_names *names, const void *owner, tn_name_is *is, const char *text,
                    uint64_t length, uint64_t number);
/* False: no such name. */
bool tn_names_find (const struct tn_names *names, const void *owner, tn_name_is *is, const char *text,
                    uint64_t length, uint64_t *number);
/* Forgets all names, and keeps the room. */
void tn_names_clear (struct tn_names *names);

#endif
