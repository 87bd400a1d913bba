/* encode_affine.c - the search of q2_k, q4_k and q5_k.
 *
 * Items are rounded to a grid that begins at their minimum and is a little finer or coarser than their range asks for. For the
 * codes that come of it the weighted least squares have a solution, scale and minimum. The solution with the least error is
 * kept, and the grids after it begin at its minimum. */
#include "encode_search.h"
#include <string.h>

/* Of the items, which do not change between tries. */
struct extent {
    float least, largest; /* least is at most 0 */
    float weight, sum;    /* of the weights, and of the weighted items */
};

static struct extent
measure (const float *items, const float *weights, uint32_t count)
{
    struct extent extent = { items[0], items[0], weights[0], weights[0] * items[0] };
    for (uint32_t i = 1; i < count; i++) {
        extent.least = items[i] < extent.least ? items[i] : extent.least;
        extent.largest = items[i] > extent.largest ? items[i] : extent.largest;
        extent.weight += weights[i];
        extent.sum += weights[i] * items[i];
    }
    extent.least = extent.least > 0 ? 0 : extent.least;
    return extent;
}

static void
round_to_grid (const struct gguf_affine *affine, const float *items, float least, float inverse,
               uint8_t *codes)
{
    for (uint32_t i = 0; i < affine->count; i++)
        codes[i] = (uint8_t) gguf_clamp (gguf_nearest (inverse * (items[i] - least)), 0, affine->most);
}

/* The least squares' solution for these codes, its minimum as what is added. False: there is none. */
static int
solve (const struct extent *extent, const float *items, const float *weights, const uint8_t *codes,
       uint32_t count, struct gguf_scale *solution)
{
    float sum = 0, squares = 0, products = 0; /* of codes; of codes and items */
    for (uint32_t i = 0; i < count; i++) {
        float code = codes[i], weighted = weights[i] * code;
        sum += weighted;
        squares += weighted * code;
        products += weighted * items[i];
    }
    float determinant = extent->weight * squares - sum * sum;
    if (!(determinant > 0))
        return 0;
    solution->scale = (extent->weight * products - extent->sum * sum) / determinant;
    solution->minimum = (squares * extent->sum - sum * products) / determinant;
    if (solution->minimum > 0) {
        solution->minimum = 0;
        solution->scale = products / squares;
    }
    return 1;
}

static float
error_of (const struct gguf_affine *affine, const float *items, const float *weights, const uint8_t *codes,
          struct gguf_scale solution)
{
    float error = 0;
    for (uint32_t i = 0; i < affine->count; i++) {
        float difference = solution.scale * (float) codes[i] + solution.minimum - items[i];
        error += weights[i] * (affine->absolute ? fabsf (difference) : difference * difference);
    }
    return error;
}

struct gguf_scale
gguf_search_affine (const struct gguf_affine *affine, const float *items, const float *weights,
                    uint8_t *codes)
{
    uint8_t tried[GGUF_AFFINE_ITEMS];
    struct extent extent = measure (items, weights, affine->count);
    float most = (float) affine->most, inverse = most / (extent.largest - extent.least);
    struct gguf_scale best = { 1 / inverse, extent.least }, solution;
    if (extent.largest == extent.least) {
        memset (codes, 0, affine->count);
        return (struct gguf_scale){ 0, -extent.least };
    }
    round_to_grid (affine, items, best.minimum, inverse, codes);
    float least_error = error_of (affine, items, weights, codes, best);
    for (int32_t i = 0; i <= affine->last; i++) {
        inverse = (affine->first + 0.1f * (float) i + most) / (extent.largest - best.minimum);
        round_to_grid (affine, items, best.minimum, inverse, tried);
        if (!solve (&extent, items, weights, tried, affine->count, &solution))
            continue;
        float error = error_of (affine, items, weights, tried, solution);
        if (error < least_error) {
            memcpy (codes, tried, affine->count);
            least_error = error;
            best = solution;
        }
    }
    best.minimum = -best.minimum;
    return best;
}
