/* SPDX-License-Identifier: MIT */
/* wire.c - structs of the ABI on their way between the program and an isolated child. */
#include "codec/wire.h"
#include <stdio.h>

static void
put_string (struct tn_channel *channel, const char *text)
{
    tn_channel_put_text (channel, text, text ? strlen (text) : 0);
}

/* ---- failures ---- */

void
tn_wire_put_error (struct tn_channel *channel, const tenon_error *error)
{
    tn_channel_put_u32 (channel, (uint32_t) error->status);
    if (error->status == TENON_OK)
        return;
    tn_channel_put_u64 (channel, error->offset);
    put_string (channel, error->message);
    put_string (channel, error->file);
    put_string (channel, error->tensor);
    put_string (channel, error->advice);
    tn_channel_put_u32 (channel, (uint32_t) error->system);
}

/* The child is not trusted: its text may have any bytes, but those of a message that the library made are
 * printable and stay as they are. */
static void
get_words (struct tn_channel *channel, char *words, size_t room)
{
    uint64_t length;
    const char *text = tn_channel_get_text (channel, &length);
    TN_FREE char *copy = tn_strndup (text ? text : "", TN_MIN (length, room));
    tn_escape_message (words, room, copy ? copy : "");
}

tenon_status
tn_wire_get_error (struct tn_channel *channel, tenon_error *error)
{
    tenon_status status = (tenon_status) tn_channel_get_u32 (channel);
    char words[sizeof error->message], file[sizeof error->file], tensor[sizeof error->tensor],
        advice[sizeof error->advice];
    if (status == TENON_OK)
        return TENON_OK;
    uint64_t offset = tn_channel_get_u64 (channel);
    get_words (channel, words, sizeof words);
    get_words (channel, file, sizeof file);
    get_words (channel, tensor, sizeof tensor);
    get_words (channel, advice, sizeof advice);
    int32_t system = (int32_t) tn_channel_get_u32 (channel);
    if (status > 0)
        tn_channel_refuse (channel);
    if (channel->end != TN_CHANNEL_OPEN)
        return TENON_OK;
    status = tn_fail (error, status, offset, "%s", words);
    memcpy (error->file, file, sizeof file);
    memcpy (error->tensor, tensor, sizeof tensor);
    memcpy (error->advice, advice, sizeof advice);
    error->system = system;
    return status;
}

/* ---- dtypes ---- */

void
tn_wire_put_dtype (struct tn_channel *channel, const struct tenon_dtype *dtype)
{
    uint64_t numbers[] = { dtype->kind,      dtype->block_items, dtype->block_bytes,
                           dtype->alignment, dtype->flags,       dtype->swap ? dtype->swap_count : 0,
                           dtype->items_as,  dtype->items_flags };
    tn_channel_put (channel, numbers, sizeof numbers);
    put_string (channel, dtype->name);
    put_string (channel, dtype->family);
    put_string (channel, dtype->text);
    for (uint32_t i = 0; i < (uint32_t) numbers[5]; i++) {
        struct tenon_swap_field field = { 0 };
        memcpy (&field, (const char *) dtype->swap + (size_t) i * dtype->swap_size,
                TN_MIN (dtype->swap_size, sizeof field));
        tn_channel_put (channel, &field, sizeof field);
    }
}

struct tenon_dtype *
tn_wire_get_dtype (struct tn_channel *channel, struct tn_arena *arena, uint64_t most)
{
    uint64_t numbers[8];
    tn_channel_get (channel, numbers, sizeof numbers);
    struct tenon_dtype *dtype = tn_arena_get (arena, sizeof *dtype, true);
    if (!dtype)
        return NULL;
    *dtype = (struct tenon_dtype){ .struct_size = sizeof *dtype,
                                   .kind = (uint32_t) numbers[0],
                                   .block_items = numbers[1],
                                   .block_bytes = numbers[2],
                                   .alignment = (uint32_t) numbers[3],
                                   .flags = (uint32_t) numbers[4],
                                   .swap_size = sizeof *dtype->swap,
                                   .swap_count = (uint32_t) numbers[5],
                                   .items_as = (uint32_t) numbers[6],
                                   .items_flags = (uint32_t) numbers[7] };
    dtype->name = tn_wire_get_text (channel, arena, most);
    dtype->family = tn_wire_get_text (channel, arena, most);
    dtype->text = tn_wire_get_text (channel, arena, most);
    uint64_t size = (uint64_t) dtype->swap_count * sizeof *dtype->swap;
    void *swap = tn_wire_get_room (channel, arena, size, most);
    if (!swap || !tn_channel_get (channel, swap, size))
        return NULL;
    dtype->swap = swap;
    return dtype;
}

/* ---- tensors ---- */

struct wire_tensor {
    uint32_t dtype, rank, flags, storage, source, has_name;
    uint64_t offset, length, place, state_size, name_length, has_strides, has_chunks, has_grid;
};

void
tn_wire_put_tensor (struct tn_channel *channel, const struct tenon_tensor *tensor)
{
    struct wire_tensor wire = { tensor->dtype,
                                tensor->rank,
                                tensor->flags,
                                tensor->storage,
                                tensor->source,
                                tensor->name != NULL,
                                tensor->offset,
                                tensor->length,
                                tensor->place,
                                tensor->state_size,
                                tensor->name ? tensor->name_length : 0,
                                tensor->strides != NULL,
                                tensor->chunk_shape != NULL,
                                tensor->grid != NULL };
    tn_channel_put (channel, &wire, sizeof wire);
    tn_channel_put (channel, tensor->shape, tensor->rank * sizeof *tensor->shape);
    if (tensor->strides)
        tn_channel_put (channel, tensor->strides, tensor->rank * sizeof *tensor->strides);
    if (tensor->chunk_shape)
        tn_channel_put (channel, tensor->chunk_shape, tensor->rank * sizeof *tensor->chunk_shape);
    if (tensor->grid)
        tn_wire_put_grid (channel, tensor);
    tn_channel_put (channel, tensor->state, tensor->state_size);
    tn_channel_put (channel, tensor->name, wire.name_length);
}

bool
tn_wire_get_tensor (struct tn_channel *channel, struct tenon_tensor *tensor, uint64_t *shape,
                    struct tn_arena *arena)
{
    struct wire_tensor wire;
    if (!tn_channel_get (channel, &wire, sizeof wire))
        return false;
    if (wire.rank > 64 || wire.state_size > TENON_MOST_STATE) {
        tn_channel_refuse (channel);
        return false;
    }
    if (!tn_channel_get (channel, shape, wire.rank * sizeof *shape))
        return false;
    uint64_t bytes = wire.has_strides ? wire.rank * sizeof (int64_t) : 0;
    int64_t *strides = wire.has_strides ? tn_wire_get_room (channel, arena, bytes, bytes) : NULL;
    if (wire.has_strides && (!strides || !tn_channel_get (channel, strides, bytes)))
        return false;
    uint64_t *chunk_shape = NULL;
    struct tenon_grid *grid = NULL;
    if (wire.has_chunks
        && (!(chunk_shape = tn_wire_get_room (channel, arena, wire.rank * sizeof *chunk_shape, UINT64_MAX))
            || !tn_channel_get (channel, chunk_shape, wire.rank * sizeof *chunk_shape)))
        return false;
    if (wire.has_grid && !(grid = tn_wire_get_grid (channel, wire.rank, arena)))
        return false;
    void *state =
        wire.state_size ? tn_wire_get_room (channel, arena, wire.state_size, TENON_MOST_STATE) : NULL;
    if (wire.state_size && (!state || !tn_channel_get (channel, state, wire.state_size)))
        return false;
    *tensor = (struct tenon_tensor){ .struct_size = sizeof *tensor,
                                     .dtype = wire.dtype,
                                     .name_length = wire.name_length,
                                     .shape = shape,
                                     .rank = wire.rank,
                                     .flags = wire.flags,
                                     .storage = wire.storage,
                                     .source = wire.source,
                                     .offset = wire.offset,
                                     .length = wire.length,
                                     .place = wire.place,
                                     .state = state,
                                     .state_size = wire.state_size,
                                     .alias_of = TENON_AUTO,
                                     .strides = strides,
                                     .chunk_shape = chunk_shape,
                                     .grid = grid };
    const char *name = tn_channel_view (channel, wire.name_length);
    if (wire.has_name)
        tensor->name = name;
    return name != NULL;
}

/* ---- parts ---- */

void
tn_wire_put_part (struct tn_channel *channel, const struct tenon_part *part)
{
    uint64_t count = part->block_size > 0 && part->block_ends
                         ? part->size / part->block_size + (part->size % part->block_size > 0)
                         : 0;
    uint64_t numbers[] = { part->source,     part->lead,  part->offset, part->stored,      part->size,
                           part->block_size, part->check, part->flags,  part->check_value, count,
                           part->place };
    tn_channel_put (channel, numbers, sizeof numbers);
    tn_wire_put_steps (channel, part->steps, part->step_size, part->step_count);
    tn_channel_put_text (channel, part->name, part->name_length);
    if (count > 0)
        tn_channel_put (channel, part->block_ends, count * sizeof *part->block_ends);
}

struct tenon_part *
tn_wire_get_part (struct tn_channel *channel, struct tn_arena *arena, uint64_t most)
{
    uint64_t numbers[11], size = 0, length;
    tn_channel_get (channel, numbers, sizeof numbers);
    struct tenon_part *part = tn_arena_get (arena, sizeof *part, true);
    if (!part)
        return NULL;
    *part = (struct tenon_part){ .struct_size = sizeof *part,
                                 .source = (uint32_t) numbers[0],
                                 .lead = numbers[1],
                                 .offset = numbers[2],
                                 .stored = numbers[3],
                                 .size = numbers[4],
                                 .block_size = numbers[5],
                                 .check = (uint32_t) numbers[6],
                                 .flags = (uint32_t) numbers[7],
                                 .check_value = numbers[8],
                                 .place = numbers[10] };
    if (!tn_wire_get_steps (channel, arena, most, &part->steps, &part->step_count))
        return NULL;
    part->step_size = sizeof *part->steps;
    const char *name = tn_channel_get_text (channel, &length);
    char *copy = tn_wire_get_room (channel, arena, length + 1, most);
    if (!copy)
        return NULL;
    if (name) {
        memcpy (copy, name, length);
        part->name = copy;
        part->name_length = length;
    }
    copy[length] = 0;
    if (numbers[9] == 0)
        return channel->end == TN_CHANNEL_OPEN ? part : NULL;
    uint64_t blocks =
        part->block_size > 0 ? part->size / part->block_size + (part->size % part->block_size > 0) : 0;
    if (blocks != numbers[9] || tn_multiply (blocks, sizeof *part->block_ends, &size))
        tn_channel_refuse (channel);
    uint64_t *ends = channel->end == TN_CHANNEL_OPEN ? tn_wire_get_room (channel, arena, size, most) : NULL;
    if (!ends || !tn_channel_get (channel, ends, size))
        return NULL;
    part->block_ends = ends;
    return part;
}

/* ---- values: a tree, each value before its items ---- */

enum { VALUE_SCALAR, VALUE_STRING, VALUE_MEMORY, VALUE_ITEMS, VALUE_RANGE };
struct wire_value {
    uint32_t type, item_type, encoding, source, form, reserved;
    uint64_t count, offset, length, bits;
};

/* Values in a map or an array that are still to come. */
struct level {
    const struct tenon_value *items;
    uint64_t left;
};
struct levels {
    struct level *stack;
    uint64_t count, room;
};

static bool
push_level (struct levels *levels, const struct tenon_value *items, uint64_t count)
{
    if (!tn_grow (&levels->stack, &levels->room, levels->count, sizeof *levels->stack))
        return false;
    levels->stack[levels->count++] = (struct level){ items, count };
    return true;
}

/* The next value, level by level; NULL: that was all. */
static const struct tenon_value *
next_value (struct levels *levels)
{
    while (levels->count > 0) {
        struct level *level = &levels->stack[levels->count - 1];
        if (level->left-- > 0)
            return level->items++;
        levels->count--;
    }
    return NULL;
}

static uint32_t
form_of_value (const struct tenon_value *value)
{
    if (tn_value_has_items (value))
        return VALUE_ITEMS;
    if (value->type != TENON_ARRAY)
        return value->type == TENON_STRING ? VALUE_STRING : VALUE_SCALAR;
    return value->source == TENON_NO_SOURCE ? VALUE_MEMORY : VALUE_RANGE;
}

bool
tn_wire_put_value (struct tn_channel *channel, const struct tenon_value *value)
{
    struct levels levels = { 0 };
    uint64_t count;
    bool good = push_level (&levels, value, 1);
    while (good && (value = next_value (&levels))) {
        struct wire_value wire = { value->type,   value->item_type,      value->encoding,
                                   value->source, form_of_value (value), 0,
                                   value->count,  value->offset,         value->length,
                                   value->as.u };
        tn_channel_put (channel, &wire, sizeof wire);
        if (wire.form == VALUE_STRING)
            tn_channel_put (channel, value->as.string, value->count);
        else if (wire.form == VALUE_MEMORY)
            tn_channel_put (channel, value->as.memory, value->length);
        else if (wire.form == VALUE_ITEMS)
            good = tn_value_item_count (value, &count) && push_level (&levels, value->as.items, count);
    }
    free (levels.stack);
    return good;
}

/* One value; *nested is the number of values in it, which follow. */
static bool
get_one_value (struct tn_channel *channel, struct tenon_value *value, struct tn_arena *arena, uint64_t most,
               uint64_t *nested)
{
    struct wire_value wire;
    uint64_t items = 0;
    *nested = 0;
    if (!tn_channel_get (channel, &wire, sizeof wire))
        return false;
    *value = (struct tenon_value){ .type = wire.type,
                                   .item_type = wire.item_type,
                                   .count = wire.count,
                                   .encoding = wire.encoding,
                                   .source = wire.source,
                                   .offset = wire.offset,
                                   .length = wire.length };
    value->as.u = wire.bits;
    bool bytes = wire.form == VALUE_STRING || wire.form == VALUE_MEMORY;
    uint64_t size = wire.form == VALUE_STRING ? wire.count : bytes ? wire.length : 0;
    if (wire.form > VALUE_RANGE || form_of_value (value) != wire.form
        || (wire.form == VALUE_ITEMS
            && (!tn_value_item_count (value, &items) || tn_multiply (items, sizeof *value, &size))))
        tn_channel_refuse (channel);
    if (wire.form == VALUE_SCALAR || wire.form == VALUE_RANGE || channel->end != TN_CHANNEL_OPEN)
        return channel->end == TN_CHANNEL_OPEN;
    if (size == UINT64_MAX)
        tn_channel_refuse (channel);
    void *room = size < UINT64_MAX ? tn_wire_get_room (channel, arena, size + 1, most) : NULL;
    value->as.memory = room;
    if (wire.form == VALUE_ITEMS)
        *nested = items;
    return room && (!bytes || tn_channel_get (channel, room, size));
}

bool
tn_wire_get_value (struct tn_channel *channel, struct tenon_value *value, struct tn_arena *arena,
                   uint64_t most)
{
    struct levels levels = { 0 };
    uint64_t used = arena->used, nested;
    bool good = push_level (&levels, value, 1);
    const struct tenon_value *next;
    while (good && (next = next_value (&levels))) {
        struct tenon_value *item = (struct tenon_value *) (uintptr_t) next;
        uint64_t taken = arena->used - used;
        good = get_one_value (channel, item, arena, taken < most ? most - taken : 0, &nested);
        if (good && nested > 0)
            good = push_level (&levels, item->as.items, nested);
    }
    free (levels.stack);
    return good;
}
