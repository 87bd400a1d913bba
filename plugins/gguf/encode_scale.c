/* SPDX-License-Identifier: MIT */
/* encode_scale.c - the searches of q3_k and q6_k. */
#include "encode_search.h"

/* ---- q6_k: tries scales ---- */

#define ITEMS 16

static gguf_four
code_of (gguf_four item, gguf_four inverse, float middle)
{
    return gguf_nearest_within (inverse * item, -middle, middle - 1);
}

static inline void
add_item (struct gguf_fit *fit, gguf_four item, gguf_four code)
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
        add_item (&fit, items[i], code_of (items[i], inverse, middle));
    return fit;
}

/* Codes of 0, which are -middle, where there is nothing to scale. */
static void
put_codes (const gguf_four *codes, gguf_mask nothing, int32_t middle, uint8_t to[4 * ITEMS])
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
        chosen[i] = code_of (columns[i], best.inverse, (float) middle);
    put_codes (chosen, nothing, middle, codes);
    gguf_store (scales, gguf_pick (nothing, gguf_all (0), best.scale));
}

/* ---- q3_k: changes codes ---- */

/* Lets one item choose the code that fits best to the scale of all others. The mask says where it changed. */
static gguf_mask
choose_again (gguf_four item, float middle, gguf_four *code, struct gguf_fit *fit)
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
        chosen[i] = code_of (columns[i], inverse, (float) middle);
    for (uint32_t round = 0; round < 5 && gguf_any (changed); round++) {
        changed = (gguf_mask){ 0 };
        for (uint32_t i = 0; i < ITEMS; i++)
            changed |= choose_again (columns[i], (float) middle, &chosen[i], &fit) & ~nothing;
    }
    put_codes (chosen, nothing, middle, codes);
    gguf_store (scales, gguf_pick (~nothing & (fit.length > 0), fit.product / fit.length, gguf_all (0)));
}
