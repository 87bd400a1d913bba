/* SPDX-License-Identifier: MIT */
/* visit.c - what becomes of one value: a tensor, metadata, or parts with names of their own. */
#include "names.h"

/* ---- parts ---- */

/* The values that an object has: its frames, at most. */
enum { MOST_PARTS = 6 };
struct object_parts {
    struct pt_frame frames[MOST_PARTS];
    uint32_t count;
};

static struct pt_frame *
add_frame (struct object_parts *parts, uint8_t form, const struct pt_value *value, uint32_t count)
{
    struct pt_frame *frame = &parts->frames[parts->count++];
    memset (frame, 0, sizeof *frame);
    frame->items = value->as.items;
    frame->form = form;
    frame->count = count;
    return frame;
}

/* Adds the entries of a dict, or of a list of pairs; another value adds none. */
static tenon_status
add_entries (struct pt_reader *reader, struct object_parts *parts, uint32_t value, uint8_t is_module)
{
    const struct pt_value *entries = pt_at (&reader->machine, value);
    if (parts->count == MOST_PARTS)
        return TENON_OK;
    if (entries->kind == PT_DICT) {
        TENON_TRY (pt_check_keys (reader, value));
        add_frame (parts, PT_FORM_ENTRIES, entries, entries->count / 2)->is_module = is_module;
    } else if (entries->kind == PT_LIST || entries->kind == PT_TUPLE)
        add_frame (parts, PT_FORM_PAIRS, entries, entries->count);
    return TENON_OK;
}

/* Adds the items of a list; another value adds none. */
static void
add_items (struct pt_reader *reader, struct object_parts *parts, uint32_t value, uint8_t tensors_only)
{
    const struct pt_value *items = pt_at (&reader->machine, value);
    if (parts->count < MOST_PARTS
        && (items->kind == PT_LIST || items->kind == PT_TUPLE || items->kind == PT_SET))
        add_frame (parts, PT_FORM_VALUES, items, items->count)->tensors_only = tensors_only;
}

/* Adds the attributes of an object: a dict, or a tuple of two, of which the second is that of its slots. */
static tenon_status
add_state (struct pt_reader *reader, struct object_parts *parts, uint32_t state, uint8_t is_module)
{
    const struct pt_value *value = pt_at (&reader->machine, state);
    if (value->kind == PT_DICT)
        return add_entries (reader, parts, state, is_module);
    uint32_t first = pt_item (&reader->machine, state, 0), second = pt_item (&reader->machine, state, 1);
    int slots = value->kind == PT_TUPLE && value->count == 2
                && (first == PT_V_NONE || pt_at (&reader->machine, first)->kind == PT_DICT)
                && pt_at (&reader->machine, second)->kind == PT_DICT;
    if (!slots) {
        add_items (reader, parts, state, 1);
        return TENON_OK;
    }
    if (first != PT_V_NONE)
        TENON_TRY (add_entries (reader, parts, first, is_module));
    return add_entries (reader, parts, second, is_module);
}

/* ---- tensors ---- */

/* A tensor by itself has the name of the file. */
static tenon_status
name_array (struct pt_reader *reader, struct pt_array *array)
{
    uint32_t length;
    if (reader->top == 0)
        return TENON_OK;
    TENON_TRY (pt_free_name (reader, &reader->tensors, &array->tensor.name, &length));
    array->tensor.name_length = length;
    return TENON_OK;
}

static tenon_status
visit_array (struct pt_reader *reader, uint32_t value)
{
    const struct tenon_host *host = reader->call->host;
    struct object_parts parts;
    struct pt_array array;
    uint32_t kept = reader->name_length;
    parts.count = 0; /* the rest is large, and not looked at */
    TENON_TRY (pt_read_array (reader, value, &array));
    if (reader->counting && array.storage != PT_NO_SOURCE)
        reader->machine.storages[array.storage].users++;
    if (!reader->counting) {
        TENON_TRY (name_array (reader, &array));
        TENON_TRY (array.fault.status < 0 ? host->skip_tensor (
                       reader->call, &array.tensor, array.fault.status, array.dtype_word, array.fault.words)
                                          : host->add_tensor (reader->call, &array.tensor));
        reader->name_length = kept;
    }
    if (!array.state)
        return TENON_OK;
    TENON_TRY (add_state (reader, &parts, array.state, 0));
    return parts.count ? pt_enter (reader, value, parts.frames, parts.count) : TENON_OK;
}

/* ---- objects ---- */

/* Says what the object would need that is not done. */
static void
tell_unknown (struct pt_reader *reader, uint32_t callee, int has_parts)
{
    char shown[PT_SHOWN_GLOBAL];
    pt_show_global (&reader->machine, callee, shown);
    if (has_parts)
        pt_lose (reader, "it needs the global %s: tenon runs no code, and lists its attributes instead",
                 shown);
    else
        pt_lose (reader, "it needs the global %s: tenon runs no code, and leaves it out", shown);
}

/* The items of list (…), set (…), torch.Size (…). *done: they became metadata. */
static tenon_status
visit_list (struct pt_reader *reader, struct object_parts *parts, const uint32_t *slots, int *done)
{
    uint32_t items = pt_item (&reader->machine, slots[PT_ARGUMENTS], 0);
    uint8_t tensors_only = reader->top ? reader->frames[reader->top - 1].tensors_only : 0;
    if (items == PT_V_NONE)
        items = slots[PT_ITEMS];
    const struct pt_value *list = pt_at (&reader->machine, items);
    if ((list->kind == PT_LIST || list->kind == PT_TUPLE || list->kind == PT_SET) && !tensors_only) {
        int32_t status = pt_add_metadata (reader, items);
        *done = status != PT_OTHER;
        if (status != PT_OTHER)
            return status;
    }
    add_items (reader, parts, items, 0);
    if (items != slots[PT_ITEMS])
        add_items (reader, parts, slots[PT_ITEMS], 0);
    return TENON_OK;
}

/* An object of a class that is not known: its attributes, its items, and tensors among its arguments. */
static tenon_status
visit_unknown (struct pt_reader *reader, struct object_parts *parts, const uint32_t *slots, uint32_t callee)
{
    TENON_TRY (add_state (reader, parts, slots[PT_STATE], 1));
    TENON_TRY (add_entries (reader, parts, slots[PT_ENTRIES], 0));
    add_items (reader, parts, slots[PT_ITEMS], 0);
    tell_unknown (reader, callee, parts->count > 0);
    add_items (reader, parts, slots[PT_ARGUMENTS], 1);
    return TENON_OK;
}

/* A dict of a class that is known: its entries, and attributes such as _metadata. */
static tenon_status
visit_dict (struct pt_reader *reader, struct object_parts *parts, const uint32_t *slots, uint32_t given)
{
    TENON_TRY (add_entries (reader, parts, given, 0));
    TENON_TRY (add_entries (reader, parts, slots[PT_ENTRIES], 0));
    uint32_t entries = parts->count;
    TENON_TRY (add_state (reader, parts, slots[PT_STATE], 0));
    for (uint32_t i = entries; i < parts->count; i++)
        parts->frames[i].is_state = 1;
    return TENON_OK;
}

static tenon_status
visit_object (struct pt_reader *reader, uint32_t value)
{
    const struct pt_machine *machine = &reader->machine;
    const uint32_t *slots = pt_at (machine, value)->as.items;
    struct object_parts parts = { .count = 0 };
    uint32_t callee = slots[PT_CALLEE], arguments = slots[PT_ARGUMENTS];
    uint32_t given;
    int done = 0, is_dict = 0, made = pt_global (machine, callee) == PT_G_MAKE;
    if (made)
        callee = pt_item (machine, arguments, 0);
    switch (pt_global (machine, callee)) {
    case PT_G_DICT:
    case PT_G_DEFAULTS:
        given = made ? PT_V_NONE : pt_item (machine, arguments, pt_global (machine, callee) == PT_G_DEFAULTS);
        TENON_TRY (visit_dict (reader, &parts, slots, given));
        is_dict = 1;
        break;
    case PT_G_ATTRIBUTES: TENON_TRY (add_state (reader, &parts, slots[PT_STATE], 0)); break;
    case PT_G_LIST:
        TENON_TRY (visit_list (reader, &parts, slots, &done));
        if (!done)
            TENON_TRY (add_state (reader, &parts, slots[PT_STATE], 0));
        break;
    default: TENON_TRY (visit_unknown (reader, &parts, slots, callee)); break;
    }
    return parts.count || is_dict ? pt_enter (reader, value, parts.frames, parts.count) : TENON_OK;
}

/* ---- all values ---- */

/* The parts of a container, or of an object. */
static tenon_status
visit_parts (struct pt_reader *reader, uint32_t value, uint8_t tensors_only)
{
    const struct pt_value *found = pt_at (&reader->machine, value);
    struct object_parts parts = { .count = 0 };
    char shown[PT_SHOWN_GLOBAL];
    switch (found->kind) {
    case PT_OBJECT: return visit_object (reader, value);
    case PT_DICT: TENON_TRY (add_entries (reader, &parts, value, 0)); break;
    case PT_TUPLE:
    case PT_LIST:
    case PT_SET: add_items (reader, &parts, value, 0); break;
    case PT_GLOBAL:
        if (!tensors_only)
            pt_lose (reader, "it is the global %s, which tenon does not look up",
                     pt_show_global (&reader->machine, value, shown));
        break;
    default: break;
    }
    return pt_enter (reader, value, parts.frames, parts.count);
}

tenon_status
pt_visit (struct pt_reader *reader, uint32_t value)
{
    uint8_t tensors_only = reader->top ? reader->frames[reader->top - 1].tensors_only : 0;
    if (pt_is_array (&reader->machine, value))
        return visit_array (reader, value);
    int32_t status = tensors_only ? PT_OTHER : pt_add_metadata (reader, value);
    return status != PT_OTHER ? status : visit_parts (reader, value, tensors_only);
}
