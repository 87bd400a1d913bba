/* SPDX-License-Identifier: MIT */
/* tenon/bytes.h - integers and floats from and to bytes of a stated order. <tenon/plugin.h> includes it.
 *
 * The addresses need no alignment. No function fails, keeps state or depends on the byte order of the
 * machine. */
#ifndef TENON_BYTES_H
#define TENON_BYTES_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- integers ---------------------------------------------------------------------------------------- */

/* Reading: the number that the first 2, 4 or 8 bytes encode. */
static inline uint16_t
tenon_le16 (const void *bytes)
{
    const uint8_t *b = (const uint8_t *) bytes;
    return (uint16_t) (b[0] | b[1] << 8);
}
static inline uint32_t
tenon_le32 (const void *bytes)
{
    return tenon_le16 (bytes) | (uint32_t) tenon_le16 ((const uint8_t *) bytes + 2) << 16;
}
static inline uint64_t
tenon_le64 (const void *bytes)
{
    return tenon_le32 (bytes) | (uint64_t) tenon_le32 ((const uint8_t *) bytes + 4) << 32;
}
static inline uint16_t
tenon_be16 (const void *bytes)
{
    return __builtin_bswap16 (tenon_le16 (bytes));
}
static inline uint32_t
tenon_be32 (const void *bytes)
{
    return __builtin_bswap32 (tenon_le32 (bytes));
}
static inline uint64_t
tenon_be64 (const void *bytes)
{
    return __builtin_bswap64 (tenon_le64 (bytes));
}
/* Writing: each returns the address behind the bytes that it wrote. */
static inline void *
tenon_put_le16 (void *to, uint16_t value)
{
    uint8_t *b = (uint8_t *) to;
    b[0] = (uint8_t) value;
    b[1] = (uint8_t) (value >> 8);
    return b + 2;
}
static inline void *
tenon_put_le32 (void *to, uint32_t value)
{
    return tenon_put_le16 (tenon_put_le16 (to, (uint16_t) value), (uint16_t) (value >> 16));
}
static inline void *
tenon_put_le64 (void *to, uint64_t value)
{
    return tenon_put_le32 (tenon_put_le32 (to, (uint32_t) value), (uint32_t) (value >> 32));
}
static inline void *
tenon_put_be32 (void *to, uint32_t value)
{
    return tenon_put_le32 (to, __builtin_bswap32 (value));
}
static inline void *
tenon_put_be64 (void *to, uint64_t value)
{
    return tenon_put_le64 (to, __builtin_bswap64 (value));
}

/* ---- floats ------------------------------------------------------------------------------------------ */

/* The double that stands for a float in struct tenon_value, and the bits of the float that such a double
 * stands for. The bits of a NaN are kept; a conversion would make a signalling one quiet. Any other double
 * gives the nearest float, and a NaN with bits that a float has no room for a quiet NaN. */
__attribute__ ((unused)) static double
tenon_f64_of_f32 (uint32_t bits)
{
    uint64_t wide =
        (uint64_t) (bits & 0x80000000u) << 32 | (uint64_t) 0x7ff << 52 | (uint64_t) (bits & 0x7fffffu) << 29;
    double value;
    float single;
    memcpy (&single, &bits, sizeof single);
    if (single == single)
        return (double) single;
    memcpy (&value, &wide, sizeof value);
    return value;
}
__attribute__ ((unused)) static uint32_t
tenon_f32_of_f64 (double value)
{
    uint64_t wide;
    uint32_t bits;
    if (value == value) {
        float single = (float) value;
        memcpy (&bits, &single, sizeof bits);
        return bits;
    }
    memcpy (&wide, &value, sizeof wide);
    bits = (uint32_t) (wide >> 32 & 0x80000000u) | 0x7f800000u | (uint32_t) (wide >> 29 & 0x7fffffu);
    return bits & 0x7fffffu ? bits : bits | 0x400000u; /* no infinity */
}

#ifdef __cplusplus
}
#endif
#endif
