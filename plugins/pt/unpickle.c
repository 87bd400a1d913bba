/* SPDX-License-Identifier: MIT */
/* unpickle.c - the stack machine of pickles, protocols 0 to 5. It builds values, and calls nothing. */
#include "pt.h"

#define NEWEST_PROTOCOL 5u
/* Work is drawn each time that so many bytes were read. */
#define WORK_STEP 65536u

/* ---- marks ---- */

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
    TENON_TRY (pt_need_values (machine, 1));
    machine->depth--;
    return TENON_OK;
}

static tenon_status
run_pop_mark (struct pt_machine *machine)
{
    uint32_t first = 0, count = 0;
    TENON_TRY (pt_take_mark (machine, &first, &count));
    machine->depth = first;
    return TENON_OK;
}

static tenon_status
run_dup (struct pt_machine *machine)
{
    TENON_TRY (pt_need_values (machine, 1));
    return pt_push (machine, machine->stack[machine->depth - 1]);
}

/* ---- the memo ---- */

/* Picklers number what they remember from 0 or 1 on, and each number takes a byte at least: one beyond the
 * bytes that were read is a lie, and would need a table of its size. */
static tenon_status
remember_top (struct pt_machine *machine, uint64_t number)
{
    TENON_TRY (pt_need_values (machine, 1));
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
    TENON_TRY (pt_need_values (machine, 1));
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
    case 'c': return pt_run_container (machine, opcode);
    case 'o': return pt_run_object (machine, opcode);
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
