/* SPDX-License-Identifier: MIT */
/* mlx_write.c - MLX's three tensors become one of blocks again, when a type of blocks has all of their
 * values. */
#include "mlx.h"
#include <stdlib.h>

/* Groups whose scales and biases are in memory at once: 8 MiB each. */
#define WINDOW (1u << 22)
/* Groups whose numbers are: each time another tensor is read, its source is begun anew. */
#define CHUNK (1u << 12)

/* A tensor of the plan by its name. */
struct named {
    const char *name;
    uint64_t length, index;
};

static int
by_name (const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    uint64_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp (a->name, b->name, shorter);
    return order ? order : a->length < b->length ? -1 : a->length > b->length;
}

/* What there is of the plan's tensors. */
struct finder {
    struct tenon_call *call;
    struct named *halves; /* those of f16, sorted */
    uint64_t half_count;
    uint8_t *taken; /* one each: it is a part of another one */
};

static tenon_status
get (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor)
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
        TENON_TRY (get (call, i, &tensor));
        if (tensor.dtype == TENON_F16)
            finder->halves[finder->half_count++] = (struct named){ tensor.name, tensor.name_length, i };
    }
    qsort (finder->halves, finder->half_count, sizeof *finder->halves, by_name);
    return TENON_OK;
}

/* "STEM.scales" or "STEM.biases"; NULL, and *status, when there is none, or no memory. */
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
    return bsearch (&wanted, finder->halves, finder->half_count, sizeof wanted, by_name);
}

/* ---- which type ---- */

static tenon_status
refuse (struct tenon_call *call, const struct tenon_tensor *tensor, const char *why)
{
    return tenon_fail (
        call, TENON_E_UNSUPPORTED, TENON_AUTO,
        "tensor '%.*s': the format gguf cannot hold u32; --as DTYPE converts it to one that it can%s%s",
        (int) (tensor->name_length < 200 ? tensor->name_length : 200), tensor->name,
        *why ? ", and it becomes no blocks: " : "", why);
}

/* Groups of 32 in rows; all but the last dim are the same. The kind is that of the shape: the one without
 * biases. */
static const char *
fit_shapes (struct gguf_mlx_item *item, const struct tenon_tensor *weight, const struct tenon_tensor *scales,
            const struct tenon_tensor *biases)
{
    uint32_t last = weight->rank - 1;
    if (weight->rank == 0 || scales->rank != weight->rank || biases->rank != weight->rank
        || memcmp (scales->shape, biases->shape, weight->rank * sizeof *scales->shape) != 0
        || memcmp (scales->shape, weight->shape, last * sizeof *scales->shape) != 0)
        return "its scales and biases have other shapes";
    item->groups = scales->length / 2;
    memcpy (item->shape, weight->shape, weight->rank * sizeof *item->shape);
    if (__builtin_mul_overflow (scales->shape[last], GGUF_MLX_GROUP, &item->shape[last]))
        return "its rows are too long";
    for (size_t i = GGUF_MLX_KINDS; i-- > 0;)
        if (weight->shape[last] == scales->shape[last] * gguf_mlx_kinds[i].words
            && gguf_mlx_kinds[i].zero != 0)
            item->kind = &gguf_mlx_kinds[i];
    return item->kind ? "" : "its groups are not 32 numbers of 4 or 8 bits";
}

static tenon_status
read_window (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item, uint64_t first, uint64_t count)
{
    struct tenon_call *call = plan->call;
    TENON_TRY (call->host->read_tensor (call, item->scales, NULL, 2 * first, plan->scales, 2 * count));
    return call->host->read_tensor (call, item->biases, NULL, 2 * first, plan->biases, 2 * count);
}

/* Is each bias the one that reading makes of a scale? */
static tenon_status
check_biases (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item, int *same)
{
    *same = 1;
    for (uint64_t first = 0; first < item->groups && *same; first += WINDOW) {
        uint64_t count = item->groups - first < WINDOW ? item->groups - first : WINDOW;
        TENON_TRY (read_window (plan, item, first, count));
        for (uint64_t i = 0; i < count; i++)
            *same &= tenon_le16 (plan->biases + 2 * i)
                     == gguf_mlx_bias (item->kind, tenon_le16 (plan->scales + 2 * i));
    }
    return TENON_OK;
}

/* ---- the plan ---- */

/* Its scales and biases; why not, "" when they are there. */
static tenon_status
find_parts (struct finder *finder, const struct tenon_tensor *weight, struct gguf_mlx_item *item,
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
    *why = !found ? "there are no scales of f16 for it" : "there are no biases of f16 for it";
    if (!other)
        return status;
    item->scales = found->index;
    item->biases = other->index;
    TENON_TRY (get (finder->call, item->scales, &scales));
    TENON_TRY (get (finder->call, item->biases, &biases));
    *why = fit_shapes (item, weight, &scales, &biases);
    return TENON_OK;
}

/* The buffers are as large as the largest of the three, up to a window. */
static tenon_status
get_buffers (struct gguf_mlx_plan *plan, uint64_t groups)
{
    struct tenon_call *call = plan->call;
    uint64_t window = groups < WINDOW ? groups : WINDOW;
    if (!(plan->scales = call->host->scratch (call, 2 * window + 1))
        || !(plan->biases = call->host->scratch (call, 2 * window + 1))
        || !(plan->words = call->host->scratch (call, (uint64_t) CHUNK * 32))
        || !(plan->blocks = call->host->scratch (call, (uint64_t) CHUNK * 34)))
        return TENON_E_MEMORY;
    return TENON_OK;
}

/* Finds the three parts of each tensor of u32. */
static tenon_status
find_items (struct finder *finder, struct gguf_mlx_item *items, uint64_t tensors, uint64_t *most)
{
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        const char *why;
        items[i].index = i;
        TENON_TRY (get (finder->call, i, &tensor));
        if (tensor.dtype != TENON_U32)
            continue;
        TENON_TRY (find_parts (finder, &tensor, &items[i], &why));
        if (!*why && finder->taken[items[i].scales])
            why = "its scales and biases are those of another tensor";
        if (*why)
            return refuse (finder->call, &tensor, why);
        finder->taken[items[i].scales] = finder->taken[items[i].biases] = 1;
        *most = items[i].groups > *most ? items[i].groups : *most;
    }
    return TENON_OK;
}

/* q4_0 and q8_0 have no biases: q4_1, or none, must do when there are others. */
static tenon_status
choose_kind (struct gguf_mlx_plan *plan, struct gguf_mlx_item *item)
{
    int same;
    struct tenon_tensor tensor;
    TENON_TRY (check_biases (plan, item, &same));
    if (same)
        return TENON_OK;
    if (item->kind == &gguf_mlx_kinds[GGUF_MLX_Q4_0]) {
        item->kind = &gguf_mlx_kinds[GGUF_MLX_Q4_1];
        return TENON_OK;
    }
    TENON_TRY (get (plan->call, item->index, &tensor));
    return refuse (plan->call, &tensor, "its biases are not -128 times its scales, as those of q8_0 are");
}

static tenon_status
refuse_words (struct tenon_call *call, uint64_t tensors)
{
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        TENON_TRY (get (call, i, &tensor));
        if (tensor.dtype == TENON_U32)
            return refuse (call, &tensor, "");
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
        return refuse_words (call, *tensors);
    TENON_TRY (list_halves (&finder, *tensors));
    struct gguf_mlx_item *items = call->host->scratch (call, (*tensors + 1) * sizeof *items);
    if (!items)
        return TENON_E_MEMORY;
    TENON_TRY (find_items (&finder, items, *tensors, &most));
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
    TENON_TRY (get (plan->call, item ? item->index : index, tensor));
    if (!item || !item->kind)
        return TENON_OK;
    tensor->dtype = plan->call->host->dtype_find (plan->call, item->kind->name);
    tensor->shape = item->shape;
    tensor->length = item->groups * item->kind->bytes;
    return TENON_OK;
}

/* ---- blocks ---- */

/* Eight numbers of four bits, to the low halves of eight bytes. */
static uint64_t
part_nibbles (uint32_t word)
{
    uint64_t nibbles = word;
    nibbles = (nibbles | nibbles << 16) & 0x0000ffff0000ffffu;
    nibbles = (nibbles | nibbles << 8) & 0x00ff00ff00ff00ffu;
    return (nibbles | nibbles << 4) & 0x0f0f0f0f0f0f0f0fu;
}

static void
make_block (const struct gguf_mlx_kind *kind, const uint8_t *scale, const uint8_t *bias, const uint8_t *words,
            uint8_t *block)
{
    memcpy (block, scale, 2);
    if (kind->zero == 0)
        memcpy (block + 2, bias, 2);
    block += kind->head;
    if (kind->words == 4)
        for (uint32_t i = 0; i < 2; i++)
            tenon_put_le64 (block + 8 * i, part_nibbles (tenon_le32 (words + 4 * i))
                                               | part_nibbles (tenon_le32 (words + 8 + 4 * i)) << 4);
    else
        for (uint32_t i = 0; i < 8; i++)
            tenon_put_le32 (block + 4 * i, tenon_le32 (words + 4 * i) ^ 0x80808080u);
}

/* The groups of a window, whose scales and biases have been read. */
static tenon_status
put_window (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item, uint64_t window, uint64_t count)
{
    struct tenon_call *call = plan->call;
    const struct gguf_mlx_kind *kind = item->kind;
    uint64_t width = 4 * (uint64_t) kind->words;
    for (uint64_t first = 0; first < count; first += CHUNK) {
        uint64_t n = count - first < CHUNK ? count - first : CHUNK;
        TENON_TRY (call->host->read_tensor (call, item->index, NULL, (window + first) * width, plan->words,
                                            n * width));
        for (uint64_t i = 0; i < n; i++)
            make_block (kind, plan->scales + 2 * (first + i), plan->biases + 2 * (first + i),
                        plan->words + i * width, plan->blocks + i * kind->bytes);
        TENON_TRY (call->host->put (call, plan->blocks, n * kind->bytes));
    }
    return TENON_OK;
}

tenon_status
gguf_mlx_put (struct gguf_mlx_plan *plan, uint64_t index)
{
    const struct gguf_mlx_item *item = plan->items ? &plan->items[index] : NULL;
    if (!item || !item->kind)
        return plan->call->host->put_tensor (plan->call, item ? item->index : index, NULL);
    for (uint64_t first = 0; first < item->groups; first += WINDOW) {
        uint64_t count = item->groups - first < WINDOW ? item->groups - first : WINDOW;
        TENON_TRY (read_window (plan, item, first, count));
        TENON_TRY (put_window (plan, item, first, count));
    }
    return TENON_OK;
}
