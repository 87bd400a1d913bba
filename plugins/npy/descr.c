/* SPDX-License-Identifier: MIT */
/* descr.c - parses descr, NumPy's notation of an element type: '<f4', '|S5', '<M8[ns]',
 * [('x', '<f4'), ('y', '|u1', (3,))].
 *
 * A type string is a byte order (none: native), a kind, and a size in bytes (of U: in characters of 4 bytes).
 * '|' means that the order does not matter; where it would, it is native, as in NumPy. Native is taken for
 * little-endian, the order of nearly all machines that write such files: the file does not state it. */
#include "npy.h"

/* Types of a fixed size. */
static const struct plain {
    char kind[2];
    uint8_t bytes;
    uint8_t dtype; /* TENON_NONE: long double, whose layout depends on the machine that wrote it */
} plains[] = {
    { "b", 1, TENON_BOOL },  { "i", 1, TENON_I8 },    { "i", 2, TENON_I16 },     { "i", 4, TENON_I32 },
    { "i", 8, TENON_I64 },   { "u", 1, TENON_U8 },    { "u", 2, TENON_U16 },     { "u", 4, TENON_U32 },
    { "u", 8, TENON_U64 },   { "f", 2, TENON_F16 },   { "f", 4, TENON_F32 },     { "f", 8, TENON_F64 },
    { "c", 8, TENON_C64 },   { "c", 16, TENON_C128 }, { "f", 1, TENON_F8_E5M2 }, { "f", 12, TENON_NONE },
    { "f", 16, TENON_NONE }, { "c", 24, TENON_NONE }, { "c", 32, TENON_NONE },
};
#define PLAINS (sizeof plains / sizeof plains[0])

/* ---- type strings ---- */

static tenon_status
refuse_type (struct npy_text *text, struct npy_word word, uint64_t at, const char *expected)
{
    return tenon_fail (text->call, TENON_E_MALFORMED, npy_place (text, at),
                       "found the type '%.*s'%s, expected %s", word.length > 48 ? 48 : (int) word.length,
                       word.bytes, word.length > 48 ? " ..." : "", expected);
}

/* Takes decimal digits from *position on. Returns 0 if there are none, or if the number exceeds
 * NPY_ITEM_BYTES. */
static int
take_digits (struct npy_word word, uint64_t *position, uint64_t *number)
{
    uint64_t start = *position;
    for (*number = 0; *position < word.length; (*position)++) {
        char digit = word.bytes[*position];
        if (digit < '0' || digit > '9')
            break;
        *number = *number * 10 + (uint64_t) (digit - '0');
        if (*number > NPY_ITEM_BYTES)
            return 0;
    }
    return *position > start;
}

/* True if `rest` is a time unit in brackets, as in '<M8[25s]', or empty, which is the generic unit. */
static int
is_time_unit (struct npy_word rest)
{
    static const char *const units[] = { "Y",  "M",  "W",  "D",  "h",  "m",  "s",
                                         "ms", "us", "ns", "ps", "fs", "as", "generic" };
    uint64_t position = 1, multiple;
    struct npy_word unit;
    if (!rest.length)
        return 1;
    if (rest.length < 3 || rest.bytes[0] != '[' || rest.bytes[rest.length - 1] != ']')
        return 0;
    if (!take_digits (rest, &position, &multiple) && position > 1)
        return 0;
    unit.bytes = rest.bytes + position;
    unit.length = rest.length - 1 - position;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (npy_word_is (unit, units[i]))
            return 1;
    return 0;
}

static tenon_status
plain_type (struct npy_text *text, struct npy_word word, uint64_t at, char kind, uint64_t bytes,
            struct npy_type *type)
{
    for (size_t i = 0; i < PLAINS; i++) {
        if (plains[i].kind[0] != kind || plains[i].bytes != bytes)
            continue;
        type->bytes = bytes;
        type->dtype = plains[i].dtype;
        return TENON_OK;
    }
    return refuse_type (
        text, word, at,
        "b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8, f12, f16, c8, c16, c24, c32, S, U, V, M8 or m8");
}

/* Python objects are stored as a pickle: a program for a virtual machine, which can do anything. */
static tenon_status
refuse_objects (struct npy_text *text, struct npy_word word, uint64_t at)
{
    return tenon_fail (
        text->call, TENON_E_UNSUPPORTED, npy_place (text, at),
        "found the type '%.*s': Python objects, stored as a pickle, which is a program and is never run",
        word.length > 48 ? 48 : (int) word.length, word.bytes);
}

tenon_status
npy_parse_typestring (struct npy_text *text, struct npy_word word, uint64_t at, struct npy_type *type)
{
    char order = word.length ? word.bytes[0] : 0, kind;
    uint64_t position = order && strchr ("<>=|", order) ? 1 : 0, number = 0;
    struct npy_word rest;
    int has_number;
    memset (type, 0, sizeof *type);
    type->position = at;
    type->text = word;
    if (position == word.length)
        return refuse_type (text, word, at, "a kind and a size, such as <f4");
    kind = word.bytes[position++];
    has_number = take_digits (word, &position, &number);
    rest.bytes = word.bytes + position;
    rest.length = word.length - position;
    if (kind == 'O' && !rest.length)
        return refuse_objects (text, word, at);
    if ((kind == 'M' || kind == 'm') && has_number && number == 8) {
        type->bytes = 8;
        type->items_as = TENON_I64;
        type->items_flags = order == '>' ? TENON_BIG_ENDIAN : 0;
        return is_time_unit (rest)
                   ? TENON_OK
                   : refuse_type (text, word, at, "a unit of time after M8 or m8, such as [ns] or [25s]");
    }
    if (rest.length || (!has_number && number))
        return refuse_type (text, word, at,
                            "a kind and a size below 2^31, such as <f4, and nothing after it");
    if (kind == 'S' || kind == 'V' || kind == 'U') {
        /* A missing size is 0. */
        if (kind == 'U' && number > NPY_ITEM_BYTES / 4)
            return refuse_type (text, word, at, "an item below 2^31 bytes");
        type->bytes = kind == 'U' ? number * 4 : number;
        return TENON_OK;
    }
    TENON_TRY (plain_type (text, word, at, kind, number, type));
    if (order == '>' && type->dtype && number > 1)
        type->flags = TENON_BIG_ENDIAN;
    return TENON_OK;
}

/* ---- structures ---- */

/* Multiplies the bytes of an item by `count`. */
static tenon_status
multiply_bytes (struct npy_text *text, uint64_t at, uint64_t count, uint64_t *bytes)
{
    *bytes *= count;
    if (*bytes <= NPY_ITEM_BYTES)
        return TENON_OK;
    return tenon_fail (text->call, TENON_E_MALFORMED, npy_place (text, at),
                       "found a type of 2^31 bytes or more, expected less");
}

static tenon_status
take_dim (struct npy_text *text, uint64_t *dim)
{
    uint64_t at;
    npy_skip_space (text);
    at = text->position;
    TENON_TRY (npy_take_integer (text, "a dim of a sub-array: an integer from 0 to 2147483647", dim));
    if (*dim > NPY_ITEM_BYTES)
        return tenon_fail (text->call, TENON_E_MALFORMED, npy_place (text, at),
                           "found the dim %llu of a sub-array, expected at most 2147483647",
                           (unsigned long long) *dim);
    npy_emit_number (text, *dim);
    return TENON_OK;
}

/* Parses the shape of a sub-array: a tuple, or an integer, which stands for a tuple of one. */
static tenon_status
parse_subarray (struct npy_text *text, struct npy_type *type)
{
    uint64_t dim, at, count = 0;
    npy_skip_space (text);
    at = text->position;
    if (!npy_accept (text, '(')) {
        TENON_TRY (take_dim (text, &dim));
        return multiply_bytes (text, at, dim, &type->bytes);
    }
    npy_emit (text, "(", 1);
    while (!npy_accept (text, ')')) {
        if (count++)
            npy_emit (text, ", ", 2);
        TENON_TRY (take_dim (text, &dim));
        TENON_TRY (multiply_bytes (text, at, dim, &type->bytes));
        if (npy_accept (text, ',')) {
            if (count == 1 && npy_accept (text, ')')) {
                npy_emit (text, ",)", 2);
                return TENON_OK;
            }
            continue;
        }
        if (count == 1)
            return npy_unexpected (text, "a comma: a tuple of one is written (2,)");
        TENON_TRY (npy_expect (text, ')', "a comma, or the ) that ends the sub-array's shape"));
        break;
    }
    npy_emit (text, ")", 1);
    return TENON_OK;
}

/* Parses the end of a tuple, with or without a last comma. */
static tenon_status
end_tuple (struct npy_text *text, const char *expected)
{
    npy_accept (text, ',');
    TENON_TRY (npy_expect (text, ')', expected));
    npy_emit (text, ")", 1);
    return TENON_OK;
}

/* Parses 'name', or ('title', 'name'). A field with an empty name and a V type is padding. */
static tenon_status
parse_field_name (struct npy_text *text)
{
    struct npy_word name;
    if (!npy_accept (text, '('))
        return npy_take_string (text, "a field's name, or (title, name)", &name);
    npy_emit (text, "(", 1);
    TENON_TRY (npy_take_string (text, "a field's title", &name));
    TENON_TRY (npy_expect (text, ',', "a comma, and the field's name"));
    npy_emit (text, ", ", 2);
    TENON_TRY (npy_take_string (text, "a field's name", &name));
    return end_tuple (text, "the ) that ends (title, name)");
}

/* A structure whose end has not come yet: a list of fields, or a pair (type, shape). */
struct structure {
    uint64_t at, written; /* where it begins, in the text and in `out` */
    uint64_t bytes;       /* of the fields so far */
    uint64_t fields;
    uint32_t is_pair;
};

/* Parses the beginning of a field, (name, and what follows it is the type. */
static tenon_status
begin_field (struct npy_text *text, struct structure *fields)
{
    if (fields->fields++)
        npy_emit (text, ", ", 2);
    TENON_TRY (npy_expect (text, '(', "a field: (name, type) or (name, type, shape)"));
    npy_emit (text, "(", 1);
    TENON_TRY (parse_field_name (text));
    TENON_TRY (npy_expect (text, ',', "a comma, and the field's type"));
    npy_emit (text, ", ", 2);
    return TENON_OK;
}

/* Parses the rest of a field behind its type: ), or the shape of a sub-array before it. The structure's size
 * is the sum of its fields': padding is a field, too. */
static tenon_status
end_field (struct npy_text *text, struct structure *fields, struct npy_type *field)
{
    if (npy_accept (text, ',')) {
        npy_skip_space (text);
        if (text->position < text->length && text->bytes[text->position] != ')') {
            npy_emit (text, ", ", 2);
            TENON_TRY (parse_subarray (text, field));
        }
    }
    TENON_TRY (end_tuple (text, "the ) that ends the field"));
    fields->bytes += field->bytes;
    return multiply_bytes (text, fields->at, 1, &fields->bytes);
}

/* Parses the rest of a pair behind its type. */
static tenon_status
end_pair (struct npy_text *text, struct structure *pair, struct npy_type *type)
{
    TENON_TRY (npy_expect (text, ',', "a comma, and the shape of the sub-array"));
    npy_emit (text, ", ", 2);
    TENON_TRY (parse_subarray (text, type));
    TENON_TRY (end_tuple (text, "the ) that ends (type, shape)"));
    pair->bytes = type->bytes;
    return TENON_OK;
}

/* Enters the structure that begins at the position. */
static tenon_status
enter_structure (struct npy_text *text, struct structure **structures)
{
    struct tenon_call *call = text->call;
    uint64_t limit = call->host->limit (call, TENON_LIMIT_DEPTH), place = npy_place (text, text->position);
    if (text->depth >= limit)
        return tenon_fail (call, TENON_E_LIMIT, place, "found types nested deeper than limits.depth=%llu",
                           (unsigned long long) limit);
    if (text->depth >= NPY_DEPTH)
        return tenon_fail (call, TENON_E_LIMIT, place,
                           "found types nested deeper than %u, which Python cannot read either", NPY_DEPTH);
    if (!*structures && !(*structures = call->host->scratch (call, NPY_DEPTH * sizeof **structures)))
        return TENON_E_MEMORY;
    struct structure *inner = &(*structures)[text->depth++];
    memset (inner, 0, sizeof *inner);
    inner->at = text->position;
    inner->written = text->written;
    inner->is_pair = text->bytes[text->position++] == '(';
    npy_emit (text, inner->is_pair ? "(" : "[", 1);
    return TENON_OK;
}

/* Leaves the innermost structure, which is then `type`. */
static void
leave_structure (struct npy_text *text, const struct structure *inner, struct npy_type *type)
{
    if (!inner->is_pair)
        npy_emit (text, "]", 1);
    memset (type, 0, sizeof *type);
    type->bytes = inner->bytes;
    type->position = inner->at;
    type->text.bytes = text->out + inner->written;
    type->text.length = text->written - inner->written;
    text->depth--;
}

/* Parses what follows the `type` of a field or pair. *complete: the structure ended, and is `type` now; else
 * the type of the next field follows. */
static tenon_status
go_on (struct npy_text *text, struct structure *inner, struct npy_type *type, int *complete)
{
    *complete = 1;
    if (inner->is_pair)
        TENON_TRY (end_pair (text, inner, type));
    else {
        TENON_TRY (end_field (text, inner, type));
        if (!npy_accept (text, ','))
            TENON_TRY (npy_expect (text, ']', "a comma, or the ] that ends the list of fields"));
        else if (!npy_accept (text, ']')) {
            *complete = 0;
            return begin_field (text, inner);
        }
    }
    leave_structure (text, inner, type);
    return TENON_OK;
}

/* Structures lie in each other; those around the position are a list, so that no function calls itself. */
static tenon_status
parse_type (struct npy_text *text, struct npy_type *type)
{
    struct structure *structures = NULL;
    struct npy_word word;
    int complete;
    do {
        npy_skip_space (text);
        uint64_t at = text->position;
        complete = 0;
        if (at < text->length && (text->bytes[at] == '[' || text->bytes[at] == '(')) {
            TENON_TRY (enter_structure (text, &structures));
            struct structure *inner = &structures[text->depth - 1];
            if (inner->is_pair)
                continue;
            if (!npy_accept (text, ']')) {
                TENON_TRY (begin_field (text, inner));
                continue;
            }
            leave_structure (text, inner, type);
        } else {
            TENON_TRY (npy_take_string (text, "a type: a string such as '<f4', or a list of fields", &word));
            TENON_TRY (npy_parse_typestring (text, word, at, type));
        }
        complete = 1;
        while (complete && text->depth)
            TENON_TRY (go_on (text, &structures[text->depth - 1], type, &complete));
    } while (!complete);
    return TENON_OK;
}

tenon_status
npy_parse_descr (struct npy_text *text, struct npy_type *type)
{
    npy_skip_space (text);
    /* NumPy turns a sub-array at the top into dims of the array, and cannot read one back. */
    if (text->position < text->length && text->bytes[text->position] == '(')
        return npy_unexpected (text, "a string such as '<f4', or a list of fields");
    return parse_type (text, type);
}

/* ---- formatting ---- */

int
npy_typestring (uint32_t dtype, uint32_t flags, char *typestring)
{
    char order = flags & TENON_BIG_ENDIAN ? '>' : '<';
    /* ml_dtypes, which adds bf16 and f8 to NumPy, keeps the order mark of its one-byte types. */
    if (dtype == TENON_BF16 || (dtype >= TENON_F8_E4M3 && dtype <= TENON_F8_E8M0)) {
        const char *kind = dtype == TENON_BF16 ? "V2" : dtype == TENON_F8_E5M2 ? "f1" : "V1";
        return snprintf (typestring, 5, "%c%s", dtype == TENON_BF16 ? order : '<', kind);
    }
    for (size_t i = 0; i < PLAINS; i++)
        if (dtype && plains[i].dtype == dtype)
            return snprintf (typestring, 5, "%c%c%u", plains[i].bytes == 1 ? '|' : order, plains[i].kind[0],
                             (unsigned) plains[i].bytes);
    return 0;
}
