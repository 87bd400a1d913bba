/* SPDX-License-Identifier: MIT */
/* search_affine.c - the search of q2_k, q4_k and q5_k.
 *
 * Each try rounds the items to a grid that begins at their minimum, with steps a little finer or coarser than
 * their range divided by the codes. For the resulting codes it solves the weighted least squares for scale
 * and minimum. The solution with the least error is kept, and later grids begin at its minimum. */
#include "search_affine.h"
#include "four.h"

struct search {
    uint32_t count;
    float most;
    int absolute;
    gguf_four items[GGUF_AFFINE_ITEMS], weights[GGUF_AFFINE_ITEMS], codes[GGUF_AFFINE_ITEMS],
        tried[GGUF_AFFINE_ITEMS];
    gguf_four least, largest; /* least: at most 0 */
    gguf_four weight, sum;    /* of the weights, and of the weighted items */
};

struct solution {
    gguf_four scale, minimum; /* the minimum is added */
};

static void
weigh_items (struct search *search)
{
    gguf_four squares = gguf_all (0), average = gguf_all (0);
    for (uint32_t i = 0; i < search->count && !search->absolute; i++)
        squares += search->items[i] * search->items[i];
    for (uint32_t part = 0; part < 4; part++)
        average[part] = sqrtf (squares[part] / (float) search->count);
    for (uint32_t i = 0; i < search->count; i++)
        search->weights[i] = average + gguf_magnitudes (search->items[i]);
}

static void
measure_range (struct search *search)
{
    const gguf_four *items = search->items, *weights = search->weights;
    search->least = search->largest = items[0];
    search->weight = weights[0], search->sum = weights[0] * items[0];
    for (uint32_t i = 1; i < search->count; i++) {
        search->least = gguf_smaller (items[i], search->least);
        search->largest = gguf_larger (items[i], search->largest);
        search->weight += weights[i];
        search->sum += weights[i] * items[i];
    }
    search->least = gguf_pick (search->least > 0, gguf_all (0), search->least);
}

/* Rounds the items to the codes of a grid that begins at `least`. */
static void
round_to_grid (struct search *search, gguf_four least, gguf_four inverse)
{
    for (uint32_t i = 0; i < search->count; i++)
        search->tried[i] = gguf_nearest_within (inverse * (search->items[i] - least), 0, search->most);
}

/* Solves the least squares for the tried codes. Returns the lanes that have a solution. */
static gguf_mask
solve_squares (const struct search *search, struct solution *solution)
{
    gguf_four sum = gguf_all (0), squares = sum, products = sum; /* of codes; of codes and items */
    for (uint32_t i = 0; i < search->count; i++) {
        gguf_four weighted = search->weights[i] * search->tried[i];
        sum += weighted;
        squares += weighted * search->tried[i];
        products += weighted * search->items[i];
    }
    gguf_four determinant = search->weight * squares - sum * sum;
    solution->scale = (search->weight * products - search->sum * sum) / determinant;
    solution->minimum = (squares * search->sum - sum * products) / determinant;
    gguf_mask above = solution->minimum > 0;
    solution->scale = gguf_pick (above, products / squares, solution->scale);
    solution->minimum = gguf_pick (above, gguf_all (0), solution->minimum);
    return determinant > 0;
}

static gguf_four
error_of_solution (const struct search *search, const struct solution *solution)
{
    gguf_four error = gguf_all (0);
    for (uint32_t i = 0; i < search->count; i++) {
        gguf_four distance = solution->scale * search->tried[i] + solution->minimum - search->items[i];
        error += search->weights[i] * (search->absolute ? gguf_magnitudes (distance) : distance * distance);
    }
    return error;
}

/* Keeps the tried codes in the lanes of the mask. */
static void
keep_codes (struct search *search, gguf_mask better)
{
    for (uint32_t i = 0; i < search->count; i++)
        search->codes[i] = gguf_pick (better, search->tried[i], search->codes[i]);
}

void
gguf_search_affine (const struct gguf_affine *affine, const float *items, uint8_t *codes, float scales[4],
                    float minima[4])
{
    struct search search = { .count = affine->count, .most = affine->most, .absolute = affine->absolute };
    gguf_columns (items, search.count, search.items);
    weigh_items (&search);
    measure_range (&search);
    gguf_mask one_value = search.largest == search.least, all = { -1, -1, -1, -1 };
    gguf_four inverse = affine->most / (search.largest - search.least);
    struct solution best = { 1 / inverse, search.least }, solution;
    round_to_grid (&search, best.minimum, inverse);
    keep_codes (&search, all);
    gguf_four least_error = error_of_solution (&search, &best);
    for (int32_t i = 0; i <= affine->last; i++) {
        float range = affine->first + 0.1f * (float) i + affine->most;
        round_to_grid (&search, best.minimum, range / (search.largest - best.minimum));
        gguf_mask solved = solve_squares (&search, &solution);
        gguf_four error = error_of_solution (&search, &solution);
        gguf_mask better = solved & (error < least_error);
        if (!gguf_any (better))
            continue;
        keep_codes (&search, better);
        least_error = gguf_pick (better, error, least_error);
        best.scale = gguf_pick (better, solution.scale, best.scale);
        best.minimum = gguf_pick (better, solution.minimum, best.minimum);
    }
    for (uint32_t i = 0; i < search.count; i++)
        search.codes[i] = gguf_pick (one_value, gguf_all (0), search.codes[i]);
    gguf_rows (search.codes, search.count, 0, codes);
    best.scale = gguf_pick (one_value, gguf_all (0), best.scale);
    best.minimum = -gguf_pick (one_value, search.least, best.minimum);
    gguf_store (scales, best.scale);
    gguf_store (minima, best.minimum);
}
