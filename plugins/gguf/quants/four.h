/* SPDX-License-Identifier: MIT */
/* four.h - vectors of four floats, for every processor: gcc and clang make plain C of them where there are no
 * vector instructions.
 *
 * Sums must be added up in the order of the items. A search therefore has one item each of four parts side
 * by side, not four items of one part: each lane does to its part what plain C would do, in that order. */
#ifndef GGUF_FOUR_H
#define GGUF_FOUR_H

#include "encode.h"
#ifdef __SSE2__
#include <immintrin.h>
#endif

typedef float gguf_four __attribute__ ((vector_size (16)));
/* Integers, or the result of a comparison: lanes of 0 or -1. */
typedef int32_t gguf_mask __attribute__ ((vector_size (16)));

static inline gguf_four
gguf_all (float value)
{
    return (gguf_four){ value, value, value, value };
}

static inline gguf_four
gguf_pick (gguf_mask mask, gguf_four yes, gguf_four no)
{
    return (gguf_four) ((mask & (gguf_mask) yes) | (~mask & (gguf_mask) no));
}

static inline int
gguf_any (gguf_mask mask)
{
    return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
}

/* b if one of them is NaN. */
static inline gguf_four
gguf_smaller (gguf_four a, gguf_four b)
{
#ifdef __SSE2__
    return (gguf_four) _mm_min_ps ((__m128) a, (__m128) b);
#else
    return gguf_pick (a < b, a, b);
#endif
}

static inline gguf_four
gguf_larger (gguf_four a, gguf_four b)
{
#ifdef __SSE2__
    return (gguf_four) _mm_max_ps ((__m128) a, (__m128) b);
#else
    return gguf_pick (a > b, a, b);
#endif
}

static inline gguf_four
gguf_magnitudes (gguf_four values)
{
    return (gguf_four) ((gguf_mask) values & INT32_MAX);
}

/* gguf_truncate of each lane. */
static inline gguf_mask
gguf_truncate_four (gguf_four values)
{
    gguf_mask fits = (values >= gguf_all (-0x1p31f)) & (values < gguf_all (0x1p31f));
    return __builtin_convertvector(gguf_pick (fits, values, gguf_all (-0x1p31f)), gguf_mask);
}

/* gguf_nearest of each lane, clamped. The results are floats, which hold integers of that size exactly. */
static inline gguf_four
gguf_nearest_within (gguf_four values, float least, float most)
{
    gguf_mask sums = (gguf_mask) (values + gguf_all (0x1.8p23f));
    gguf_four codes = __builtin_convertvector((sums & 0x007fffff) - 0x00400000, gguf_four);
    return gguf_larger (gguf_smaller (codes, gguf_all (most)), gguf_all (least));
}

static inline gguf_four
gguf_load (const float *items)
{
    gguf_four four;
    memcpy (&four, items, sizeof four);
    return four;
}

static inline void
gguf_store (float *items, gguf_four values)
{
    memcpy (items, &values, sizeof values);
}

/* Stores the low byte of each lane. */
static inline void
gguf_put_low_bytes (uint8_t *bytes, gguf_mask integers)
{
#ifdef __SSE2__
    __m128i low = (__m128i) (integers & 0xff), packed = _mm_packus_epi16 (_mm_packs_epi32 (low, low), low);
    uint32_t four = (uint32_t) _mm_cvtsi128_si32 (packed);
    memcpy (bytes, &four, sizeof four);
#else
    for (uint32_t i = 0; i < 4; i++)
        bytes[i] = (uint8_t) integers[i];
#endif
}

/* Stores integers plus `added`, a byte for each lane. */
static inline void
gguf_put_codes (uint8_t *codes, gguf_four values, int32_t added)
{
    gguf_put_low_bytes (codes, __builtin_convertvector(values, gguf_mask) + added);
}

/* NaNs are ignored. `count` is a multiple of 4, here and below. */
static inline float
gguf_largest_magnitude (const float *items, uint32_t count)
{
    gguf_four four = gguf_all (0);
    float largest = 0;
    for (uint32_t i = 0; i < count; i += 4)
        four = gguf_larger (gguf_magnitudes (gguf_load (items + i)), four);
    for (uint32_t i = 0; i < 4; i++)
        largest = four[i] > largest ? four[i] : largest;
    return largest;
}

/* The item of the largest magnitude, the first of several; 0 if all items are. */
static inline float
gguf_peak (const float *items, uint32_t count)
{
    float magnitude = gguf_largest_magnitude (items, count);
    for (uint32_t i = 0; i < count && magnitude > 0; i++)
        if (fabsf (items[i]) == magnitude)
            return items[i];
    return 0;
}

/* Transposes four rows of `count` items to `count` columns. */
static inline void
gguf_columns (const float *items, uint32_t count, gguf_four *columns)
{
    for (uint32_t i = 0; i < count; i++)
        columns[i] = (gguf_four){ items[i], items[count + i], items[2 * count + i], items[3 * count + i] };
}

/* The reverse, to bytes, with `added` added to each integer. */
static inline void
gguf_rows (const gguf_four *columns, uint32_t count, int32_t added, uint8_t *codes)
{
    for (uint32_t i = 0; i < count; i++) {
        gguf_mask integers = __builtin_convertvector(columns[i], gguf_mask) + added;
        for (uint32_t row = 0; row < 4; row++)
            codes[row * count + i] = (uint8_t) integers[row];
    }
}

/* gguf_peak of each row. */
static inline gguf_four
gguf_peaks (const gguf_four *columns, uint32_t count)
{
    gguf_four magnitudes = gguf_all (0), peaks = gguf_all (0);
    for (uint32_t i = 0; i < count; i++) {
        gguf_four own = gguf_magnitudes (columns[i]);
        peaks = gguf_pick (own > magnitudes, columns[i], peaks);
        magnitudes = gguf_larger (own, magnitudes);
    }
    return peaks;
}

#endif
