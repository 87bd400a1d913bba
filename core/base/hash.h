/* SPDX-License-Identifier: MIT */
/* hash.h - the hash of every table whose keys come from a file: SipHash-1-3 with a secret key.
 *
 * A file chooses its names. If it knew the hash of each, it could choose names that all fall into one slot,
 * and a table would search all of them for each. So a hash needs a key that a file cannot know, and must not
 * collide whatever the key is: the key is random, one for each context. Hashes are never stored: no saved
 * byte depends on them. */
#ifndef TN_HASH_H
#define TN_HASH_H
#include "base/base.h"

struct tn_hash_key {
    uint64_t words[2];
};

struct tn_sip {
    uint64_t a, b, c, d;
};

static inline uint64_t
tn_turn_left (uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void
tn_sip_round (struct tn_sip *sip)
{
    sip->a += sip->b, sip->c += sip->d;
    sip->b = tn_turn_left (sip->b, 13) ^ sip->a, sip->d = tn_turn_left (sip->d, 16) ^ sip->c;
    sip->a = tn_turn_left (sip->a, 32);
    sip->a += sip->d, sip->c += sip->b;
    sip->d = tn_turn_left (sip->d, 21) ^ sip->a, sip->b = tn_turn_left (sip->b, 17) ^ sip->c;
    sip->c = tn_turn_left (sip->c, 32);
}

static inline void
tn_sip_take (struct tn_sip *sip, uint64_t word)
{
    sip->d ^= word;
    tn_sip_round (sip);
    sip->a ^= word;
}

/* Eight bytes, little-endian. */
static inline uint64_t
tn_sip_word (const char *text)
{
    uint64_t word;
    memcpy (&word, text, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64 (word);
#endif
    return word;
}

/* The last 0 … 7 of `length` bytes, those behind the whole words, little-endian. */
static inline uint64_t
tn_sip_rest (const char *text, uint64_t length)
{
    unsigned left = length & 7;
    uint64_t word = 0;
    if (left > 0 && length > 8) /* one load, which takes some bytes of the word before */
        return tn_sip_word (text + length - 8) >> (64 - 8 * left);
    for (const uint8_t *last = (const uint8_t *) text + (length - left); left-- > 0;)
        word = word << 8 | last[left];
    return word;
}

/* J.-P. Aumasson, D. J. Bernstein: SipHash, a fast short-input PRF (2012): one round for each word, three at
 * the end. */
static inline uint64_t
tn_hash (const struct tn_hash_key *key, const char *text, uint64_t length)
{
    struct tn_sip sip = { key->words[0] ^ 0x736f6d6570736575u, key->words[1] ^ 0x646f72616e646f6du,
                          key->words[0] ^ 0x6c7967656e657261u, key->words[1] ^ 0x7465646279746573u };
    for (uint64_t i = 0; i + 8 <= length; i += 8)
        tn_sip_take (&sip, tn_sip_word (text + i));
    tn_sip_take (&sip, length << 56 | tn_sip_rest (text, length));
    sip.c ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        tn_sip_round (&sip);
    return sip.a ^ sip.b ^ sip.c ^ sip.d;
}

#endif
