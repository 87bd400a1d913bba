/* SPDX-License-Identifier: MIT */
/* fill.c - fill values: numbers, words such as "NaN", bits in hexadecimal, pairs, texts, and bytes in base64.
 * The result is an item as the chunks have it. */
#include "read.h"

#define MOST_BYTES ((uint64_t) 1 << 20) /* of an item whose fill value is not zero */

static int32_t
fault_fill (struct zarr_reader *reader, struct zarr_text text, const char *expected)
{
    return zarr_fault (reader, TENON_E_MALFORMED, "\"fill_value\" is %.*s, expected %s",
                       text.length > 60 ? 60 : (int) text.length, (const char *) text.bytes, expected);
}

/* Writes a number of `bytes` bytes in this order. */
static void
put_number (uint8_t *to, uint64_t number, uint64_t bytes, char order)
{
    for (uint64_t i = 0; i < bytes; i++)
        to[order == '>' ? bytes - 1 - i : i] = (uint8_t) (number >> 8 * i);
}

/* ---- floats ---- */

/* The bits of the nearest float with this many bits of exponent and mantissa, ties to even. */
static uint64_t
encode_float (double value, uint32_t exponent_bits, uint32_t mantissa_bits)
{
    const uint64_t infinity = (((uint64_t) 1 << exponent_bits) - 1) << mantissa_bits;
    const int64_t bias = ((int64_t) 1 << (exponent_bits - 1)) - 1;
    uint64_t bits, result;
    memcpy (&bits, &value, sizeof bits);
    uint64_t sign = bits >> 63 << (exponent_bits + mantissa_bits);
    int64_t exponent = (int64_t) (bits >> 52 & 0x7ff) - 1023;
    uint64_t mantissa = (bits & 0xfffffffffffffu) | (uint64_t) 1 << 52;
    uint64_t shift = 52 - mantissa_bits;
    if (exponent == 1024)
        return sign | infinity | (value == value ? 0 : (uint64_t) 1 << (mantissa_bits - 1));
    int normal = exponent >= 1 - bias;
    if (!normal)
        shift += (uint64_t) (1 - bias - exponent);
    if (shift > 60)
        return sign;
    result = mantissa >> shift;
    uint64_t rest = mantissa & (((uint64_t) 1 << shift) - 1), half = shift ? (uint64_t) 1 << (shift - 1) : 0;
    if (shift && (rest > half || (rest == half && (result & 1))))
        result++;
    if (normal)
        result += (uint64_t) (exponent + bias - 1) << mantissa_bits;
    return sign | (result < infinity ? result : infinity);
}

/* 2^exponent, for exponents of normal doubles. */
static double
power_of_two (int64_t exponent)
{
    uint64_t bits = (uint64_t) (exponent + 1023) << 52;
    double power;
    memcpy (&power, &bits, sizeof power);
    return power;
}

/* The number that a byte of these types stands for; `code` is no NaN. */
static double
decode_byte (uint32_t dtype, uint32_t code)
{
    uint32_t mantissa_bits = dtype == TENON_F8_E5M2FNUZ ? 2 : 3;
    int64_t bias = dtype == TENON_F8_E4M3 ? 7 : dtype == TENON_F8_E4M3FNUZ ? 8 : 16;
    if (dtype == TENON_F8_E8M0)
        return power_of_two ((int64_t) code - 127);
    int64_t exponent = (int64_t) ((code & 0x7f) >> mantissa_bits);
    uint32_t mantissa = code & ((1u << mantissa_bits) - 1);
    if (exponent == 0)
        exponent = 1;
    else
        mantissa |= 1u << mantissa_bits;
    double number = mantissa * power_of_two (exponent - bias - (int64_t) mantissa_bits);
    return code & 0x80 ? -number : number;
}

/* Finds the byte that stands for exactly this number. Returns 0 if there is none. */
static int
find_byte (uint32_t dtype, double value, uint64_t *bits)
{
    uint32_t nan = dtype == TENON_F8_E4M3 ? 0x7f : dtype == TENON_F8_E8M0 ? 0xff : 0x80;
    uint64_t whole;
    memcpy (&whole, &value, sizeof whole);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t code = i ^ (dtype == TENON_F8_E4M3 ? (uint32_t) (whole >> 63) << 7 : 0); /* -0 has its own */
        int is_nan = code == nan || (dtype == TENON_F8_E4M3 && code == 0xff);
        if (is_nan ? value == value : decode_byte (dtype, code) != value)
            continue;
        *bits = code;
        return 1;
    }
    return 0;
}

/* The bits of a number in this type, or in the parts of this complex one. */
static int
bits_of_number (const struct zarr_type *type, double value, uint64_t *bits)
{
    switch (type->dtype) {
    case TENON_F64:
    case TENON_C128: memcpy (bits, &value, sizeof *bits); return 1;
    case TENON_F32:
    case TENON_C64: *bits = encode_float (value, 8, 23); return 1;
    case TENON_BF16: *bits = encode_float (value, 8, 7); return 1;
    case TENON_F16: *bits = encode_float (value, 5, 10); return 1;
    case TENON_F8_E5M2: *bits = encode_float (value, 5, 2); return 1;
    default: return find_byte (type->dtype, value, bits);
    }
}

/* Bits in hexadecimal: "0x7fc00000". Returns 0 if the text is none of `bytes` bytes. */
static int
take_bits (const struct tenon_json *json, uint64_t bytes, uint64_t *bits)
{
    if (json->length != 2 + 2 * bytes || json->text[0] != '0' || (json->text[1] | 0x20) != 'x')
        return 0;
    *bits = 0;
    for (uint64_t i = 2; i < json->length; i++) {
        uint32_t digit = json->text[i], lower = digit | 0x20;
        if (digit >= '0' && digit <= '9')
            *bits = *bits << 4 | (digit - '0');
        else if (lower >= 'a' && lower <= 'f')
            *bits = *bits << 4 | (lower - 'a' + 10);
        else
            return 0;
    }
    return 1;
}

/* A float, from the token that the parser has passed. Returns 0 if it is none. */
static int
take_float (struct zarr_reader *reader, struct tenon_json *json, int32_t token, const struct zarr_type *type,
            uint64_t bytes, uint64_t *bits)
{
    struct tenon_json inner;
    double value;
    if (token == TENON_JSON_STRING && take_bits (json, bytes, bits))
        return 1;
    if (token == TENON_JSON_STRING) { /* a number in quotes, too */
        zarr_begin (reader, (struct zarr_text){ json->text, json->length }, &inner);
        token = tenon_json_next (&inner);
        json = &inner;
    }
    return token == TENON_JSON_NUMBER && tenon_json_f64 (json, &value) == TENON_OK
           && bits_of_number (type, value, bits);
}

static int32_t
fill_float (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    const struct zarr_type *type = &array->type;
    struct tenon_json json;
    uint64_t bits;
    zarr_begin (reader, text, &json);
    if (!take_float (reader, &json, tenon_json_next (&json), type, type->bytes, &bits))
        return fault_fill (reader, text, "a number that the data type has, or its bits");
    put_number (array->fill, bits, type->bytes, type->order);
    return 0;
}

static int32_t
fill_complex (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    const struct zarr_type *type = &array->type;
    uint64_t bits, half = type->bytes / 2;
    struct tenon_json json;
    zarr_begin (reader, text, &json);
    int32_t token = tenon_json_next (&json);
    uint32_t parts = token == TENON_JSON_BEGIN_ARRAY ? 2 : 1;
    for (uint32_t i = 0; i < parts; i++) {
        if (parts == 2)
            token = tenon_json_next (&json);
        if (!take_float (reader, &json, token, type, half, &bits))
            return fault_fill (reader, text, "a pair of numbers");
        put_number ((uint8_t *) array->fill + i * half, bits, half, type->order);
    }
    if (parts == 2 && tenon_json_next (&json) != TENON_JSON_END_ARRAY)
        return fault_fill (reader, text, "a pair of numbers");
    return 0;
}

/* ---- whole numbers ---- */

/* A whole number of `bytes` bytes, also one written as 3.0. Returns 0 if it is none, or does not fit. */
static int
take_whole (struct tenon_json *json, char kind, uint64_t bytes, uint64_t *bits)
{
    const uint64_t sign = (uint64_t) 1 << (8 * bytes - 1);
    int64_t number;
    double value;
    if (tenon_json_u64 (json, bits) == TENON_OK)
        return *bits <= (kind == 'u' ? 2 * (sign - 1) + 1 : sign - 1);
    if (tenon_json_i64 (json, &number) < 0) {
        if (tenon_json_f64 (json, &value) < 0 || !(value > -0x1p63 && value < 0x1p63)
            || (double) (int64_t) value != value)
            return 0;
        number = (int64_t) value;
    }
    *bits = (uint64_t) number;
    return number < 0 ? kind != 'u' && (uint64_t) 0 - *bits <= sign
                      : *bits <= (kind == 'u' ? 2 * (sign - 1) + 1 : sign - 1);
}

static int32_t
fill_whole (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    const struct zarr_type *type = &array->type;
    struct tenon_json json;
    uint64_t bits = (uint64_t) 1 << 63; /* NaT, not a time */
    zarr_begin (reader, text, &json);
    int32_t token = tenon_json_next (&json);
    int is_time = type->kind == 'M' || type->kind == 'm';
    if (!is_time || token != TENON_JSON_STRING || !tenon_json_is (&json, "NaT")) {
        if (token == TENON_JSON_STRING) {
            zarr_begin (reader, (struct zarr_text){ json.text, json.length }, &json);
            token = tenon_json_next (&json);
        }
        if (token != TENON_JSON_NUMBER || !take_whole (&json, type->kind, type->bytes, &bits))
            return fault_fill (reader, text, "a whole number that fits the data type");
    }
    put_number (array->fill, bits, type->bytes, type->order);
    return 0;
}

static int32_t
fill_bool (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct tenon_json json;
    uint64_t bits = 0;
    zarr_begin (reader, text, &json);
    int32_t token = tenon_json_next (&json);
    if (token == TENON_JSON_NUMBER ? !take_whole (&json, 'u', 1, &bits) || bits > 1
                                   : token != TENON_JSON_TRUE && token != TENON_JSON_FALSE)
        return fault_fill (reader, text, "true or false");
    *(uint8_t *) array->fill = bits || token == TENON_JSON_TRUE;
    return 0;
}

/* ---- texts and bytes ---- */

/* The value of a digit of base64; 64: it is none. */
static uint32_t
digit_of (uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26u;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52u;
    return byte == '+' ? 62 : byte == '/' ? 63 : 64;
}

/* Decodes base64 into at most `room` bytes. Returns 0 if it is none, or holds more. */
static int
decode_base64 (struct zarr_word word, uint8_t *to, uint64_t room)
{
    uint64_t length = word.length, made = 0;
    uint32_t bits = 0, digit;
    if (length % 4)
        return 0;
    for (int i = 0; i < 2 && length && word.bytes[length - 1] == '='; i++)
        length--;
    for (uint64_t i = 0; i < length; i++) {
        if ((digit = digit_of ((uint8_t) word.bytes[i])) == 64)
            return 0;
        bits = bits << 6 | digit;
        if (i % 4 == 0)
            continue;
        if (made == room)
            return 0;
        to[made++] = (uint8_t) (bits >> (6 - 2 * (i % 4)));
    }
    return 1;
}

/* Bytes as an array of numbers: version 3's raw bits. */
static int32_t
fill_list (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct tenon_json json;
    uint64_t count = 0, number;
    int32_t token;
    zarr_begin (reader, text, &json);
    tenon_json_next (&json);
    while ((token = tenon_json_next (&json)) == TENON_JSON_NUMBER) {
        if (count == array->type.bytes || !take_whole (&json, 'u', 1, &number))
            break;
        ((uint8_t *) array->fill)[count++] = (uint8_t) number;
    }
    if (token != TENON_JSON_END_ARRAY || count != array->type.bytes)
        return fault_fill (reader, text, "a byte for each byte of an item");
    return 0;
}

static int32_t
fill_bytes (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct zarr_word word;
    ZARR_TRY (zarr_take_string (reader, text, "\"fill_value\"", &word));
    if (!decode_base64 (word, array->fill, array->type.bytes))
        return fault_fill (reader, text, "the bytes of an item in base64");
    return 0;
}

/* The code point that begins at *at, in valid UTF-8. */
static uint32_t
next_point (const uint8_t **at)
{
    const uint8_t *bytes = *at;
    uint32_t more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : 3;
    uint32_t point = more ? bytes[0] & (0x3fu >> more) : bytes[0];
    for (uint32_t i = 1; i <= more; i++)
        point = point << 6 | (bytes[i] & 0x3fu);
    *at += more + 1;
    return point;
}

static int32_t
fill_text (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct zarr_word word;
    ZARR_TRY (zarr_take_string (reader, text, "\"fill_value\"", &word));
    const uint8_t *at = (const uint8_t *) word.bytes, *end = at + word.length;
    for (uint64_t place = 0; at < end; place += 4) {
        if (place + 4 > array->type.bytes)
            return fault_fill (reader, text, "a text that fits an item");
        put_number ((uint8_t *) array->fill + place, next_point (&at), 4, array->type.order);
    }
    return 0;
}

/* ---- all of them ---- */

/* True for the fill values that are zeros in any type: null, which leaves the value open, 0 and "". */
static int
is_zero (struct zarr_reader *reader, struct zarr_text text, char kind, uint32_t dtype)
{
    struct tenon_json json;
    uint64_t number;
    zarr_begin (reader, text, &json);
    int32_t token = tenon_json_next (&json);
    return token == TENON_JSON_NULL
           || (token == TENON_JSON_NUMBER && tenon_json_u64 (&json, &number) == TENON_OK && number == 0
               && dtype != TENON_F8_E8M0)
           || (token == TENON_JSON_STRING && json.length == 0 && strchr ("USV", kind));
}

int32_t
zarr_take_fill (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    const struct zarr_type *type = &array->type;
    array->has_no_fill = zarr_token (reader, text) == TENON_JSON_NULL;
    if (is_zero (reader, text, type->kind, type->dtype))
        return 0;
    if (type->dtype == TENON_NONE && strchr ("fc", type->kind))
        return zarr_fault (reader, TENON_E_UNSUPPORTED,
                           "\"fill_value\" is a number of the type '%s', which differs by machine",
                           type->text);
    if (type->bytes > MOST_BYTES)
        return zarr_fault (reader, TENON_E_UNSUPPORTED,
                           "\"fill_value\" is not zero, and an item has %llu bytes",
                           (unsigned long long) type->bytes);
    if (!(array->fill = reader->call->host->scratch (reader->call, type->bytes)))
        return TENON_E_MEMORY;
    switch (type->kind) {
    case 'b': return fill_bool (reader, text, array);
    case 'f': return fill_float (reader, text, array);
    case 'c': return fill_complex (reader, text, array);
    case 'S': return fill_bytes (reader, text, array);
    case 'U': return fill_text (reader, text, array);
    case 'V':
        return zarr_token (reader, text) == TENON_JSON_BEGIN_ARRAY ? fill_list (reader, text, array)
                                                                   : fill_bytes (reader, text, array);
    default: return fill_whole (reader, text, array);
    }
}
