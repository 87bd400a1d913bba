/* SPDX-License-Identifier: MIT */
/* write_fill.c - the value of missing chunks, as JSON. Its bytes are little-endian. */
#include "write.h"

/* ---- floats ---- */

/* The number that bits of a float with this exponent and fraction stand for, which is no infinity or NaN. */
static double
decode_float (uint64_t bits, uint32_t exponent_bits, uint32_t fraction_bits)
{
    int64_t bias = ((int64_t) 1 << (exponent_bits - 1)) - 1;
    uint64_t fraction = bits & (((uint64_t) 1 << fraction_bits) - 1);
    int64_t exponent = (int64_t) (bits >> fraction_bits & (((uint64_t) 1 << exponent_bits) - 1));
    double value = (double) (exponent ? fraction | (uint64_t) 1 << fraction_bits : fraction);
    for (int64_t power = (exponent ? exponent : 1) - bias - fraction_bits; power != 0;
         power += power < 0 ? 1 : -1)
        value *= power < 0 ? 0.5 : 2.0;
    return bits >> (exponent_bits + fraction_bits) & 1 ? -value : value;
}

/* A float of `bits`. A NaN that is not the usual one has its bits, in format 3; JSON cannot say it in format
 * 2. */
static int
put_float (struct zarr_out *out, uint64_t bits, uint32_t size, uint32_t exponent_bits, uint32_t format)
{
    uint32_t fraction_bits = 8 * size - 1 - exponent_bits;
    uint64_t fraction = bits & (((uint64_t) 1 << fraction_bits) - 1);
    uint64_t most = ((uint64_t) 1 << exponent_bits) - 1;
    int negative = (int) (bits >> (8 * size - 1));
    char hex[24];
    if ((bits >> fraction_bits & most) != most) {
        double value;
        if (size == 8)
            memcpy (&value, &bits, sizeof value);
        else
            value = decode_float (bits, exponent_bits, fraction_bits);
        zarr_out_f64 (out, value);
        return 1;
    }
    if (fraction == 0 || (!negative && fraction == (uint64_t) 1 << (fraction_bits - 1))) {
        zarr_out_word (out, fraction ? "NaN" : negative ? "-Infinity" : "Infinity");
        return 1;
    }
    if (format == 2)
        return 0;
    snprintf (hex, sizeof hex, "0x%0*llx", (int) (2 * size), (unsigned long long) bits);
    zarr_out_word (out, hex);
    return 1;
}

/* Both parts of a complex number. */
static int
put_complex (struct zarr_out *out, const uint8_t *bytes, uint32_t size, uint32_t format)
{
    uint64_t parts[2] = { size == 8 ? tenon_le64 (bytes) : tenon_le32 (bytes),
                          size == 8 ? tenon_le64 (bytes + 8) : tenon_le32 (bytes + 4) };
    zarr_out_open (out, '[');
    zarr_out_item (out);
    if (!put_float (out, parts[0], size, size == 8 ? 11 : 8, format))
        return 0;
    zarr_out_item (out);
    if (!put_float (out, parts[1], size, size == 8 ? 11 : 8, format))
        return 0;
    zarr_out_close (out, ']');
    return 1;
}

/* Zero as a number, others by their bits: extensions of format 3 take both for every float. */
static int
put_small_float (struct zarr_out *out, uint32_t dtype, uint8_t bits)
{
    char hex[8];
    if (bits == 0 && dtype != TENON_F8_E8M0)
        zarr_out_f64 (out, 0);
    else {
        snprintf (hex, sizeof hex, "0x%02x", bits);
        zarr_out_word (out, hex);
    }
    return 1;
}

/* ---- opaque types ---- */

static void
put_base64 (struct zarr_out *out, const uint8_t *bytes, uint64_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    tenon_json_put_text (&out->json, "\"");
    for (uint64_t i = 0; i < length; i += 3) {
        uint32_t left = length - i < 3 ? (uint32_t) (length - i) : 3;
        uint32_t bits = (uint32_t) bytes[i] << 16 | (left > 1 ? (uint32_t) bytes[i + 1] << 8 : 0)
                        | (left > 2 ? bytes[i + 2] : 0u);
        char four[4];
        for (uint32_t j = 0; j < 4; j++)
            four[j] = j > left ? '=' : letters[bits >> (18 - 6 * j) & 63];
        tenon_json_put (&out->json, four, sizeof four);
    }
    tenon_json_put_text (&out->json, "\"");
}

/* Characters of four bytes, the last ones that are 0 left out. Returns 0 if one is no character. */
static int
put_utf32 (struct zarr_out *out, const struct zarr_element *element, const uint8_t *bytes)
{
    char utf8[4 * ZARR_FILL_ROOM / 4];
    uint32_t count = element->item / 4, used = 0;
    for (uint32_t i = 0; i < count; i++)
        if ((element->order == '>' ? tenon_be32 (bytes + 4 * i) : tenon_le32 (bytes + 4 * i)) != 0)
            used = i + 1;
    uint64_t length = 0;
    for (uint32_t i = 0; i < used; i++) {
        uint32_t c = element->order == '>' ? tenon_be32 (bytes + 4 * i) : tenon_le32 (bytes + 4 * i);
        uint32_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return 0;
        for (uint32_t j = size - 1; j > 0; j--, c >>= 6)
            utf8[length + j] = (char) (0x80 | (c & 0x3f));
        utf8[length] = (char) (size == 1 ? c : (0xf00u >> size & 0xff) | c);
        length += size;
    }
    tenon_json_put_string (&out->json, utf8, length);
    return 1;
}

static int
put_opaque (struct zarr_out *out, const struct zarr_element *element, const uint8_t *bytes)
{
    uint64_t length = element->item;
    switch (element->kind) {
    case 'M':
    case 'm':
        tenon_json_put_i64 (&out->json,
                            (int64_t) (element->order == '>' ? tenon_be64 (bytes) : tenon_le64 (bytes)));
        return 1;
    case 'U': return put_utf32 (out, element, bytes);
    case 'f':
    case 'c': /* long double, of which only 0 can be said */
        for (uint64_t i = 0; i < length; i++)
            if (bytes[i] != 0)
                return 0;
        if (element->kind == 'f')
            zarr_out_f64 (out, 0);
        else
            zarr_out_bare (out, "[0.0, 0.0]");
        return 1;
    case 'S':
        while (length > 0 && bytes[length - 1] == 0)
            length--;
        break;
    default: break;
    }
    put_base64 (out, bytes, length);
    return 1;
}

int
zarr_put_fill (struct zarr_out *out, const struct zarr_element *element, uint32_t format,
               const uint8_t *bytes)
{
    switch (element->dtype) {
    case TENON_NONE: return put_opaque (out, element, bytes);
    case TENON_BOOL: zarr_out_bare (out, bytes[0] ? "true" : "false"); return bytes[0] <= 1;
    case TENON_U8: tenon_json_put_u64 (&out->json, bytes[0]); return 1;
    case TENON_U16: tenon_json_put_u64 (&out->json, tenon_le16 (bytes)); return 1;
    case TENON_U32: tenon_json_put_u64 (&out->json, tenon_le32 (bytes)); return 1;
    case TENON_U64: tenon_json_put_u64 (&out->json, tenon_le64 (bytes)); return 1;
    case TENON_I8: tenon_json_put_i64 (&out->json, (int8_t) bytes[0]); return 1;
    case TENON_I16: tenon_json_put_i64 (&out->json, (int16_t) tenon_le16 (bytes)); return 1;
    case TENON_I32: tenon_json_put_i64 (&out->json, (int32_t) tenon_le32 (bytes)); return 1;
    case TENON_I64: tenon_json_put_i64 (&out->json, (int64_t) tenon_le64 (bytes)); return 1;
    case TENON_F16: return put_float (out, tenon_le16 (bytes), 2, 5, format);
    case TENON_BF16: return put_float (out, tenon_le16 (bytes), 2, 8, format);
    case TENON_F32: return put_float (out, tenon_le32 (bytes), 4, 8, format);
    case TENON_F64: return put_float (out, tenon_le64 (bytes), 8, 11, format);
    case TENON_C64: return put_complex (out, bytes, 4, format);
    case TENON_C128: return put_complex (out, bytes, 8, format);
    default: return put_small_float (out, element->dtype, bytes[0]);
    }
}
