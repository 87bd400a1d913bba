/* SPDX-License-Identifier: MIT */
/* claims.h - the keys of a store that its codec knows beside those in the catalog's tensors: those that
 * describe opened, and those that it claimed for chunks. Each run of describe has its own. */
#ifndef TN_CLAIMS_H
#define TN_CLAIMS_H
#include "catalog/names.h"
#include "source/source.h"

/* A claim has at most so many bytes before its numbers: keys are not longer. */
#define TN_LONGEST_CLAIM 4000u

struct tn_claim {
    const char *prefix;
    const uint64_t *count; /* `rank` numbers */
    uint32_t prefix_length, rank;
    uint32_t next; /* number + 1 of the next claim with this prefix; 0: none */
    char separator;
};

/* A key that describe opened. */
struct tn_opened_key {
    const char *key;
    uint64_t length;
    struct tn_source *source; /* NULL: it cannot be read … */
    tenon_status status;      /* … which is negative then, or its bytes cannot be */
    const char *why;          /* the reason; NULL: it can be read */
};

struct tn_claims {
    struct tn_claim *claims;
    uint64_t count, room;
    struct tn_names prefixes;                         /* of the first claim of each prefix */
    uint64_t longest_tail;                            /* bytes behind a prefix, of any claim */
    uint64_t has_length[TN_LONGEST_CLAIM / 64u + 1u]; /* bit n: a prefix has n bytes */
    struct tn_opened_key *opened;
    uint64_t opened_count, opened_room;
    struct tn_names keys; /* of `opened` */
};

/* NULL: no memory. */
struct tn_claims *tn_claims_new (const struct tn_hash_key *key, struct tn_budget *budget);
/* NULL is fine. */
void tn_claims_free (struct tn_claims *claims);
/* Adds a claim, whose prefix and counts the caller has copied. The same claim again changes nothing. False:
 * no memory, or refused. */
bool tn_claims_add (struct tn_claims *claims, const struct tn_claim *claim, struct tn_budget *budget);
/* Adds a key that was opened, whose text lives as long. One that is there stays. False as above. */
bool tn_claims_enter (struct tn_claims *claims, const struct tn_opened_key *opened, struct tn_budget *budget);
/* True if a key was claimed. `claims` may be NULL. */
bool tn_claims_have (const struct tn_claims *claims, const char *key, uint64_t length);
/* A key that was opened; NULL: it was not. `claims` may be NULL. */
const struct tn_opened_key *tn_claims_find (const struct tn_claims *claims, const char *key, uint64_t length);

#endif
