/* SPDX-License-Identifier: MIT */
/* item_text.c - one item of a tensor as text or JSON. */
#include "item_text.h"
#include "dates.h"
#include "json.h"
#include "memory.h"
#include "number.h"
#include "output.h"
#include "small.h"
#include "text.h"
#include <inttypes.h>

/* How plain numbers are printed. Their ids are fixed. */
static const struct {
    uint8_t bytes;
    char kind; /* 'b'ool, 'u', 'i', 'f', 'c'omplex */
} plain[TENON_DTYPE_FIXED] = {
    [TENON_BOOL] = { 1, 'b' },  [TENON_U8] = { 1, 'u' },  [TENON_U16] = { 2, 'u' }, [TENON_U32] = { 4, 'u' },
    [TENON_U64] = { 8, 'u' },   [TENON_I8] = { 1, 'i' },  [TENON_I16] = { 2, 'i' }, [TENON_I32] = { 4, 'i' },
    [TENON_I64] = { 8, 'i' },   [TENON_F32] = { 4, 'f' }, [TENON_F64] = { 8, 'f' }, [TENON_C64] = { 8, 'c' },
    [TENON_C128] = { 16, 'c' },
};

bool
item_is_number (uint32_t dtype)
{
    return dtype < TENON_DTYPE_FIXED && (plain[dtype].bytes > 0 || small_bits (dtype) > 0);
}

unsigned
item_bytes (uint32_t dtype)
{
    return small_bits (dtype) ? small_bits (dtype) % 8 ? 0 : small_bits (dtype) / 8 : plain[dtype].bytes;
}

/* ---- numbers ---- */

static uint64_t
read_little (const uint8_t *bytes, unsigned count)
{
    uint64_t number = 0;
    for (unsigned i = count; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

/* A number that may be none of JSON's, which has its words in quotes then. */
static void
print_floating (const char *text, bool json)
{
    const char *digits = text + (*text == '-');
    if (json && *digits == 'n')
        fputs ("\"NaN\"", stdout);
    else if (json && *digits == 'i')
        fputs (*text == '-' ? "\"-Infinity\"" : "\"Infinity\"", stdout);
    else
        fputs (text, stdout);
}

static void
print_float (uint32_t digits, const uint8_t *bytes, unsigned size, bool with_sign, bool json)
{
    char text[NUMBER_ROOM];
    if (size == 4) {
        uint32_t bits = (uint32_t) read_little (bytes, 4);
        float number;
        memcpy (&number, &bits, sizeof number);
        if (small_bits (digits))
            small_text (text, digits, (double) number);
        else
            number_float (text, number);
    } else {
        uint64_t bits = read_little (bytes, 8);
        double number;
        memcpy (&number, &bits, sizeof number);
        number_double (text, number);
    }
    if (with_sign && *text != '-')
        putchar ('+');
    print_floating (text, json);
}

void
item_number (uint32_t dtype, uint32_t digits, const uint8_t *bytes, bool json)
{
    unsigned size = plain[dtype].bytes, unused = 64 - 8 * size;
    if (small_bits (dtype)) {
        item_small (dtype, bytes, item_bytes (dtype), 0, json);
        return;
    }
    switch (plain[dtype].kind) {
    case 'b':
        if (json)
            fputs (*bytes ? "true" : "false", stdout);
        else
            printf ("%u", *bytes);
        break;
    case 'u': printf ("%" PRIu64, read_little (bytes, size)); break;
    case 'i': /* shifted up and back down, the sign fills the unused bits */
        printf ("%" PRId64, (int64_t) (read_little (bytes, size) << unused) >> unused);
        break;
    case 'f': print_float (digits, bytes, size, false, json); break;
    default:
        fputs (json ? "[" : "", stdout);
        print_float (digits, bytes, size / 2, false, json);
        fputs (json ? "," : "", stdout);
        print_float (digits, bytes + size / 2, size / 2, !json, json);
        putchar (json ? ']' : 'j');
        break;
    }
}

void
item_small (uint32_t dtype, const uint8_t *bytes, uint64_t size, uint64_t k, bool json)
{
    char text[NUMBER_ROOM];
    unsigned bits = small_bits (dtype);
    uint64_t unit = read_little (bytes, (unsigned) size), mask = (1u << bits) - 1;
    small_text (text, dtype, small_decode (dtype, unit >> k * bits & mask));
    print_floating (text, json);
}

void
item_bytes_text (const uint8_t *bytes, uint64_t size, bool json)
{
    fputs (json ? "\"" : "", stdout);
    for (uint64_t i = 0; i < size; i++)
        printf ("%02x", bytes[i]);
    fputs (json ? "\"" : "", stdout);
}

/* A number in a record, in either byte order. */
static void
print_number (const struct field *field, const uint8_t *bytes, bool json)
{
    uint8_t little[16];
    bool parts = field->dtype == TENON_C64 || field->dtype == TENON_C128;
    size_t size = (size_t) field->bytes, part = parts ? size / 2 : size;
    for (size_t i = 0; i < size; i++)
        little[i] = bytes[field->big ? i / part * part + part - 1 - i % part : i];
    item_number (field->dtype, field->dtype, little, json);
}

/* ---- strings ---- */

/* True if a string would not be told from two, or from none, or from one in quotes. */
static bool
needs_quotes (const char *text, size_t length)
{
    uint32_t point;
    for (size_t i = 0; i < length; i += text_first_point (text + i, length - i, &point)) {
        text_first_point (text + i, length - i, &point);
        if (point == ' ' || point == '"' || point == 0xa0 || point == 0x1680 || point == 0x202f
            || point == 0x205f || point == 0x3000 || (point >= 0x2000 && point <= 0x200a))
            return true;
    }
    return length == 0;
}

static void
print_string (const char *text, size_t length, enum item_style style)
{
    if (style == ITEM_JSON) {
        json_print (json_text (text, length));
        return;
    }
    bool quoted = style == ITEM_INSIDE || (style == ITEM_IN_ROW && needs_quotes (text, length));
    CLEAN (text) char *copy = shown_as (text, length, quoted ? TEXT_QUOTED_DATA : TEXT_DATA);
    if (quoted)
        putchar ('"');
    fputs (copy, stdout);
    if (quoted)
        putchar ('"');
}

/* UTF-8. What is no code point becomes bytes that are no UTF-8, and are shown so. */
static char *
put_point (char *to, uint32_t point)
{
    unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t first[] = { 0, 0xc0, 0xe0, 0xf0 };
    if (point > 0x1fffff) {
        *to++ = (char) 0xff;
        for (int shift = 24; shift >= 0; shift -= 8)
            *to++ = (char) (point >> shift);
        return to;
    }
    *to++ = (char) (first[more] | point >> 6 * more);
    while (more-- > 0)
        *to++ = (char) (0x80 | (point >> 6 * more & 0x3f));
    return to;
}

static void
print_text (const struct field *field, const uint8_t *bytes, enum item_style style)
{
    size_t count = (size_t) field->bytes / 4;
    while (count > 0 && read_little (bytes + 4 * (count - 1), 4) == 0)
        count--;
    CLEAN (text) char *text = get_memory (NULL, 5 * count + 1, 1);
    char *to = text;
    for (size_t i = 0; i < count; i++) {
        uint32_t point = (uint32_t) read_little (bytes + 4 * i, 4);
        to = put_point (to, field->big ? __builtin_bswap32 (point) : point);
    }
    print_string (text, (size_t) (to - text), style);
}

/* ---- fields ---- */

static void
print_time (const struct field *field, const uint8_t *bytes, bool json)
{
    char text[DATE_ROOM];
    uint64_t bits = read_little (bytes, 8);
    int64_t value = (int64_t) (field->big ? __builtin_bswap64 (bits) : bits);
    if (json && value == DATE_NAT) {
        fputs ("null", stdout);
        return;
    }
    if (field->kind == FIELD_DATE)
        date_text (text, value, field->unit, field->multiple);
    else if (json)
        span_number (text, value, field->multiple);
    else
        span_text (text, value, field->unit, field->multiple);
    bool quoted = json && field->kind == FIELD_DATE;
    printf ("%s%s%s", quoted ? "\"" : "", text, quoted ? "\"" : "");
}

/* An item of a type that has no fields. */
static void
print_leaf (const struct field *field, const uint8_t *bytes, enum item_style style)
{
    bool json = style == ITEM_JSON;
    size_t length = (size_t) field->bytes;
    switch (field->kind) {
    case FIELD_NUMBER: print_number (field, bytes, json); break;
    case FIELD_STRING:
        while (length > 0 && bytes[length - 1] == 0)
            length--;
        print_string ((const char *) bytes, length, style);
        break;
    case FIELD_TEXT: print_text (field, bytes, style); break;
    case FIELD_DATE:
    case FIELD_SPAN: print_time (field, bytes, json); break;
    default: item_bytes_text (bytes, field->bytes, json); break;
    }
}

/* A bracket for each dim at whose beginning, which is the end of the one before, an item lies. */
static void
print_brackets (const uint64_t *dims, uint32_t rank, uint64_t item, char bracket)
{
    uint64_t product = 1;
    for (uint32_t k = rank; k-- > 0;) {
        product *= dims[k];
        if (item % product != 0)
            break;
        putchar (bracket);
    }
}

void
item_open (const uint64_t *dims, uint32_t rank, uint64_t i)
{
    print_brackets (dims, rank, i, '[');
}

void
item_close (const uint64_t *dims, uint32_t rank, uint64_t i)
{
    print_brackets (dims, rank, i + 1, ']');
}

/* The items of a sub-array, or the only one, of a type that has no fields. Of items without bytes a few
 * stand for all: a file may state two thousand million. */
static void
print_leaves (const struct field *field, const uint8_t *bytes, enum item_style style)
{
    const char *comma = style == ITEM_JSON ? "," : ", ";
    if (field->count == 0 || (field->bytes == 0 && field->count > 4096)) {
        fputs ("[]", stdout);
        return;
    }
    for (uint64_t i = 0; i < field->count && !output_broken (); i++) {
        fputs (i > 0 ? comma : "", stdout);
        item_open (field->dims, field->rank, i);
        print_leaf (field, bytes + i * field->bytes, style);
        item_close (field->dims, field->rank, i);
    }
}

/* A record that is being printed, or a sub-array of them. */
struct level {
    size_t record, next; /* next: the field that comes next; `record`: an item begins */
    uint64_t item, count;
    uint32_t rank;
    bool some; /* a field of this item was printed */
    const uint8_t *at;
};

/* Begins or ends an item. False: there are no more. */
static bool
turn_record (const struct fields *fields, struct level *level, bool json)
{
    const struct field *record = &fields->items[level->record];
    bool ends = level->next == record->end;
    if (ends) {
        fputs (json ? "}" : fields_direct (fields, level->record) == 1 ? ",)" : ")", stdout);
        item_close (record->dims, level->rank, level->item);
        level->item++;
        level->next = level->record;
    }
    if (level->item >= level->count || output_broken ()) {
        fputs (level->count == 0 ? "[]" : "", stdout);
        return false;
    }
    fputs (level->item == 0 ? "" : json ? "," : ", ", stdout);
    item_open (record->dims, level->rank, level->item);
    putchar (json ? '{' : '(');
    level->next = level->record + 1;
    level->some = false;
    return true;
}

static void
begin_field (const struct field *field, struct level *level, bool json)
{
    fputs (!level->some ? "" : json ? "," : ", ", stdout);
    level->some = true;
    if (!json)
        return;
    json_print (json_key (field->name, field->name_length));
    putchar (':');
}

static struct level
enter_record (const struct fields *fields, size_t record, const uint8_t *at, bool whole)
{
    const struct field *field = &fields->items[record];
    uint64_t count = !whole ? 1 : field->bytes == 0 && field->count > 4096 ? 0 : field->count;
    return (struct level){ record, record, 0, count, whole ? field->rank : 0, false, at };
}

static void
print_record (const struct fields *fields, size_t top, const uint8_t *bytes, bool json)
{
    struct level levels[FIELDS_DEEPEST + 1];
    unsigned depth = 1;
    levels[0] = enter_record (fields, top, bytes, false);
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        size_t record = level->record, next = level->next;
        if (next == record || next == fields->items[record].end) {
            depth -= !turn_record (fields, level, json);
            continue;
        }
        const struct field *field = &fields->items[next];
        const uint8_t *at = level->at + level->item * fields->items[record].bytes + field->offset;
        level->next = field->end;
        if (field->kind == FIELD_PADDING)
            continue;
        begin_field (field, level, json);
        if (field->kind == FIELD_RECORD)
            levels[depth++] = enter_record (fields, next, at, true);
        else
            print_leaves (field, at, json ? ITEM_JSON : ITEM_INSIDE);
    }
}

void
item_field (const struct fields *fields, size_t field, const uint8_t *bytes, enum item_style style)
{
    if (fields->items[field].kind == FIELD_RECORD)
        print_record (fields, field, bytes, style == ITEM_JSON);
    else
        print_leaf (&fields->items[field], bytes, style);
}
