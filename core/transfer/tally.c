/* SPDX-License-Identifier: MIT */
/* tally.c - counts what the conversion of a tensor changed, and says it in words. */
#include "transfer/tally.h"
#include "transfer/unblock.h"
#include "transfer/worker.h"
#include <stdio.h>

void
tn_tally_reset (struct tn_tally *tally, bool saturate)
{
    tally->saturate = saturate;
    tally->seen = 0;
    for (size_t i = 0; i < TN_COUNT (tally->values); i++)
        atomic_store (&tally->values[i], 0);
    atomic_store (&tally->bad_items, 0);
    atomic_store (&tally->overflowed_blocks, 0);
    atomic_store (&tally->clipped_blocks, 0);
    atomic_store (&tally->flushed_blocks, 0);
}

static void
add_to (atomic_uint_fast64_t *sum, uint64_t more)
{
    if (more > 0)
        atomic_fetch_add_explicit (sum, more, memory_order_relaxed);
}

void
tn_tally_add (struct tn_tally *tally, const struct tn_cast_counts *counts)
{
    uint64_t numbers[TN_COUNT (tally->values)];
    memcpy (numbers, counts, sizeof numbers);
    for (size_t i = 0; i < TN_COUNT (numbers); i++)
        add_to (&tally->values[i], numbers[i]);
}

void
tn_tally_add_times (struct tn_tally *tally, const struct tn_tally *one, uint64_t times)
{
    for (size_t i = 0; i < TN_COUNT (tally->values); i++)
        add_to (&tally->values[i], times * atomic_load (&one->values[i]));
}

static struct tn_cast_counts
counts_of (const struct tn_tally *tally)
{
    uint64_t numbers[TN_COUNT (tally->values)];
    struct tn_cast_counts counts;
    for (size_t i = 0; i < TN_COUNT (numbers); i++)
        numbers[i] = atomic_load (&tally->values[i]);
    memcpy (&counts, numbers, sizeof counts);
    return counts;
}

uint64_t
tn_tally_cut (const struct tn_tally *tally)
{
    return counts_of (tally).cut;
}

bool
tn_tally_tell (const struct tn_tally *tally, char *text, size_t room)
{
    struct tn_cast_counts counts = counts_of (tally);
    const struct {
        uint64_t count;
        const char *one, *many;
    } parts[] = {
        { counts.overflowed, "overflowed", "overflowed" },
        { counts.clipped, "clipped", "clipped" },
        { counts.infinite, "infinity to NaN", "infinities to NaN" },
        { counts.nan, tally->integers ? "NaN to integer" : "NaN to a number",
          tally->integers ? "NaN to integers" : "NaN to numbers" },
        { counts.imaginary, "imaginary part dropped", "imaginary parts dropped" },
        { counts.inexact, "integer not exact", "integers not exact" },
        { counts.flushed, "flushed to zero", "flushed to zero" },
        { atomic_load (&tally->bad_items), "is infinite or NaN, which no block can hold",
          "are infinite or NaN, which no block can hold" },
        { atomic_load (&tally->overflowed_blocks), "block whose scale overflowed",
          "blocks whose scale overflowed" },
        { atomic_load (&tally->clipped_blocks), "block clipped", "blocks clipped" },
        { atomic_load (&tally->flushed_blocks), "block flushed to zero", "blocks flushed to zero" },
    };
    size_t end = 0;
    for (size_t i = 0; i < TN_COUNT (parts); i++) {
        if (parts[i].count == 0)
            continue;
        int length = end == 0 ? snprintf (text, room, "of %llu values ", (unsigned long long) tally->items)
                              : snprintf (text + end, room - end, ", ");
        end = TN_MIN (end + (size_t) length, room - 1);
        length = snprintf (text + end, room - end, "%llu %s", (unsigned long long) parts[i].count,
                           parts[i].count == 1 ? parts[i].one : parts[i].many);
        end = TN_MIN (end + (size_t) length, room - 1);
    }
    return end > 0;
}

/* ---- blocks ---- */

/* Twice the bits of an f32, so without its sign: in the order of magnitudes. */
#define DOUBLED(exponent) ((uint32_t) ((exponent) + 127) << 24)
/* Within these limits the scale of every known block dtype is an ordinary number. */
#define SURELY_LEAST DOUBLED (-10)
#define SURELY_MOST DOUBLED (10)
#define DOUBLED_INFINITY DOUBLED (128)

static uint32_t
largest_of (const float *items, uint64_t count)
{
    uint32_t largest[8] = { 0 }, most = 0, bits[8];
    uint64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        memcpy (bits, items + i, sizeof bits);
        for (unsigned k = 0; k < 8; k++)
            largest[k] = bits[k] << 1 > largest[k] ? bits[k] << 1 : largest[k];
    }
    for (; i < count; i++) {
        memcpy (bits, items + i, sizeof *bits);
        most = TN_MAX (most, bits[0] << 1);
    }
    for (unsigned k = 0; k < 8; k++)
        most = TN_MAX (most, largest[k]);
    return most;
}

static uint64_t
count_bad (const float *items, uint64_t count)
{
    uint64_t bad = 0;
    for (uint64_t i = 0; i < count; i++)
        bad += largest_of (items + i, 1) >= DOUBLED_INFINITY;
    return bad;
}

static double
value_of (uint32_t doubled)
{
    float value;
    doubled >>= 1;
    memcpy (&value, &doubled, sizeof value);
    return value;
}

/* *largest: the magnitude, doubled, of the largest item of a block. */
static tenon_status
decode_largest (struct tn_catalog *catalog, uint32_t number, const uint8_t *block, float *items,
                uint32_t *largest, tenon_error *error)
{
    TN_TRY (tn_unblock_decode (catalog, number, block, items, 1, error));
    *largest = largest_of (items, tn_catalog_dtype (catalog, number)->block_items);
    return TENON_OK;
}

/* Compares a block with that of the same items, moved to the middle of the range by a power of two: the codes
 * of a block dtype do not depend on it, as far as its scales can follow. */
static tenon_status
judge_block (struct tn_tally *tally, struct tn_catalog *catalog, uint32_t number, const float *items,
             const uint8_t *block, uint32_t largest, struct tn_worker *worker, tenon_error *error)
{
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, number);
    uint64_t count = dtype->block_items;
    float *moved =
        (float *) (void *) tn_worker_buffer (worker, 5, count * sizeof *moved + dtype->block_bytes);
    if (!moved)
        return tn_fail_memory (error);
    uint8_t *other = (uint8_t *) (moved + count);
    int32_t exponent = (int32_t) (largest >> 24) - 127;
    uint32_t found, wanted, bits = (uint32_t) (127 - TN_MAX (TN_MIN (exponent, 126), -126)) << 23;
    float factor;
    TN_TRY (decode_largest (catalog, number, block, moved, &found, error));
    if (found >= DOUBLED_INFINITY || found == 0) {
        add_to (found == 0 ? &tally->flushed_blocks : &tally->overflowed_blocks, 1);
        return TENON_OK;
    }
    memcpy (&factor, &bits, sizeof factor);
    for (uint64_t i = 0; i < count; i++)
        moved[i] = items[i] * factor;
    if (dtype->encode (moved, other, 1) < 0)
        return TENON_OK;
    TN_TRY (decode_largest (catalog, number, other, moved, &wanted, error));
    if (wanted < DOUBLED_INFINITY && value_of (found) * factor < value_of (wanted) / 2)
        add_to (&tally->clipped_blocks, 1);
    return TENON_OK;
}

tenon_status
tn_tally_blocks (struct tn_tally *tally, struct tn_catalog *catalog, uint32_t number, const float *items,
                 const uint8_t *blocks, uint64_t count, struct tn_worker *worker, tenon_error *error)
{
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, number);
    uint64_t each = dtype->block_items;
    for (uint64_t i = 0; i < count; i++, items += each, blocks += dtype->block_bytes) {
        uint32_t largest = largest_of (items, each);
        if (largest >= DOUBLED_INFINITY)
            add_to (&tally->bad_items, count_bad (items, each));
        else if (largest > 0 && (largest < SURELY_LEAST || largest >= SURELY_MOST) && dtype->decode)
            TN_TRY (judge_block (tally, catalog, number, items, blocks, largest, worker, error));
    }
    return TENON_OK;
}
