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
    /* TENON_NONE: long double, whose layout depends on the machine that wrote it; or the complex numbers of
     * four bytes of ml_dtypes, which does not say which of its two types they are */
    uint8_t dtype;
} plains[] = {
    { "b", 1, TENON_BOOL },  { "i", 1, TENON_I8 },    { "i", 2, TENON_I16 },     { "i", 4, TENON_I32 },
    { "i", 8, TENON_I64 },   { "u", 1, TENON_U8 },    { "u", 2, TENON_U16 },     { "u", 4, TENON_U32 },
    { "u", 8, TENON_U64 },   { "f", 2, TENON_F16 },   { "f", 4, TENON_F32 },     { "f", 8, TENON_F64 },
    { "c", 8, TENON_C64 },   { "c", 16, TENON_C128 }, { "f", 1, TENON_F8_E5M2 }, { "f", 12, TENON_NONE },
    { "f", 16, TENON_NONE }, { "c", 24, TENON_NONE }, { "c", 32, TENON_NONE },   { "W", 4, TENON_NONE },
};
#define PLAINS (sizeof plains / sizeof plains[0])

/* ---- type strings ---- */

/* No item of such a type can be read, but the rest of the header counts. */
static void
doubt_type (struct npy_text *text, struct npy_word word, uint64_t at, const char *expected)
{
    npy_record (&text->doubt, TENON_E_UNSUPPORTED, npy_place (text, at),
                "found the type '%.*s'%s, expected %s", word.length > 48 ? 48 : (int) word.length, word.bytes,
                word.length > 48 ? " ..." : "", expected);
}

/* Python objects are stored as a pickle: a program for a virtual machine, which can do anything. NumPy stores
 * its strings of any length so, too. */
static void
doubt_objects (struct npy_text *text, struct npy_word word, uint64_t at)
{
    npy_record (
        &text->doubt, TENON_E_UNSUPPORTED, npy_place (text, at),
        "found the type '%.*s': Python objects, stored as a pickle, which is a program and is never run",
        word.length > 48 ? 48 : (int) word.length, word.bytes);
}

/* A type string, taken apart. */
struct notation {
    char order; /* 0: none */
    char kind;
    int has_number;
    int is_name; /* its text is not the one that NumPy writes */
    uint64_t number;
    struct npy_word rest; /* a unit of time */
};

/* Takes the words for dates and spans that are no kind and size: datetime64[ns], M[ns] is none. */
static int
take_time_name (struct npy_word word, struct notation *notation)
{
    static const char *const time_names[] = { "datetime64", "timedelta64" };
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t length = strlen (time_names[i]);
        if (word.length < length || memcmp (word.bytes, time_names[i], (size_t) length) != 0)
            continue;
        notation->kind = i ? 'm' : 'M';
        notation->number = 8;
        notation->has_number = notation->is_name = 1;
        notation->rest = (struct npy_word){ word.bytes + length, word.length - length };
        return 1;
    }
    return 0;
}

/* Finds the meaning of a name. Returns 0 if it is none. *ml is set if the type is ml_dtypes'. */
static int
take_name (struct npy_word word, struct notation *notation, struct npy_type *type,
           const struct npy_meaning **ml)
{
    const struct npy_meaning *meaning = word.length == 1  ? npy_find_letter (word)
                                        : notation->order ? NULL
                                                          : npy_find_name (word);
    if (!meaning)
        return take_time_name (word, notation);
    if (!meaning->kind)
        *ml = meaning;
    notation->kind = meaning->kind;
    notation->number = meaning->bytes;
    notation->has_number = notation->is_name = 1;
    notation->rest = (struct npy_word){ word.bytes + word.length, 0 };
    type->by_machine = meaning->where == NPY_BY_MACHINE;
    return 1;
}

/* The type as NumPy writes it, behind `out`. */
static void
write_notation (struct npy_text *text, const struct notation *notation, const char *unit,
                struct npy_type *type)
{
    char number[24];
    int has_order =
        notation->kind != 'S' && notation->kind != 'V' && (notation->number > 1 || notation->kind == 'U');
    char begin[2] = { has_order ? notation->order == '>' ? '>' : '<' : '|', notation->kind };
    uint64_t start = text->written;
    npy_emit (text, begin, 2);
    npy_emit (text, number,
              (uint64_t) snprintf (number, sizeof number, "%llu", (unsigned long long) notation->number));
    npy_emit (text, unit, strlen (unit));
    type->text = (struct npy_word){ text->out + start, text->written - start };
}

/* Finds the dtype of a kind and a size. */
static void
plain_type (struct npy_text *text, struct npy_word word, uint64_t at, const struct notation *notation,
            struct npy_type *type)
{
    for (size_t i = 0; i < PLAINS; i++) {
        if (plains[i].kind[0] != notation->kind || plains[i].bytes != notation->number)
            continue;
        type->bytes = notation->number;
        type->dtype = plains[i].dtype;
        if (notation->order == '>' && type->dtype && type->bytes > 1)
            type->flags = TENON_BIG_ENDIAN;
        return;
    }
    doubt_type (text, word, at,
                "b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8, f12, f16, c8, c16, c24, c32, S, U, V, M8 or "
                "m8, or a name of NumPy's such as float32");
}

/* Dates, text, bytes and voids: opaque types of any size. Returns 0 if the type is none of them. */
static int
sized_type (struct npy_text *text, struct npy_word word, uint64_t at, const struct notation *notation,
            struct npy_type *type)
{
    char kind = notation->kind, unit[NPY_UNIT] = "";
    int is_time = (kind == 'M' || kind == 'm') && notation->has_number && notation->number == 8;
    if (!is_time && kind != 'S' && kind != 'V' && kind != 'U')
        return 0;
    if (is_time && !npy_take_unit (notation->rest, unit)) {
        doubt_type (text, word, at, "a unit of time after M8 or m8, such as [ns] or [25s]");
        return 1;
    }
    if (kind == 'U' && notation->number > NPY_ITEM_BYTES / 4) {
        doubt_type (text, word, at, "an item below 2^31 bytes");
        return 1;
    }
    type->bytes = kind == 'U' ? notation->number * 4 : notation->number;
    if (is_time) {
        type->items_as = TENON_I64;
        type->items_flags = notation->order == '>' ? TENON_BIG_ENDIAN : 0;
    }
    if (notation->is_name || memchr (word.bytes, '/', (size_t) word.length))
        write_notation (text, notation, unit, type);
    return 1;
}

void
npy_parse_typestring (struct npy_text *text, struct npy_word word, uint64_t at, struct npy_type *type)
{
    struct notation notation = { .order = word.length && strchr ("<>=|", word.bytes[0]) ? word.bytes[0] : 0 };
    const struct npy_meaning *ml = NULL;
    uint64_t position = notation.order ? 1 : 0;
    memset (type, 0, sizeof *type);
    type->position = at;
    type->text = word;
    if (position == word.length) {
        doubt_type (text, word, at, "a kind and a size, such as <f4");
        return;
    }
    struct npy_word bare = { word.bytes + position, word.length - position };
    int overflow = 0;
    if (!take_name (bare, &notation, type, &ml)) {
        notation.kind = word.bytes[position++];
        notation.has_number = npy_take_digits (word, &position, &notation.number);
        overflow = !notation.has_number && notation.number;
        notation.rest = (struct npy_word){ word.bytes + position, word.length - position };
        notation.is_name = notation.kind == 'a';
        notation.kind = notation.is_name ? 'S' : notation.kind;
    }
    if (ml) {
        type->dtype = ml->dtype;
        type->bytes = ml->bytes;
    } else if ((notation.kind == 'O' || notation.kind == 'T') && !notation.rest.length
               && (notation.kind == 'O' || notation.is_name))
        doubt_objects (text, word, at);
    else if (overflow || (notation.rest.length && notation.kind != 'M' && notation.kind != 'm'))
        doubt_type (text, word, at, "a kind and a size below 2^31, such as <f4, and nothing after it");
    else if (!sized_type (text, word, at, &notation, type)) {
        plain_type (text, word, at, &notation, type);
        /* the text of a record has one notation, so that every reader of it knows it */
        if (notation.is_name && (!type->dtype || text->depth))
            write_notation (text, &notation, "", type);
    }
}

/* ---- structures ---- */

/* Multiplies the bytes of an item by `count`. */
static tenon_status
multiply_bytes (struct npy_text *text, uint64_t at, uint64_t count, uint64_t *bytes)
{
    *bytes *= count;
    if (*bytes <= NPY_ITEM_BYTES)
        return TENON_OK;
    return npy_fail (text, TENON_E_MALFORMED, npy_place (text, at),
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
        return npy_fail (text, TENON_E_MALFORMED, npy_place (text, at),
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
        return npy_fail (text, TENON_E_LIMIT, place, "found types nested deeper than limits.depth=%llu",
                         (unsigned long long) limit);
    if (text->depth >= NPY_DEPTH)
        return npy_fail (text, TENON_E_LIMIT, place,
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

/* Puts the type as NumPy writes it in the place of the word that was emitted from `written` on. */
static void
replace_word (struct npy_text *text, uint64_t written, struct npy_type *type)
{
    uint64_t length = type->text.length;
    memmove (text->out + written + 1, type->text.bytes, (size_t) length);
    text->out[written] = text->out[written + 1 + length] = '\'';
    type->text.bytes = text->out + written + 1;
    text->written = written + length + 2;
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
            uint64_t written = text->written;
            TENON_TRY (npy_take_string (text, "a type: a string such as '<f4', or a list of fields", &word));
            npy_parse_typestring (text, word, at, type);
            if (type->text.bytes != word.bytes)
                replace_word (text, written, type);
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
        if (dtype && plains[i].dtype == dtype) {
            char *end = typestring;
            *end++ = plains[i].bytes == 1 ? '|' : order;
            *end++ = plains[i].kind[0];
            if (plains[i].bytes > 9)
                *end++ = (char) ('0' + plains[i].bytes / 10);
            *end++ = (char) ('0' + plains[i].bytes % 10);
            *end = 0;
            return (int) (end - typestring);
        }
    return 0;
}
