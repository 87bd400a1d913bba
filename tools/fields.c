/* SPDX-License-Identifier: MIT */
/* fields.c - parses NumPy's element types. The text comes from a file: whatever it is not sure of, it
 * refuses, and the items are shown as bytes. */
#include "fields.h"
#include "dates.h"
#include "memory.h"

#define MOST_BYTES 2147483647u /* of an item: NumPy's limit, so that no product of two overflows */

struct parser {
    const char *at;
    char *names; /* where the next name is put: no longer than in the text */
    struct fields *fields;
    size_t room;
    /* the structures around the position: a list of fields, or a pair of type and shape. `node` is the field
     * that has that type, `next` where the next field of it begins */
    struct frame {
        size_t node;
        uint64_t next;
        bool is_pair;
    } frames[FIELDS_DEEPEST];
    unsigned depth;
};

static bool
accept (struct parser *parser, char character)
{
    while (*parser->at == ' ')
        parser->at++;
    if (*parser->at != character)
        return false;
    parser->at++;
    return true;
}

/* ---- strings ---- */

static char *
put_point (char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char) point;
        return to;
    }
    unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t first[] = { 0, 0xc0, 0xe0, 0xf0 };
    *to++ = (char) (first[more] | point >> 6 * more);
    while (more-- > 0)
        *to++ = (char) (0x80 | (point >> 6 * more & 0x3f));
    return to;
}

/* An escape behind its backslash, as Python's repr writes them. */
static bool
take_escape (struct parser *parser)
{
    char letter = *parser->at++;
    unsigned digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    uint32_t point = 0;
    if (letter == 0 || (digits == 0 && !strchr ("\\'\"nrt", letter)))
        return false;
    if (digits == 0)
        point = (uint32_t) (letter == 'n' ? '\n' : letter == 'r' ? '\r' : letter == 't' ? '\t' : letter);
    for (; digits > 0; digits--, parser->at++) {
        char digit = *parser->at;
        unsigned value = digit >= '0' && digit <= '9'   ? (unsigned) (digit - '0')
                         : digit >= 'a' && digit <= 'f' ? (unsigned) (digit - 'a') + 10
                         : digit >= 'A' && digit <= 'F' ? (unsigned) (digit - 'A') + 10
                                                        : 16;
        if (value == 16)
            return false;
        point = point << 4 | value;
    }
    if (point > 0x10ffff)
        return false;
    parser->names = put_point (parser->names, point);
    return true;
}

static bool
take_string (struct parser *parser, const char **text, size_t *length)
{
    char quote = accept (parser, '\'') ? '\'' : accept (parser, '"') ? '"' : 0;
    *text = parser->names;
    if (!quote)
        return false;
    while (*parser->at != quote) {
        char letter = *parser->at;
        if (letter == 0)
            return false;
        parser->at++;
        if (letter != '\\')
            *parser->names++ = letter;
        else if (!take_escape (parser))
            return false;
    }
    *length = (size_t) (parser->names - *text);
    *parser->names++ = 0; /* in place of the quotes */
    parser->at++;
    return true;
}

static bool
take_number (const char **at, uint64_t *number)
{
    const char *begin = *at;
    for (*number = 0; **at >= '0' && **at <= '9' && *number <= MOST_BYTES; ++*at)
        *number = *number * 10 + (uint64_t) (**at - '0');
    return *at > begin && *number <= MOST_BYTES;
}

/* ---- type strings ---- */

static bool
set_number (struct field *field, char kind)
{
    static const struct {
        char kind[2];
        uint8_t bytes, dtype; /* TENON_NONE: long double, whose layout the machine decides */
    } plain[] = {
        { "b", 1, TENON_BOOL },  { "i", 1, TENON_I8 },    { "i", 2, TENON_I16 },     { "i", 4, TENON_I32 },
        { "i", 8, TENON_I64 },   { "u", 1, TENON_U8 },    { "u", 2, TENON_U16 },     { "u", 4, TENON_U32 },
        { "u", 8, TENON_U64 },   { "f", 2, TENON_F16 },   { "f", 4, TENON_F32 },     { "f", 8, TENON_F64 },
        { "c", 8, TENON_C64 },   { "c", 16, TENON_C128 }, { "f", 12, TENON_NONE },   { "f", 16, TENON_NONE },
        { "c", 24, TENON_NONE }, { "c", 32, TENON_NONE }, { "f", 1, TENON_F8_E5M2 },
    };
    for (size_t i = 0; i < COUNT_OF (plain); i++)
        if (plain[i].kind[0] == kind && plain[i].bytes == field->bytes) {
            field->dtype = plain[i].dtype;
            field->kind = field->dtype == TENON_NONE ? FIELD_BYTES : FIELD_NUMBER;
            return true;
        }
    return false;
}

/* The names of ml_dtypes that tenon has, too. */
static bool
set_name (struct field *field, const char *text)
{
    static const struct {
        const char *name;
        uint8_t bytes, dtype;
    } names[] = {
        { "bfloat16", 2, TENON_BF16 },
        { "float8_e4m3fn", 1, TENON_F8_E4M3 },
        { "float8_e5m2", 1, TENON_F8_E5M2 },
        { "float8_e4m3fnuz", 1, TENON_F8_E4M3FNUZ },
        { "float8_e5m2fnuz", 1, TENON_F8_E5M2FNUZ },
        { "float8_e8m0fnu", 1, TENON_F8_E8M0 },
    };
    for (size_t i = 0; i < COUNT_OF (names); i++)
        if (strcmp (names[i].name, text) == 0) {
            field->kind = FIELD_NUMBER;
            field->bytes = names[i].bytes;
            field->dtype = names[i].dtype;
            return true;
        }
    return false;
}

/* "[ns]", "[25s]" or nothing */
static bool
set_unit (struct field *field, const char *text)
{
    char word[16];
    field->multiple = 1;
    if (!*text) {
        field->unit = date_unit ("generic");
        return true;
    }
    size_t length;
    if (*text++ != '[')
        return false;
    take_number (&text, &field->multiple);
    field->multiple = field->multiple ? field->multiple : 1;
    length = strcspn (text, "]");
    if (length >= sizeof word || text[length] != ']' || text[length + 1])
        return false;
    memcpy (word, text, length);
    word[length] = 0;
    field->unit = date_unit (word);
    return field->unit != DATE_NO_UNIT;
}

/* A byte order, a kind, a size: "<U3". */
static bool
set_type (struct field *field, const char *text)
{
    char order = *text && strchr ("<>=|", *text) ? *text++ : '=', kind = *text;
    if (!kind)
        return false;
    if (set_name (field, text++))
        return true;
    bool sized = take_number (&text, &field->bytes);
    field->big = order == '>';
    if ((kind == 'M' || kind == 'm') && sized && field->bytes == 8) {
        field->kind = kind == 'M' ? FIELD_DATE : FIELD_SPAN;
        return set_unit (field, text);
    }
    if (*text || (!sized && field->bytes))
        return false;
    field->kind = kind == 'S' ? FIELD_STRING : kind == 'U' ? FIELD_TEXT : FIELD_BYTES;
    if (kind == 'U')
        field->bytes *= 4;
    if (kind == 'V' && field->bytes == 2
        && strchr ("<>", order)) { /* no void has an order: ml_dtypes' bf16 */
        field->kind = FIELD_NUMBER;
        field->dtype = TENON_BF16;
        return true;
    }
    return field->bytes <= MOST_BYTES && (strchr ("SUV", kind) || set_number (field, kind));
}

/* ---- structures ---- */

static size_t
add_field (struct parser *parser)
{
    struct fields *fields = parser->fields;
    if (fields->count == parser->room) {
        parser->room = 2 * parser->room + 8;
        fields->items = get_memory (fields->items, parser->room, sizeof *fields->items);
    }
    fields->items[fields->count] = (struct field){ .kind = FIELD_BYTES, .count = 1 };
    return fields->count++;
}

/* The dims of a sub-array, which lie around those that the type has already. */
static bool
take_shape (struct parser *parser, struct field *field)
{
    uint64_t dim;
    uint32_t taken = 0;
    bool tuple = accept (parser, '(');
    while (!tuple || !accept (parser, ')')) {
        while (*parser->at == ' ')
            parser->at++;
        if (field->rank >= 64 || !take_number (&parser->at, &dim))
            return false;
        field->dims = get_memory (field->dims, field->rank + 1, sizeof *field->dims);
        memmove (field->dims + taken + 1, field->dims + taken, (field->rank - taken) * sizeof *field->dims);
        field->dims[taken++] = dim;
        field->rank++;
        field->count *= dim;
        if (field->count > MOST_BYTES || field->count * field->bytes > MOST_BYTES)
            return false;
        if (!tuple)
            return true;
        if (!accept (parser, ',') && *parser->at != ')')
            return false;
    }
    return true;
}

static bool
begin_field (struct parser *parser)
{
    size_t index = add_field (parser); /* may move the fields */
    struct field *field = &parser->fields->items[index];
    if (!accept (parser, '('))
        return false;
    if (!accept (parser, '('))
        return take_string (parser, &field->name, &field->name_length) && accept (parser, ',');
    return take_string (parser, &field->title, &field->title_length) && accept (parser, ',')
           && take_string (parser, &field->name, &field->name_length) && accept (parser, ')')
           && accept (parser, ',');
}

/* The rest of a field behind its type: ), or a shape before it. */
static bool
end_field (struct parser *parser, struct frame *frame, struct field *field)
{
    if (accept (parser, ',') && *(parser->at += strspn (parser->at, " ")) != ')'
        && !take_shape (parser, field))
        return false;
    accept (parser, ',');
    if (!accept (parser, ')'))
        return false;
    /* NumPy's own way to write a gap */
    if (field->kind == FIELD_BYTES && field->name_length == 0 && field->dtype == TENON_NONE)
        field->kind = FIELD_PADDING;
    field->offset = frame->next;
    frame->next += field->bytes * field->count;
    return frame->next <= MOST_BYTES;
}

/* Goes on behind the type of `node`. *node: the field whose type comes next; *done: the outermost type ended.
 * False: the text is wrong. */
static bool
go_on (struct parser *parser, size_t *node, bool *done)
{
    struct fields *fields = parser->fields;
    for (*done = false; parser->depth > 0;) {
        struct frame *frame = &parser->frames[parser->depth - 1];
        if (frame->is_pair) {
            if (!accept (parser, ',') || !take_shape (parser, &fields->items[*node]))
                return false;
            accept (parser, ',');
            if (!accept (parser, ')'))
                return false;
            parser->depth--;
            continue;
        }
        fields->items[*node].end = fields->count;
        if (!end_field (parser, frame, &fields->items[*node]))
            return false;
        if (accept (parser, ',') && *(parser->at += strspn (parser->at, " ")) != ']') {
            *node = fields->count;
            return begin_field (parser);
        }
        if (!accept (parser, ']'))
            return false;
        *node = frame->node;
        fields->items[*node].bytes = frame->next;
        parser->depth--;
    }
    fields->items[*node].end = fields->count;
    *done = true;
    return true;
}

/* Enters a list of fields or a pair, or takes a type string. *whole: the type of `node` is complete. */
static bool
take_type (struct parser *parser, size_t *node, bool *whole)
{
    struct fields *fields = parser->fields;
    bool list = accept (parser, '['), pair = !list && accept (parser, '(');
    *whole = !list && !pair;
    if (*whole) {
        const char *text;
        size_t length;
        return take_string (parser, &text, &length) && set_type (&fields->items[*node], text);
    }
    if (parser->depth == FIELDS_DEEPEST)
        return false;
    parser->frames[parser->depth++] = (struct frame){ *node, 0, pair };
    if (pair)
        return true;
    fields->items[*node].kind = FIELD_RECORD;
    if (accept (parser, ']')) {
        parser->depth--;
        *whole = true;
        return true;
    }
    *node = fields->count;
    return begin_field (parser);
}

static bool
parse_types (struct parser *parser)
{
    size_t node = add_field (parser);
    bool whole, done = false;
    if (*parser->at != '[') /* a type string alone has no quotes */
        return parser->fields->items[0].end = 1, set_type (&parser->fields->items[0], parser->at);
    while (!done)
        if (!take_type (parser, &node, &whole) || (whole && !go_on (parser, &node, &done)))
            return false;
    return *parser->at == 0;
}

bool
fields_parse (const char *text, uint64_t bytes, struct fields *fields)
{
    struct parser *parser = get_memory (NULL, 1, sizeof *parser);
    *fields = (struct fields){ .names = get_memory (NULL, strlen (text) + 1, 1) };
    *parser = (struct parser){ .at = text, .names = fields->names, .fields = fields };
    bool good = parse_types (parser) && fields->items[0].bytes == bytes;
    free (parser);
    if (!good)
        fields_clean (fields);
    return good;
}

void
fields_clean (struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free (fields->items[i].dims);
    free (fields->items);
    free (fields->names);
    *fields = (struct fields){ 0 };
}

size_t
fields_direct (const struct fields *fields, size_t record)
{
    size_t count = 0;
    for (size_t i = record + 1; i < fields->items[record].end; i = fields->items[i].end)
        count += fields->items[i].kind != FIELD_PADDING;
    return count;
}

size_t
fields_around (const struct fields *fields, size_t field)
{
    size_t around = field - 1;
    while (fields->items[around].end <= field)
        around--;
    return around;
}

/* The length of the part of `path` that is this name; 0: it is another. */
static size_t
match_name (const struct field *field, const char *name, size_t length, const char *path)
{
    if (!name || length == 0 || strncmp (name, path, length) != 0 || strlen (name) != length)
        return 0;
    bool inside = path[length] == '.' && field->kind == FIELD_RECORD;
    return path[length] == 0 || inside ? length : 0;
}

size_t
fields_find (const struct fields *fields, const char *path, size_t *at, const char **rest)
{
    for (*rest = path;;) {
        size_t found = 0, longest = 0;
        for (int titles = 0; titles < 2 && longest == 0; titles++)
            for (size_t i = *at + 1; i < fields->items[*at].end; i = fields->items[i].end) {
                const struct field *field = &fields->items[i];
                size_t length = titles ? match_name (field, field->title, field->title_length, *rest)
                                       : match_name (field, field->name, field->name_length, *rest);
                if (length > longest && field->kind != FIELD_PADDING)
                    longest = length, found = i;
            }
        if (longest == 0 || (*rest)[longest] == 0)
            return found;
        *rest += longest + 1;
        *at = found;
    }
}
