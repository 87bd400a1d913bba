/* SPDX-License-Identifier: MIT */
/* collide.h - names that an attacker would choose, for the tests of hash tables. */
#ifndef COLLIDE_H
#define COLLIDE_H
#include <stdint.h>
#include <stdio.h>

#define FNV_BASIS UINT64_C (0xcbf29ce484222325)
#define COLLIDE_ROOM 16

/* The next name, counted by *number, that a table of mask + 1 slots puts into slot 0 by FNV-1a, the commonest
 * hash of names, begun with `start` and folded. */
static inline void
next_of_slot_0 (char name[COLLIDE_ROOM], uint32_t *number, uint64_t start, uint64_t mask)
{
    uint64_t hash;
    do {
        snprintf (name, COLLIDE_ROOM, "n%u", (unsigned) ++*number);
        hash = start;
        for (const char *at = name; *at; at++)
            hash = (hash ^ (uint8_t) *at) * UINT64_C (0x100000001b3);
        hash ^= hash >> 32;
    } while (hash & mask);
}

/* Sixteen bytes, one of two values: a hash that multiplies eight bytes in at a time by an odd number, and
 * folds the upper half onto the lower, ends in the same state for both, from whatever state it began. The
 * difference in the highest bit survives the product as it is; folding copies it to bit 31, and the second
 * word takes both away. */
static inline void
put_twin (uint64_t words[2], unsigned bit)
{
    words[0] = UINT64_C (0x4142434445464748) ^ (uint64_t) bit << 63;
    words[1] = UINT64_C (0x4142434445464748) ^ (uint64_t) bit << 63 ^ (uint64_t) bit << 31;
}

#endif
