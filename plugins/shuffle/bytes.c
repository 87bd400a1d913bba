/* SPDX-License-Identifier: MIT */
/* bytes.c - items to planes of their bytes, and back.
 *
 * A square is `width` bytes of 16 items, which are `width` vectors. Interleaving the first half of the
 * vectors with the second once moves each byte to the place whose number is its own, rotated by one bit: log2
 * (width) times turn planes into items, and four times turn items into planes. Items longer than 16 bytes are
 * squares beside each other. What is left is moved byte by byte. */
#include "shuffle_filter.h"

#define LANES 16
#define INLINE static inline __attribute__ ((always_inline))
typedef uint8_t vector __attribute__ ((vector_size (LANES)));

#define LOW(a, b) __builtin_shufflevector (a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b)                                                                                           \
    __builtin_shufflevector (a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/* `width` vectors of 16 bytes, `from_step` and `to_step` bytes apart. */
INLINE void
move_square (int width, int rounds, const uint8_t *from, uint64_t from_step, uint8_t *to, uint64_t to_step)
{
    vector now[LANES], next[LANES];
    _Pragma ("GCC unroll 16") for (int i = 0; i < width; i++)
        memcpy (&now[i], from + (uint64_t) i * from_step, LANES);
    _Pragma ("GCC unroll 4") for (int round = 0; round < rounds; round++)
    {
        _Pragma ("GCC unroll 8") for (int i = 0; i < width / 2; i++)
        {
            next[2 * i] = LOW (now[i], now[i + width / 2]);
            next[2 * i + 1] = HIGH (now[i], now[i + width / 2]);
        }
        _Pragma ("GCC unroll 16") for (int i = 0; i < width; i++) now[i] = next[i];
    }
    _Pragma ("GCC unroll 16") for (int i = 0; i < width; i++)
        memcpy (to + (uint64_t) i * to_step, &now[i], LANES);
}

/* The whole squares of items of `width` bytes, which lie in a row of vectors. Returns how many items that is.
 */
INLINE uint64_t
shuffle_short (int width, uint64_t count, const uint8_t *from, uint8_t *to)
{
    uint64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        move_square (width, 4, from + i * (uint64_t) width, LANES, to + i, count);
    return i;
}

INLINE uint64_t
unshuffle_short (int width, int rounds, uint64_t count, const uint8_t *from, uint8_t *to)
{
    uint64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        move_square (width, rounds, from + i, count, to + i * (uint64_t) width, LANES);
    return i;
}

/* The planes `begin` … `item` - 1 of the items `first` … `last` - 1. */
static void
shuffle_rest (uint64_t item, uint64_t count, uint64_t first, uint64_t last, uint64_t begin,
              const uint8_t *from, uint8_t *to)
{
    for (uint64_t i = first; i < last; i++)
        for (uint64_t plane = begin; plane < item; plane++)
            to[plane * count + i] = from[i * item + plane];
}

static void
unshuffle_rest (uint64_t item, uint64_t count, uint64_t first, uint64_t last, uint64_t begin,
                const uint8_t *from, uint8_t *to)
{
    for (uint64_t i = first; i < last; i++)
        for (uint64_t plane = begin; plane < item; plane++)
            to[i * item + plane] = from[plane * count + i];
}

void
tenon_shuffle_bytes (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *to)
{
    uint64_t done = 0, wide = item / LANES * LANES, squares = count / LANES * LANES;
    switch (item) {
    case 1: done = count, memcpy (to, from, count); break;
    case 2: done = shuffle_short (2, count, from, to); break;
    case 4: done = shuffle_short (4, count, from, to); break;
    case 8: done = shuffle_short (8, count, from, to); break;
    default:
        for (uint64_t i = 0; i < squares; i += LANES)
            for (uint64_t plane = 0; plane < wide; plane += LANES)
                move_square (LANES, 4, from + i * item + plane, item, to + plane * count + i, count);
        shuffle_rest (item, count, 0, squares, wide, from, to);
        done = squares;
    }
    shuffle_rest (item, count, done, count, 0, from, to);
}

void
tenon_unshuffle_bytes (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *to)
{
    uint64_t done = 0, wide = item / LANES * LANES, squares = count / LANES * LANES;
    switch (item) {
    case 1: done = count, memcpy (to, from, count); break;
    case 2: done = unshuffle_short (2, 1, count, from, to); break;
    case 4: done = unshuffle_short (4, 2, count, from, to); break;
    case 8: done = unshuffle_short (8, 3, count, from, to); break;
    default:
        for (uint64_t i = 0; i < squares; i += LANES)
            for (uint64_t plane = 0; plane < wide; plane += LANES)
                move_square (LANES, 4, from + plane * count + i, count, to + i * item + plane, item);
        unshuffle_rest (item, count, 0, squares, wide, from, to);
        done = squares;
    }
    unshuffle_rest (item, count, done, count, 0, from, to);
}
