/* SPDX-License-Identifier: MIT */
/* decode.h - what the decoders share. Every decoder multiplies and adds in ggml's order, so that the floats
 * are the same to the last bit. */
#ifndef GGUF_DECODE_H
#define GGUF_DECODE_H

#include "bytes.h"
#include "half.h"
#include "quants.h"

static inline float
gguf_f16_at (const uint8_t *bytes)
{
    return gguf_f32_of_f16 (gguf_u16_at (bytes));
}

/* Unpacks the scale and the minimum of one of the eight parts of a q4_k or q5_k block, six bits each. Those
 * of parts 0 to 3 are the low bits of a byte each. Those of parts 4 to 7 are nibbles of one byte, and above
 * them the top two bits of the bytes of parts 0 to 3. */
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

/* The scale of an iq1_m block: four bits of it are the highest of each of four u16. */
static inline float
gguf_iq1_m_scale (const uint8_t *block)
{
    uint32_t half =
        (uint32_t) (block[49] >> 4 | block[51] >> 4 << 4 | block[53] >> 4 << 8 | block[55] >> 4 << 12);
    return gguf_f32_of_f16 ((uint16_t) half);
}

/* Defines gguf_decode_NAME on top of NAME_block, which decodes one block of `bytes` bytes to `count`
 * items. */
#define GGUF_DECODER(name, bytes, count)                                                                     \
    GGUF_DECODE (name)                                                                                       \
    {                                                                                                        \
        const uint8_t *block = blocks;                                                                       \
        for (uint64_t i = 0; i < block_count; i++)                                                           \
            name##_block (block + i * (bytes), items + i * (count));                                         \
        return TENON_OK;                                                                                     \
    }                                                                                                        \
    _Static_assert((count) % 32 == 0, "blocks are whole vectors")

#endif
