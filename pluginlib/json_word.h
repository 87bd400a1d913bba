/* SPDX-License-Identifier: MIT */
/* json_word.h - eight bytes of text at a time: what the parser and the numbers share. */
#ifndef JSON_WORD_H
#define JSON_WORD_H

#include <stdint.h>
#include <string.h>

/* Eight bytes as a number, the first byte lowest. */
static inline uint64_t
json_word (const uint8_t *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64 (word);
#endif
    return word;
}

/* The number of digits that the word begins with. (Only the lowest byte that is marked as none is certain: a
 * carry out of it may mark those above.) */
static inline uint32_t
json_count_digits (uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t digits = word ^ '0' * ones, none = ((digits + 0x76 * ones) | digits) & 0x80 * ones;
    return none ? (uint32_t) __builtin_ctzll (none) >> 3 : 8;
}

#endif
