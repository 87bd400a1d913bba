/* SPDX-License-Identifier: MIT */
/* sha256.c - SHA-256, of FIPS 180-4.
 *
 * By hand, since the free libraries that have it would put their licences (LGPL, GPL) or their size upon each
 * program that links libtenon statically. It is used for files of plugins only, and need not be fast. */
#include "kernels/sha256.h"

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes: FIPS 180-4, 4.2.2. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t
rotate_right (uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

/* The 64 words of a block: FIPS 180-4, 6.2.2, step 1. */
static void
spread_block (const unsigned char *block, uint32_t words[64])
{
    for (unsigned i = 0; i < 16; i++, block += 4)
        words[i] =
            (uint32_t) block[0] << 24 | (uint32_t) block[1] << 16 | (uint32_t) block[2] << 8 | block[3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t early = words[i - 15], late = words[i - 2];
        words[i] = words[i - 16] + words[i - 7]
                   + (rotate_right (early, 7) ^ rotate_right (early, 18) ^ early >> 3)
                   + (rotate_right (late, 17) ^ rotate_right (late, 19) ^ late >> 10);
    }
}

/* One round: FIPS 180-4, 6.2.2, step 3. The working variables a to h keep their places; the caller names them
 * anew instead. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                     \
    do {                                                                                                     \
        uint32_t first_ = (h) + (rotate_right (e, 6) ^ rotate_right (e, 11) ^ rotate_right (e, 25))          \
                          + (((e) & (f)) ^ (~(e) & (g))) + round_constants[i] + words[i];                    \
        (d) += first_;                                                                                       \
        (h) = first_ + (rotate_right (a, 2) ^ rotate_right (a, 13) ^ rotate_right (a, 22))                   \
              + (((a) & (b)) ^ ((a) & (c)) ^ ((b) & (c)));                                                   \
    } while (0)

static void
add_block (uint32_t state[8], const unsigned char *block)
{
    uint32_t words[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6],
             h = state[7];
    spread_block (block, words);
    for (unsigned i = 0; i < 64; i += 8) {
        ROUND (a, b, c, d, e, f, g, h, i);
        ROUND (h, a, b, c, d, e, f, g, i + 1);
        ROUND (g, h, a, b, c, d, e, f, i + 2);
        ROUND (f, g, h, a, b, c, d, e, i + 3);
        ROUND (e, f, g, h, a, b, c, d, i + 4);
        ROUND (d, e, f, g, h, a, b, c, i + 5);
        ROUND (c, d, e, f, g, h, a, b, i + 6);
        ROUND (b, c, d, e, f, g, h, a, i + 7);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void
tn_sha256_begin (struct tn_sha256 *sum)
{
    /* of the square roots of the first eight primes: FIPS 180-4, 5.3.3 */
    static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    memcpy (sum->state, first, sizeof first);
    sum->length = 0;
}

void
tn_sha256_add (struct tn_sha256 *sum, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    while (length > 0) {
        size_t fill = sum->length % TN_SHA256_BLOCK, part = TN_MIN (length, TN_SHA256_BLOCK - fill);
        memcpy (sum->rest + fill, from, part);
        sum->length += part;
        from += part;
        length -= part;
        if (fill + part == TN_SHA256_BLOCK)
            add_block (sum->state, sum->rest);
    }
}

void
tn_sha256_end (struct tn_sha256 *sum, unsigned char digest[TN_SHA256_BYTES])
{
    static const unsigned char padding[TN_SHA256_BLOCK] = { 0x80 };
    unsigned char bits[8];
    uint64_t length = sum->length * 8;
    for (unsigned i = 0; i < 8; i++)
        bits[i] = (unsigned char) (length >> (56 - 8 * i));
    size_t fill = sum->length % TN_SHA256_BLOCK;
    tn_sha256_add (sum, padding, (fill < 56 ? 56 : 120) - fill);
    tn_sha256_add (sum, bits, sizeof bits);
    for (unsigned i = 0; i < TN_SHA256_BYTES; i++)
        digest[i] = (unsigned char) (sum->state[i / 4] >> (24 - 8 * (i % 4)));
}
