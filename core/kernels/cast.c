/* SPDX-License-Identifier: MIT */
/* cast.c - chooses how to cast: by a copy, a kernel (cast_fast.c), a table of all 256 results, or the general
 * way, which converts a chunk of items to f64 (to i64, from integers to integers) and from there to the
 * target. An f64 holds every dtype exactly but i64 and u64; those two are prepared so that the rounding that
 * follows gives the right result. */
#include "kernels/cast.h"
#include "kernels/cast_fast.h"
#include "kernels/cast_small.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int
tn_cast_possible (uint32_t from_dtype, uint32_t to_dtype)
{
    return tn_cast_bits (from_dtype) > 0 && tn_cast_bits (to_dtype) > 0;
}

static bool
is_integer (uint32_t dtype)
{
    return dtype >= TENON_BOOL && dtype <= TENON_I64;
}

/* ---- integers, as i64 ---- */

/* Loops over `count` items, one at a time in a variable of their type, because no pointer here is aligned. */
#define LOAD(dtype, type, expression)                                                                        \
    case dtype:                                                                                              \
        for (uint64_t i = 0; i < count; i++) {                                                               \
            type item;                                                                                       \
            memcpy (&item, from + i * sizeof item, sizeof item);                                             \
            to[i] = expression;                                                                              \
        }                                                                                                    \
        break
#define STORE(dtype, type, expression)                                                                       \
    case dtype:                                                                                              \
        for (uint64_t i = 0; i < count; i++) {                                                               \
            type item = (type) (expression);                                                                 \
            memcpy (to + i * sizeof item, &item, sizeof item);                                               \
        }                                                                                                    \
        break

/* A u64 above the range of i64 becomes the largest i64: no narrower target can tell them apart. */
static void
load_integers (uint32_t dtype, int64_t *to, const unsigned char *from, uint64_t count)
{
    switch (dtype) {
        LOAD (TENON_BOOL, uint8_t, item != 0);
        LOAD (TENON_U8, uint8_t, item);
        LOAD (TENON_U16, uint16_t, item);
        LOAD (TENON_U32, uint32_t, item);
        LOAD (TENON_U64, uint64_t, item > INT64_MAX ? INT64_MAX : (int64_t) item);
        LOAD (TENON_I8, int8_t, item);
        LOAD (TENON_I16, int16_t, item);
        LOAD (TENON_I32, int32_t, item);
        LOAD (TENON_I64, int64_t, item);
    }
}

static inline int64_t
clamp_integer (int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static void
store_integers (uint32_t dtype, unsigned char *to, const int64_t *from, uint64_t count)
{
    switch (dtype) {
        STORE (TENON_BOOL, uint8_t, from[i] != 0);
        STORE (TENON_U8, uint8_t, clamp_integer (from[i], 0, UINT8_MAX));
        STORE (TENON_U16, uint16_t, clamp_integer (from[i], 0, UINT16_MAX));
        STORE (TENON_U32, uint32_t, clamp_integer (from[i], 0, UINT32_MAX));
        STORE (TENON_U64, uint64_t, clamp_integer (from[i], 0, INT64_MAX));
        STORE (TENON_I8, int8_t, clamp_integer (from[i], INT8_MIN, INT8_MAX));
        STORE (TENON_I16, int16_t, clamp_integer (from[i], INT16_MIN, INT16_MAX));
        STORE (TENON_I32, int32_t, clamp_integer (from[i], INT32_MIN, INT32_MAX));
        STORE (TENON_I64, int64_t, from[i]);
    }
}

/* ---- all dtypes, as f64 ---- */

/* The f64 beside the value whose last bit is odd (bits that do not fit turn it on). Rounding it to a format
 * with at most 51 bits of significand gives the result of rounding the integer itself: Boldo and Melquiond,
 * "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008. */
static double
f64_odd_of_u64 (uint64_t value)
{
    if (value >> 53 == 0)
        return (double) value;
    uint32_t dropped = 11 - (uint32_t) __builtin_clzll (value);
    uint64_t lost = value & ((UINT64_C (1) << dropped) - 1);
    return (double) (value >> dropped | (lost != 0)) * (double) (UINT64_C (1) << dropped);
}

static double
f64_odd_of_i64 (int64_t value)
{
    return value < 0 ? -f64_odd_of_u64 (-(uint64_t) value) : f64_odd_of_u64 ((uint64_t) value);
}

/* `last`: the f64 is the result, and is not rounded again. */
static void
load_numbers (uint32_t dtype, double *to, const unsigned char *from, uint64_t count, bool last)
{
    switch (dtype) {
        LOAD (TENON_BOOL, uint8_t, item != 0);
        LOAD (TENON_U8, uint8_t, item);
        LOAD (TENON_U16, uint16_t, item);
        LOAD (TENON_U32, uint32_t, item);
        LOAD (TENON_U64, uint64_t, last ? (double) item : f64_odd_of_u64 (item));
        LOAD (TENON_I8, int8_t, item);
        LOAD (TENON_I16, int16_t, item);
        LOAD (TENON_I32, int32_t, item);
        LOAD (TENON_I64, int64_t, last ? (double) item : f64_odd_of_i64 (item));
        LOAD (TENON_F32, float, (double) item);
        LOAD (TENON_F64, double, item);
    default: tn_cast_load_small (dtype, to, from, count);
    }
}

/* For ends that an f64 holds exactly, those of integers of up to 32 bits. A NaN fails both comparisons. */
static inline double
clamp_number (double value, double least, double most)
{
    return value > least ? value < most ? value : most : value <= least ? least : 0;
}

static inline int64_t
i64_of_f64 (double value)
{
    if (value >= 0x1p63)
        return INT64_MAX;
    if (value < -0x1p63)
        return INT64_MIN;
    return value == value ? (int64_t) value : 0;
}

static inline uint64_t
u64_of_f64 (double value)
{
    return value >= 0x1p64 ? UINT64_MAX : value > 0 ? (uint64_t) value : 0;
}

static void
store_numbers (uint32_t dtype, unsigned char *to, const double *from, uint64_t count)
{
    switch (dtype) {
        STORE (TENON_BOOL, uint8_t, from[i] != 0);
        STORE (TENON_U8, uint8_t, clamp_number (from[i], 0, UINT8_MAX));
        STORE (TENON_U16, uint16_t, clamp_number (from[i], 0, UINT16_MAX));
        STORE (TENON_U32, uint32_t, clamp_number (from[i], 0, UINT32_MAX));
        STORE (TENON_U64, uint64_t, u64_of_f64 (from[i]));
        STORE (TENON_I8, int8_t, clamp_number (from[i], INT8_MIN, INT8_MAX));
        STORE (TENON_I16, int16_t, clamp_number (from[i], INT16_MIN, INT16_MAX));
        STORE (TENON_I32, int32_t, clamp_number (from[i], INT32_MIN, INT32_MAX));
        STORE (TENON_I64, int64_t, i64_of_f64 (from[i]));
        STORE (TENON_F32, float, from[i]);
    case TENON_F64: memcpy (to, from, count * sizeof *from); break;
    default: tn_cast_store_small (dtype, to, from, count);
    }
}

/* ---- the general way ---- */

/* Each pair of parts becomes one number, in place. */
static void
drop_imaginary (double *values, uint64_t count, bool to_bool)
{
    for (uint64_t i = 0; i < count; i++)
        values[i] = to_bool ? values[2 * i] != 0 || values[2 * i + 1] != 0 : values[2 * i];
}

static void
add_imaginary (double *values, uint64_t count)
{
    for (uint64_t i = count; i-- > 0;) {
        values[2 * i] = values[i];
        values[2 * i + 1] = 0;
    }
}

static void
cast_chunk (uint32_t to_dtype, unsigned char *to, uint32_t from_dtype, const unsigned char *from,
            uint64_t count)
{
    if (is_integer (from_dtype) && is_integer (to_dtype)) {
        int64_t values[TN_CAST_CHUNK];
        load_integers (from_dtype, values, from, count);
        store_integers (to_dtype, to, values, count);
        return;
    }
    double values[2 * TN_CAST_CHUNK];
    bool from_complex = tn_cast_is_complex (from_dtype), to_complex = tn_cast_is_complex (to_dtype);
    load_numbers (tn_cast_part (from_dtype), values, from, from_complex ? 2 * count : count,
                  tn_cast_part (to_dtype) == TENON_F64);
    if (from_complex && !to_complex)
        drop_imaginary (values, count, to_dtype == TENON_BOOL);
    if (to_complex && !from_complex)
        add_imaginary (values, count);
    store_numbers (tn_cast_part (to_dtype), to, values, to_complex ? 2 * count : count);
}

static void
copy_items (uint32_t dtype, unsigned char *to, const unsigned char *from, uint64_t count)
{
    uint32_t bits = tn_cast_bits (dtype), extra = (uint32_t) (count % 8 * bits % 8);
    uint64_t bytes = count / 8 * bits + (count % 8 * bits + 7) / 8;
    memcpy (to, from, bytes);
    if (extra > 0)
        to[bytes - 1] &= (unsigned char) ((1u << extra) - 1);
}

void
tn_cast_general (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count)
{
    if (!tn_cast_possible (from_dtype, to_dtype) || count == 0)
        return;
    if (to_dtype == from_dtype) {
        copy_items (to_dtype, to, from, count);
        return;
    }
    uint32_t to_bits = tn_cast_bits (to_dtype), from_bits = tn_cast_bits (from_dtype);
    for (uint64_t done = 0; done < count; done += TN_CAST_CHUNK) {
        uint64_t chunk = count - done < TN_CAST_CHUNK ? count - done : TN_CAST_CHUNK;
        cast_chunk (to_dtype, (unsigned char *) to + done / 8 * to_bits, from_dtype,
                    (const unsigned char *) from + done / 8 * from_bits, chunk);
    }
}

/* ---- shortcuts ---- */

/* Copies the entry of each byte; `width` is a constant where this is called. */
static inline __attribute__ ((always_inline)) void
look_up (unsigned char *to, const unsigned char *from, uint64_t count, const unsigned char *table,
         uint32_t width)
{
    for (uint64_t i = 0; i < count; i++)
        memcpy (to + i * width, table + (size_t) from[i] * width, width);
}

/* Casts from one byte: makes all 256 results first, by the general way. A byte of f4 holds two items, which
 * are one entry. */
static bool
cast_by_table (uint32_t to_dtype, unsigned char *to, uint32_t from_dtype, const unsigned char *from,
               uint64_t count)
{
    unsigned char every[256];
    uint32_t together = from_dtype == TENON_F4 ? 2 : 1, width = tn_cast_bits (to_dtype) / 8 * together;
    uint64_t bytes = count / together;
    if (bytes < 1024 || tn_cast_bits (from_dtype) * together != 8 || tn_cast_bits (to_dtype) % 8 != 0
        || width > 16)
        return false;
    unsigned char *table = malloc ((size_t) 256 * width); /* too much for a small stack */
    if (!table)
        return false;
    for (uint32_t i = 0; i < 256; i++)
        every[i] = (unsigned char) i;
    tn_cast_general (to_dtype, table, from_dtype, every, 256 * together);
    switch (width) {
    case 1: look_up (to, from, bytes, table, 1); break;
    case 2: look_up (to, from, bytes, table, 2); break;
    case 4: look_up (to, from, bytes, table, 4); break;
    case 8: look_up (to, from, bytes, table, 8); break;
    default: look_up (to, from, bytes, table, 16); break;
    }
    free (table);
    tn_cast_general (to_dtype, to + bytes * width, from_dtype, from + bytes, count % together);
    return true;
}

#define KERNEL_CHUNK 512 /* items between two kernels */

/* Casts by a kernel, or by two with f32 between them, which holds every f16 and bf16 exactly. */
static bool
cast_by_kernel (uint32_t to_dtype, unsigned char *to, uint32_t from_dtype, const unsigned char *from,
                uint64_t count)
{
    tn_cast_kernel narrow = to_dtype == TENON_F32 ? NULL : tn_cast_kernel_from_f32 (to_dtype);
    tn_cast_kernel widen = from_dtype == TENON_F32 ? NULL : tn_cast_kernel_to_f32 (from_dtype);
    if (from_dtype == TENON_F32 || to_dtype == TENON_F32) {
        tn_cast_kernel only = from_dtype == TENON_F32 ? narrow : widen;
        if (only)
            only (to, from, count);
        return only != NULL;
    }
    if (!narrow || !widen || (from_dtype != TENON_F16 && from_dtype != TENON_BF16))
        return false;
    float values[KERNEL_CHUNK];
    uint32_t to_bytes = tn_cast_bits (to_dtype) / 8;
    for (uint64_t done = 0; done < count; done += KERNEL_CHUNK) {
        uint64_t chunk = count - done < KERNEL_CHUNK ? count - done : KERNEL_CHUNK;
        widen (values, from + done * 2, chunk);
        narrow (to + done * to_bytes, values, chunk);
    }
    return true;
}

void
tn_cast (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count)
{
    if (tn_cast_is_complex (from_dtype) && tn_cast_is_complex (to_dtype)) {
        to_dtype = tn_cast_part (to_dtype);
        from_dtype = tn_cast_part (from_dtype);
        count *= 2;
    }
    if (!tn_cast_possible (from_dtype, to_dtype) || count == 0)
        return;
    if (to_dtype != from_dtype
        && (cast_by_kernel (to_dtype, to, from_dtype, from, count)
            || cast_by_table (to_dtype, to, from_dtype, from, count)))
        return;
    tn_cast_general (to_dtype, to, from_dtype, from, count);
}
