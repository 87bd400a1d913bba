/* SPDX-License-Identifier: MIT */
/* objects.c - the opcodes of globals, objects and calls, which are not made. */
#include "pt.h"

/* Puts an object in the place of callee and arguments. */
static tenon_status
call_nothing (struct pt_machine *machine, uint32_t callee, uint32_t arguments)
{
    uint8_t kind = pt_at (machine, callee)->kind;
    if (kind != PT_GLOBAL && kind != PT_OBJECT)
        return pt_wrong_kind (machine, "something to call");
    if (pt_at (machine, arguments)->kind != PT_TUPLE)
        return pt_wrong_kind (machine, "a tuple of arguments");
    return pt_push_made (machine, pt_new_object (machine, callee, arguments));
}

static tenon_status
run_reduce (struct pt_machine *machine)
{
    TENON_TRY (pt_need_values (machine, 2));
    machine->depth -= 2;
    return call_nothing (machine, machine->stack[machine->depth], machine->stack[machine->depth + 1]);
}

/* Class, arguments, and those with names, which are kept as entries. */
static tenon_status
run_new_named (struct pt_machine *machine)
{
    TENON_TRY (pt_need_values (machine, 3));
    uint32_t named = machine->stack[--machine->depth];
    if (pt_at (machine, named)->kind != PT_DICT)
        return pt_wrong_kind (machine, "a dict of arguments");
    TENON_TRY (run_reduce (machine));
    pt_at (machine, machine->stack[machine->depth - 1])->as.items[PT_ENTRIES] =
        pt_at (machine, named)->count > 0 ? named : 0;
    return TENON_OK;
}

/* OBJ: a mark, a class and arguments. */
static tenon_status
run_old_object (struct pt_machine *machine)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (pt_take_mark (machine, &first, &count));
    if (count == 0)
        return pt_wrong_kind (machine, "a class");
    TENON_TRY (pt_gather_values (machine, PT_TUPLE, count - 1));
    return run_reduce (machine);
}

static tenon_status
run_build (struct pt_machine *machine)
{
    TENON_TRY (pt_need_values (machine, 2));
    uint32_t state = machine->stack[--machine->depth];
    struct pt_value *target = pt_at (machine, machine->stack[machine->depth - 1]);
    if (target->kind != PT_OBJECT)
        return pt_wrong_kind (machine, "an object");
    target->as.items[PT_STATE] = state;
    return TENON_OK;
}

static tenon_status
push_global (struct pt_machine *machine, uint32_t module, uint32_t name)
{
    return pt_push_made (machine, pt_new_global (machine, module, name));
}

/* Two lines: module and name. */
static tenon_status
run_global (struct pt_machine *machine)
{
    uint64_t module_length, name_length;
    const uint8_t *module = pt_take_line (machine, &module_length);
    const uint8_t *name = module ? pt_take_line (machine, &name_length) : NULL;
    uint32_t first, second;
    if (!name)
        return machine->fault.status;
    if (!(first = pt_new_bytes (machine, PT_STRING, module, module_length))
        || !(second = pt_new_bytes (machine, PT_STRING, name, name_length)))
        return TENON_E_MEMORY;
    return push_global (machine, first, second);
}

static tenon_status
run_stack_global (struct pt_machine *machine)
{
    TENON_TRY (pt_need_values (machine, 2));
    machine->depth -= 2;
    uint32_t module = machine->stack[machine->depth], name = machine->stack[machine->depth + 1];
    if (pt_at (machine, module)->kind != PT_STRING || pt_at (machine, name)->kind != PT_STRING)
        return pt_wrong_kind (machine, "the texts of a module and a name");
    return push_global (machine, module, name);
}

/* INST: a global, called with the values above the mark. */
static tenon_status
run_instance (struct pt_machine *machine)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (pt_take_mark (machine, &first, &count));
    TENON_TRY (pt_gather_values (machine, PT_TUPLE, count));
    uint32_t arguments = machine->stack[--machine->depth];
    TENON_TRY (run_global (machine));
    return call_nothing (machine, machine->stack[--machine->depth], arguments);
}

/* A number that stands for a global in a table of the program that wrote it. */
static tenon_status
run_extension (struct pt_machine *machine, uint8_t opcode)
{
    static const char module[] = "copyreg extension";
    unsigned width = opcode == 0x82 ? 1 : opcode == 0x83 ? 2 : 4;
    const uint8_t *bytes = pt_take (machine, width);
    char *name = bytes ? pt_room (machine, 16) : NULL;
    uint32_t first, second;
    if (!bytes)
        return machine->fault.status;
    if (!name)
        return TENON_E_MEMORY;
    int length = snprintf (name, 16, "%u",
                           width == 1   ? bytes[0]
                           : width == 2 ? tenon_le16 (bytes)
                                        : tenon_le32 (bytes));
    if (!(first = pt_new_bytes (machine, PT_STRING, (const uint8_t *) module, sizeof module - 1))
        || !(second = pt_new_bytes (machine, PT_STRING, (const uint8_t *) name, (uint64_t) length)))
        return TENON_E_MEMORY;
    return push_global (machine, first, second);
}

static tenon_status
run_persistent (struct pt_machine *machine, uint8_t opcode)
{
    uint64_t length;
    uint32_t id;
    if (opcode == 'P') {
        const uint8_t *text = pt_take_line (machine, &length);
        if (!text)
            return machine->fault.status;
        if (!(id = pt_new_bytes (machine, PT_STRING, text, length)))
            return TENON_E_MEMORY;
    } else {
        TENON_TRY (pt_need_values (machine, 1));
        id = machine->stack[--machine->depth];
    }
    return pt_push_made (machine, pt_new_storage (machine, id));
}

tenon_status
pt_run_object (struct pt_machine *machine, uint8_t opcode)
{
    switch (opcode) {
    case 'c': return run_global (machine);
    case 0x93: return run_stack_global (machine);
    case 'R':
    case 0x81: return run_reduce (machine);
    case 0x92: return run_new_named (machine);
    case 'o': return run_old_object (machine);
    case 'i': return run_instance (machine);
    case 'b': return run_build (machine);
    case 'P':
    case 'Q': return run_persistent (machine, opcode);
    default: return run_extension (machine, opcode);
    }
}
