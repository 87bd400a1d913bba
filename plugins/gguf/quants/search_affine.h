/* SPDX-License-Identifier: MIT */
/* search_affine.h - searches scale and minimum of a part: item = scale * code - minimum, codes from 0. */
#ifndef GGUF_SEARCH_AFFINE_H
#define GGUF_SEARCH_AFFINE_H

#include <stdint.h>

struct gguf_affine {
    uint32_t count; /* items of a part, at most GGUF_AFFINE_ITEMS */
    float most;     /* the largest code */
    float first;    /* the first try has a range of most + first codes, each next one 0.1 more */
    int32_t last;   /* number of the last try, from 0 */
    /* True: the weight of an item is its magnitude, and its error is the distance. False: the root of the
     * part's mean square is added to the weight, and the error is the square of the distance. */
    int absolute;
};
#define GGUF_AFFINE_ITEMS 32

/* Four parts, one after the other; the codes come in the same order. Minima are subtracted, and not
 * negative. */
void gguf_search_affine (const struct gguf_affine *affine, const float *items, uint8_t *codes,
                         float scales[4], float minima[4]);

#endif
