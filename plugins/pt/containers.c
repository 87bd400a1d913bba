/* SPDX-License-Identifier: MIT */
/* containers.c - the opcodes of lists, tuples, dicts and sets. */
#include "pt.h"

tenon_status
pt_gather_values (struct pt_machine *machine, uint8_t kind, uint32_t count)
{
    TENON_TRY (pt_need_values (machine, count));
    machine->depth -= count;
    return pt_push_made (machine, pt_new_items (machine, kind, machine->stack + machine->depth, count));
}

static tenon_status
gather_marked (struct pt_machine *machine, uint8_t kind)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (pt_take_mark (machine, &first, &count));
    if (kind == PT_DICT && count % 2)
        return pt_wrong_kind (machine, "a value for each key");
    return pt_gather_values (machine, kind, count);
}

/* The container that takes items for this value: itself, or the slot of an object. 0: a failure. */
static uint32_t
container_of (struct pt_machine *machine, uint32_t value, uint8_t kind)
{
    struct pt_value *target = pt_at (machine, value);
    unsigned slot = kind == PT_DICT ? PT_ENTRIES : PT_ITEMS;
    if (target->kind == kind)
        return value;
    if (target->kind != PT_OBJECT) {
        pt_wrong_kind (machine, kind == PT_DICT ? "a dict" : kind == PT_LIST ? "a list" : "a set");
        return 0;
    }
    uint32_t *slots = target->as.items;
    if (!slots[slot])
        slots[slot] = pt_new (machine, kind == PT_DICT ? PT_DICT : PT_LIST);
    return slots[slot];
}

/* Moves the last `count` values into the container below them. */
static tenon_status
fill_container (struct pt_machine *machine, uint8_t kind, uint32_t count)
{
    TENON_TRY (pt_need_values (machine, count + 1));
    uint32_t container = container_of (machine, machine->stack[machine->depth - count - 1], kind);
    if (!container)
        return machine->fault.status < 0 ? machine->fault.status : (tenon_status) TENON_E_MEMORY;
    TENON_TRY (pt_extend (machine, container, machine->stack + machine->depth - count, count));
    machine->depth -= count;
    return TENON_OK;
}

static tenon_status
fill_marked (struct pt_machine *machine, uint8_t kind)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (pt_take_mark (machine, &first, &count));
    if (kind == PT_DICT && count % 2)
        return pt_wrong_kind (machine, "a value for each key");
    return fill_container (machine, kind, count);
}

tenon_status
pt_run_container (struct pt_machine *machine, uint8_t opcode)
{
    switch (opcode) {
    case ']': return pt_gather_values (machine, PT_LIST, 0);
    case '}': return pt_gather_values (machine, PT_DICT, 0);
    case 0x8f: return pt_gather_values (machine, PT_SET, 0);
    case 0x85: return pt_gather_values (machine, PT_TUPLE, 1);
    case 0x86: return pt_gather_values (machine, PT_TUPLE, 2);
    case 0x87: return pt_gather_values (machine, PT_TUPLE, 3);
    case 't': return gather_marked (machine, PT_TUPLE);
    case 'l': return gather_marked (machine, PT_LIST);
    case 'd': return gather_marked (machine, PT_DICT);
    case 0x91: return gather_marked (machine, PT_SET);
    case 'a': return fill_container (machine, PT_LIST, 1);
    case 's': return fill_container (machine, PT_DICT, 2);
    case 'e': return fill_marked (machine, PT_LIST);
    case 'u': return fill_marked (machine, PT_DICT);
    default: return fill_marked (machine, PT_SET);
    }
}
