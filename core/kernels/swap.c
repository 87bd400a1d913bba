/* SPDX-License-Identifier: MIT */
/* swap.c - reverses the bytes of items. It works on 64-bit words, also for smaller items: that reaches the
 * speed of memory with the instructions of every processor. */
#include "kernels/swap.h"
#include <string.h>

static inline uint64_t
load_word (const unsigned char *from)
{
    uint64_t word;
    memcpy (&word, from, sizeof word);
    return word;
}

static inline void
store_word (unsigned char *to, uint64_t word)
{
    memcpy (to, &word, sizeof word);
}

static inline uint64_t
swap_pairs (uint64_t word)
{
    return (word & 0x00ff00ff00ff00ffu) << 8 | (word >> 8 & 0x00ff00ff00ff00ffu);
}

static inline uint64_t
swap_halves (uint64_t word)
{
    word = __builtin_bswap64 (word);
    return word << 32 | word >> 32;
}

/* The items that do not fill the last word. */
static void
swap_rest (unsigned char *to, const unsigned char *from, uint32_t width, uint64_t bytes)
{
    unsigned char item[16];
    for (; bytes >= width; bytes -= width, to += width, from += width) {
        memcpy (item, from, width);
        for (uint32_t i = 0; i < width; i++)
            to[i] = item[width - 1 - i];
    }
}

/* `to` may be `from`: each word is read before it is written. */
static void
swap_items (unsigned char *to, const unsigned char *from, uint32_t width, uint64_t count)
{
    if (count == 0)
        return; /* the pointers may be NULL */
    uint64_t bytes = count * width, whole = bytes & ~(uint64_t) (width == 16 ? 15 : 7);
    switch (width) {
    case 2:
        for (uint64_t i = 0; i < whole; i += 8)
            store_word (to + i, swap_pairs (load_word (from + i)));
        break;
    case 4:
        for (uint64_t i = 0; i < whole; i += 8)
            store_word (to + i, swap_halves (load_word (from + i)));
        break;
    case 8:
        for (uint64_t i = 0; i < whole; i += 8)
            store_word (to + i, __builtin_bswap64 (load_word (from + i)));
        break;
    case 16:
        for (uint64_t i = 0; i < whole; i += 16) {
            uint64_t low = load_word (from + i), high = load_word (from + i + 8);
            store_word (to + i, __builtin_bswap64 (high));
            store_word (to + i + 8, __builtin_bswap64 (low));
        }
        break;
    }
    swap_rest (to + whole, from + whole, width, bytes - whole);
}

static int
has_order (uint32_t width)
{
    return width == 2 || width == 4 || width == 8 || width == 16;
}

void
tn_swap (void *data, uint32_t width, uint64_t count)
{
    if (has_order (width))
        swap_items (data, data, width, count);
}

void
tn_swap_copy (void *to, const void *from, uint32_t width, uint64_t count)
{
    if (has_order (width))
        swap_items (to, from, width, count);
    else if (count * width > 0)
        memcpy (to, from, count * width);
}

void
tn_swap_blocks (void *data, uint64_t block_bytes, const struct tenon_swap_field *fields, uint32_t field_size,
                uint32_t field_count, uint64_t blocks)
{
    for (uint32_t i = 0; i < field_count; i++) {
        struct tenon_swap_field field;
        memcpy (&field, (const unsigned char *) fields + (uint64_t) i * field_size, sizeof field);
        unsigned char *place = (unsigned char *) data + field.offset;
        for (uint64_t block = 0; block < blocks; block++, place += block_bytes)
            tn_swap (place, field.size, field.count);
    }
}
