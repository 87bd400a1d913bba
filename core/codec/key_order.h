/* SPDX-License-Identifier: MIT */
/* key_order.h - keys in the order of their bytes, one level at a time. */
#ifndef TN_KEY_ORDER_H
#define TN_KEY_ORDER_H
#include "base/base.h"

struct tn_ordered_key {
    const char *key;
    uint32_t length, number; /* bytes; in the owner's list */
};

/* Of keys that are the same, those of lower numbers come first. */
void tn_key_order_sort (struct tn_ordered_key *keys, uint64_t count);
/* The place, from `from` on, of the first key that is not less than the text. */
uint64_t tn_key_order_find (const struct tn_ordered_key *keys, uint64_t from, uint64_t count,
                            const char *text, uint64_t length);

/* What comes next on the level of a prefix, which is "" or ends in '/'. */
struct tn_key_level {
    const struct tn_ordered_key *key; /* of keys that are the same the last one; NULL: there is no more */
    uint64_t length;                  /* bytes of it up to and with the next '/' behind the prefix; 0: none */
    uint64_t at;                      /* its place */
};
void tn_key_order_next (const struct tn_ordered_key *keys, uint64_t count, const char *prefix,
                        uint64_t length, uint64_t at, struct tn_key_level *next);

#endif
