/* SPDX-License-Identifier: MIT */
/* json_out.c - the writer of <tenon/json_out.h>. */
#include "json_decimal.h"
#include <stdio.h>
#include <tenon/json_out.h>

/* Bytes that do not fit: asks grow for room, or counts them. */
__attribute__ ((noinline)) static void
put_without_room (struct tenon_json_out *out, const void *bytes, uint64_t length)
{
    if (!out->grow) {
        out->status = TENON_E_LIMIT;
        out->length += length;
        return;
    }
    if (out->status < 0)
        return;
    out->status = out->grow (out, length);
    if (out->status == TENON_OK && (out->length > out->room || length > out->room - out->length))
        out->status = TENON_E_MISUSE;
    if (out->status < 0)
        return;
    memcpy (out->bytes + out->length, bytes, length);
    out->length += length;
}

/* tenon_json_put, where it is called most. */
static inline void
append_text (struct tenon_json_out *out, const void *bytes, uint64_t length)
{
    if (out->length > out->room || length > out->room - out->length) {
        put_without_room (out, bytes, length);
        return;
    }
    if (length == 0 || (out->status < 0 && out->grow))
        return;
    memcpy (out->bytes + out->length, bytes, length);
    out->length += length;
}

static inline void
append_byte (struct tenon_json_out *out, char byte)
{
    if (out->length < out->room && out->status == TENON_OK)
        out->bytes[out->length++] = byte;
    else
        append_text (out, &byte, 1);
}

void
tenon_json_put (struct tenon_json_out *out, const void *bytes, uint64_t length)
{
    append_text (out, bytes, length);
}

void
tenon_json_put_escaped (struct tenon_json_out *out, const void *text, uint64_t length)
{
    static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const uint8_t *from = length > 0 ? text : (const uint8_t *) ""; /* NULL has no place behind it */
    uint64_t plain = 0; /* where the bytes begin that are still to be put as they are */
    for (uint64_t i = 0; i < length; i++) {
        uint8_t byte = from[i];
        if (byte >= ' ' && byte != '"' && byte != '\\')
            continue;
        const char *found = byte ? strchr (meant, byte) : NULL;
        char escape[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
        if (found)
            escape[1] = letters[found - meant];
        append_text (out, from + plain, i - plain);
        append_text (out, escape, found ? 2 : 6);
        plain = i + 1;
    }
    append_text (out, from + plain, length - plain);
}

void
tenon_json_put_string (struct tenon_json_out *out, const void *text, uint64_t length)
{
    append_byte (out, '"');
    tenon_json_put_escaped (out, text, length);
    append_byte (out, '"');
}

void
tenon_json_put_u64 (struct tenon_json_out *out, uint64_t value)
{
    char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char) ('0' + value % 10);
    while (value /= 10);
    append_text (out, digits + at, sizeof digits - at);
}

void
tenon_json_put_i64 (struct tenon_json_out *out, int64_t value)
{
    if (value < 0)
        append_byte (out, '-');
    tenon_json_put_u64 (out, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

/* %.*g with a point in every locale, and ".0" behind a whole number, so that readers take it for a
 * floating-point number. Returns the length. */
static uint32_t
print_float (char text[40], int32_t precision, double value)
{
    char printed[40];
    uint32_t used = 0, floating = 0;
    snprintf (printed, sizeof printed, "%.*g", (int) precision, value);
    for (const char *at = printed; *at; at++) {
        if (*at == 'e' && used > 0)
            floating = 1;
        if ((*at >= '0' && *at <= '9') || *at == '-' || *at == '+' || *at == 'e')
            text[used++] = *at;
        else if (!floating) { /* the locale's point, of one byte or more */
            text[used++] = '.';
            floating = 1;
        }
    }
    if (!floating) {
        memcpy (text + used, ".0", 2);
        used += 2;
    }
    return used;
}

/* The shortest of the precisions `least` … `most` that reads as the same number; a subnormal one may have
 * fewer digits. */
static void
put_float (struct tenon_json_out *out, double value, int32_t least, int32_t most, int32_t single)
{
    double normal = single ? 1.1754943508222875e-38 : 2.2250738585072014e-308; /* 2^-126, 2^-1022 */
    char text[40];
    uint32_t length = 0;
    double back = 0;
    float narrow = 0;
    if (value - value != 0) {
        if (out->status == TENON_OK)
            out->status = TENON_E_UNSUPPORTED;
        return;
    }
    if (value < normal && value > -normal)
        least = 1;
    for (int32_t precision = least; precision <= most; precision++) {
        length = print_float (text, precision, value);
        if (single)
            tenon_json_to_f32 (text, length, &narrow);
        else
            tenon_json_to_f64 (text, length, &back);
        if ((single ? (double) narrow : back) == value)
            break;
    }
    append_text (out, text, length);
}

void
tenon_json_put_f64 (struct tenon_json_out *out, double value)
{
    put_float (out, value, 15, 17, 0);
}

void
tenon_json_put_f32 (struct tenon_json_out *out, float value)
{
    put_float (out, value, 6, 9, 1);
}
