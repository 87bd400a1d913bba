/* SPDX-License-Identifier: MIT */
/* stack.c - the bytes of a pickle, one after the other, and the stack on which its values lie. */
#include "pt.h"

/* ---- bytes ---- */

tenon_status
pt_fail_short (struct pt_machine *machine, uint64_t length)
{
    uint64_t left = machine->size - machine->at;
    machine->need = length > UINT64_MAX - machine->at ? UINT64_MAX : machine->at + length;
    return pt_fault_at (machine, TENON_E_TRUNCATED, machine->at,
                        "the pickle needs %llu bytes here, %llu are left", (unsigned long long) length,
                        (unsigned long long) left);
}

const uint8_t *
pt_take_line (struct pt_machine *machine, uint64_t *length)
{
    const uint8_t *found = machine->bytes + machine->at;
    const uint8_t *end = memchr (found, '\n', machine->size - machine->at);
    if (!end) {
        machine->need = machine->size + 1;
        pt_fault_at (machine, TENON_E_TRUNCATED, machine->at, "the pickle ends within a line");
        return NULL;
    }
    *length = (uint64_t) (end - found);
    machine->at += *length + 1;
    return found;
}

/* ---- the stack ---- */

tenon_status
pt_widen_stack (struct pt_machine *machine)
{
    return pt_grow (machine->call, &machine->stack, &machine->stack_room, machine->depth + 1ull,
                    sizeof *machine->stack);
}

tenon_status
pt_push_made (struct pt_machine *machine, uint32_t value)
{
    return value ? pt_push (machine, value) : (tenon_status) TENON_E_MEMORY;
}

tenon_status
pt_fail_values (struct pt_machine *machine, uint32_t count)
{
    uint32_t floor = machine->mark_count ? machine->marks[machine->mark_count - 1] : 0;
    return pt_fault_at (
        machine, TENON_E_MALFORMED, machine->at - 1, "its opcode 0x%02x needs %u value%s, %u lie%s on the %s",
        machine->bytes[machine->at - 1], count, count == 1 ? "" : "s", machine->depth - floor,
        machine->depth - floor == 1 ? "s" : "", machine->mark_count ? "stack above the mark" : "stack");
}

tenon_status
pt_take_mark (struct pt_machine *machine, uint32_t *first, uint32_t *count)
{
    if (!machine->mark_count)
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1,
                            "its opcode 0x%02x needs a mark, there is none", machine->bytes[machine->at - 1]);
    *first = machine->marks[--machine->mark_count];
    *count = machine->depth - *first;
    return TENON_OK;
}

tenon_status
pt_wrong_kind (struct pt_machine *machine, const char *wanted)
{
    return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1, "its opcode 0x%02x needs %s",
                        machine->bytes[machine->at - 1], wanted);
}
