/* encode_search.h - looking for the scale with which a few items lose least. */
#ifndef GGUF_ENCODE_SEARCH_H
#define GGUF_ENCODE_SEARCH_H

#include "encode.h"

/* ---- encode_affine.c: item = scale * code - minimum, codes from 0 ---- */

struct gguf_affine {
    uint32_t count; /* items that are looked at together, at most GGUF_AFFINE_ITEMS */
    int32_t most;   /* the largest code */
    float first;    /* the first try has a range of most + first codes, each next one 0.1 more */
    int32_t last;   /* number of the last try, from 0 */
    int absolute;   /* the error of an item is its distance, not the square of that */
};
#define GGUF_AFFINE_ITEMS 32

struct gguf_scale {
    float scale, minimum; /* the minimum is not negative: what is subtracted */
};

struct gguf_scale gguf_search_affine (const struct gguf_affine *affine, const float *items,
                                      const float *weights, uint8_t *codes);

/* ---- encode_signed.c: item = scale * code, codes from -middle to middle - 1; returned are the codes plus middle. All codes
 *      are 0, and so is the scale, when nothing is larger than GGUF_LEAST_SCALED ---- */

/* 16 items each. The first tries some scales, the second changes one code after the other. */
float gguf_search_scale (const float *items, int32_t middle, uint8_t codes[16]);
float gguf_search_codes (const float *items, int32_t middle, uint8_t codes[16]);

#endif
