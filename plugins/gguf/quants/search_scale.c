/* SPDX-License-Identifier: MIT */
/* search_scale.c - the searches of q3_k and q6_k. */
#include "search_scale.h"

/* ---- q6_k: tries scales ---- */

#define ITEMS 16

static gguf_four
nearest_code (gguf_four item, gguf_four inverse, float middle)
{
    return gguf_nearest_within (inverse * item, -middle, middle - 1);
}

static inline void
add_to_fit (struct gguf_fit *fit, gguf_four item, gguf_four code)
{
    gguf_four weight = item * item;
    fit->product += weight * item * code;
    fit->length += weight * code * code;
}

static struct gguf_fit
fit_of_codes (const gguf_four *items, gguf_four inverse, float middle)
{
    struct gguf_fit fit = { gguf_all (0), gguf_all (0) };
    for (uint32_t i = 0; i < ITEMS; i++)
        add_to_fit (&fit, items[i], nearest_code (items[i], inverse, middle));
    return fit;
}

/* Stores the codes; 0, which stands for -middle, in the lanes of `nothing`. */
static void
put_chosen_codes (const gguf_four *codes, gguf_mask nothing, int32_t middle, uint8_t to[4 * ITEMS])
{
    gguf_four chosen[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++)
        chosen[i] = gguf_pick (nothing, gguf_all ((float) -middle), codes[i]);
    gguf_rows (chosen, ITEMS, middle, to);
}

void
gguf_search_scales (const float *items, int32_t middle, uint8_t codes[4 * ITEMS], float scales[4])
{
    gguf_four columns[ITEMS], chosen[ITEMS];
    gguf_columns (items, ITEMS, columns);
    gguf_four peak = gguf_peaks (columns, ITEMS), inverse = (float) -middle / peak;
    gguf_mask nothing = gguf_magnitudes (peak) < GGUF_LEAST_SCALED;
    struct gguf_fit fit = fit_of_codes (columns, inverse, (float) middle);
    struct gguf_best best = gguf_first_best (&fit, fit.length != 0, inverse);
    for (int32_t i = -9; i <= 9; i++) {
        if (i == 0)
            continue;
        inverse = -((float) middle + 0.1f * (float) i) / peak;
        fit = fit_of_codes (columns, inverse, (float) middle);
        gguf_compare (&best, &fit, inverse);
    }
    for (uint32_t i = 0; i < ITEMS; i++)
        chosen[i] = nearest_code (columns[i], best.inverse, (float) middle);
    put_chosen_codes (chosen, nothing, middle, codes);
    gguf_store (scales, gguf_pick (nothing, gguf_all (0), best.scale));
}

/* ---- q3_k: changes codes ---- */

/* Gives one item the code that best fits the scale of all others. Returns the lanes in which it changed. */
static gguf_mask
choose_code_again (gguf_four item, float middle, gguf_four *code, struct gguf_fit *fit)
{
    gguf_four weight = item * item;
    struct gguf_fit others = { fit->product - weight * item * *code, fit->length - weight * *code * *code };
    gguf_mask possible = others.product > 0;
    gguf_four better = gguf_nearest_within (item * others.length / others.product, -middle, middle - 1);
    others.product += weight * item * better;
    others.length += weight * better * better;
    gguf_mask changes =
        possible & (better != *code) & (others.length > 0)
        & (others.product * others.product * fit->length > fit->product * fit->product * others.length);
    *code = gguf_pick (changes, better, *code);
    fit->product = gguf_pick (changes, others.product, fit->product);
    fit->length = gguf_pick (changes, others.length, fit->length);
    return changes;
}

void
gguf_search_codes (const float *items, int32_t middle, uint8_t codes[4 * ITEMS], float scales[4])
{
    gguf_four columns[ITEMS], chosen[ITEMS];
    gguf_columns (items, ITEMS, columns);
    gguf_four peak = gguf_peaks (columns, ITEMS), inverse = (float) -middle / peak;
    gguf_mask nothing = gguf_magnitudes (peak) < GGUF_LEAST_SCALED, changed = ~nothing;
    struct gguf_fit fit = fit_of_codes (columns, inverse, (float) middle);
    for (uint32_t i = 0; i < ITEMS; i++)
        chosen[i] = nearest_code (columns[i], inverse, (float) middle);
    for (uint32_t round = 0; round < 5 && gguf_any (changed); round++) {
        changed = (gguf_mask){ 0 };
        for (uint32_t i = 0; i < ITEMS; i++)
            changed |= choose_code_again (columns[i], (float) middle, &chosen[i], &fit) & ~nothing;
    }
    put_chosen_codes (chosen, nothing, middle, codes);
    gguf_store (scales, gguf_pick (~nothing & (fit.length > 0), fit.product / fit.length, gguf_all (0)));
}
