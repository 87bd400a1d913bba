/* SPDX-License-Identifier: MIT */
/* plan.c - finds the triples in a plan, and the block type that has all of their values. */
#include "mlx.h"
#include "quants/half.h"
#include <stdlib.h>

/* A tensor of the plan by its name. */
struct named {
    const char *name;
    uint64_t length, index;
};

static int
compare_named (const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    uint64_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp (a->name, b->name, shorter);
    return order ? order : a->length < b->length ? -1 : a->length > b->length;
}

/* Finds scales and biases by name. */
struct finder {
    struct tenon_call *call;
    struct named *halves; /* the tensors of f16 and bf16, sorted by name */
    uint64_t half_count;
    uint8_t *taken; /* one each, true: the tensor is in a triple */
};

static tenon_status
get_tensor (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor)
{
    memset (tensor, 0, sizeof *tensor);
    tensor->struct_size = sizeof *tensor;
    return call->host->plan_tensor (call, index, tensor);
}

static tenon_status
list_halves (struct finder *finder, uint64_t tensors)
{
    struct tenon_call *call = finder->call;
    if (!(finder->halves = call->host->scratch (call, (tensors + 1) * sizeof *finder->halves))
        || !(finder->taken = call->host->scratch (call, tensors + 1)))
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        TENON_TRY (get_tensor (call, i, &tensor));
        if (tensor.dtype == TENON_F16 || tensor.dtype == TENON_BF16)
            finder->halves[finder->half_count++] = (struct named){ tensor.name, tensor.name_length, i };
    }
    qsort (finder->halves, finder->half_count, sizeof *finder->halves, compare_named);
    return TENON_OK;
}

/* Finds "STEM.scales" or "STEM.biases". NULL: there is none, or no memory: see *status. */
static const struct named *
find_half (struct finder *finder, const char *stem, uint64_t length, const char *ending, tenon_status *status)
{
    uint64_t whole = length + strlen (ending);
    char *name = finder->call->host->scratch (finder->call, whole);
    *status = name ? TENON_OK : TENON_E_MEMORY;
    if (!name)
        return NULL;
    memcpy (name, stem, length);
    memcpy (name + length, ending, strlen (ending));
    struct named wanted = { name, whole, 0 };
    return bsearch (&wanted, finder->halves, finder->half_count, sizeof wanted, compare_named);
}

/* ---- which type ---- */

static tenon_status
refuse_words (struct tenon_call *call, const struct tenon_tensor *tensor, const char *why)
{
    return tenon_fail (
        call, TENON_E_UNSUPPORTED, TENON_AUTO,
        "tensor '%.*s': the format gguf cannot hold u32; --as DTYPE converts it to one that it can%s%s",
        (int) (tensor->name_length < 200 ? tensor->name_length : 200), tensor->name,
        *why ? ", and it becomes no blocks: " : "", why);
}

/* The kind without biases whose numbers take `words` in a row of `groups`. 8 bits come before 4. */
static void
find_kind (struct gguf_mlx_item *item, uint64_t words, uint64_t groups)
{
    for (uint32_t repeat = 1; repeat <= 4; repeat *= 2)
        for (size_t i = GGUF_MLX_KINDS; i-- > 0;) {
            const struct gguf_mlx_kind *kind = &gguf_mlx_kinds[i];
            if (kind->zero == 0 || words % repeat != 0 || words / repeat != groups * kind->words)
                continue;
            item->doubt = item->kind != NULL;
            item->kind = item->kind ? item->kind : kind;
            item->repeat = item->repeat ? item->repeat : repeat;
        }
}

/* Checks the shapes: groups of 32, 64 or 128 in rows, all dims but the last equal. Sets groups, shape, and
 * the kind without biases that fits. Returns why they do not fit, "" if they do. */
static const char *
fit_shapes (struct gguf_mlx_item *item, const struct tenon_tensor *weight, const struct tenon_tensor *scales,
            const struct tenon_tensor *biases)
{
    uint32_t last = weight->rank - 1;
    if (weight->rank == 0 || weight->rank > GGUF_MLX_DIMS || scales->rank != weight->rank
        || biases->rank != weight->rank
        || memcmp (scales->shape, biases->shape, weight->rank * sizeof *scales->shape) != 0
        || memcmp (scales->shape, weight->shape, last * sizeof *scales->shape) != 0)
        return "its scales and biases have other shapes";
    if (scales->dtype != biases->dtype)
        return "its scales and biases have different types";
    item->bf16 = scales->dtype == TENON_BF16;
    item->groups = scales->length / 2;
    memcpy (item->shape, weight->shape, weight->rank * sizeof *item->shape);
    if (scales->shape[last] > UINT64_MAX >> 9) /* times 128 items */
        return "its rows are too long";
    find_kind (item, weight->shape[last], scales->shape[last]);
    item->shape[last] = scales->shape[last] * GGUF_MLX_GROUP * item->repeat;
    return item->kind ? "" : "its groups are not 32, 64 or 128 numbers of 4 or 8 bits";
}

/* What scales and biases say of the numbers. */
struct survey {
    int same;              /* each bias is the one that gguf_mlx_bias derives from its scale */
    uint64_t wide, narrow; /* groups whose bias is about -128 times the scale, or about -8 times */
};

static tenon_status
look_at_biases (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item, struct survey *survey)
{
    *survey = (struct survey){ 1, 0, 0 };
    for (uint64_t first = 0; first < item->groups; first += GGUF_MLX_WINDOW) {
        uint64_t count = item->groups - first < GGUF_MLX_WINDOW ? item->groups - first : GGUF_MLX_WINDOW;
        TENON_TRY (gguf_mlx_read_window (plan, item, first, count));
        for (uint64_t i = 0; i < count; i++) {
            uint16_t scale = tenon_le16 (plan->scales + 2 * i), bias = tenon_le16 (plan->biases + 2 * i);
            float step = gguf_f32_of_f16 (scale & 0x7fff), size = gguf_f32_of_f16 (bias & 0x7fff);
            survey->same &= bias == gguf_mlx_bias (item->kind, scale);
            survey->wide += step > 0 && size > 32 * step;
            survey->narrow += step > 0 && size <= 32 * step;
        }
    }
    return TENON_OK;
}

/* ---- the plan ---- */

/* Finds scales and biases of a weight. *why: the reason if there are none that fit, else "". */
static tenon_status
find_scales_and_biases (struct finder *finder, const struct tenon_tensor *weight, struct gguf_mlx_item *item,
                        const char **why)
{
    static const char ending[] = ".weight";
    uint64_t stem = weight->name_length, length = sizeof ending - 1;
    tenon_status status;
    struct tenon_tensor scales, biases;
    if (stem > length && memcmp (weight->name + stem - length, ending, length) == 0)
        stem -= length;
    const struct named *found = find_half (finder, weight->name, stem, ".scales", &status), *other = NULL;
    if (found)
        other = find_half (finder, weight->name, stem, ".biases", &status);
    *why = !found ? "there are no scales of f16 or bf16 for it" : "there are no biases of f16 or bf16 for it";
    if (!other)
        return status;
    item->scales = found->index;
    item->biases = other->index;
    TENON_TRY (get_tensor (finder->call, item->scales, &scales));
    TENON_TRY (get_tensor (finder->call, item->biases, &biases));
    *why = fit_shapes (item, weight, &scales, &biases);
    return TENON_OK;
}

/* The buffers hold the groups of the largest triple, up to a window. */
static tenon_status
get_buffers (struct gguf_mlx_plan *plan, uint64_t groups)
{
    struct tenon_call *call = plan->call;
    uint64_t window = groups < GGUF_MLX_WINDOW ? groups : GGUF_MLX_WINDOW;
    if (!(plan->scales = call->host->scratch (call, 2 * window + 1))
        || !(plan->biases = call->host->scratch (call, 2 * window + 1))
        || !(plan->words = call->host->scratch (call, (uint64_t) GGUF_MLX_CHUNK * 32))
        || !(plan->blocks = call->host->scratch (call, (uint64_t) GGUF_MLX_CHUNK * 34)))
        return TENON_E_MEMORY;
    return TENON_OK;
}

/* Finds the triple of each tensor of u32. *most: groups of the largest. */
static tenon_status
find_triples (struct finder *finder, struct gguf_mlx_item *items, uint64_t tensors, uint64_t *most)
{
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        const char *why;
        items[i].index = i;
        TENON_TRY (get_tensor (finder->call, i, &tensor));
        if (tensor.dtype != TENON_U32)
            continue;
        TENON_TRY (find_scales_and_biases (finder, &tensor, &items[i], &why));
        if (!*why && finder->taken[items[i].scales])
            why = "its scales and biases are those of another tensor";
        if (*why)
            return refuse_words (finder->call, &tensor, why);
        finder->taken[items[i].scales] = finder->taken[items[i].biases] = 1;
        *most = items[i].groups > *most ? items[i].groups : *most;
    }
    return TENON_OK;
}

/* q4_0 and q8_0 have no biases. If those of the triple differ, q4_1 takes the place of q4_0. */
static tenon_status
choose_kind (struct gguf_mlx_plan *plan, struct gguf_mlx_item *item)
{
    struct survey survey;
    struct tenon_tensor tensor;
    TENON_TRY (get_tensor (plan->call, item->index, &tensor));
    TENON_TRY (look_at_biases (plan, item, &survey));
    if (item->doubt && survey.narrow > survey.wide) {
        item->kind = &gguf_mlx_kinds[GGUF_MLX_Q4_0];
        item->repeat *= 2;
        item->shape[tensor.rank - 1] *= 2;
        TENON_TRY (look_at_biases (plan, item, &survey));
    }
    if (survey.same)
        return TENON_OK;
    if (item->kind == &gguf_mlx_kinds[GGUF_MLX_Q4_0]) {
        item->kind = &gguf_mlx_kinds[GGUF_MLX_Q4_1];
        return TENON_OK;
    }
    return refuse_words (plan->call, &tensor,
                         "its biases are not -128 times its scales, as those of q8_0 are");
}

static tenon_status
check_no_words (struct tenon_call *call, uint64_t tensors)
{
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        TENON_TRY (get_tensor (call, i, &tensor));
        if (tensor.dtype == TENON_U32)
            return refuse_words (call, &tensor, "");
    }
    return TENON_OK;
}

tenon_status
gguf_mlx_begin (struct gguf_mlx_plan *plan, struct tenon_call *call, uint64_t *tensors)
{
    struct finder finder = { .call = call };
    uint32_t wanted;
    uint64_t most = 0;
    memset (plan, 0, sizeof *plan);
    plan->call = call;
    TENON_TRY (gguf_mlx_wanted (call, &wanted));
    if (!wanted)
        return check_no_words (call, *tensors);
    TENON_TRY (list_halves (&finder, *tensors));
    struct gguf_mlx_item *items = call->host->scratch (call, (*tensors + 1) * sizeof *items);
    if (!items)
        return TENON_E_MEMORY;
    TENON_TRY (find_triples (&finder, items, *tensors, &most));
    TENON_TRY (get_buffers (plan, most));
    for (uint64_t i = 0; i < *tensors; i++) {
        if (items[i].kind)
            TENON_TRY (choose_kind (plan, &items[i]));
        if (!finder.taken[i])
            items[plan->count++] = items[i];
    }
    plan->items = items;
    *tensors = plan->count;
    return TENON_OK;
}

tenon_status
gguf_mlx_tensor (const struct gguf_mlx_plan *plan, uint64_t index, struct tenon_tensor *tensor)
{
    const struct gguf_mlx_item *item = plan->items ? &plan->items[index] : NULL;
    TENON_TRY (get_tensor (plan->call, item ? item->index : index, tensor));
    if (!item || !item->kind)
        return TENON_OK;
    tensor->dtype = plan->call->host->dtype_find (plan->call, item->kind->name);
    tensor->shape = item->shape;
    tensor->length = item->groups * item->repeat * item->kind->bytes;
    return TENON_OK;
}

/* Turns `count` bf16 into f16, in place. False: an f16 cannot hold one of them. */
static int
narrow_halves (uint8_t *halves, uint64_t count)
{
    uint32_t lost = 0;
    for (uint64_t i = 0; i < count; i++) {
        float value = gguf_f32_of_bits ((uint32_t) tenon_le16 (halves + 2 * i) << 16);
        uint16_t half = gguf_f16_of_f32 (value);
        lost |= (half & 0x7c00) == 0x7c00 || gguf_f32_of_f16 (half) != value;
        tenon_put_le16 (halves + 2 * i, half);
    }
    return !lost;
}

tenon_status
gguf_mlx_read_window (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item, uint64_t first,
                      uint64_t count)
{
    struct tenon_call *call = plan->call;
    struct tenon_tensor tensor;
    TENON_TRY (call->host->read_tensor (call, item->scales, NULL, 2 * first, plan->scales, 2 * count));
    TENON_TRY (call->host->read_tensor (call, item->biases, NULL, 2 * first, plan->biases, 2 * count));
    if (!item->bf16 || (narrow_halves (plan->scales, count) && narrow_halves (plan->biases, count)))
        return TENON_OK;
    TENON_TRY (get_tensor (call, item->index, &tensor));
    return refuse_words (call, &tensor, "its scales and biases of bf16 are no numbers that f16 can hold");
}
