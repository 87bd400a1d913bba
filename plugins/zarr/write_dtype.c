/* SPDX-License-Identifier: MIT */
/* write_dtype.c - element types in the words of Zarr: a name in format 3, NumPy's descr in format 2. */
#include "write.h"

/* The most brackets of a structure in each other. */
#define STRUCTURE_DEPTH 40u

static const struct {
    uint32_t dtype, item;
    const char *name;  /* format 3 */
    const char *descr; /* format 2, without the byte order; NULL: it has none */
} plains[] = {
    { TENON_BOOL, 1, "bool", "b1" },
    { TENON_U8, 1, "uint8", "u1" },
    { TENON_U16, 2, "uint16", "u2" },
    { TENON_U32, 4, "uint32", "u4" },
    { TENON_U64, 8, "uint64", "u8" },
    { TENON_I8, 1, "int8", "i1" },
    { TENON_I16, 2, "int16", "i2" },
    { TENON_I32, 4, "int32", "i4" },
    { TENON_I64, 8, "int64", "i8" },
    { TENON_F16, 2, "float16", "f2" },
    { TENON_BF16, 2, "bfloat16", NULL },
    { TENON_F32, 4, "float32", "f4" },
    { TENON_F64, 8, "float64", "f8" },
    { TENON_C64, 8, "complex64", "c8" },
    { TENON_C128, 16, "complex128", "c16" },
    { TENON_F8_E4M3, 1, "float8_e4m3fn", NULL },
    { TENON_F8_E5M2, 1, "float8_e5m2", NULL },
    { TENON_F8_E4M3FNUZ, 1, "float8_e4m3fnuz", NULL },
    { TENON_F8_E5M2FNUZ, 1, "float8_e5m2fnuz", NULL },
    { TENON_F8_E8M0, 1, "float8_e8m0fnu", NULL },
};
#define PLAINS (sizeof plains / sizeof plains[0])

/* ---- a list of fields ---- */

/* A Python literal of strings, numbers, lists and tuples. */
struct literal {
    const char *at;
    struct zarr_out *out; /* NULL: it is only checked */
    uint32_t depth;
};

/* One character of a string, behind a backslash. Returns 0 if there is none. */
static int
take_escape (const char **at, uint32_t *character)
{
    static const char letters[] = "abfnrtv\\'\"", meant[] = "\a\b\f\n\r\t\v\\'\"";
    static const char sizes[] = "x2u4U8";
    const char *letter = strchr (letters, **at), *size = strchr (sizes, **at);
    if (!**at)
        return 0;
    ++*at;
    if (letter) {
        *character = (uint32_t) meant[letter - letters];
        return 1;
    }
    if (!size || *size < 'A')
        return 0;
    *character = 0;
    for (int i = size[1] - '0'; i > 0; i--, ++*at) {
        const char *digit = **at ? strchr ("0123456789abcdef", **at) : NULL;
        if (!digit)
            return 0;
        *character = *character << 4 | (uint32_t) (digit - "0123456789abcdef");
    }
    return *character < 0x110000 && (*character < 0xd800 || *character > 0xdfff);
}

static uint32_t
encode_character (uint32_t character, char bytes[4])
{
    uint32_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (uint32_t i = size - 1; i > 0; i--, character >>= 6)
        bytes[i] = (char) (0x80 | (character & 0x3f));
    bytes[0] = (char) (size == 1 ? character : (0xf00u >> size & 0xff) | character);
    return size;
}

/* A string in either quotes, as JSON. */
static int
take_string (struct literal *literal)
{
    char quote = *literal->at++;
    if (literal->out)
        tenon_json_put_text (&literal->out->json, "\"");
    while (*literal->at && *literal->at != quote) {
        const char *from = literal->at;
        char bytes[4];
        uint32_t character, size = 1;
        if (*literal->at++ == '\\') {
            if (!take_escape (&literal->at, &character))
                return 0;
            size = encode_character (character, bytes);
            from = bytes;
        }
        if (literal->out)
            tenon_json_put_escaped (&literal->out->json, from, size);
    }
    if (literal->out)
        tenon_json_put_text (&literal->out->json, "\"");
    return *literal->at++ == quote;
}

static int
take_number (struct literal *literal)
{
    const char *from = literal->at;
    while (*literal->at >= '0' && *literal->at <= '9')
        literal->at++;
    if (literal->out)
        tenon_json_put (&literal->out->json, from, (uint64_t) (literal->at - from));
    return literal->at > from;
}

/* All of it, as JSON: tuples become arrays. Returns 0 if it is no such literal. */
static int
take_literal (struct literal *literal)
{
    int good = 1;
    do {
        char next = *literal->at;
        if (next == ',' || next == ' ') {
            literal->at++;
            continue;
        }
        if (next == ']' || next == ')') {
            literal->at++;
            literal->depth--;
            if (literal->out)
                zarr_out_close (literal->out, ']');
            continue;
        }
        if (literal->out && literal->depth > 0)
            zarr_out_item (literal->out);
        if (next == '[' || next == '(') {
            literal->at++;
            good = ++literal->depth <= STRUCTURE_DEPTH;
            if (literal->out && good)
                zarr_out_open (literal->out, '[');
        } else
            good = next == '\'' || next == '"' ? take_string (literal) : take_number (literal);
    } while (good && literal->depth > 0);
    return good && !*literal->at;
}

/* A field of a structure in which Zarr 3 can state each: ('name', '<f4'). `out` NULL: it is only checked. */
static const char *
take_plain_field (const char *at, struct zarr_out *out)
{
    struct literal name = { at + 1, out, 0 };
    if (*at != '(' || at[1] != '\'')
        return NULL;
    if (out) {
        zarr_out_item (out);
        zarr_out_open (out, '[');
        zarr_out_item (out);
    }
    if (!take_string (&name) || strncmp (name.at, ", '", 3) != 0)
        return NULL;
    at = name.at + 3;
    for (size_t i = 0; i < PLAINS; i++) {
        const char *descr = plains[i].descr;
        size_t length = descr ? strlen (descr) : 0;
        char order = plains[i].item == 1 ? '|' : '<';
        if (!descr || at[0] != order || strncmp (at + 1, descr, length) != 0
            || strncmp (at + 1 + length, "')", 2) != 0)
            continue;
        if (out) {
            zarr_out_item (out);
            zarr_out_word (out, plains[i].name);
            zarr_out_close (out, ']');
        }
        return at + length + 3;
    }
    return NULL;
}

/* The fields of a structure of little-endian numbers. Returns 0 if it has others. */
static int
take_plain_fields (const char *at, struct zarr_out *out)
{
    while ((at = take_plain_field (at + 1, out)) != NULL && at[0] == ',' && at[1] == ' ')
        at++;
    return at && strcmp (at, "]") == 0;
}

/* ---- opaque types ---- */

/* The number behind a letter: of bytes, of characters; 0: there is none, or more follows it. */
static uint32_t
number_behind (const char *text)
{
    uint32_t number = 0;
    for (; *text >= '0' && *text <= '9' && number < 100000000; text++)
        number = 10 * number + (uint32_t) (*text - '0');
    return *text ? 0 : number;
}

/* Splits "[25us]", or "" of a generic unit. Returns 0 if it is none. */
static int
split_unit (const char *text, uint32_t *factor, char unit[8])
{
    size_t length = strlen (text), at = 1;
    *factor = 1;
    if (length == 0) {
        memcpy (unit, "generic", sizeof "generic");
        return 1;
    }
    if (text[0] != '[' || text[length - 1] != ']')
        return 0;
    if (text[at] >= '1' && text[at] <= '9')
        for (*factor = 0; text[at] >= '0' && text[at] <= '9' && *factor < 100000000; at++)
            *factor = 10 * *factor + (uint32_t) (text[at] - '0');
    if (length - 1 - at < 1 || length - 1 - at > 2)
        return 0;
    memset (unit, 0, 8);
    memcpy (unit, text + at, length - 1 - at);
    return 1;
}

/* What kind of NumPy's type it is: the first character that tells. */
static void
find_kind (struct zarr_element *element)
{
    const char *text = element->text;
    element->kind = text[0] == '[' ? '[' : text[0] ? text[1] : 0;
    element->order = text[0];
    element->has_order = element->kind != '[' && text[0] != '|';
}

/* Checks that the type of an opaque dtype can be written. */
static int
can_write_opaque (const struct zarr_element *element, uint32_t format)
{
    struct literal literal = { element->text, NULL, 0 };
    uint32_t factor;
    char unit[8];
    if (element->kind == '[')
        return take_literal (&literal) && (format == 2 || take_plain_fields (element->text, NULL));
    if (element->kind == 'M' || element->kind == 'm')
        return element->item == 8 && element->text[2] == '8' && split_unit (element->text + 3, &factor, unit);
    if (element->kind == 'S' || element->kind == 'V')
        return number_behind (element->text + 2) == element->item;
    if (element->kind == 'U')
        return 4 * (uint64_t) number_behind (element->text + 2) == element->item;
    return format == 2 && (element->kind == 'f' || element->kind == 'c'); /* long double */
}

/* True if a field of a structure is an array itself: its shape follows the type. */
static uint8_t
has_inner_array (const char *text)
{
    return strstr (text, "', (") || strstr (text, "], (");
}

static tenon_status
find_opaque (struct zarr_writer *writer, const struct tenon_tensor *tensor, const struct tenon_dtype *dtype,
             struct zarr_element *element)
{
    element->text = dtype->text ? dtype->text : "";
    find_kind (element);
    if (dtype->block_bytes == 0 || dtype->block_bytes > INT32_MAX)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the items of '%.100s' have %llu bytes, for which Zarr has no type", tensor->name,
                           (unsigned long long) dtype->block_bytes);
    element->item = (uint32_t) dtype->block_bytes;
    element->is_rare = element->kind == '[' ? has_inner_array (element->text)
                                            : strchr ("MmSUV", element->kind) == NULL; /* long double */
    if (!can_write_opaque (element, writer->settings.format))
        return tenon_fail (
            writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
            "format %u of Zarr has no name for the type %.200s%s", writer->settings.format, element->text,
            writer->settings.format == 3 && can_write_opaque (element, 2) ? "; zarr.format=2 has" : "");
    return TENON_OK;
}

tenon_status
zarr_find_element (struct zarr_writer *writer, const struct tenon_tensor *tensor,
                   struct zarr_element *element)
{
    struct tenon_call *call = writer->call;
    struct tenon_dtype dtype = TENON_INIT (dtype);
    memset (element, 0, sizeof *element);
    for (size_t i = 0; i < PLAINS; i++)
        if (plains[i].dtype == tensor->dtype) {
            element->dtype = tensor->dtype;
            element->item = plains[i].item;
            element->name = plains[i].name;
            element->descr = plains[i].descr;
            element->has_order = element->item > 1;
        }
    element->is_rare = element->name && !element->descr;
    TENON_TRY (call->host->dtype_info (call, tensor->dtype, &dtype));
    if (dtype.kind == TENON_KIND_OPAQUE)
        return find_opaque (writer, tensor, &dtype, element);
    if (!element->name)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "Zarr has no %s", dtype.name);
    if (writer->settings.format == 2 && !element->descr)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "format 2 of Zarr has no %s; zarr.format=3 has, and a cast makes another dtype",
                           dtype.name);
    return TENON_OK;
}

/* ---- as JSON ---- */

/* {"name": …, "configuration": {…}} */
static void
open_configuration (struct zarr_out *out, const char *name)
{
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "name", name);
    zarr_out_key (out, "configuration");
    zarr_out_open (out, '{');
}

tenon_status
zarr_put_data_type (struct zarr_out *out, const struct zarr_element *element)
{
    if (element->name) {
        zarr_out_word (out, element->name);
        return out->json.status;
    }
    open_configuration (out, element->kind == 'M'   ? "numpy.datetime64"
                             : element->kind == 'm' ? "numpy.timedelta64"
                             : element->kind == 'U' ? "fixed_length_utf32"
                             : element->kind == 'S' ? "null_terminated_bytes"
                             : element->kind == 'V' ? "raw_bytes"
                                                    : "structured");
    if (element->kind == 'M' || element->kind == 'm') {
        uint32_t factor;
        char unit[8];
        split_unit (element->text + 3, &factor, unit);
        zarr_out_member_word (out, "unit", unit);
        zarr_out_member_number (out, "scale_factor", factor);
    } else if (element->kind == '[') {
        zarr_out_key (out, "fields");
        zarr_out_open (out, '[');
        take_plain_fields (element->text, out);
        zarr_out_close (out, ']');
    } else
        zarr_out_member_number (out, "length_bytes", element->item);
    zarr_out_close (out, '}');
    zarr_out_close (out, '}');
    return out->json.status;
}

tenon_status
zarr_put_descr (struct zarr_out *out, const struct zarr_element *element, uint32_t big_endian)
{
    struct literal literal = { element->text, out, 0 };
    char descr[8];
    if (element->kind == '[')
        take_literal (&literal);
    else if (element->text)
        zarr_out_word (out, element->text);
    else {
        snprintf (descr, sizeof descr, "%c%s",
                  !element->has_order ? '|'
                  : big_endian        ? '>'
                                      : '<',
                  element->descr);
        zarr_out_word (out, descr);
    }
    return out->json.status;
}
