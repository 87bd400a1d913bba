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
pt_take (struct pt_machine *machine, uint64_t length)
{
    const uint8_t *found = machine->bytes + machine->at;
    if (length > machine->size - machine->at) {
        pt_fail_short (machine, length);
        return NULL;
    }
    machine->at += length;
    return found;
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
pt_push (struct pt_machine *machine, uint32_t value)
{
    if (machine->depth == machine->stack_room)
        TENON_TRY (pt_grow (machine->call, &machine->stack, &machine->stack_room, machine->depth + 1ull,
                            sizeof *machine->stack));
    machine->stack[machine->depth++] = value;
    return TENON_OK;
}
