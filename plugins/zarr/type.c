/* SPDX-License-Identifier: MIT */
/* type.c - the names of element types: NumPy's typestrings, which version 2 uses, and the names of version 3.
 *
 * What only NumPy's text explains is opaque, in the family "numpy", with the very text that a NumPy array
 * file has: so other formats of that family keep it. */
#include "read.h"
#include <stdio.h>
#include <tenon/number.h>

#define ITEM_BYTES 2147483647u /* NumPy keeps the size of an item in a C int */

const struct zarr_name zarr_names[] = {
    { "bool", TENON_BOOL, 'b', 1 },
    { "int8", TENON_I8, 'i', 1 },
    { "int16", TENON_I16, 'i', 2 },
    { "int32", TENON_I32, 'i', 4 },
    { "int64", TENON_I64, 'i', 8 },
    { "uint8", TENON_U8, 'u', 1 },
    { "uint16", TENON_U16, 'u', 2 },
    { "uint32", TENON_U32, 'u', 4 },
    { "uint64", TENON_U64, 'u', 8 },
    { "float16", TENON_F16, 'f', 2 },
    { "float32", TENON_F32, 'f', 4 },
    { "float64", TENON_F64, 'f', 8 },
    { "complex64", TENON_C64, 'c', 8 },
    { "complex128", TENON_C128, 'c', 16 },
    { "bfloat16", TENON_BF16, 'f', 2 },
    { "float8_e4m3fn", TENON_F8_E4M3, 'f', 1 },
    { "float8_e5m2", TENON_F8_E5M2, 'f', 1 },
    { "float8_e4m3fnuz", TENON_F8_E4M3FNUZ, 'f', 1 },
    { "float8_e5m2fnuz", TENON_F8_E5M2FNUZ, 'f', 1 },
    { "float8_e8m0fnu", TENON_F8_E8M0, 'f', 1 },
    /* other words for the same */
    { "complex_float32", TENON_C64, 'c', 8 },
    { "complex_float64", TENON_C128, 'c', 16 },
    { NULL, TENON_NONE, 0, 0 },
};
/* The names that are NumPy's. */
#define NUMPY_NAMES 14u

/* The name whose kind and size are these; NULL: there is none. */
static const struct zarr_name *
find_kind (char kind, uint64_t bytes)
{
    for (uint32_t i = 0; i < NUMPY_NAMES; i++)
        if (zarr_names[i].kind == kind && zarr_names[i].bytes == bytes)
            return &zarr_names[i];
    return NULL;
}

const struct zarr_name *
zarr_find_name (struct zarr_word word)
{
    for (const struct zarr_name *name = zarr_names; name->name; name++)
        if (zarr_word_is (word, name->name))
            return name;
    return NULL;
}

/* ---- texts ---- */

/* The typestring of a type without fields, in NumPy's spelling. `number` is that behind the kind. */
static int32_t
format_type (struct zarr_reader *reader, uint64_t number, const char *unit, struct zarr_type *type)
{
    char *text = reader->call->host->scratch (reader->call, ZARR_TYPESTRING);
    if (!text)
        return TENON_E_MEMORY;
    snprintf (text, ZARR_TYPESTRING, "%c%c%llu%s", type->order, type->kind, (unsigned long long) number,
              unit);
    type->text = text;
    return 0;
}

int32_t
zarr_make_type (struct zarr_reader *reader, char kind, char order, uint64_t number, const char *unit,
                struct zarr_type *type)
{
    const struct zarr_name *name = find_kind (kind, number);
    memset (type, 0, sizeof *type);
    type->kind = kind;
    type->bytes = kind == 'U' ? 4 * number : number;
    type->dtype = name ? name->dtype : TENON_NONE;
    type->order = strchr ("SV", kind) || (name && number == 1) ? '|' : order == '>' ? '>' : '<';
    type->flags = name && type->order == '>' ? TENON_BIG_ENDIAN : 0;
    return format_type (reader, number, unit, type);
}

int32_t
zarr_use_name (struct zarr_reader *reader, const struct zarr_name *name, char order, struct zarr_type *type)
{
    if (name - zarr_names < NUMPY_NAMES)
        return zarr_make_type (reader, name->kind, order, name->bytes, "", type);
    memset (type, 0, sizeof *type);
    type->kind = name->kind;
    type->bytes = name->bytes;
    type->dtype = name->dtype;
    type->order = order == '>' && name->bytes > 1 ? '>' : '<';
    type->flags = type->order == '>' ? TENON_BIG_ENDIAN : 0;
    return 0;
}

/* ---- version 2 ---- */

static int32_t
fault_type (struct zarr_reader *reader, struct zarr_word word, const char *why)
{
    return zarr_fault (reader, TENON_E_UNSUPPORTED, "the data type '%.*s' %s",
                       word.length > 80 ? 80 : (int) word.length, word.bytes, why);
}

int
zarr_is_unit (const char *word, uint64_t length)
{
    static const char *const units[] = { "Y",  "M",  "W",  "D",  "h",  "m",  "s",
                                         "ms", "us", "ns", "ps", "fs", "as", "generic" };
    for (uint32_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen (units[i]) == length && memcmp (units[i], word, (size_t) length) == 0)
            return 1;
    return 0;
}

/* A unit of time, "[25s]", as NumPy writes it; nothing is the generic one. */
static int
take_unit (const char *at, const char *end, char unit[ZARR_UNIT])
{
    uint64_t multiple = 1;
    unit[0] = 0;
    if (at == end)
        return 1;
    if (*at++ != '[' || end[-1] != ']' || at == end)
        return 0;
    end--;
    if (at < end && *at >= '1' && *at <= '9'
        && (tenon_number_u64 (&at, end, &multiple) < 0 || multiple > ITEM_BYTES))
        return 0;
    return zarr_is_unit (at, (uint64_t) (end - at)) && zarr_format_unit (multiple, at, end, unit);
}

int
zarr_format_unit (uint64_t multiple, const char *at, const char *end, char unit[ZARR_UNIT])
{
    int length = (int) (end - at);
    if (multiple == 1)
        snprintf (unit, ZARR_UNIT, "[%.*s]", length, at);
    else
        snprintf (unit, ZARR_UNIT, "[%llu%.*s]", (unsigned long long) multiple, length, at);
    return 1;
}

/* True if a type of this kind can have this number behind it. */
static int
fits_kind (char kind, uint64_t number, int has_unit)
{
    switch (kind) {
    case 'S':
    case 'V': return number > 0 && number <= ITEM_BYTES && !has_unit;
    case 'U': return number > 0 && number <= ITEM_BYTES / 4 && !has_unit;
    case 'M':
    case 'm': return number == 8;
    /* long double: as its machine stored it */
    case 'f': return (number == 12 || number == 16 || find_kind (kind, number)) && !has_unit;
    case 'c': return (number == 24 || number == 32 || find_kind (kind, number)) && !has_unit;
    default: return find_kind (kind, number) && !has_unit;
    }
}

int32_t
zarr_take_typestring (struct zarr_reader *reader, struct zarr_word word, struct zarr_type *type)
{
    const char *at = word.bytes, *end = word.bytes + word.length;
    const struct zarr_name *name = zarr_find_name (word);
    char order = 0, unit[ZARR_UNIT];
    uint64_t number;
    if (name)
        return zarr_use_name (reader, name, '<', type);
    if (at < end && strchr ("<>|=", *at))
        order = *at++;
    if (at < end && *at == 'O')
        return fault_type (reader, word, "is objects of Python, whose items have no fixed size");
    if (at == end || !strchr ("biufcSUVMm", *at))
        return fault_type (reader, word, "is not known");
    char kind = *at++;
    int has_number = tenon_number_u64 (&at, end, &number) == TENON_OK;
    if (!has_number || !fits_kind (kind, number, at < end) || !take_unit (at, end, unit))
        return fault_type (reader, word, "is not known");
    return zarr_make_type (reader, kind, order, number, unit, type);
}

/* ---- version 3 ---- */

/* A number of the configuration of a type. */
static int32_t
take_count (struct zarr_reader *reader, struct zarr_text text, const char *what, uint64_t *number)
{
    struct tenon_json json;
    *number = 0;
    if (!text.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "the data type has no \"%s\"", what);
    zarr_begin (reader, text, &json);
    if (tenon_json_next (&json) != TENON_JSON_NUMBER || tenon_json_u64 (&json, number) < 0 || *number == 0
        || *number > ITEM_BYTES)
        return zarr_fault (reader, TENON_E_MALFORMED,
                           "\"%s\" of the data type is no whole number from 1 to 2^31 - 1", what);
    return 0;
}

static int32_t
take_sized (struct zarr_reader *reader, const struct zarr_named *named, char kind, char order,
            struct zarr_type *type)
{
    struct zarr_member length = { "length_bytes", { 0 } };
    uint64_t number;
    if (named->configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, named->configuration, "the data type", &length, 1, NULL));
    ZARR_TRY (take_count (reader, length.value, length.name, &number));
    if (kind == 'U' && number % 4)
        return zarr_fault (reader, TENON_E_MALFORMED,
                           "\"length_bytes\" of the data type is %llu, no multiple of 4",
                           (unsigned long long) number);
    return zarr_make_type (reader, kind, order, kind == 'U' ? number / 4 : number, "", type);
}

static int32_t
take_time (struct zarr_reader *reader, const struct zarr_named *named, char kind, char order,
           struct zarr_type *type)
{
    struct zarr_member members[] = { { "unit", { 0 } }, { "scale_factor", { 0 } } };
    struct zarr_word word;
    uint64_t multiple = 1;
    char unit[ZARR_UNIT];
    if (named->configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, named->configuration, "the data type", members, 2, NULL));
    if (!members[0].value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "the data type has no \"unit\"");
    ZARR_TRY (zarr_take_string (reader, members[0].value, "\"unit\" of the data type", &word));
    if (members[1].value.bytes)
        ZARR_TRY (take_count (reader, members[1].value, members[1].name, &multiple));
    if (!zarr_is_unit (word.bytes, word.length))
        return fault_type (reader, word, "is no unit of time");
    zarr_format_unit (multiple, word.bytes, word.bytes + word.length, unit);
    if (zarr_word_is (word, "generic"))
        unit[0] = 0;
    return zarr_make_type (reader, kind, order, 8, unit, type);
}

/* Raw bits: "r24". *bytes is 0 if the word is none. */
static void
take_raw (struct zarr_word word, uint64_t *bytes)
{
    const char *at = word.bytes + 1, *end = word.bytes + word.length;
    uint64_t bits;
    *bytes = 0;
    if (word.length > 1 && word.bytes[0] == 'r' && tenon_number_u64 (&at, end, &bits) == TENON_OK && at == end
        && bits % 8 == 0 && bits / 8 <= ITEM_BYTES)
        *bytes = bits / 8;
}

int32_t
zarr_take_type3 (struct zarr_reader *reader, const struct zarr_named *named, char order,
                 struct zarr_type *type)
{
    const struct zarr_name *name = zarr_find_name (named->name);
    uint64_t bytes;
    if (name)
        return zarr_use_name (reader, name, order, type);
    take_raw (named->name, &bytes);
    if (bytes)
        return zarr_make_type (reader, 'V', order, bytes, "", type);
    if (zarr_word_is (named->name, "fixed_length_utf32"))
        return take_sized (reader, named, 'U', order, type);
    if (zarr_word_is (named->name, "null_terminated_bytes"))
        return take_sized (reader, named, 'S', order, type);
    if (zarr_word_is (named->name, "raw_bytes"))
        return take_sized (reader, named, 'V', order, type);
    if (zarr_word_is (named->name, "numpy.datetime64"))
        return take_time (reader, named, 'M', order, type);
    if (zarr_word_is (named->name, "numpy.timedelta64"))
        return take_time (reader, named, 'm', order, type);
    return fault_type (reader, named->name, "is not known, or has items of no fixed size");
}
