/* SPDX-License-Identifier: MIT */
/* cast_small.c - the floats of at most 16 bits to f64, exactly, and from f64, with one rounding. One
 * description per format (cast_small.h) and two functions serve all of them; only f8_e8m0 differs. */
#include "kernels/cast_small.h"
#include <string.h>
#include <tenon/types.h>

static const uint8_t bits_of_dtype[TENON_DTYPE_FIXED] = {
    [TENON_BOOL] = 8,    [TENON_U8] = 8,      [TENON_U16] = 16,        [TENON_U32] = 32,
    [TENON_U64] = 64,    [TENON_I8] = 8,      [TENON_I16] = 16,        [TENON_I32] = 32,
    [TENON_I64] = 64,    [TENON_F16] = 16,    [TENON_BF16] = 16,       [TENON_F32] = 32,
    [TENON_F64] = 64,    [TENON_C64] = 64,    [TENON_C128] = 128,      [TENON_F8_E4M3] = 8,
    [TENON_F8_E5M2] = 8, [TENON_F8_E8M0] = 8, [TENON_F8_E4M3FNUZ] = 8, [TENON_F8_E5M2FNUZ] = 8,
    [TENON_F6_E2M3] = 6, [TENON_F6_E3M2] = 6, [TENON_F4] = 4,
};

uint32_t
tn_cast_bits (uint32_t dtype)
{
    return dtype < TENON_DTYPE_FIXED ? bits_of_dtype[dtype] : 0;
}

#define F64_SIGN (UINT64_C (1) << 63)
#define F64_INFINITY (UINT64_C (0x7ff) << 52)
#define F64_QUIET (UINT64_C (1) << 51)

static double
f64_of_bits (uint64_t bits)
{
    double value;
    memcpy (&value, &bits, sizeof value);
    return value;
}

static uint64_t
bits_of_f64 (double value)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    return bits;
}

static int
format_of (uint32_t dtype, struct tn_cast_format *format)
{
    switch (dtype) {
    case TENON_F16: *format = TN_CAST_FORMAT_F16; return 1;
    case TENON_BF16: *format = TN_CAST_FORMAT_BF16; return 1;
    case TENON_F8_E4M3: *format = TN_CAST_FORMAT_F8_E4M3; return 1;
    case TENON_F8_E5M2: *format = TN_CAST_FORMAT_F8_E5M2; return 1;
    case TENON_F8_E4M3FNUZ: *format = TN_CAST_FORMAT_F8_E4M3FNUZ; return 1;
    case TENON_F8_E5M2FNUZ: *format = TN_CAST_FORMAT_F8_E5M2FNUZ; return 1;
    case TENON_F6_E2M3: *format = TN_CAST_FORMAT_F6_E2M3; return 1;
    case TENON_F6_E3M2: *format = TN_CAST_FORMAT_F6_E3M2; return 1;
    case TENON_F4: *format = TN_CAST_FORMAT_F4; return 1;
    default: return 0;
    }
}

/* ---- one item ---- */

static int
is_nan_code (const struct tn_cast_format *format, uint32_t code, uint32_t magnitude)
{
    switch (format->kind) {
    case TN_CAST_IEEE: return magnitude > format->overflow;
    case TN_CAST_FN: return magnitude == format->overflow;
    case TN_CAST_FNUZ: return code == format->overflow;
    default: return 0;
    }
}

static double
decode_float (const struct tn_cast_format *format, uint32_t code)
{
    uint32_t mantissa_bits = format->mantissa_bits, sign_bit = 1u << (format->bits - 1),
             magnitude = code & (sign_bit - 1);
    uint64_t sign = code & sign_bit ? F64_SIGN : 0, mantissa = magnitude & ((1u << mantissa_bits) - 1);
    uint64_t exponent = magnitude >> mantissa_bits;
    if (is_nan_code (format, code, magnitude)) {
        uint64_t payload = format->kind == TN_CAST_IEEE ? mantissa << (52 - mantissa_bits) : 0;
        return f64_of_bits (sign | F64_INFINITY | F64_QUIET | payload);
    }
    if (format->kind == TN_CAST_IEEE && magnitude == format->overflow)
        return f64_of_bits (sign | F64_INFINITY);
    if (exponent == 0) { /* zero and subnormals: a multiple of the smallest one, which is normal in f64 */
        double smallest = f64_of_bits ((uint64_t) (1023 + 1 - format->bias - (int32_t) mantissa_bits) << 52);
        return f64_of_bits (sign | bits_of_f64 ((double) mantissa * smallest));
    }
    return f64_of_bits (sign | (exponent + 1023 - (uint64_t) format->bias) << 52
                        | mantissa << (52 - mantissa_bits));
}

static uint32_t
encode_nan (const struct tn_cast_format *format, uint32_t sign, uint64_t payload)
{
    uint32_t mantissa_bits = format->mantissa_bits;
    switch (format->kind) {
    case TN_CAST_IEEE:
        return sign | format->overflow | 1u << (mantissa_bits - 1)
               | (uint32_t) (payload >> (52 - mantissa_bits));
    case TN_CAST_FN: return sign | format->overflow;
    case TN_CAST_FNUZ: return format->overflow;
    default: return sign ^ 1u << (format->bits - 1);
    }
}

/* The magnitude's code, rounded to nearest even. A carry out of the mantissa raises the exponent by itself,
 * because the codes of a format are in the order of their values; it may go past `largest`. */
static uint64_t
round_magnitude (const struct tn_cast_format *format, uint64_t magnitude)
{
    /* As the format stores it, normal from 1 on. */
    int32_t exponent = (int32_t) (magnitude >> 52) - 1023 + format->bias;
    uint64_t significand = (magnitude & (F64_QUIET * 2 - 1)) | UINT64_C (1) << 52;
    uint32_t dropped = 52 - format->mantissa_bits;
    uint64_t base = 0;
    if (magnitude >> 52 == 0)
        return 0; /* zero, or an f64 subnormal, which is far below half of any format's smallest value */
    if (exponent >= 1)
        base = (uint64_t) (exponent - 1) << format->mantissa_bits;
    else
        dropped += (uint32_t) (1 - exponent);
    if (dropped > 54)
        dropped = 54; /* everything is dropped, and it is less than a half */
    uint64_t half = UINT64_C (1) << (dropped - 1);
    return base + ((significand + half - 1 + (significand >> dropped & 1)) >> dropped);
}

static uint32_t
encode_float (const struct tn_cast_format *format, double value)
{
    uint64_t bits = bits_of_f64 (value), magnitude = bits & (F64_SIGN - 1);
    uint32_t sign = bits & F64_SIGN ? 1u << (format->bits - 1) : 0;
    if (magnitude > F64_INFINITY)
        return encode_nan (format, sign, magnitude & (F64_QUIET * 2 - 1));
    uint64_t code = round_magnitude (format, magnitude);
    if (code > format->largest)
        code = format->overflow;
    if (format->kind == TN_CAST_FNUZ && (code == 0 || code == format->overflow))
        sign = 0;
    return sign | (uint32_t) code;
}

int
tn_cast_clips (uint32_t dtype, double value)
{
    struct tn_cast_format format;
    return format_of (dtype, &format) && format.kind == TN_CAST_ONLY
           && round_magnitude (&format, bits_of_f64 (value) & (F64_SIGN - 1)) > format.largest;
}

static double
decode_e8m0 (uint32_t code)
{
    return f64_of_bits (code == 0xff ? F64_INFINITY | F64_QUIET : (uint64_t) (code + 1023 - 127) << 52);
}

static uint32_t
encode_e8m0 (double value)
{
    if (!(value > 0))
        return 0xff;
    uint64_t bits =
        bits_of_f64 (value) + F64_QUIET; /* a half of the mantissa or more goes to the next power */
    int32_t code = (int32_t) (bits >> 52) - 1023 + 127;
    return code < 0 ? 0 : code > 0xff ? 0xff : (uint32_t) code;
}

/* ---- codes packed in bits ---- */

static void
unpack_codes (uint32_t bits, uint16_t *codes, const unsigned char *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bit = i * bits;
        if (bits == 16)
            memcpy (&codes[i], from + 2 * i, 2);
        else if (bits == 8)
            codes[i] = from[i];
        else { /* the second byte is read only where the item reaches into it */
            uint32_t both = from[bit / 8];
            if (bit % 8 + bits > 8)
                both |= (uint32_t) from[bit / 8 + 1] << 8;
            codes[i] = (uint16_t) (both >> bit % 8 & ((1u << bits) - 1));
        }
    }
}

static void
pack_codes (uint32_t bits, unsigned char *to, const uint16_t *codes, uint64_t count)
{
    if (bits == 16) {
        memcpy (to, codes, count * 2);
        return;
    }
    uint32_t waiting = 0, filled = 0;
    for (uint64_t i = 0; i < count; i++) {
        waiting |= (uint32_t) codes[i] << filled;
        for (filled += bits; filled >= 8; filled -= 8, waiting >>= 8)
            *to++ = (unsigned char) waiting;
    }
    if (filled > 0)
        *to = (unsigned char) waiting;
}

/* ---- chunks ---- */

void
tn_cast_load_small (uint32_t dtype, double *to, const unsigned char *from, uint64_t count)
{
    uint16_t codes[TN_CAST_CHUNK];
    struct tn_cast_format format;
    unpack_codes (tn_cast_bits (dtype), codes, from, count);
    if (format_of (dtype, &format))
        for (uint64_t i = 0; i < count; i++)
            to[i] = decode_float (&format, codes[i]);
    else
        for (uint64_t i = 0; i < count; i++)
            to[i] = decode_e8m0 (codes[i]);
}

void
tn_cast_store_small (uint32_t dtype, unsigned char *to, const double *from, uint64_t count)
{
    uint16_t codes[TN_CAST_CHUNK];
    struct tn_cast_format format;
    if (format_of (dtype, &format))
        for (uint64_t i = 0; i < count; i++)
            codes[i] = (uint16_t) encode_float (&format, from[i]);
    else
        for (uint64_t i = 0; i < count; i++)
            codes[i] = (uint16_t) encode_e8m0 (from[i]);
    pack_codes (tn_cast_bits (dtype), to, codes, count);
}
