/* SPDX-License-Identifier: MIT */
/* dtype.c - the element types that have fixed ids, and finding those that plugins registered. */
#include "context/context.h"

/* For byte orders: one integer, or two halves of a complex number. */
static const struct tenon_swap_field swap_2[] = { { 0, 2, 1 } }, swap_4[] = { { 0, 4, 1 } },
                                     swap_8[] = { { 0, 8, 1 } }, swap_2x4[] = { { 0, 4, 2 } },
                                     swap_2x8[] = { { 0, 8, 2 } };

#define PLAIN(canonical, items, bytes)                                                                       \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_dtype), .kind = TENON_KIND_PLAIN, .name = canonical,             \
        .block_items = items, .block_bytes = bytes                                                           \
    }
#define SWAPPED(canonical, bytes, fields)                                                                    \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_dtype), .kind = TENON_KIND_PLAIN, .name = canonical,             \
        .block_items = 1, .block_bytes = bytes, .swap = fields,                                              \
        .swap_size = sizeof (struct tenon_swap_field), .swap_count = 1                                       \
    }

const struct tenon_dtype tn_dtype_fixed[TENON_DTYPE_FIXED] = {
    [TENON_NONE] = { .struct_size = sizeof (struct tenon_dtype) },
    [TENON_BOOL] = PLAIN ("bool", 1, 1),
    [TENON_U8] = PLAIN ("u8", 1, 1),
    [TENON_U16] = SWAPPED ("u16", 2, swap_2),
    [TENON_U32] = SWAPPED ("u32", 4, swap_4),
    [TENON_U64] = SWAPPED ("u64", 8, swap_8),
    [TENON_I8] = PLAIN ("i8", 1, 1),
    [TENON_I16] = SWAPPED ("i16", 2, swap_2),
    [TENON_I32] = SWAPPED ("i32", 4, swap_4),
    [TENON_I64] = SWAPPED ("i64", 8, swap_8),
    [TENON_F16] = SWAPPED ("f16", 2, swap_2),
    [TENON_BF16] = SWAPPED ("bf16", 2, swap_2),
    [TENON_F32] = SWAPPED ("f32", 4, swap_4),
    [TENON_F64] = SWAPPED ("f64", 8, swap_8),
    [TENON_C64] = SWAPPED ("c64", 8, swap_2x4),
    [TENON_C128] = SWAPPED ("c128", 16, swap_2x8),
    [TENON_F8_E4M3] = PLAIN ("f8_e4m3", 1, 1),
    [TENON_F8_E5M2] = PLAIN ("f8_e5m2", 1, 1),
    [TENON_F8_E4M3FNUZ] = PLAIN ("f8_e4m3fnuz", 1, 1),
    [TENON_F8_E5M2FNUZ] = PLAIN ("f8_e5m2fnuz", 1, 1),
    [TENON_F8_E8M0] = PLAIN ("f8_e8m0", 1, 1),
    [TENON_F6_E2M3] = PLAIN ("f6_e2m3", 4, 3),
    [TENON_F6_E3M2] = PLAIN ("f6_e3m2", 4, 3),
    [TENON_F4] = PLAIN ("f4", 2, 1),
};

uint32_t
tn_dtype_find (const tenon_context *context, const char *name)
{
    for (uint32_t i = TENON_BOOL; i < TENON_DTYPE_FIXED; i++)
        if (strcmp (tn_dtype_fixed[i].name, name) == 0)
            return i;
    for (uint64_t i = 0; i < context->registry.dtype_count; i++)
        if (strcmp (context->registry.dtypes[i]->table.name, name) == 0)
            return TENON_DTYPE_DYNAMIC + (uint32_t) i;
    return TENON_NONE;
}

const struct tenon_dtype *
tn_dtype_get (const tenon_context *context, uint32_t dtype)
{
    if (dtype > TENON_NONE && dtype < TENON_DTYPE_FIXED)
        return &tn_dtype_fixed[dtype];
    if (dtype >= TENON_DTYPE_DYNAMIC && dtype - TENON_DTYPE_DYNAMIC < context->registry.dtype_count)
        return &context->registry.dtypes[dtype - TENON_DTYPE_DYNAMIC]->table;
    return NULL;
}

TENON_API uint32_t
tenon_dtype_find (const tenon_context *context, const char *name)
{
    return context && name ? tn_dtype_find (context, name) : TENON_NONE;
}

TENON_API uint32_t
tenon_dtype_next (const tenon_context *context, uint32_t dtype)
{
    uint32_t next = dtype + 1;
    if (!context || dtype == UINT32_MAX)
        return TENON_NONE;
    if (next >= TENON_DTYPE_FIXED && next < TENON_DTYPE_DYNAMIC)
        next = TENON_DTYPE_DYNAMIC;
    return tn_dtype_get (context, next) ? next : TENON_NONE;
}
