/* SPDX-License-Identifier: MIT */
/* value_write.c - metadata as values of Python: str, int, float, bool, None, and lists of these. */
#include "pt_write.h"
#include <tenon/json.h>

#define MOST_LEVELS 100u

/* Arrays in arrays, outermost first. */
struct level {
    const struct tenon_value *array;
    uint64_t done;
};

/* ---- what a pickle keeps ---- */

/* A str is UTF-8: a text of other bytes has no place in a dict. */
static int
is_str (const struct tenon_value *value)
{
    return tenon_json_is_utf8 (value->as.string, value->count);
}

/* 1: Python has this type, and no narrower one that it would be taken for; 0: it becomes another type; -1: it
 * has no place in a pickle. */
static int
fits_scalar (const struct tenon_value *value)
{
    switch (value->type) {
    case TENON_NONE:
    case TENON_BOOL:
    case TENON_I64:
    case TENON_F64: return 1;
    case TENON_U64: return value->as.u > INT64_MAX;
    case TENON_STRING: return is_str (value) ? 1 : -1;
    case TENON_MAP: return -1; /* a dict is read as the entries in it, each under a name of its own */
    default: return 0;
    }
}

static tenon_status
find_other_text (void *user, const struct tenon_value *item)
{
    int *fits = user;
    if (!is_str (item))
        *fits = -1;
    return TENON_OK;
}

/* The same of the items of an array that has no arrays. */
static tenon_status
fits_items (struct tenon_call *call, const struct tenon_value *array, int *fits)
{
    if (array->item_type == TENON_MIXED) { /* so is a list of other things than scalars of one type */
        *fits = -1;
        return TENON_OK;
    }
    *fits = array->count > 0
            && (array->item_type == TENON_I64 || array->item_type == TENON_F64
                || array->item_type == TENON_BOOL || array->item_type == TENON_STRING);
    return array->item_type == TENON_STRING ? call->host->each_item (call, array, find_other_text, fits)
                                            : TENON_OK;
}

/* The same of an array of arrays: what a pickle has are lists, and their types go. */
static tenon_status
fits_nested (struct tenon_call *call, const struct tenon_value *value, struct level *levels, int *fits)
{
    uint32_t depth = 1;
    levels[0] = (struct level){ value, 0 };
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        if (level->done == level->array->count) {
            depth--;
            continue;
        }
        const struct tenon_value *item = &level->array->as.items[level->done++];
        int one = fits_scalar (item);
        if (item->type == TENON_ARRAY && item->item_type != TENON_ARRAY)
            TENON_TRY (fits_items (call, item, &one));
        else if (item->type == TENON_ARRAY && depth < MOST_LEVELS)
            levels[depth++] = (struct level){ item, 0 };
        else if (item->type == TENON_ARRAY)
            one = -1;
        if (one < 0) {
            *fits = -1;
            return TENON_OK;
        }
    }
    *fits = 0;
    return TENON_OK;
}

tenon_status
pt_fits_pickle (struct tenon_call *call, const struct tenon_value *value, int *fits)
{
    *fits = fits_scalar (value);
    if (value->type != TENON_ARRAY)
        return TENON_OK;
    if (value->item_type != TENON_ARRAY)
        return fits_items (call, value, fits);
    struct level *levels = call->host->scratch (call, MOST_LEVELS * sizeof *levels);
    return levels ? fits_nested (call, value, levels, fits) : TENON_E_MEMORY;
}

/* ---- writing ---- */

static void
put_scalar (struct pt_out *out, const struct tenon_value *value)
{
    switch (value->type) {
    case TENON_NONE: pt_put_byte (out, PT_OP_NONE); break;
    case TENON_BOOL: pt_put_byte (out, value->as.u ? PT_OP_TRUE : PT_OP_FALSE); break;
    case TENON_STRING: pt_put_string (out, value->as.string, value->count); break;
    case TENON_F32:
    case TENON_F64: pt_put_float (out, value->as.f); break;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: pt_put_integer (out, value->as.i); break;
    default: pt_put_unsigned (out, value->as.u); break;
    }
}

static void
begin_list (struct pt_out *out, const struct tenon_value *array)
{
    pt_put_byte (out, PT_OP_EMPTY_LIST);
    pt_put_memo (out);
    pt_begin_items (out, array->count);
}

struct item_list {
    struct pt_out *out;
    uint64_t done, count;
    int as_tuple;
};

static tenon_status
put_next_item (void *user, const struct tenon_value *item)
{
    struct item_list *list = user;
    put_scalar (list->out, item);
    list->done++;
    if (!list->as_tuple)
        pt_end_item (list->out, list->done, list->count, PT_OP_APPEND, PT_OP_APPENDS);
    return list->out->status;
}

/* A list of scalars, or a tuple. */
static tenon_status
put_list (struct pt_out *out, const struct tenon_value *array, int as_tuple)
{
    struct item_list list = { out, 0, array->count, as_tuple };
    if (as_tuple)
        pt_put_byte (out, PT_OP_MARK);
    else
        begin_list (out, array);
    TENON_TRY (out->call->host->each_item (out->call, array, put_next_item, &list));
    if (as_tuple) {
        pt_put_byte (out, PT_OP_TUPLE);
        pt_put_memo (out);
    }
    return out->status;
}

tenon_status
pt_put_value (struct pt_out *out, const struct tenon_value *value, int as_tuple)
{
    struct level *levels;
    uint32_t depth = 1;
    if (value->type != TENON_ARRAY) {
        put_scalar (out, value);
        return out->status;
    }
    if (value->item_type != TENON_ARRAY)
        return put_list (out, value, as_tuple);
    if (!(levels = out->call->host->scratch (out->call, MOST_LEVELS * sizeof *levels)))
        return TENON_E_MEMORY;
    levels[0] = (struct level){ value, 0 };
    begin_list (out, value);
    for (;;) {
        struct level *level = &levels[depth - 1];
        if (level->done < level->array->count) {
            const struct tenon_value *item = &level->array->as.items[level->done];
            if (item->type == TENON_ARRAY && item->item_type == TENON_ARRAY) {
                levels[depth++] = (struct level){ item, 0 };
                begin_list (out, item);
                continue;
            }
            if (item->type == TENON_ARRAY)
                TENON_TRY (put_list (out, item, 0));
            else
                put_scalar (out, item);
        } else if (--depth == 0)
            return out->status;
        else
            level--;
        level->done++;
        pt_end_item (out, level->done, level->array->count, PT_OP_APPEND, PT_OP_APPENDS);
    }
}
