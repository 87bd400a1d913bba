/* SPDX-License-Identifier: MIT */
/* unpickle.c - the stack machine of pickles, protocols 0 to 5. It builds values, and calls nothing. */
#include "pt.h"

#define NEWEST_PROTOCOL 5u
/* Work is drawn each time that so many bytes were read. */
#define WORK_STEP 65536u

/* ---- the stack ---- */

static tenon_status
push_made (struct pt_machine *machine, uint32_t value)
{
    return value ? pt_push (machine, value) : (tenon_status) TENON_E_MEMORY;
}

/* Fails unless so many values lie above the last mark. */
static tenon_status
need_values (struct pt_machine *machine, uint32_t count)
{
    uint32_t floor = machine->mark_count ? machine->marks[machine->mark_count - 1] : 0;
    if (machine->depth - floor >= count)
        return TENON_OK;
    return pt_fault_at (
        machine, TENON_E_MALFORMED, machine->at - 1, "its opcode 0x%02x needs %u value%s, %u lie%s on the %s",
        machine->bytes[machine->at - 1], count, count == 1 ? "" : "s", machine->depth - floor,
        machine->depth - floor == 1 ? "s" : "", machine->mark_count ? "stack above the mark" : "stack");
}

/* Takes the mark away: *first is the place of the first value above it, *count the number of them. */
static tenon_status
take_mark (struct pt_machine *machine, uint32_t *first, uint32_t *count)
{
    if (!machine->mark_count)
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1,
                            "its opcode 0x%02x needs a mark, there is none", machine->bytes[machine->at - 1]);
    *first = machine->marks[--machine->mark_count];
    *count = machine->depth - *first;
    return TENON_OK;
}

static tenon_status
wrong_kind (struct pt_machine *machine, const char *wanted)
{
    return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1, "its opcode 0x%02x needs %s",
                        machine->bytes[machine->at - 1], wanted);
}

static tenon_status
run_mark (struct pt_machine *machine)
{
    if (machine->mark_count == machine->mark_room)
        TENON_TRY (pt_grow (machine->call, &machine->marks, &machine->mark_room, machine->mark_count + 1ull,
                            sizeof *machine->marks));
    machine->marks[machine->mark_count++] = machine->depth;
    return TENON_OK;
}

/* POP takes a value, or a mark if none lies above it. */
static tenon_status
run_pop (struct pt_machine *machine)
{
    if (machine->mark_count && machine->marks[machine->mark_count - 1] == machine->depth) {
        machine->mark_count--;
        return TENON_OK;
    }
    TENON_TRY (need_values (machine, 1));
    machine->depth--;
    return TENON_OK;
}

static tenon_status
run_pop_mark (struct pt_machine *machine)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (take_mark (machine, &first, &count));
    machine->depth = first;
    return TENON_OK;
}

static tenon_status
run_dup (struct pt_machine *machine)
{
    TENON_TRY (need_values (machine, 1));
    return pt_push (machine, machine->stack[machine->depth - 1]);
}

/* ---- the memo ---- */

/* Picklers number what they remember from 0 or 1 on, and each number takes a byte at least: one beyond the
 * bytes that were read is a lie, and would need a table of its size. */
static tenon_status
remember_top (struct pt_machine *machine, uint64_t number)
{
    TENON_TRY (need_values (machine, 1));
    if (number >= machine->at)
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1,
                            "it remembers a value as number %llu, %llu bytes after its beginning",
                            (unsigned long long) number, (unsigned long long) machine->at);
    if (number >= machine->memo_room)
        TENON_TRY (
            pt_grow (machine->call, &machine->memo, &machine->memo_room, number + 1, sizeof *machine->memo));
    machine->memo_count += machine->memo[number] == 0;
    machine->memo[number] = machine->stack[machine->depth - 1] + 1;
    return TENON_OK;
}

static tenon_status
recall_value (struct pt_machine *machine, uint64_t number)
{
    if (number >= machine->memo_room || machine->memo[number] == 0)
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1,
                            "it recalls value number %llu, which it never remembered",
                            (unsigned long long) number);
    return pt_push (machine, machine->memo[number] - 1);
}

/* The number of PUT and GET: a line, a byte or four. */
static tenon_status
take_number (struct pt_machine *machine, uint8_t opcode, uint64_t *number)
{
    uint64_t length, place = machine->at;
    *number = 0;
    if (opcode != 'p' && opcode != 'g') {
        const uint8_t *bytes = pt_take (machine, opcode == 'q' || opcode == 'h' ? 1 : 4);
        if (!bytes)
            return machine->fault.status;
        *number = opcode == 'q' || opcode == 'h' ? bytes[0] : tenon_le32 (bytes);
        return TENON_OK;
    }
    const uint8_t *text = pt_take_line (machine, &length);
    if (!text)
        return machine->fault.status;
    for (uint64_t i = 0; i < length || length == 0; i++) {
        if (length == 0 || length > 10 || text[i] < '0' || text[i] > '9')
            return pt_fault_at (machine, TENON_E_MALFORMED, place, "found no number of a remembered value");
        *number = 10 * *number + (uint64_t) (text[i] - '0');
    }
    return TENON_OK;
}

static tenon_status
run_memo (struct pt_machine *machine, uint8_t opcode)
{
    uint64_t number;
    if (opcode == 0x94)
        return remember_top (machine, machine->memo_count);
    TENON_TRY (take_number (machine, opcode, &number));
    return opcode == 'g' || opcode == 'h' || opcode == 'j' ? recall_value (machine, number)
                                                           : remember_top (machine, number);
}

/* ---- containers ---- */

/* Puts a container in the place of the last `count` values, which it holds. */
static tenon_status
gather_values (struct pt_machine *machine, uint8_t kind, uint32_t count)
{
    TENON_TRY (need_values (machine, count));
    machine->depth -= count;
    return push_made (machine, pt_new_items (machine, kind, machine->stack + machine->depth, count));
}

static tenon_status
gather_marked (struct pt_machine *machine, uint8_t kind)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (take_mark (machine, &first, &count));
    if (kind == PT_DICT && count % 2)
        return wrong_kind (machine, "a value for each key");
    return gather_values (machine, kind, count);
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
        wrong_kind (machine, kind == PT_DICT ? "a dict" : kind == PT_LIST ? "a list" : "a set");
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
    TENON_TRY (need_values (machine, count + 1));
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
    TENON_TRY (take_mark (machine, &first, &count));
    if (kind == PT_DICT && count % 2)
        return wrong_kind (machine, "a value for each key");
    return fill_container (machine, kind, count);
}

static tenon_status
run_container (struct pt_machine *machine, uint8_t opcode)
{
    switch (opcode) {
    case ']': return gather_values (machine, PT_LIST, 0);
    case '}': return gather_values (machine, PT_DICT, 0);
    case 0x8f: return gather_values (machine, PT_SET, 0);
    case 0x85: return gather_values (machine, PT_TUPLE, 1);
    case 0x86: return gather_values (machine, PT_TUPLE, 2);
    case 0x87: return gather_values (machine, PT_TUPLE, 3);
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

/* ---- calls that are not made ---- */

/* Puts an object in the place of callee and arguments. */
static tenon_status
call_nothing (struct pt_machine *machine, uint32_t callee, uint32_t arguments)
{
    uint8_t kind = pt_at (machine, callee)->kind;
    if (kind != PT_GLOBAL && kind != PT_OBJECT)
        return wrong_kind (machine, "something to call");
    if (pt_at (machine, arguments)->kind != PT_TUPLE)
        return wrong_kind (machine, "a tuple of arguments");
    return push_made (machine, pt_new_object (machine, callee, arguments));
}

static tenon_status
run_reduce (struct pt_machine *machine)
{
    TENON_TRY (need_values (machine, 2));
    machine->depth -= 2;
    return call_nothing (machine, machine->stack[machine->depth], machine->stack[machine->depth + 1]);
}

/* Class, arguments, and those with names, which are kept as entries. */
static tenon_status
run_new_named (struct pt_machine *machine)
{
    TENON_TRY (need_values (machine, 3));
    uint32_t named = machine->stack[--machine->depth];
    if (pt_at (machine, named)->kind != PT_DICT)
        return wrong_kind (machine, "a dict of arguments");
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
    TENON_TRY (take_mark (machine, &first, &count));
    if (count == 0)
        return wrong_kind (machine, "a class");
    TENON_TRY (gather_values (machine, PT_TUPLE, count - 1));
    return run_reduce (machine);
}

static tenon_status
run_build (struct pt_machine *machine)
{
    TENON_TRY (need_values (machine, 2));
    uint32_t state = machine->stack[--machine->depth];
    struct pt_value *target = pt_at (machine, machine->stack[machine->depth - 1]);
    if (target->kind != PT_OBJECT)
        return wrong_kind (machine, "an object");
    target->as.items[PT_STATE] = state;
    return TENON_OK;
}

static tenon_status
push_global (struct pt_machine *machine, uint32_t module, uint32_t name)
{
    return push_made (machine, pt_new_global (machine, module, name));
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
    TENON_TRY (need_values (machine, 2));
    machine->depth -= 2;
    uint32_t module = machine->stack[machine->depth], name = machine->stack[machine->depth + 1];
    if (pt_at (machine, module)->kind != PT_STRING || pt_at (machine, name)->kind != PT_STRING)
        return wrong_kind (machine, "the texts of a module and a name");
    return push_global (machine, module, name);
}

/* INST: a global, called with the values above the mark. */
static tenon_status
run_instance (struct pt_machine *machine)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (take_mark (machine, &first, &count));
    TENON_TRY (gather_values (machine, PT_TUPLE, count));
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
        TENON_TRY (need_values (machine, 1));
        id = machine->stack[--machine->depth];
    }
    return push_made (machine, pt_new_storage (machine, id));
}

static tenon_status
run_object (struct pt_machine *machine, uint8_t opcode)
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

/* ---- the machine ---- */

static tenon_status
run_protocol (struct pt_machine *machine)
{
    const uint8_t *version = pt_take (machine, 1);
    if (!version)
        return machine->fault.status;
    return *version <= NEWEST_PROTOCOL ? TENON_OK
                                       : pt_fault_at (machine, TENON_E_UNSUPPORTED, machine->at - 1,
                                                      "found a pickle of protocol %u, expected at most %u",
                                                      *version, NEWEST_PROTOCOL);
}

/* A frame says how many bytes follow, for readers that fetch them at once. */
static tenon_status
run_frame (struct pt_machine *machine)
{
    const uint8_t *bytes = pt_take (machine, 8);
    if (!bytes)
        return machine->fault.status;
    return tenon_le64 (bytes) <= machine->size - machine->at ? TENON_OK
                                                             : pt_fail_short (machine, tenon_le64 (bytes));
}

static tenon_status
run_stop (struct pt_machine *machine)
{
    if (machine->mark_count)
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1, "the pickle ends above a mark");
    TENON_TRY (need_values (machine, 1));
    machine->depth--;
    machine->stopped = 1;
    return TENON_OK;
}

static tenon_status
run_other (struct pt_machine *machine, uint8_t opcode)
{
    switch (opcode) {
    case '(': return run_mark (machine);
    case '0': return run_pop (machine);
    case '1': return run_pop_mark (machine);
    case '2': return run_dup (machine);
    case '.': return run_stop (machine);
    case 0x80: return run_protocol (machine);
    case 0x95: return run_frame (machine);
    case 0x97:
    case 0x98:
        return pt_fault_at (
            machine, TENON_E_UNSUPPORTED, machine->at - 1,
            "its buffers are outside of the pickle, which only the program that wrote it can join");
    default:
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at - 1, "found 0x%02x, which is no opcode",
                            opcode);
    }
}

static tenon_status
run_opcode (struct pt_machine *machine, uint8_t opcode)
{
    /* which function runs it: m(emo), c(ontainers), o(bjects), l(iterals) or another; ASCII, and 0x80 on */
    static const char runners[256] = {
        ['p'] = 'm',  ['q'] = 'm', ['r'] = 'm',  ['g'] = 'm',  ['h'] = 'm',  ['j'] = 'm',  [0x94] = 'm',
        [']'] = 'c',  ['}'] = 'c', [0x8f] = 'c', [0x85] = 'c', [0x86] = 'c', [0x87] = 'c', ['t'] = 'c',
        ['l'] = 'c',  ['d'] = 'c', [0x91] = 'c', ['a'] = 'c',  ['s'] = 'c',  ['e'] = 'c',  ['u'] = 'c',
        [0x90] = 'c', ['c'] = 'o', [0x93] = 'o', ['R'] = 'o',  [0x81] = 'o', [0x92] = 'o', ['o'] = 'o',
        ['i'] = 'o',  ['b'] = 'o', ['P'] = 'o',  ['Q'] = 'o',  [0x82] = 'o', [0x83] = 'o', [0x84] = 'o'
    };
    switch (runners[opcode]) {
    case 'm': return run_memo (machine, opcode);
    case 'c': return run_container (machine, opcode);
    case 'o': return run_object (machine, opcode);
    default: {
        int32_t status = pt_run_literal (machine, opcode);
        return status == PT_OTHER ? run_other (machine, opcode) : status;
    }
    }
}

tenon_status
pt_unpickle (struct pt_machine *machine, uint32_t *root)
{
    machine->depth = machine->mark_count = machine->stopped = 0;
    machine->memo_count = 0;
    if (machine->memo_room)
        memset (machine->memo, 0, machine->memo_room * sizeof *machine->memo);
    machine->fault.status = TENON_OK;
    machine->drawn = machine->at;
    while (!machine->stopped) {
        const uint8_t *opcode = pt_take (machine, 1);
        if (!opcode)
            return pt_fault_at (machine, TENON_E_TRUNCATED, machine->at,
                                "the pickle ends before its last opcode");
        TENON_TRY (run_opcode (machine, *opcode));
        if (machine->at - machine->drawn >= WORK_STEP) {
            TENON_TRY (machine->call->host->work (machine->call, WORK_STEP));
            machine->drawn += WORK_STEP;
        }
    }
    *root = machine->stack[machine->depth];
    return TENON_OK;
}
