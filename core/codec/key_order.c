/* SPDX-License-Identifier: MIT */
/* key_order.c - keys in the order of their bytes. */
#include "codec/key_order.h"

static int
compare_key_texts (const char *one, uint64_t length, const char *other, uint64_t other_length)
{
    int order = memcmp (one, other, (size_t) TN_MIN (length, other_length));
    return order ? order : length < other_length ? -1 : length > other_length;
}

static int
compare_ordered_keys (const void *one, const void *other)
{
    const struct tn_ordered_key *a = one, *b = other;
    int order = compare_key_texts (a->key, a->length, b->key, b->length);
    return order ? order : a->number < b->number ? -1 : a->number > b->number;
}

void
tn_key_order_sort (struct tn_ordered_key *keys, uint64_t count)
{
    uint64_t sorted = 1;
    while (sorted < count && compare_ordered_keys (&keys[sorted - 1], &keys[sorted]) < 0)
        sorted++;
    if (sorted < count)
        qsort (keys, (size_t) count, sizeof *keys, compare_ordered_keys);
}

uint64_t
tn_key_order_find (const struct tn_ordered_key *keys, uint64_t from, uint64_t count, const char *text,
                   uint64_t length)
{
    uint64_t low = from, high = count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (compare_key_texts (keys[middle].key, keys[middle].length, text, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
are_same_keys (const struct tn_ordered_key *a, const struct tn_ordered_key *b)
{
    return a->length == b->length && memcmp (a->key, b->key, a->length) == 0;
}

void
tn_key_order_next (const struct tn_ordered_key *keys, uint64_t count, const char *prefix, uint64_t length,
                   uint64_t at, struct tn_key_level *next)
{
    *next = (struct tn_key_level){ .key = NULL };
    if (at == 0)
        at = tn_key_order_find (keys, 0, count, prefix, length);
    while (at + 1 < count && are_same_keys (&keys[at], &keys[at + 1]))
        at++;
    if (at >= count || keys[at].length < length
        || (length > 0 && memcmp (keys[at].key, prefix, (size_t) length) != 0))
        return;
    const char *behind = keys[at].key + length;
    const char *slash = memchr (behind, '/', (size_t) (keys[at].length - length));
    next->key = &keys[at];
    next->length = slash ? (uint64_t) (slash - keys[at].key) + 1 : 0;
    next->at = at;
}
