/* SPDX-License-Identifier: MIT */
/* tally.h - what the conversion of one tensor changed, counted by all threads that make its slabs. */
#ifndef TN_TALLY_H
#define TN_TALLY_H
#include "catalog/catalog.h"
#include "kernels/cast_count.h"
#include <stdatomic.h>

struct tn_worker;

struct tn_tally {
    const char *from, *to; /* labels of the dtypes */
    uint64_t items;        /* of the tensor */
    tenon_error *error;    /* of the save, while it runs: for readers that only return a status */
    bool counts;           /* the cast may change more than the last digits; else nothing is counted */
    bool integers;         /* the target is an integer dtype */
    bool saturate;         /* as in tn_cast_counted */
    uint64_t seen;         /* slabs that a range reader has counted: it may make one again */
    atomic_uint_fast64_t values[sizeof (struct tn_cast_counts) / sizeof (uint64_t)];
    /* Of blocks: items that are infinite or NaN, and blocks of finite ones whose scale is too large for the
     * dtype, which makes them infinite or cuts them, or too small, which makes them zero. */
    atomic_uint_fast64_t bad_items, overflowed_blocks, clipped_blocks, flushed_blocks;
};

/* Begins to count; `tally` was zeroed when it was made. */
void tn_tally_reset (struct tn_tally *tally, bool saturate);
void tn_tally_add (struct tn_tally *tally, const struct tn_cast_counts *counts);
/* Adds what was counted of one item, for so many items that are the same. */
void tn_tally_add_times (struct tn_tally *tally, const struct tn_tally *one, uint64_t times);
/* True if something was lost; `text` then says what, after "converted from f32 to f16: ". */
bool tn_tally_tell (const struct tn_tally *tally, char *text, size_t room);
/* How many values lost a fraction, which is what a cast to integers is for. */
uint64_t tn_tally_cut (const struct tn_tally *tally);

/* Counts what encoding items as blocks of the catalog's dtype `number` did to them. */
tenon_status tn_tally_blocks (struct tn_tally *tally, struct tn_catalog *catalog, uint32_t number,
                              const float *items, const uint8_t *blocks, uint64_t count,
                              struct tn_worker *worker, tenon_error *error);

#endif
