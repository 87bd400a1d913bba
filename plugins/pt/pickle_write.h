/* SPDX-License-Identifier: MIT */
/* pickle_write.h - pickles of protocol 2, as Python's own pickler writes them: the same opcodes, the same
 * numbers in the memo. Only torch.load's weights_only, which knows few opcodes, needs to read them. */
#ifndef PT_PICKLE_WRITE_H
#define PT_PICKLE_WRITE_H

#include <tenon/plugin.h>

#define PT_OUT_BYTES 65536u /* of the buffer */
/* The items after which Python's pickler begins a new list or dict of arguments. */
#define PT_BATCH 1000u

/* The pickle opcodes that are written. */
enum {
    PT_OP_MARK = '(',
    PT_OP_STOP = '.',
    PT_OP_NONE = 'N',
    PT_OP_TRUE = 0x88,
    PT_OP_FALSE = 0x89,
    PT_OP_INT1 = 'K',
    PT_OP_INT2 = 'M',
    PT_OP_INT4 = 'J',
    PT_OP_LONG1 = 0x8a,
    PT_OP_FLOAT = 'G',
    PT_OP_UNICODE = 'X',
    PT_OP_GLOBAL = 'c',
    PT_OP_REDUCE = 'R',
    PT_OP_PERSISTENT = 'Q',
    PT_OP_BUILD = 'b',
    PT_OP_EMPTY_TUPLE = ')',
    PT_OP_TUPLE1 = 0x85,
    PT_OP_TUPLE2 = 0x86,
    PT_OP_TUPLE3 = 0x87,
    PT_OP_TUPLE = 't',
    PT_OP_EMPTY_LIST = ']',
    PT_OP_APPEND = 'a',
    PT_OP_APPENDS = 'e',
    PT_OP_EMPTY_DICT = '}',
    PT_OP_SETITEM = 's',
    PT_OP_SETITEMS = 'u',
    PT_OP_PUT1 = 'q',
    PT_OP_PUT4 = 'r',
    PT_OP_GET1 = 'h',
    PT_OP_GET4 = 'j',
    PT_OP_PROTOCOL = 0x80
};

/* A place in the memo. 0 stands for none yet; else it is the number in the memo + 1. */
typedef uint32_t pt_memo;

/* A pickle that is being written. The first failure stays in `status`, and nothing is written after it. */
struct pt_out {
    struct tenon_call *call;
    tenon_status status;
    uint32_t length;
    uint8_t *bytes;
    uint32_t memos; /* numbers given */
};

tenon_status pt_open_out (struct pt_out *out, struct tenon_call *call);
/* Puts what is in the buffer, and returns the status. */
tenon_status pt_flush_out (struct pt_out *out);

void pt_put_byte (struct pt_out *out, uint32_t byte);
void pt_put_bytes (struct pt_out *out, const void *bytes, uint64_t length);
/* Gives the value on the stack the next number of the memo. */
pt_memo pt_put_memo (struct pt_out *out);
/* If the value is in the memo, writes that, and returns 1. */
int pt_put_again (struct pt_out *out, pt_memo memo);

void pt_put_integer (struct pt_out *out, int64_t value);
/* Beyond 2^63 - 1, too. */
void pt_put_unsigned (struct pt_out *out, uint64_t value);
void pt_put_float (struct pt_out *out, double value);
/* UTF-8. */
void pt_put_string (struct pt_out *out, const char *text, uint64_t length);
/* A string that is written once: *memo is 0 before. */
void pt_put_shared (struct pt_out *out, const char *text, pt_memo *memo);
/* "MODULE\nNAME\n"; *memo as above. */
void pt_put_global (struct pt_out *out, const char *module, const char *name, pt_memo *memo);
/* The tuple of `count` numbers. */
void pt_put_numbers (struct pt_out *out, const uint64_t *numbers, uint32_t count);

/* ---- lists and dicts: begin, then after each of `count` items pt_put_between, which also ends the batch
 * ---- */

void pt_begin_items (struct pt_out *out, uint64_t count);
/* `one` and `many` are the opcodes of this kind. `done` items of `count` are written. */
void pt_end_item (struct pt_out *out, uint64_t done, uint64_t count, uint32_t one, uint32_t many);

#endif
