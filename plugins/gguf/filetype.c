/* SPDX-License-Identifier: MIT */
/* filetype.c - general.file_type, llama.cpp's number for the type of most of a model's numbers. It follows
 * when tensors are converted, but not when the program has set it.
 *
 * llama.cpp takes the key's value, and without it the type that most tensors have. Here counts the type that
 * most numbers have: norms and biases are many, and small. Of the numbers that llama.cpp has for mixtures of
 * a type, a present one stays, and a new one is that which llama.cpp guesses. */
#include "mlx/mlx.h"

struct file_type {
    uint32_t number, type; /* in the key, of ggml */
    const char *name;
};

/* The first of a type is the one that is written. 4, 5, 6 and 33 to 35 were removed. */
static const struct file_type file_types[] = {
    { 0, 0, "F32" },         { 1, 1, "F16" },      { 2, 2, "Q4_0" },      { 3, 3, "Q4_1" },
    { 7, 8, "Q8_0" },        { 8, 6, "Q5_0" },     { 9, 7, "Q5_1" },      { 10, 10, "Q2_K" },
    { 12, 11, "Q3_K_M" },    { 15, 12, "Q4_K_M" }, { 17, 13, "Q5_K_M" },  { 18, 14, "Q6_K" },
    { 19, 16, "IQ2_XXS" },   { 20, 17, "IQ2_XS" }, { 23, 18, "IQ3_XXS" }, { 24, 19, "IQ1_S" },
    { 25, 20, "IQ4_NL" },    { 26, 21, "IQ3_S" },  { 28, 22, "IQ2_S" },   { 30, 23, "IQ4_XS" },
    { 31, 29, "IQ1_M" },     { 32, 30, "BF16" },   { 36, 34, "TQ1_0" },   { 37, 35, "TQ2_0" },
    { 38, 39, "MXFP4_MOE" }, { 39, 40, "NVFP4" },  { 40, 41, "Q1_0" },    { 41, 42, "Q2_0" },
    { 11, 11, "Q3_K_S" },    { 13, 11, "Q3_K_L" }, { 14, 12, "Q4_K_S" },  { 16, 13, "Q5_K_S" },
    { 21, 10, "Q2_K_S" },    { 22, 21, "IQ3_XS" }, { 27, 21, "IQ3_M" },   { 29, 22, "IQ2_M" },
};
#define FILE_TYPES (sizeof file_types / sizeof file_types[0])
#define GUESSED 1024u /* added by llama.cpp to a number that it guessed */

/* NULL: there is none. */
static const struct file_type *
find_number (uint64_t number)
{
    for (size_t i = 0; i < FILE_TYPES; i++)
        if (file_types[i].number == (number & ~(uint64_t) GUESSED))
            return &file_types[i];
    return NULL;
}

static const struct file_type *
find_type (uint32_t type)
{
    for (size_t i = 0; i < FILE_TYPES; i++)
        if (file_types[i].type == type)
            return &file_types[i];
    return NULL;
}

static uint64_t
count_items (const struct tenon_tensor *tensor)
{
    uint64_t items = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow (items, tensor->shape[i], &items))
            return UINT64_MAX;
    return items;
}

/* *found: that of the type of most numbers; NULL: no tensor is converted, or none has such a type. */
static tenon_status
find_most (const struct gguf_mlx_plan *mlx, uint64_t tensors, const struct file_type **found)
{
    uint64_t counts[GGUF_TYPES] = { 0 }, most = 0;
    uint32_t converted = 0;
    *found = NULL;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (gguf_mlx_tensor (mlx, i, &tensor));
        const struct gguf_type *type = gguf_type_of (mlx->call, tensor.dtype);
        converted |= tensor.flags & TENON_CONVERTED;
        if (!type || !find_type (type->id))
            continue;
        uint64_t *count = &counts[type->id], items = count_items (&tensor);
        *count = items > UINT64_MAX - *count ? UINT64_MAX : *count + items;
    }
    for (uint32_t id = 0; id < GGUF_TYPES && converted; id++)
        if (counts[id] > most) {
            most = counts[id];
            *found = find_type (id);
        }
    return TENON_OK;
}

tenon_status
gguf_file_type (const struct gguf_mlx_plan *mlx, uint64_t tensors, uint64_t entry, struct tenon_value *value)
{
    struct tenon_call *call = mlx->call;
    struct tenon_setting setting = TENON_INIT (setting);
    const struct file_type *most;
    TENON_TRY (call->host->option (call, GGUF_OPTION_FILE_TYPE, &setting));
    if (setting.integer != 0 || value->type != TENON_U32 || !TENON_HAS (call, plan_metadata_flags)
        || (call->host->plan_metadata_flags (call, entry) & TENON_METADATA_GIVEN))
        return TENON_OK;
    TENON_TRY (find_most (mlx, tensors, &most));
    const struct file_type *now = find_number (value->as.u);
    if (!most || (now && now->type == most->type))
        return TENON_OK;
    tenon_note (call, TENON_NOTE, GGUF_FILE_TYPE,
                "it becomes %u (%s), the type of most numbers, and was %llu (%s)", most->number, most->name,
                (unsigned long long) value->as.u, now ? now->name : "?");
    value->as.u = most->number;
    return TENON_OK;
}
