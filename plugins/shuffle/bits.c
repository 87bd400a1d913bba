/* SPDX-License-Identifier: MIT */
/* bits.c - items to planes of their bits, and back.
 *
 * Planes of bytes come first. Then 8 bytes of a plane are a square of 8 × 8 bits, which is transposed, and
 * these words are items of 8 bytes, whose planes are those of the bits. */
#include "shuffle_filter.h"

typedef uint64_t words __attribute__ ((vector_size (16)));

/* Bit k of byte i and bit i of byte k, the lowest first, change places in both words. */
static inline words
turn_squares (words now)
{
    words moved = (now ^ now >> 7) & 0x00aa00aa00aa00aa;
    now ^= moved ^ moved << 7;
    moved = (now ^ now >> 14) & 0x0000cccc0000cccc;
    now ^= moved ^ moved << 14;
    moved = (now ^ now >> 28) & 0x00000000f0f0f0f0;
    return now ^ moved ^ moved << 28;
}

/* `size` is a multiple of 8. */
static void
turn_all (uint8_t *bytes, uint64_t size)
{
    words now = { 0 };
    for (; size > 0; bytes += 16) {
        uint64_t piece = size < sizeof now ? 8 : sizeof now;
        memcpy (&now, bytes, piece);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        now = (words){ __builtin_bswap64 (now[0]), __builtin_bswap64 (now[1]) };
#endif
        now = turn_squares (now);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        now = (words){ __builtin_bswap64 (now[0]), __builtin_bswap64 (now[1]) };
#endif
        memcpy (bytes, &now, piece);
        size -= piece;
    }
}

void
tenon_shuffle_bits (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *work, uint8_t *to)
{
    tenon_shuffle_bytes (item, count, from, work);
    turn_all (work, item * count);
    for (uint64_t plane = 0; plane < item; plane++)
        tenon_shuffle_bytes (8, count / 8, work + plane * count, to + plane * count);
}

void
tenon_unshuffle_bits (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *work, uint8_t *to)
{
    for (uint64_t plane = 0; plane < item; plane++)
        tenon_unshuffle_bytes (8, count / 8, from + plane * count, work + plane * count);
    turn_all (work, item * count);
    tenon_unshuffle_bytes (item, count, work, to);
}
