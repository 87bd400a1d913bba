/* SPDX-License-Identifier: MIT */
/* tenon/json_out.h - writing JSON: a part of tenon/json.h. */
#ifndef TENON_JSON_OUT_H
#define TENON_JSON_OUT_H

#include <stdio.h>
#include <string.h>
#include <tenon/json_number.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where JSON is written. It begins as zero, with `bytes` and `room`, or with `grow`. The punctuation is
 * the caller's: tenon_json_put_text (&out, "{\"shape\":["). */
struct tenon_json_out {
    char *bytes;   /* what was written; may be NULL when there is no room: then lengths are counted */
    uint64_t room; /* of `bytes` */
    uint64_t
        length; /* written. Without grow: it goes on beyond `room`, and says what would have been needed */
    /* Sees to it that `more` bytes fit behind `length`: by a larger `bytes`, or by taking away what is
       there and setting `length` to 0. NULL: `room` is all there is */
    tenon_status (*grow) (struct tenon_json_out *out, uint64_t more);
    void *user;          /* grow's own */
    tenon_status status; /* the first failure; nothing is written behind it. TENON_E_LIMIT: too little room */
    uint32_t reserved;
};

__attribute__ ((unused)) static void
tenon_json_put (struct tenon_json_out *out, const void *bytes, uint64_t length)
{
    if (length == 0 || (out->status < 0 && out->grow))
        return;
    if (out->length > out->room || length > out->room - out->length) {
        tenon_status status = out->grow ? out->grow (out, length) : TENON_E_LIMIT;
        if (status < 0)
            out->status = status;
        if (status < 0 || out->length > out->room || length > out->room - out->length) {
            if (!out->grow)
                out->length += length;
            else if (out->status == TENON_OK)
                out->status = TENON_E_MISUSE;
            return;
        }
    }
    memcpy (out->bytes + out->length, bytes, length);
    out->length += length;
}

static inline void
tenon_json_put_text (struct tenon_json_out *out, const char *text)
{
    tenon_json_put (out, text, strlen (text));
}

/* What stands between the quotes of a string, or a part of it. Only what must be is escaped, shortly where
 * there is a short way, and else as \u00xx in lower case, as most writers do. The bytes should be UTF-8:
 * tenon_json_is_utf8. */
__attribute__ ((unused)) static void
tenon_json_put_escaped (struct tenon_json_out *out, const void *text, uint64_t length)
{
    static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const uint8_t *from = (const uint8_t *) text;
    uint64_t plain = 0; /* where the bytes begin that are still to be put as they are */
    for (uint64_t i = 0; i < length; i++) {
        uint8_t byte = from[i];
        if (byte >= ' ' && byte != '"' && byte != '\\')
            continue;
        const char *found = byte ? strchr (meant, byte) : NULL;
        char escape[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
        if (found)
            escape[1] = letters[found - meant];
        tenon_json_put (out, from + plain, i - plain);
        tenon_json_put (out, escape, found ? 2 : 6);
        plain = i + 1;
    }
    tenon_json_put (out, from + plain, length - plain);
}

/* A string in quotes. */
static inline void
tenon_json_put_string (struct tenon_json_out *out, const void *text, uint64_t length)
{
    tenon_json_put (out, "\"", 1);
    tenon_json_put_escaped (out, text, length);
    tenon_json_put (out, "\"", 1);
}

static inline void
tenon_json_put_u64 (struct tenon_json_out *out, uint64_t value)
{
    char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char) ('0' + value % 10);
    while (value /= 10);
    tenon_json_put (out, digits + at, sizeof digits - at);
}

static inline void
tenon_json_put_i64 (struct tenon_json_out *out, int64_t value)
{
    if (value < 0)
        tenon_json_put (out, "-", 1);
    tenon_json_put_u64 (out, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

/* %.*g with a point in every locale, and ".0" behind whole numbers, so that they stay floating-point
 * numbers. */
static inline uint32_t
tenon_json_print (char text[40], int32_t precision, double value)
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

/* The shortest of a few precisions that reads as the same number; one that is nearer to zero than `normal`
 * may have fewer digits. JSON has no infinities and no NaN: the status becomes TENON_E_UNSUPPORTED. */
static inline void
tenon_json_put_float (struct tenon_json_out *out, double value, int32_t least, int32_t most, int32_t single)
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
        length = tenon_json_print (text, precision, value);
        if (single)
            tenon_json_to_f32 (text, length, &narrow);
        else
            tenon_json_to_f64 (text, length, &back);
        if ((single ? (double) narrow : back) == value)
            break;
    }
    tenon_json_put (out, text, length);
}

static inline void
tenon_json_put_f64 (struct tenon_json_out *out, double value)
{
    tenon_json_put_float (out, value, 15, 17, 0);
}

static inline void
tenon_json_put_f32 (struct tenon_json_out *out, float value)
{
    tenon_json_put_float (out, value, 6, 9, 1);
}

#ifdef __cplusplus
}
#endif
#endif
