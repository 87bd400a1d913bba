/* SPDX-License-Identifier: MIT */
/* values.c - the values of a pickle, in scratch memory: each takes 16 bytes, and refers to others by number.
 */
#include "pt.h"
#include <tenon/json.h>

#define CHUNK 65536u /* bytes of scratch memory for small pieces */
#define WORK_STEP 65536u
#define MOST_VALUES (UINT32_MAX / 2)

/* ---- memory ---- */

void *
pt_room (struct pt_machine *machine, uint64_t size)
{
    size = (size + 7) & ~(uint64_t) 7;
    if (size > CHUNK / 4)
        return machine->call->host->scratch (machine->call, size);
    if (size > machine->room_left) {
        if (!(machine->room = machine->call->host->scratch (machine->call, CHUNK)))
            return NULL;
        machine->room_left = CHUNK;
    }
    void *found = machine->room;
    machine->room += size;
    machine->room_left -= size;
    return found;
}

tenon_status
pt_draw (struct pt_machine *machine, uint64_t amount)
{
    for (machine->owed += amount; machine->owed >= WORK_STEP; machine->owed -= WORK_STEP)
        TENON_TRY (machine->call->host->work (machine->call, WORK_STEP));
    return TENON_OK;
}

tenon_status
pt_grow (struct tenon_call *call, void *table, uint32_t *room, uint64_t wanted, uint64_t item)
{
    uint64_t more = *room;
    if (wanted > MOST_VALUES)
        return tenon_fail (call, TENON_E_LIMIT, TENON_AUTO, "the pickle needs tables of more than %u items",
                           MOST_VALUES);
    TENON_TRY (tenon_grow (call, table, &more, wanted, item));
    *room = (uint32_t) more;
    return TENON_OK;
}

/* ---- values ---- */

uint32_t
pt_new (struct pt_machine *machine, uint8_t kind)
{
    uint32_t value = machine->value_count;
    if (value >> PT_BLOCK_BITS == machine->block_count) {
        if (pt_grow (machine->call, &machine->blocks, &machine->block_room, machine->block_count + 1ull,
                     sizeof *machine->blocks)
            < 0)
            return 0;
        struct pt_value *block = machine->call->host->scratch (machine->call, sizeof *block << PT_BLOCK_BITS);
        if (!block)
            return 0;
        machine->blocks[machine->block_count++] = block;
    }
    machine->value_count++;
    pt_at (machine, value)->kind = kind;
    return value;
}

uint32_t
pt_new_int (struct pt_machine *machine, int64_t number)
{
    if (number >= 0 && number < 256)
        return PT_V_BYTE + (uint32_t) number;
    uint32_t value = pt_new (machine, PT_INT);
    if (value)
        pt_at (machine, value)->as.i = number;
    return value;
}

uint32_t
pt_new_bytes (struct pt_machine *machine, uint8_t kind, const uint8_t *bytes, uint64_t count)
{
    if (count > UINT32_MAX) {
        tenon_fail_text (machine->call, TENON_E_LIMIT, 0, TENON_AUTO,
                         "the pickle has a text of %llu bytes, at most %u are read",
                         (unsigned long long) count, UINT32_MAX);
        return 0;
    }
    uint32_t value = pt_new (machine, kind);
    if (value) {
        pt_at (machine, value)->as.bytes = bytes;
        pt_at (machine, value)->count = (uint32_t) count;
    }
    return value;
}

uint32_t
pt_new_items (struct pt_machine *machine, uint8_t kind, const uint32_t *items, uint32_t count)
{
    uint32_t *copy = NULL, value;
    if (kind == PT_TUPLE && count == 0)
        return PT_V_EMPTY;
    if (kind != PT_TUPLE) {
        value = pt_new (machine, kind);
        return value && pt_extend (machine, value, items, count) < 0 ? 0 : value;
    }
    if (!(copy = pt_room (machine, count * sizeof *copy)) || !(value = pt_new (machine, kind)))
        return 0;
    memcpy (copy, items, count * sizeof *copy);
    pt_at (machine, value)->as.items = copy;
    pt_at (machine, value)->count = count;
    return value;
}

uint32_t
pt_new_object (struct pt_machine *machine, uint32_t callee, uint32_t arguments)
{
    uint32_t *slots = pt_room (machine, PT_SLOTS * sizeof *slots), value;
    if (!slots || !(value = pt_new (machine, PT_OBJECT)))
        return 0;
    memset (slots, 0, PT_SLOTS * sizeof *slots);
    slots[PT_CALLEE] = callee;
    slots[PT_ARGUMENTS] = arguments;
    pt_at (machine, value)->as.items = slots;
    return value;
}

/* The items that a container of so many has room for. */
static uint64_t
items_room (uint64_t count)
{
    return count <= 4 ? 4 : (uint64_t) 1 << (64 - __builtin_clzll (count - 1));
}

tenon_status
pt_extend (struct pt_machine *machine, uint32_t value, const uint32_t *items, uint32_t count)
{
    struct pt_value *to = pt_at (machine, value);
    uint64_t total = (uint64_t) to->count + count;
    if (count == 0)
        return TENON_OK;
    if (total > MOST_VALUES)
        return tenon_fail (machine->call, TENON_E_LIMIT, TENON_AUTO,
                           "a list of the pickle has more than %u items", MOST_VALUES);
    if (to->count == 0 || items_room (to->count) < total) {
        uint32_t *grown = pt_room (machine, items_room (total) * sizeof *grown);
        if (!grown)
            return TENON_E_MEMORY;
        if (to->count > 0)
            memcpy (grown, to->as.items, to->count * sizeof *grown);
        to->as.items = grown;
    }
    memcpy (to->as.items + to->count, items, count * sizeof *items);
    to->count = (uint32_t) total;
    return TENON_OK;
}

tenon_status
pt_begin (struct pt_machine *machine, struct tenon_call *call)
{
    memset (machine, 0, sizeof *machine);
    machine->call = call;
    /* empty containers take no values from the stack, which has a place all the same */
    TENON_TRY (pt_grow (call, &machine->stack, &machine->stack_room, 1, sizeof *machine->stack));
    if (!pt_new (machine, PT_NONE) && !machine->block_count)
        return TENON_E_MEMORY;
    /* the first block has room for all of these */
    pt_new (machine, PT_BOOL);
    pt_at (machine, pt_new (machine, PT_BOOL))->as.i = 1;
    pt_new (machine, PT_TUPLE);
    for (int64_t i = 0; i < 256; i++)
        pt_at (machine, pt_new (machine, PT_INT))->as.i = i;
    return TENON_OK;
}

/* ---- looking at values ---- */

int
pt_is (const struct pt_value *value, const char *text)
{
    size_t length = strlen (text);
    return (value->kind == PT_STRING || value->kind == PT_BYTES) && value->count == length
           && memcmp (value->as.bytes, text, length) == 0;
}

int
pt_utf8 (const uint8_t *bytes, uint64_t length)
{
    return length == 0 || (!memchr (bytes, 0, length) && tenon_json_is_utf8 (bytes, length));
}

const char *
pt_show (const uint8_t *bytes, uint64_t length, char shown[PT_SHOWN])
{
    uint64_t count = length < PT_SHOWN - 4 ? length : PT_SHOWN - 4;
    for (uint64_t i = 0; i < count; i++)
        shown[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char) bytes[i] : '?';
    memcpy (shown + count, length > count ? "..." : "", length > count ? 4 : 1);
    return shown;
}

tenon_status
pt_fault_at (struct pt_machine *machine, tenon_status status, uint64_t place, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    machine->fault.status = status;
    machine->fault.place = place;
    vsnprintf (machine->fault.words, sizeof machine->fault.words, format, list);
    va_end (list);
    return status;
}
