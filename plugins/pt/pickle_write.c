/* SPDX-License-Identifier: MIT */
/* pickle_write.c - the opcodes of a pickle, through a buffer. */
#include "pickle_write.h"

tenon_status
pt_open_out (struct pt_out *out, struct tenon_call *call)
{
    memset (out, 0, sizeof *out);
    out->call = call;
    out->bytes = call->host->scratch (call, PT_OUT_BYTES);
    return out->bytes ? TENON_OK : TENON_E_MEMORY;
}

tenon_status
pt_flush_out (struct pt_out *out)
{
    if (out->status == TENON_OK && out->length > 0)
        out->status = out->call->host->put (out->call, out->bytes, out->length);
    out->length = 0;
    return out->status;
}

/* ---- bytes ---- */

/* Room for so many more bytes, at most PT_OUT_BYTES. */
static uint8_t *
room_for (struct pt_out *out, uint32_t more)
{
    if (PT_OUT_BYTES - out->length < more)
        pt_flush_out (out);
    uint8_t *at = out->bytes + out->length;
    out->length += more;
    return at;
}

void
pt_put_byte (struct pt_out *out, uint32_t byte)
{
    *room_for (out, 1) = (uint8_t) byte;
}

void
pt_put_bytes (struct pt_out *out, const void *bytes, uint64_t length)
{
    if (length <= PT_OUT_BYTES / 2) {
        if (length > 0)
            memcpy (room_for (out, (uint32_t) length), bytes, length);
        return;
    }
    if (pt_flush_out (out) == TENON_OK)
        out->status = out->call->host->put (out->call, bytes, length);
}

/* An opcode, and a number of 4 bytes. */
static void
put_op4 (struct pt_out *out, uint32_t op, uint32_t number)
{
    uint8_t *at = room_for (out, 5);
    at[0] = (uint8_t) op;
    tenon_put_le32 (at + 1, number);
}

static void
put_op1 (struct pt_out *out, uint32_t op, uint32_t number)
{
    uint8_t *at = room_for (out, 2);
    at[0] = (uint8_t) op;
    at[1] = (uint8_t) number;
}

/* ---- the memo ---- */

pt_memo
pt_put_memo (struct pt_out *out)
{
    uint32_t number = out->memos++;
    if (number == UINT32_MAX - 1 && out->status == TENON_OK)
        out->status = tenon_fail (out->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                                  "it has more values than a pickle can number, 2^32");
    if (number < 256)
        put_op1 (out, PT_OP_PUT1, number);
    else
        put_op4 (out, PT_OP_PUT4, number);
    return number + 1;
}

int
pt_put_again (struct pt_out *out, pt_memo memo)
{
    if (memo == 0)
        return 0;
    if (memo <= 256)
        put_op1 (out, PT_OP_GET1, memo - 1);
    else
        put_op4 (out, PT_OP_GET4, memo - 1);
    return 1;
}

/* ---- scalars ---- */

/* The fewest bytes of two's complement that hold a number whose upper half is `high`: 0, or 255 for one below
 * zero. */
static void
put_long (struct pt_out *out, uint64_t value, uint32_t high)
{
    uint8_t bytes[9] = { 0 };
    uint32_t length = 8;
    tenon_put_le64 (bytes, value);
    bytes[8] = (uint8_t) high;
    while (length > 0 && bytes[length] == high && bytes[length - 1] >> 7 == high >> 7)
        length--;
    put_op1 (out, PT_OP_LONG1, length + 1);
    pt_put_bytes (out, bytes, length + 1);
}

void
pt_put_unsigned (struct pt_out *out, uint64_t value)
{
    if (value < 256)
        put_op1 (out, PT_OP_INT1, (uint32_t) value);
    else if (value < 65536) {
        uint8_t *at = room_for (out, 3);
        at[0] = PT_OP_INT2;
        tenon_put_le16 (at + 1, (uint16_t) value);
    } else if (value <= INT32_MAX)
        put_op4 (out, PT_OP_INT4, (uint32_t) value);
    else
        put_long (out, value, 0);
}

void
pt_put_integer (struct pt_out *out, int64_t value)
{
    if (value >= 0)
        pt_put_unsigned (out, (uint64_t) value);
    else if (value >= INT32_MIN)
        put_op4 (out, PT_OP_INT4, (uint32_t) value);
    else
        put_long (out, (uint64_t) value, 255);
}

void
pt_put_float (struct pt_out *out, double value)
{
    uint64_t bits;
    uint8_t *at = room_for (out, 9);
    memcpy (&bits, &value, sizeof bits);
    at[0] = PT_OP_FLOAT;
    tenon_put_be64 (at + 1, bits);
}

void
pt_put_string (struct pt_out *out, const char *text, uint64_t length)
{
    if (length > UINT32_MAX) {
        if (out->status == TENON_OK)
            out->status =
                tenon_fail (out->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                            "a text of %llu bytes; a pickle that weights_only=True loads has 2^32 for one",
                            (unsigned long long) length);
        return;
    }
    put_op4 (out, PT_OP_UNICODE, (uint32_t) length);
    pt_put_bytes (out, text, length);
    pt_put_memo (out);
}

void
pt_put_shared (struct pt_out *out, const char *text, pt_memo *memo)
{
    if (pt_put_again (out, *memo))
        return;
    uint64_t length = strlen (text);
    put_op4 (out, PT_OP_UNICODE, (uint32_t) length);
    pt_put_bytes (out, text, length);
    *memo = pt_put_memo (out);
}

void
pt_put_global (struct pt_out *out, const char *module, const char *name, pt_memo *memo)
{
    if (pt_put_again (out, *memo))
        return;
    pt_put_byte (out, PT_OP_GLOBAL);
    pt_put_bytes (out, module, strlen (module));
    pt_put_byte (out, '\n');
    pt_put_bytes (out, name, strlen (name));
    pt_put_byte (out, '\n');
    *memo = pt_put_memo (out);
}

void
pt_put_numbers (struct pt_out *out, const uint64_t *numbers, uint32_t count)
{
    if (count == 0) {
        pt_put_byte (out, PT_OP_EMPTY_TUPLE);
        return;
    }
    if (count > 3)
        pt_put_byte (out, PT_OP_MARK);
    for (uint32_t i = 0; i < count; i++)
        pt_put_unsigned (out, numbers[i]);
    pt_put_byte (out, count > 3 ? PT_OP_TUPLE : PT_OP_TUPLE1 + count - 1);
    pt_put_memo (out);
}

/* ---- lists and dicts ---- */

void
pt_begin_items (struct pt_out *out, uint64_t count)
{
    if (count > 1)
        pt_put_byte (out, PT_OP_MARK);
}

void
pt_end_item (struct pt_out *out, uint64_t done, uint64_t count, uint32_t one, uint32_t many)
{
    if (count == 1)
        pt_put_byte (out, one);
    else if (done % PT_BATCH == 0) {
        /* Python's pickler finds the end of a dict only when it looks for the first item of the next batch.
         */
        pt_put_byte (out, many);
        if (done < count || one == PT_OP_SETITEM)
            pt_put_byte (out, PT_OP_MARK);
    }
    if (count > 1 && done == count && (done % PT_BATCH != 0 || one == PT_OP_SETITEM))
        pt_put_byte (out, many);
}
