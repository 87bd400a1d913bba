/* SPDX-License-Identifier: MIT */
/* bytes.h - little-endian numbers at any address. They are put together from bytes, so that the processor's
 * byte order does not matter. */
#ifndef GGUF_BYTES_H
#define GGUF_BYTES_H

#include <stdint.h>
#include <string.h>

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

static inline void
gguf_put_u16 (uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t) value;
    bytes[1] = (uint8_t) (value >> 8);
}

static inline void
gguf_put_u32 (uint8_t *bytes, uint32_t value)
{
    gguf_put_u16 (bytes, (uint16_t) value);
    gguf_put_u16 (bytes + 2, (uint16_t) (value >> 16));
}

/* Stores eight bytes, the lowest first. */
static inline void
gguf_put_u64 (void *to, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64 (value);
#endif
    memcpy (to, &value, sizeof value);
}

/* Spreads the low eight bits over eight bytes, each 0 or 1; the lowest bit becomes the lowest byte. */
static inline uint64_t
gguf_bytes_of_bits (uint32_t bits)
{
    uint64_t spread = (bits & 0xff) * 0x0101010101010101u & 0x8040201008040201u;
    return (spread + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
}

#endif
