/* SPDX-License-Identifier: MIT */
/* search_scale.h - searches the scale of a part: item = scale * code. */
#ifndef GGUF_SEARCH_SCALE_H
#define GGUF_SEARCH_SCALE_H

#include "four.h"

/* Four parts of 16 items, one after the other; the codes come in the same order, from -middle to middle - 1,
 * with middle added. If no item of a part is as large as GGUF_LEAST_SCALED, its codes and its scale are 0.
 * The first function tries scales, the second changes one code after the other. */
void gguf_search_scales (const float *items, int32_t middle, uint8_t codes[64], float scales[4]);
void gguf_search_codes (const float *items, int32_t middle, uint8_t codes[64], float scales[4]);

/* gguf_search_codes of 16 parts with codes from -4 to 3, all parts of a q3_k block (search_codes_fast.c). The
 * second function is plain C. */
void gguf_search_16_parts (const float *items, uint8_t codes[256], float scales[16]);
void gguf_search_16_parts_base (const float *items, uint8_t codes[256], float scales[16]);

/* ---- shared by the searches of a scale, also by that of encode_iq4.c ---- */

/* The weight of an item is its square. For given codes the scale with the least error is product / length,
 * and its gain, the error that it avoids, is product² / length. */
struct gguf_fit {
    gguf_four product; /* weighted sum of items times codes */
    gguf_four length;  /* weighted sum of the codes' squares */
};

/* The best codes so far: their scale, its gain, and the inverse scale by which items were rounded to them. */
struct gguf_best {
    gguf_four scale, gain, inverse;
};

/* The first fit is the best so far. `possible`: lanes in which it has a scale. */
static inline struct gguf_best
gguf_first_best (const struct gguf_fit *fit, gguf_mask possible, gguf_four inverse)
{
    gguf_four scale = gguf_pick (possible, fit->product / fit->length, gguf_all (0));
    return (struct gguf_best){ scale, scale * fit->product, inverse };
}

/* Replaces the best fit in the lanes in which this one is better. */
static inline void
gguf_compare (struct gguf_best *best, const struct gguf_fit *fit, gguf_four inverse)
{
    gguf_mask better = (fit->length > 0) & (fit->product * fit->product > best->gain * fit->length);
    gguf_four scale = fit->product / fit->length;
    best->scale = gguf_pick (better, scale, best->scale);
    best->gain = gguf_pick (better, scale * fit->product, best->gain);
    best->inverse = gguf_pick (better, inverse, best->inverse);
}

#endif
