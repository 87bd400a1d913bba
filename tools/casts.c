/* SPDX-License-Identifier: MIT */
/* casts.c - element types by patterns: convert --as. */
#include "casts.h"
#include "globs.h"
#include "library.h"
#include "message.h"
#include <inttypes.h>

/* ---- rules --------------------------------------------------------------------------------------- */

/* A pattern is one of element types if a type in the file matches it, or if it is the name of one and no
 * tensor has such a name. Otherwise it is one of names. "*" means every tensor either way. */
static bool
is_for_dtypes (const tenon_context *context, const tenon_file *file, const char *pattern)
{
    bool named = false;
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (glob_fits (pattern, info.dtype_name))
            return true;
        named |= glob_fits (pattern, info.name);
    }
    return !named && tenon_dtype_find (context, pattern) != TENON_NONE;
}

/* "PATTERN:DTYPE", or a DTYPE. A pattern may hold colons: the last colon ends it. */
static bool
cast_parse (const tenon_context *context, const tenon_file *file, const char *text, struct cast *cast)
{
    const char *colon = strrchr (text, ':');
    *cast = (struct cast){ .text = text };
    cast->dtype_name = colon ? colon + 1 : text;
    cast->pattern = colon ? copy_text (text, (size_t) (colon - text)) : NULL;
    cast->dtype = dtype_find (context, cast->dtype_name); /* complains */
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (cast->dtype == TENON_NONE || tenon_dtype_get (context, NULL, cast->dtype, &dtype) < 0)
        return false;
    cast->dtype_name = dtype.name;
    cast->for_dtypes = cast->pattern && is_for_dtypes (context, file, cast->pattern);
    return true;
}

bool
casts_parse (const tenon_context *context, const tenon_file *file, const struct text_list *texts,
             struct casts *casts)
{
    casts->items = get_memory (NULL, texts->count, sizeof *casts->items);
    for (; casts->count < texts->count; casts->count++)
        if (!cast_parse (context, file, texts->items[casts->count], &casts->items[casts->count])) {
            casts->count++;
            return false;
        }
    return true;
}

void
casts_clean (struct casts *casts)
{
    for (size_t i = 0; i < casts->count; i++)
        free (casts->items[i].pattern);
    free (casts->items);
}

bool
casts_all_matched (const struct casts *casts)
{
    for (size_t i = 0; i < casts->count; i++)
        if (!casts->items[i].matched && casts->items[i].pattern) {
            complain ("--as '%s' matches no tensor", casts->items[i].text);
            return false;
        }
    return true;
}

/* ---- one tensor ---------------------------------------------------------------------------------- */

static bool
rule_matches (const struct cast *cast, const tenon_tensor_info *info)
{
    return !cast->pattern || glob_fits (cast->pattern, cast->for_dtypes ? info->dtype_name : info->name);
}

/* A rule without a pattern is for numbers whose digits are a matter of choice: integers, bools and
 * complex numbers would become something else. */
static bool
is_float (const tenon_context *context, const tenon_tensor_info *info)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    bool known = tenon_dtype_get (context, NULL, info->dtype, &dtype) == TENON_OK;
    return (known && dtype.kind == TENON_KIND_BLOCK) || (info->dtype >= TENON_F16 && info->dtype <= TENON_F64)
           || (info->dtype >= TENON_F8_E4M3 && info->dtype < TENON_DTYPE_FIXED);
}

/* The reason why the library cannot cast this tensor so, or what helps. */
static const char *
refusal_of (const tenon_context *context, const tenon_tensor_info *info, const struct cast *cast)
{
    struct tenon_dtype from = { .struct_size = sizeof from }, to = { .struct_size = sizeof to };
    if (tenon_dtype_get (context, NULL, cast->dtype, &to) == TENON_OK && to.kind == TENON_KIND_BLOCK
        && !to.encode)
        return "nothing is converted to that type (tenon formats -v lists those that can be made)";
    if (tenon_dtype_get (context, NULL, info->dtype, &from) == TENON_OK && from.kind == TENON_KIND_BLOCK
        && !from.decode)
        return "its bytes are only carried, no conversion reads them";
    return "--only and --except choose other tensors";
}

/* The items of a block share a scale, and a block never crosses the end of a row. By convention vectors
 * (norms, biases) keep their type: they are small, and errors in them cost much. False: `why` says so. */
static bool
fits_blocks (const tenon_context *context, const struct cast *cast, const tenon_tensor_info *info,
             struct cast_choice *choice)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (tenon_dtype_get (context, NULL, cast->dtype, &dtype) < 0 || dtype.kind != TENON_KIND_BLOCK)
        return true;
    uint64_t row = info->rank ? info->shape[info->rank - 1] : 1;
    if (info->rank >= 2 && row % dtype.block_items == 0)
        return true;
    if (info->rank < 2)
        snprintf (choice->why, sizeof choice->why,
                  "stays %.80s: tensors of fewer than 2 dims are not quantised", info->dtype_name);
    else
        snprintf (choice->why, sizeof choice->why,
                  "stays %.80s: its rows of %" PRIu64 " are no multiple of the %" PRIu64
                  " that a block of %.40s holds",
                  info->dtype_name, row, dtype.block_items, cast->dtype_name);
    return false;
}

/* Of packed weights: `info` becomes that of their numbers. False: they cannot be cast. */
static bool
see_numbers (const tenon_packed_info *packed, tenon_tensor_info *info, uint64_t *shape)
{
    if (packed->kind != TENON_PACKED_AFFINE)
        return false;
    memcpy (shape, info->shape, info->rank * sizeof *shape);
    shape[info->rank - 1] = packed->columns;
    info->shape = shape;
    info->dtype = packed->dtype;
    return true;
}

/* As rule_fits. */
static bool
fits_packed (const tenon_context *context, const struct cast *cast, const tenon_packed_info *packed,
             tenon_tensor_info info, struct cast_choice *choice)
{
    uint64_t shape[64];
    if (info.dtype == cast->dtype)
        return true;
    if (!see_numbers (packed, &info, shape)) {
        choice->refused = true;
        snprintf (
            choice->why, sizeof choice->why,
            "%.190s: they are no numbers that could be cast; --except leaves them out, a pattern chooses "
            "others",
            packed->words);
        return false;
    }
    if (!tenon_dtype_castable (context, packed->dtype, cast->dtype)) {
        choice->refused = true;
        snprintf (choice->why, sizeof choice->why, "%s cannot be cast to %.40s: %s", packed->words,
                  cast->dtype_name, refusal_of (context, &info, cast));
        return false;
    }
    choice->packed = fits_blocks (context, cast, &info, choice);
    return choice->packed;
}

/* False: `why` and `refused` say why not. */
static bool
rule_fits (const tenon_context *context, const struct cast *cast, const tenon_file *file, uint64_t index,
           const tenon_tensor_info *info, struct cast_choice *choice)
{
    tenon_request request = { .struct_size = sizeof request, .dtype = cast->dtype, .index = index };
    tenon_error error = TENON_ERROR_INIT;
    uint64_t size;
    tenon_packed_info packed = { .struct_size = sizeof packed };
    if (tenon_packed_get (file, index, &packed) == TENON_OK) {
        if (packed.weight == index)
            return fits_packed (context, cast, &packed, *info, choice);
        if (!cast->pattern) /* scales and biases stay with their weights */
            return false;
    }
    if (info->dtype == cast->dtype)
        return true;
    if (!cast->pattern && !is_float (context, info)) {
        snprintf (choice->why, sizeof choice->why,
                  "stays %.80s: --as without a pattern converts floating-point and quantised types",
                  info->dtype_name);
        return false;
    }
    if (!tensor_castable (context, file, info, cast->dtype)) {
        choice->refused = true;
        snprintf (choice->why, sizeof choice->why, "%.80s cannot be cast to %.40s: %s", info->dtype_name,
                  cast->dtype_name, refusal_of (context, info, cast));
        return false;
    }
    if (!fits_blocks (context, cast, info, choice))
        return false;
    if (tenon_request_size (file, &request, &size, &error) == TENON_OK)
        return true;
    choice->refused = true;
    snprintf (choice->why, sizeof choice->why, "%.290s", error.message);
    return false;
}

void
casts_choose (const tenon_context *context, struct casts *casts, const tenon_file *file, uint64_t index,
              struct cast_choice *choice)
{
    tenon_tensor_info info = tensor_get (file, index);
    struct cast_choice tried;
    *choice = (struct cast_choice){ 0 };
    for (size_t i = casts->count; i-- > 0;) {
        struct cast *cast = &casts->items[i];
        if (!rule_matches (cast, &info))
            continue;
        cast->matched = true;
        if (choice->cast)
            continue;
        tried = (struct cast_choice){ 0 };
        if (rule_fits (context, cast, file, index, &info, &tried)) {
            choice->cast = cast;
            choice->packed = tried.packed;
        } else if (!*choice->why || (tried.refused && !choice->refused))
            *choice = tried;
    }
    if (choice->cast)
        choice->refused = false;
}
