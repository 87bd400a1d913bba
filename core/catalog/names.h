/* SPDX-License-Identifier: MIT */
/* names.h - a hash table from names to their numbers in a list. The names themselves stay in the list; a
 * function of its owner compares them. */
#ifndef TN_NAMES_H
#define TN_NAMES_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct tn_names {
    uint64_t *slots; /* number + 1 in the low half, hash in the high; 0: free */
    uint64_t size, count;
};

/* True if entry `number` of the owner's list has this name. */
typedef bool tn_name_is (const void *owner, uint64_t number, const char *text, uint64_t length);

/* Multiplies the text in eight bytes at a time. Names differ in few bytes, and slots keep 32 bits of the
 * hash, so the last steps spread each byte to every bit. The seed is the owner's address: an attacker, who
 * could make names collide into long chains, does not know it. Both halves are the upper one, since the start
 * of a chain must come from bits that the slot keeps, or growing would need the names again. */
static inline uint64_t
tn_names_hash (const void *owner, const char *text, uint64_t length)
{
    uint64_t hash = (uint64_t) (uintptr_t) owner * 0x9e3779b97f4a7c15u + length, word;
    for (; length >= 8; text += 8, length -= 8) {
        memcpy (&word, text, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    word = 0;
    if (length > 0)
        memcpy (&word, text, length);
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 29;
    hash *= 0xc4ceb9fe1a85ec53u;
    hash = (hash ^ hash >> 32) >> 32;
    return hash << 32 | hash;
}
/* Room for `more` names. False: no memory. */
bool tn_names_grow (struct tn_names *names, uint64_t more);
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
