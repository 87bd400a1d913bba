/* SPDX-License-Identifier: MIT */
/* casts.c - element types by patterns: convert --as. */
#include "casts.h"
#include "library.h"
#include "message.h"
#include <fnmatch.h>
#include <inttypes.h>

/* "GLOB:DTYPE", or a DTYPE for all tensors. A glob may hold colons: the last colon ends it. */
static bool
cast_parse (const tenon_context *context, const char *text, struct cast *cast)
{
    const char *colon = strrchr (text, ':');
    *cast = (struct cast){ .text = text };
    cast->dtype_name = colon ? colon + 1 : text;
    cast->glob = colon ? copy_text (text, (size_t) (colon - text)) : copy_text ("*", 1);
    cast->dtype = dtype_find (context, cast->dtype_name); /* complains */
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (cast->dtype == TENON_NONE || tenon_dtype_get (context, NULL, cast->dtype, &dtype) < 0)
        return false;
    cast->dtype_name = dtype.name;
    return true;
}

bool
casts_parse (const tenon_context *context, const struct text_list *texts, struct casts *casts)
{
    casts->items = get_memory (NULL, texts->count, sizeof *casts->items);
    for (; casts->count < texts->count; casts->count++)
        if (!cast_parse (context, texts->items[casts->count], &casts->items[casts->count])) {
            casts->count++;
            return false;
        }
    return true;
}

void
casts_clean (struct casts *casts)
{
    for (size_t i = 0; i < casts->count; i++)
        free (casts->items[i].glob);
    free (casts->items);
}

const struct cast *
casts_find (struct casts *casts, const char *name)
{
    const struct cast *found = NULL;
    for (size_t i = 0; i < casts->count; i++)
        if (fnmatch (casts->items[i].glob, name, 0) == 0) {
            casts->items[i].matched = true;
            found = &casts->items[i];
        }
    return found;
}

bool
casts_all_matched (const struct casts *casts)
{
    for (size_t i = 0; i < casts->count; i++)
        if (!casts->items[i].matched && strchr (casts->items[i].text, ':')) {
            complain ("--as '%s' matches no tensor", casts->items[i].text);
            return false;
        }
    return true;
}

const char *
cast_refusal (const tenon_context *context, const tenon_tensor_info *info, const struct cast *cast)
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
 * (norms, biases) keep their type: they are small, and errors in them cost much. */
bool
cast_leaves (const tenon_context *context, const struct cast *cast, const tenon_tensor_info *info, char *why,
             size_t room)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (tenon_dtype_get (context, NULL, cast->dtype, &dtype) < 0 || dtype.kind != TENON_KIND_BLOCK
        || info->dtype == cast->dtype)
        return false;
    uint64_t row = info->rank ? info->shape[info->rank - 1] : 1;
    if (info->rank < 2)
        snprintf (why, room, "stays %s: tensors of fewer than 2 dims are not quantised", info->dtype_name);
    else if (row % dtype.block_items != 0)
        snprintf (why, room,
                  "stays %s: its rows of %" PRIu64 " are no multiple of the %" PRIu64
                  " that a block of %s holds",
                  info->dtype_name, row, dtype.block_items, cast->dtype_name);
    else
        return false;
    return true;
}
