/* SPDX-License-Identifier: MIT */
/* literals.c - the opcodes that push one number or text. */
#include "pt.h"
#include <tenon/json.h>

/* Digits of the longest decimal number of 64 bits, with its sign. */
#define MOST_DIGITS 21u

static tenon_status
push_new (struct pt_machine *machine, uint32_t value)
{
    return value ? pt_push (machine, value) : (tenon_status) TENON_E_MEMORY;
}

static tenon_status
push_double (struct pt_machine *machine, double number)
{
    uint32_t value = pt_new (machine, PT_FLOAT);
    if (value)
        pt_at (machine, value)->as.f = number;
    return push_new (machine, value);
}

static tenon_status
push_unsigned (struct pt_machine *machine, uint64_t number)
{
    uint32_t value = number <= INT64_MAX ? pt_new_int (machine, (int64_t) number) : pt_new (machine, PT_UINT);
    if (value && number > INT64_MAX)
        pt_at (machine, value)->as.u = number;
    return push_new (machine, value);
}

/* ---- binary ---- */

/* `length` bytes of a two's complement number, little-endian. */
static tenon_status
push_long (struct pt_machine *machine, const uint8_t *bytes, uint64_t length)
{
    uint64_t whole = length, number = 0;
    int negative = length > 0 && (bytes[length - 1] & 0x80);
    while (length > 1 && bytes[length - 1] == (negative ? 0xff : 0)
           && (bytes[length - 2] & 0x80) == (negative ? 0x80 : 0))
        length--;
    if (length == 9 && bytes[8] == 0)
        return push_unsigned (machine, tenon_le64 (bytes));
    if (length > 8)
        return push_new (machine, pt_new_bytes (machine, PT_HUGE, bytes, whole));
    for (uint64_t i = 0; i < 8; i++)
        number |= (uint64_t) (i < length ? bytes[i] : negative ? 0xff : 0) << 8 * i;
    return push_new (machine, pt_new_int (machine, (int64_t) number));
}

/* The unsigned number of `width` bytes that follows. */
static tenon_status
take_count (struct pt_machine *machine, unsigned width, uint64_t *count)
{
    const uint8_t *bytes = pt_take (machine, width);
    *count = 0;
    if (!bytes)
        return machine->fault.status;
    *count = width == 1 ? bytes[0] : width == 4 ? tenon_le32 (bytes) : tenon_le64 (bytes);
    return TENON_OK;
}

/* A count of `width` bytes, and as many bytes behind it. */
static tenon_status
take_counted (struct pt_machine *machine, unsigned width, int has_sign, const uint8_t **bytes,
              uint64_t *count)
{
    uint64_t place = machine->at;
    TENON_TRY (take_count (machine, width, count));
    if (has_sign && *count > INT32_MAX)
        return pt_fault_at (machine, TENON_E_MALFORMED, place, "found the negative length %lld",
                            (long long) *count - (1ll << 32));
    *bytes = pt_take (machine, *count);
    return *bytes ? TENON_OK : machine->fault.status;
}

static tenon_status
push_counted (struct pt_machine *machine, uint8_t kind, unsigned width, int has_sign)
{
    const uint8_t *bytes = NULL;
    uint64_t count;
    TENON_TRY (take_counted (machine, width, has_sign, &bytes, &count));
    if (kind == PT_HUGE)
        return push_long (machine, bytes, count);
    return push_new (machine, pt_new_bytes (machine, kind, bytes, count));
}

static tenon_status
push_byte (struct pt_machine *machine)
{
    const uint8_t *bytes = pt_take (machine, 1);
    return bytes ? pt_push (machine, PT_V_BYTE + bytes[0]) : machine->fault.status;
}

static tenon_status
push_binary (struct pt_machine *machine, uint8_t opcode)
{
    const uint8_t *bytes = pt_take (machine, opcode == 'M' ? 2 : opcode == 'J' ? 4 : 8);
    if (!bytes)
        return machine->fault.status;
    if (opcode == 'G') {
        uint64_t bits = tenon_be64 (bytes);
        double number;
        memcpy (&number, &bits, sizeof number);
        return push_double (machine, number);
    }
    return push_new (machine, pt_new_int (machine, opcode == 'M' ? (int64_t) tenon_le16 (bytes)
                                                                 : (int64_t) (int32_t) tenon_le32 (bytes)));
}

/* ---- text ---- */

/* A decimal number, with or without a sign. */
static tenon_status
push_decimal (struct pt_machine *machine, const uint8_t *text, uint64_t length, uint64_t place)
{
    int negative = length > 0 && text[0] == '-';
    uint64_t at = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0, number = 0;
    char shown[PT_SHOWN];
    for (uint64_t i = at; i < length || at == length; i++)
        if (at == length || text[i] < '0' || text[i] > '9')
            return pt_fault_at (machine, TENON_E_MALFORMED, place, "found '%s', expected a decimal number",
                                pt_show (text, length, shown));
    while (at + 1 < length && text[at] == '0')
        at++;
    int huge = length - at > MOST_DIGITS;
    for (; at < length && !huge; at++)
        huge = __builtin_mul_overflow (number, 10, &number)
               || __builtin_add_overflow (number, (uint64_t) (text[at] - '0'), &number);
    if (huge || (negative && number > (uint64_t) INT64_MAX + 1))
        return push_new (machine, pt_new_bytes (machine, PT_HUGE, text, length));
    return negative ? push_new (machine, pt_new_int (machine, (int64_t) (0 - number)))
                    : push_unsigned (machine, number);
}

static tenon_status
push_float_text (struct pt_machine *machine, const uint8_t *text, uint64_t length, uint64_t place)
{
    static const char *const words[] = { "inf", "+inf", "-inf", "nan", "-nan" };
    struct tenon_json json;
    double number = 0;
    char shown[PT_SHOWN];
    for (unsigned i = 0; i < 5; i++)
        if (length == strlen (words[i]) && memcmp (text, words[i], length) == 0)
            return push_double (machine, i > 2    ? (double) __builtin_nan ("")
                                         : i == 2 ? -(double) __builtin_inf ()
                                                  : (double) __builtin_inf ());
    tenon_json_begin (&json, text, length, 1);
    if (tenon_json_next (&json) != TENON_JSON_NUMBER || json.at != json.end
        || tenon_json_f64 (&json, &number) < 0)
        return pt_fault_at (machine, TENON_E_MALFORMED, place, "found '%s', expected a number",
                            pt_show (text, length, shown));
    return push_double (machine, number);
}

static int
hex_digit (uint8_t letter)
{
    return letter >= '0' && letter <= '9'   ? letter - '0'
           : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
           : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                            : -1;
}

/* `digits` hexadecimal digits; -1: they are not there. */
static int64_t
hex_number (const uint8_t *text, uint64_t left, unsigned digits)
{
    int64_t number = 0;
    if (left < digits)
        return -1;
    for (unsigned i = 0; i < digits; i++) {
        int digit = hex_digit (text[i]);
        if (digit < 0)
            return -1;
        number = number << 4 | digit;
    }
    return number;
}

/* One escape of a Python 2 string, from behind its backslash. Returns the bytes that it takes; 0: it is none.
 */
static uint64_t
take_escape (const uint8_t *text, uint64_t left, uint8_t *byte)
{
    static const char letters[] = "\\'\"abfnrtv", bytes[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = left > 0 && text[0] ? strchr (letters, text[0]) : NULL;
    if (found) {
        *byte = (uint8_t) bytes[found - letters];
        return 1;
    }
    if (left > 0 && text[0] == 'x') {
        int64_t number = hex_number (text + 1, left - 1, 2);
        *byte = (uint8_t) number;
        return number < 0 ? 0 : 3;
    }
    uint64_t taken = 0;
    unsigned number = 0;
    for (; taken < 3 && taken < left && text[taken] >= '0' && text[taken] <= '7'; taken++)
        number = number << 3 | (unsigned) (text[taken] - '0');
    *byte = (uint8_t) number;
    return taken;
}

/* A string in quotes, as Python 2 wrote it. */
static tenon_status
push_quoted (struct pt_machine *machine, const uint8_t *text, uint64_t length, uint64_t place)
{
    uint64_t count = 0;
    if (length < 2 || (text[0] != '\'' && text[0] != '"') || text[length - 1] != text[0])
        return pt_fault_at (machine, TENON_E_MALFORMED, place, "found a string without its quotes");
    uint8_t *to = pt_room (machine, length);
    if (!to)
        return TENON_E_MEMORY;
    for (uint64_t i = 1; i + 1 < length; i++) {
        to[count] = text[i];
        if (text[i] == '\\') {
            uint64_t taken = take_escape (text + i + 1, length - i - 2, to + count);
            if (taken == 0)
                return pt_fault_at (machine, TENON_E_MALFORMED, place + i,
                                    "found an unknown escape in a string");
            i += taken;
        }
        count++;
    }
    return push_new (machine, pt_new_bytes (machine, PT_STRING, to, count));
}

/* The bytes of a code point in UTF-8, surrogates as other languages' writers have them. */
static uint64_t
put_point (uint8_t *to, uint32_t point)
{
    unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t first[] = { 0, 0xc0, 0xe0, 0xf0 };
    to[0] = (uint8_t) (first[more] | point >> 6 * more);
    for (unsigned i = 1; i <= more; i++)
        to[i] = (uint8_t) (0x80 | (point >> 6 * (more - i) & 0x3f));
    return more + 1;
}

/* Latin-1 with \uXXXX and \UXXXXXXXX. */
static tenon_status
push_unicode_text (struct pt_machine *machine, const uint8_t *text, uint64_t length, uint64_t place)
{
    uint8_t *to = pt_room (machine, 2 * length + 1);
    uint64_t count = 0;
    if (!to)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < length; i++) {
        int64_t point = text[i];
        if (text[i] == '\\' && i + 1 < length && (text[i + 1] == 'u' || text[i + 1] == 'U')) {
            unsigned digits = text[i + 1] == 'u' ? 4 : 8;
            point = hex_number (text + i + 2, length - i - 2, digits);
            if (point < 0 || point > 0x10ffff)
                return pt_fault_at (machine, TENON_E_MALFORMED, place + i, "found \\%c without a character",
                                    text[i + 1]);
            i += digits + 1;
        }
        count += put_point (to + count, (uint32_t) point);
    }
    return push_new (machine, pt_new_bytes (machine, PT_STRING, to, count));
}

static tenon_status
push_line (struct pt_machine *machine, uint8_t opcode)
{
    uint64_t place = machine->at, length;
    const uint8_t *text = pt_take_line (machine, &length);
    if (!text)
        return machine->fault.status;
    switch (opcode) {
    case 'I':
        if (length == 2 && text[0] == '0' && (text[1] == '0' || text[1] == '1'))
            return pt_push (machine, text[1] == '1' ? PT_V_TRUE : PT_V_FALSE);
        return push_decimal (machine, text, length, place);
    case 'L':
        return push_decimal (machine, text, length > 0 && text[length - 1] == 'L' ? length - 1 : length,
                             place);
    case 'F': return push_float_text (machine, text, length, place);
    case 'S': return push_quoted (machine, text, length, place);
    default: return push_unicode_text (machine, text, length, place);
    }
}

/* ---- all of them ---- */

/* Opcodes whose bytes have a count before them: its width, whether it has a sign, and what they become. */
static int32_t
run_counted (struct pt_machine *machine, uint8_t opcode)
{
    switch (opcode) {
    case 0x8a: return push_counted (machine, PT_HUGE, 1, 0);
    case 0x8b: return push_counted (machine, PT_HUGE, 4, 1);
    case 'U': return push_counted (machine, PT_STRING, 1, 0);
    case 'T': return push_counted (machine, PT_STRING, 4, 1);
    case 0x8c: return push_counted (machine, PT_STRING, 1, 0);
    case 0x8d: return push_counted (machine, PT_STRING, 8, 0);
    case 'C': return push_counted (machine, PT_BYTES, 1, 0);
    case 'B': return push_counted (machine, PT_BYTES, 4, 0);
    case 0x8e: return push_counted (machine, PT_BYTES, 8, 0);
    case 0x96: return push_counted (machine, PT_BYTES, 8, 0);
    default: return PT_OTHER;
    }
}

int32_t
pt_run_literal (struct pt_machine *machine, uint8_t opcode)
{
    switch (opcode) {
    case 'N': return pt_push (machine, PT_V_NONE);
    case 0x88: return pt_push (machine, PT_V_TRUE);
    case 0x89: return pt_push (machine, PT_V_FALSE);
    case ')': return pt_push (machine, PT_V_EMPTY);
    case 'K': return push_byte (machine);
    case 'M':
    case 'J':
    case 'G': return push_binary (machine, opcode);
    case 'I':
    case 'L':
    case 'F':
    case 'S':
    case 'V': return push_line (machine, opcode);
    case 'X': return push_counted (machine, PT_STRING, 4, 0);
    default: return run_counted (machine, opcode);
    }
}
