/* SPDX-License-Identifier: MIT */
/* claims.c - keys of a store that its codec knows. A claim stands for any number of keys, so a key is looked
 * for by its beginnings: those that are as long as the prefix of a claim. */
#include "catalog/claims.h"
#include "base/budget.h"

struct tn_claims *
tn_claims_new (const struct tn_hash_key *key, struct tn_budget *budget)
{
    struct tn_claims *claims = tn_budget_draw (budget, sizeof *claims) ? calloc (1, sizeof *claims) : NULL;
    if (claims) {
        claims->prefixes = (struct tn_names){ .key = key, .budget = budget };
        claims->keys = claims->prefixes;
    }
    return claims;
}

void
tn_claims_free (struct tn_claims *claims)
{
    if (!claims)
        return;
    free (claims->prefixes.slots);
    free (claims->keys.slots);
    free (claims->claims);
    free (claims->opened);
    free (claims);
}

static bool
claim_has_prefix (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    const struct tn_claim *claim = &((const struct tn_claims *) owner)->claims[number];
    return claim->prefix_length == length && (length == 0 || memcmp (claim->prefix, text, length) == 0);
}

static bool
opened_has_key (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    const struct tn_opened_key *opened = &((const struct tn_claims *) owner)->opened[number];
    return opened->length == length && memcmp (opened->key, text, length) == 0;
}

/* ---- claims ---- */

static bool
same_claim (const struct tn_claim *a, const struct tn_claim *b)
{
    return a->rank == b->rank && (a->separator == b->separator || a->rank < 2)
           && (a->rank == 0 || memcmp (a->count, b->count, a->rank * sizeof *a->count) == 0);
}

static uint64_t
longest_number (uint64_t count)
{
    uint64_t digits = 1;
    for (uint64_t last = count > 0 ? count - 1 : 0; last >= 10; last /= 10)
        digits++;
    return digits;
}

/* What follows the prefix has at most so many bytes. */
static uint64_t
tail_length (const struct tn_claim *claim)
{
    uint64_t length = claim->rank > 0 ? claim->rank - 1 : 0;
    for (uint32_t i = 0; i < claim->rank; i++)
        length += longest_number (claim->count[i]);
    return length;
}

bool
tn_claims_add (struct tn_claims *claims, const struct tn_claim *claim, struct tn_budget *budget)
{
    uint64_t number, added = claims->count;
    bool known = tn_names_find (&claims->prefixes, claims, claim_has_prefix, claim->prefix,
                                claim->prefix_length, &number);
    for (uint64_t at = known ? number + 1 : 0; at > 0; at = claims->claims[at - 1].next) {
        if (same_claim (&claims->claims[at - 1], claim))
            return true;
        if (tn_budget_work (budget, TN_WORK_LOOKUP) < 0)
            return false;
    }
    if (added >= UINT32_MAX - 1
        || !tn_grow_within (budget, &claims->claims, &claims->room, added, sizeof *claims->claims))
        return false;
    claims->claims[added] = *claim;
    claims->claims[added].next = known ? claims->claims[number].next : 0;
    claims->count++;
    if (known)
        claims->claims[number].next = (uint32_t) added + 1;
    else if (tn_names_enter (&claims->prefixes, claims, claim_has_prefix, claim->prefix, claim->prefix_length,
                             added)
             < 0)
        return false;
    claims->longest_tail = TN_MAX (claims->longest_tail, tail_length (claim));
    claims->has_length[claim->prefix_length / 64] |= (uint64_t) 1 << claim->prefix_length % 64;
    return true;
}

/* Takes a number without leading zeros that is below `count`. NULL: there is none. */
static const char *
pass_number (const char *at, const char *end, uint64_t count)
{
    const char *begin = at;
    uint64_t number = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (tn_multiply (number, 10, &number) || tn_add (number, (uint64_t) (*at - '0'), &number))
            return NULL;
    bool plain = at > begin && (*begin != '0' || at == begin + 1);
    return plain && number < count ? at : NULL;
}

static bool
claim_fits (const struct tn_claim *claim, const char *at, const char *end)
{
    for (uint32_t i = 0; i < claim->rank && at; i++) {
        if (i > 0 && (at == end || *at++ != claim->separator))
            return false;
        at = pass_number (at, end, claim->count[i]);
    }
    return at == end;
}

bool
tn_claims_have (const struct tn_claims *claims, const char *key, uint64_t length)
{
    if (!claims || claims->count == 0)
        return false;
    uint64_t least = length > claims->longest_tail ? length - claims->longest_tail : 0, number;
    for (uint64_t n = least; n <= TN_MIN (length, TN_LONGEST_CLAIM); n++) {
        if (!(claims->has_length[n / 64] >> n % 64 & 1)
            || !tn_names_find (&claims->prefixes, claims, claim_has_prefix, key, n, &number))
            continue;
        for (uint64_t at = number + 1; at > 0; at = claims->claims[at - 1].next)
            if (claim_fits (&claims->claims[at - 1], key + n, key + length))
                return true;
    }
    return false;
}

/* ---- keys that were opened ---- */

bool
tn_claims_enter (struct tn_claims *claims, const struct tn_opened_key *opened, struct tn_budget *budget)
{
    if (tn_claims_find (claims, opened->key, opened->length))
        return true;
    if (!tn_grow_within (budget, &claims->opened, &claims->opened_room, claims->opened_count,
                         sizeof *claims->opened))
        return false;
    claims->opened[claims->opened_count++] = *opened;
    return tn_names_enter (&claims->keys, claims, opened_has_key, opened->key, opened->length,
                           claims->opened_count - 1)
           >= 0;
}

const struct tn_opened_key *
tn_claims_find (const struct tn_claims *claims, const char *key, uint64_t length)
{
    uint64_t number;
    return claims && claims->opened_count > 0
                   && tn_names_find (&claims->keys, claims, opened_has_key, key, length, &number)
               ? &claims->opened[number]
               : NULL;
}
