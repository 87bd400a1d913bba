/* SPDX-License-Identifier: MIT */
/* decode.h - what the decoders share. The order of products and sums is ggml's everywhere: floats come out
 * the same to the last bit. Numbers are built from bytes, so that the processor's order of them does not
 * matter. */
#ifndef GGUF_DECODE_H
#define GGUF_DECODE_H

#include "half.h"
#include "quants.h"

static inline uint16_t
gguf_u16_at (const uint8_t *bytes)
{
    return (uint16_t) (bytes[0] | bytes[1] << 8);
}

static inline uint32_t
gguf_u32_at (const uint8_t *bytes)
{
    return (uint32_t) gguf_u16_at (bytes) | (uint32_t) gguf_u16_at (bytes + 2) << 16;
}

static inline float
gguf_f16_at (const uint8_t *bytes)
{
    return gguf_f32_of_f16 (gguf_u16_at (bytes));
}

/* A byte for each of eight bits, 0 or 1, the first in the lowest. */
static inline uint64_t
gguf_bytes_of_bits (uint32_t bits)
{
    uint64_t spread = (bits & 0xff) * 0x0101010101010101u & 0x8040201008040201u;
    return (spread + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
}

/* The eight bytes, the lowest first. */
static inline void
gguf_put_bytes (uint64_t bytes, void *to)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64 (bytes);
#endif
    memcpy (to, &bytes, sizeof bytes);
}

/* The scale and the minimum, six bits each, of one of the eight parts of a q4_k or q5_k block. Of parts 0 … 3
 * they have the lower bits of a byte each; of parts 4 … 7 nibbles of one byte, and the upper two bits of the
 * former's bytes. */
static inline void
gguf_k_scales (const uint8_t *packed, uint32_t number, uint8_t *scale, uint8_t *minimum)
{
    if (number < 4) {
        *scale = packed[number] & 63;
        *minimum = packed[number + 4] & 63;
        return;
    }
    *scale = (uint8_t) ((packed[number + 4] & 15) | packed[number - 4] >> 6 << 4);
    *minimum = (uint8_t) (packed[number + 4] >> 4 | packed[number] >> 6 << 4);
}

/* Makes gguf_decode_NAME out of NAME_block, which decodes one block of `bytes` bytes to `count` items. */
#define GGUF_DECODER(name, bytes, count)                                                                     \
    GGUF_DECODE (name)                                                                                       \
    {                                                                                                        \
        const uint8_t *block = blocks;                                                                       \
        for (uint64_t i = 0; i < block_count; i++)                                                           \
            name##_block (block + i * (bytes), items + i * (count));                                         \
        return TENON_OK;                                                                                     \
    }                                                                                                        \
    _Static_assert((count) % 32 == 0, "blocks are whole vectors")

/* Without vector instructions: for decode_fast.c, and for its test. */
GGUF_DECODE (q4_0_base);
GGUF_DECODE (q8_0_base);
GGUF_DECODE (q4_k_base);
GGUF_DECODE (q6_k_base);

#endif
