/* SPDX-License-Identifier: MIT */
/* encode_search.h - looking for the scales with which parts of a block lose least; always for four parts, one
 * behind the other, whose codes come in that order. */
#ifndef GGUF_ENCODE_SEARCH_H
#define GGUF_ENCODE_SEARCH_H

#include "encode_four.h"

/* ---- encode_affine.c: item = scale * code - minimum, codes from 0 ---- */

struct gguf_affine {
    uint32_t count; /* items of a part, at most GGUF_AFFINE_ITEMS */
    float most;     /* the largest code */
    float first;    /* the first try has a range of most + first codes, each next one 0.1 more */
    int32_t last;   /* number of the last try, from 0 */
    /* An item's weight is its magnitude, and its error the distance. Else to the weight the root of the
     * part's mean square is added, and the error is the square of the distance. */
    int absolute;
};
#define GGUF_AFFINE_ITEMS 32

/* Minima are what is subtracted; they are not negative. */
void gguf_search_affine (const struct gguf_affine *affine, const float *items, uint8_t *codes,
                         float scales[4], float minima[4]);

/* ---- encode_scale.c: item = scale * code, codes from -middle to middle - 1, returned plus middle. All codes
 * are 0, and so is the scale, where nothing is as large as GGUF_LEAST_SCALED ---- */

/* 16 items a part. The first tries some scales, the second changes one code after the other. */
void gguf_search_scales (const float *items, int32_t middle, uint8_t codes[64], float scales[4]);
void gguf_search_codes (const float *items, int32_t middle, uint8_t codes[64], float scales[4]);

/* ---- for these, and for encode_iq4.c: item = scale * code ---- */

/* Items count by their squares. The scale that loses least for some codes is product / length, and what it
 * gains is product² over length. */
struct gguf_fit {
    gguf_four product; /* weighted sum of items times codes */
    gguf_four length;  /* weighted sum of the codes' squares */
};

/* What the best codes so far give, and the inverse scale that they were rounded with. */
struct gguf_best {
    gguf_four scale, gain, inverse;
};

/* Whatever the first fit is, there is no other yet. `possible`: where it gives a scale. */
static inline struct gguf_best
gguf_first_best (const struct gguf_fit *fit, gguf_mask possible, gguf_four inverse)
{
    gguf_four scale = gguf_pick (possible, fit->product / fit->length, gguf_all (0));
    return (struct gguf_best){ scale, scale * fit->product, inverse };
}

/* Where the fit is better than the best so far, it takes its place. */
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
