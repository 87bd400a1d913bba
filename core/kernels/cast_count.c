/* SPDX-License-Identifier: MIT */
/* cast_count.c - casts in pieces that stay in the cache, and compares each with what it came from. Most
 * blocks of items are passed by a screen (cast_screen.c); the others are compared item by item. */
#include "kernels/cast_count.h"
#include "kernels/cast.h"
#include "kernels/cast_screen.h"
#include "kernels/cast_small.h"
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <tenon/types.h>

/* Items that are cast before they are compared: those of f32 take half of a first-level cache. */
#define PIECE 4096u
_Static_assert(PIECE % TN_SCREEN_BLOCK == 0 && TN_SCREEN_BLOCK <= TN_CAST_CHUNK, "blocks fill pieces");

bool
tn_cast_counts_clean (const struct tn_cast_counts *counts)
{
    return !(counts->overflowed | counts->clipped | counts->infinite | counts->nan | counts->imaginary
             | counts->inexact | counts->flushed);
}

/* ---- what a dtype can hold ---- */

struct range {
    double largest, least; /* finite magnitude, positive magnitude */
    uint32_t bits;         /* of integers, or of a significand, that it holds: all magnitudes below 2^bits */
    bool integer, sign, infinity, nan, zero;
};

#define FLOAT(largest, least, bits, infinity, nan)                                                           \
    {                                                                                                        \
        largest, least, bits, false, true, infinity, nan, true                                               \
    }
#define INTEGER(bits, sign)                                                                                  \
    {                                                                                                        \
        0, 1, bits, true, sign, false, false, true                                                           \
    }
static const struct range ranges[TENON_DTYPE_FIXED] = {
    [TENON_BOOL] = INTEGER (1, false),
    [TENON_U8] = INTEGER (8, false),
    [TENON_U16] = INTEGER (16, false),
    [TENON_U32] = INTEGER (32, false),
    [TENON_U64] = INTEGER (64, false),
    [TENON_I8] = INTEGER (7, true),
    [TENON_I16] = INTEGER (15, true),
    [TENON_I32] = INTEGER (31, true),
    [TENON_I64] = INTEGER (63, true),
    [TENON_F16] = FLOAT (65504, 0x1p-24, 11, true, true),
    [TENON_BF16] = FLOAT (0x1.fep127, 0x1p-133, 8, true, true),
    [TENON_F32] = FLOAT (0x1.fffffep127, 0x1p-149, 24, true, true),
    [TENON_F64] = FLOAT (0x1.fffffffffffffp1023, 0x1p-1074, 53, true, true),
    [TENON_F8_E4M3] = FLOAT (448, 0x1p-9, 4, false, true),
    [TENON_F8_E5M2] = FLOAT (57344, 0x1p-16, 3, true, true),
    [TENON_F8_E4M3FNUZ] = FLOAT (240, 0x1p-10, 4, false, true),
    [TENON_F8_E5M2FNUZ] = FLOAT (57344, 0x1p-17, 3, false, true),
    [TENON_F8_E8M0] = { 0x1p127, 0x1p-127, 1, false, false, false, true, false },
    [TENON_F6_E2M3] = FLOAT (7.5, 0x1p-3, 3, false, false),
    [TENON_F6_E3M2] = FLOAT (28, 0x1p-4, 3, false, false),
    [TENON_F4] = FLOAT (6, 0.5, 2, false, false),
};

bool
tn_cast_may_lose (uint32_t from_dtype, uint32_t to_dtype)
{
    if (!tn_cast_possible (from_dtype, to_dtype) || from_dtype == to_dtype)
        return false;
    if (tn_cast_is_complex (from_dtype) && !tn_cast_is_complex (to_dtype))
        return true;
    const struct range *from = &ranges[tn_cast_part (from_dtype)], *to = &ranges[tn_cast_part (to_dtype)];
    if ((from->sign && !to->sign) || !to->zero || to_dtype == TENON_BOOL)
        return true;
    if (from->integer)
        return from->bits > to->bits;
    return to->integer || from->largest > to->largest || from->least < to->least
           || (from->infinity && !to->infinity) || (from->nan && !to->nan);
}

/* ---- comparing items ---- */

static void
count_imaginary (uint32_t from_dtype, const void *from, uint64_t count, struct tn_cast_counts *counts)
{
    double parts[2 * TN_SCREEN_BLOCK];
    tn_cast_general (TENON_F64, parts, tn_cast_part (from_dtype), from, 2 * count);
    for (uint64_t i = 0; i < count; i++)
        counts->imaginary += parts[2 * i + 1] != 0;
}

/* Integers to integers. A u64 beyond the range of i64 is too large for all others. */
static void
compare_integers (uint32_t to_dtype, const void *to, uint32_t from_dtype, const void *from, uint64_t count,
                  struct tn_cast_counts *counts)
{
    int64_t before[TN_SCREEN_BLOCK], after[TN_SCREEN_BLOCK];
    tn_cast_general (TENON_I64, before, from_dtype, from, count);
    tn_cast_general (TENON_I64, after, to_dtype, to, count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t item = 0;
        if (from_dtype == TENON_U64)
            memcpy (&item, (const unsigned char *) from + i * sizeof item, sizeof item);
        counts->clipped += before[i] != after[i] || item > INT64_MAX;
    }
}

/* True if the float, which comes from the integer, is it. */
static bool
is_same_integer (uint32_t from_dtype, const unsigned char *item, double after)
{
    uint64_t large;
    int64_t whole;
    if (from_dtype == TENON_U64) {
        memcpy (&large, item, sizeof large);
        return after >= 0 && after < 0x1p64 && (uint64_t) after == large;
    }
    tn_cast_general (TENON_I64, &whole, from_dtype, item, 1);
    return after >= -0x1p63 && after < 0x1p63 && (int64_t) after == whole;
}

/* Integers to floats, whose values are in `after`. */
static void
compare_to_floats (uint32_t to_dtype, const double *after, uint32_t from_dtype, const unsigned char *from,
                   uint64_t count, struct tn_cast_counts *counts)
{
    double before[TN_SCREEN_BLOCK];
    uint32_t bytes = tn_cast_bits (from_dtype) / 8;
    tn_cast_general (TENON_F64, before, from_dtype, from, count);
    for (uint64_t i = 0; i < count; i++)
        if (!isfinite (after[i]))
            counts->overflowed++;
        else if (tn_cast_clips (to_dtype, before[i]))
            counts->clipped++;
        else
            counts->inexact += !is_same_integer (from_dtype, from + i * bytes, after[i]);
}

/* Magnitudes from 2^53 on have no fraction. */
static double
without_fraction (double value)
{
    return value > -0x1p53 && value < 0x1p53 ? (double) (int64_t) value : value;
}

static void
compare_to_integers (uint32_t to_dtype, const double *after, const double *before, uint64_t count,
                     struct tn_cast_counts *counts)
{
    double beyond = to_dtype == TENON_U64 ? 0x1p64 : 0x1p63;
    for (uint64_t i = 0; i < count; i++) {
        double whole = without_fraction (before[i]);
        if (isnan (before[i]))
            counts->nan++;
        else if (to_dtype == TENON_BOOL ? before[i] != after[i] : whole != after[i] || whole >= beyond)
            counts->clipped++;
        else
            counts->cut += whole != before[i];
    }
}

static void
compare_floats (uint32_t to_dtype, const double *after, const double *before, uint64_t count,
                struct tn_cast_counts *counts)
{
    for (uint64_t i = 0; i < count; i++)
        if (isnan (before[i]))
            counts->nan += !isnan (after[i]);
        else if (isinf (before[i])) {
            counts->infinite += isnan (after[i]);
            counts->clipped += isfinite (after[i]);
        } else if (!isfinite (after[i]))
            counts->overflowed++;
        else if (before[i] != 0 && after[i] == 0)
            counts->flushed++;
        else
            counts->clipped += tn_cast_clips (to_dtype, before[i]);
}

/* Gives results that are no numbers, from sources that are, the largest magnitude. */
static void
saturate_items (uint32_t to_dtype, unsigned char *to, double *after, double *before, uint64_t count,
                struct tn_cast_counts *counts)
{
    for (uint64_t i = 0; i < count; i++)
        if (!isnan (before[i]) && !isfinite (after[i])) {
            double largest = copysign (ranges[to_dtype].largest, before[i]);
            tn_cast_general (to_dtype, to + i, TENON_F64, &largest, 1);
            after[i] = before[i] = largest; /* no other counter */
            counts->clipped++;
        }
}

static bool
can_saturate (uint32_t dtype)
{
    return dtype == TENON_F8_E4M3 || dtype == TENON_F8_E5M2 || dtype == TENON_F8_E4M3FNUZ
           || dtype == TENON_F8_E5M2FNUZ;
}

/* Compares a block of at most TN_SCREEN_BLOCK items. */
static void
compare_block (uint32_t to_dtype, unsigned char *to, uint32_t from_dtype, const unsigned char *from,
               uint64_t count, bool saturate, struct tn_cast_counts *counts)
{
    double before[TN_SCREEN_BLOCK], after[TN_SCREEN_BLOCK];
    bool from_integer = ranges[from_dtype].integer, to_integer = ranges[to_dtype].integer;
    if (tn_cast_is_complex (from_dtype))
        count_imaginary (from_dtype, from, count, counts);
    if (from_integer && to_integer) {
        compare_integers (to_dtype, to, from_dtype, from, count, counts);
        return;
    }
    tn_cast_general (TENON_F64, after, to_dtype, to, count); /* the real part of a complex result */
    tn_cast_general (TENON_F64, before, from_dtype, from, count);
    if (saturate)
        saturate_items (to_dtype, to, after, before, count, counts);
    if (from_integer)
        compare_to_floats (tn_cast_part (to_dtype), after, from_dtype, from, count, counts);
    else if (to_integer)
        compare_to_integers (to_dtype, after, before, count, counts);
    else
        compare_floats (tn_cast_part (to_dtype), after, before, count, counts);
}

struct pair {
    uint32_t to, from;
    bool saturate;
    uint64_t to_block, from_block; /* bytes */
    tn_cast_screen screen;
};

/* The blocks, from the first one on, that the screen counts. What it counts may have to be saturated. */
static uint64_t
screen_blocks (const struct pair *pair, const unsigned char *to, const unsigned char *from, uint64_t blocks,
               struct tn_cast_counts *counts)
{
    struct tn_cast_counts found = { 0 };
    if (!pair->screen || blocks == 0)
        return 0;
    if (pair->saturate && pair->to == TENON_F8_E5M2) /* no screen tells infinities that stay */
        return 0;
    if (!pair->saturate)
        return pair->screen (to, from, blocks, counts);
    pair->screen (to, from, 1, &found);
    if (found.overflowed > 0 || found.infinite > 0)
        return 0;
    counts->flushed += found.flushed;
    return 1;
}

static void
count_piece (const struct pair *pair, unsigned char *to, const unsigned char *from, uint64_t count,
             struct tn_cast_counts *counts)
{
    while (count > 0) {
        uint64_t blocks = screen_blocks (pair, to, from, count / TN_SCREEN_BLOCK, counts);
        uint64_t items = count < TN_SCREEN_BLOCK ? count : TN_SCREEN_BLOCK;
        if (blocks == 0) {
            compare_block (pair->to, to, pair->from, from, items, pair->saturate, counts);
            count -= items;
            blocks = 1;
        } else
            count -= blocks * TN_SCREEN_BLOCK;
        to += blocks * pair->to_block, from += blocks * pair->from_block;
    }
}

void
tn_cast_counted (uint32_t to_dtype, void *to_bytes, uint32_t from_dtype, const void *from_bytes,
                 uint64_t count, bool saturate, struct tn_cast_counts *counts)
{
    unsigned char *to = to_bytes;
    const unsigned char *from = from_bytes;
    if (tn_cast_is_complex (from_dtype) && tn_cast_is_complex (to_dtype)) {
        to_dtype = tn_cast_part (to_dtype);
        from_dtype = tn_cast_part (from_dtype);
        count *= 2;
    }
    if (!tn_cast_may_lose (from_dtype, to_dtype)) {
        tn_cast (to_dtype, to, from_dtype, from, count);
        return;
    }
    struct pair pair = { .to = to_dtype,
                         .from = from_dtype,
                         .saturate = saturate && can_saturate (to_dtype),
                         .to_block = tn_cast_bits (to_dtype) * TN_SCREEN_BLOCK / 8,
                         .from_block = tn_cast_bits (from_dtype) * TN_SCREEN_BLOCK / 8,
                         .screen = tn_cast_screen_for (to_dtype, from_dtype) };
    for (uint64_t piece; count > 0; count -= piece) {
        piece = count < PIECE ? count : PIECE;
        tn_cast (to_dtype, to, from_dtype, from, piece);
        count_piece (&pair, to, from, piece, counts);
        to += piece / TN_SCREEN_BLOCK * pair.to_block; /* one that is not full is the last of all */
        from += piece / TN_SCREEN_BLOCK * pair.from_block;
    }
}
