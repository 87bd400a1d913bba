/* SPDX-License-Identifier: MIT */
/* value.c - metadata values, as JSON and as text. */
#include "value.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "number.h"
#include "output.h"
#include "text.h"
#include <inttypes.h>

#define CHUNK 4096    /* items that are read at a time */
#define LINE 8192     /* bytes that are written at a time */
#define DEEPEST 100   /* maps and arrays in each other: the library allows no more */
#define ABBREVIATED 8 /* items of an array or a map that are shown without --meta=full */

/* How a value is printed: as JSON or as text, in full or abbreviated. */
struct style {
    bool json, full;
    size_t letters; /* the most bytes of a string */
};

void
value_type_name (const tenon_context *context, const struct tenon_value *value, char text[64])
{
    uint32_t type = value->type == TENON_ARRAY ? value->item_type : value->type;
    const char *name = type == TENON_STRING  ? "string"
                       : type == TENON_ARRAY ? "array"
                       : type == TENON_MAP   ? "map"
                       : type == TENON_MIXED ? "mixed"
                       : type == TENON_NONE  ? "null"
                                             : NULL;
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (!name)
        name = tenon_dtype_get (context, NULL, type, &dtype) == TENON_OK && dtype.name ? dtype.name : "?";
    snprintf (text, 64, "%s%s", value->type == TENON_ARRAY ? "array:" : "", name);
}

/* A number, bool, string or null, as JSON. */
static void
put_json (struct line *line, const struct tenon_value *value)
{
    switch (value->type) {
    case TENON_NONE: line_word (line, "null"); break;
    case TENON_BOOL: line_word (line, value->as.u ? "true" : "false"); break;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: line_integer (line, value->as.i); break;
    case TENON_F32:
    case TENON_F64: json_put_number (line, value->as.f); break;
    case TENON_STRING: json_put_text (line, value->as.string, value->count); break;
    default: line_number (line, value->as.u); break;
    }
}

/* `quoted`: for strings in arrays, which could not be told apart without quotes. */
static void
put_string (struct line *line, const char *string, size_t length, bool quoted, size_t letters)
{
    bool cut = length > letters;
    if (cut)
        for (length = letters; length > 0 && ((unsigned char) string[length] & 0xc0) == 0x80;)
            length--; /* never inside a letter */
    line_word (line, quoted ? "\"" : "");
    text_put (line, string, length, quoted ? TEXT_QUOTED : TEXT_NAME);
    line_word (line, cut ? "..." : "");
    line_word (line, quoted ? "\"" : "");
}

static void
put_text (struct line *line, const struct tenon_value *value, bool quoted, size_t letters)
{
    char text[NUMBER_ROOM];
    switch (value->type) {
    case TENON_NONE: line_word (line, "null"); return;
    case TENON_BOOL: line_word (line, value->as.u ? "true" : "false"); return;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: line_integer (line, value->as.i); return;
    case TENON_F32: number_float (text, (float) value->as.f); break;
    case TENON_F64: number_double (text, value->as.f); break;
    case TENON_STRING: put_string (line, value->as.string, value->count, quoted, letters); return;
    default: line_number (line, value->as.u); return;
    }
    line_word (line, text);
}

/* A number, bool, string or null. `quoted`: it is an item of an array. */
static void
put_item (struct line *line, const struct tenon_value *value, bool quoted, struct style style)
{
    if (style.json)
        put_json (line, value);
    else
        put_text (line, value, quoted, style.letters);
}

static void
print_line (struct line *line, struct style style)
{
    if (style.json)
        json_print_put (line);
    else
        output_line (line);
}

/* The first `most` items of an array that has no arrays in it. */
static tenon_status
print_items (const tenon_file *file, const struct tenon_value *array, uint64_t most, struct style style,
             tenon_error *error)
{
    uint64_t chunk = most < CHUNK ? most : CHUNK;
    CLEAN (text) char *room = get_memory (NULL, chunk + 1, sizeof (struct tenon_value));
    CLEAN (line) struct line line = { 0 };
    struct tenon_value *items = (struct tenon_value *) (void *) room, rest = *array;
    for (uint64_t first = 0; first < most && !output_broken ();) {
        CLEAN (memory) tenon_memory *memory = NULL;
        uint64_t n = most - first < chunk ? most - first : chunk;
        tenon_status status = tenon_value_take (file, &rest, n, items, &memory, error);
        for (uint64_t i = 0; i < n && status == TENON_OK; i++) {
            if (first + i > 0)
                line_word (&line, style.json ? "," : ", ");
            put_item (&line, &items[i], true, style);
            if (line.length >= LINE)
                print_line (&line, style);
        }
        print_line (&line, style);
        if (status < 0)
            return status;
        first += n;
    }
    return TENON_OK;
}

/* The items of an array, or the entries of a map, that are shown. */
static uint64_t
shown_items (const struct tenon_value *value, struct style style)
{
    return style.json || style.full || value->count <= ABBREVIATED ? value->count : ABBREVIATED;
}

static void
print_end (const struct tenon_value *value, struct style style)
{
    bool map = value->type == TENON_MAP;
    if (shown_items (value, style) < value->count)
        printf (", ... %" PRIu64 " %s", value->count, map ? "entries" : "items");
    putchar (map ? '}' : ']');
}

static bool
has_values (const struct tenon_value *value)
{
    return value->type == TENON_MAP
           || (value->type == TENON_ARRAY
               && (value->item_type == TENON_ARRAY || value->item_type == TENON_MIXED));
}

/* A value that has no values in it; `quoted` as above. */
static tenon_status
print_flat (const tenon_file *file, const struct tenon_value *value, bool quoted, struct style style,
            tenon_error *error)
{
    CLEAN (line) struct line line = { 0 };
    if (value->type == TENON_ARRAY) {
        putchar ('[');
        tenon_status status = print_items (file, value, shown_items (value, style), style, error);
        print_end (value, style);
        return status;
    }
    put_item (&line, value, quoted, style);
    print_line (&line, style);
    return TENON_OK;
}

static void
print_key (const struct tenon_value *key, struct style style)
{
    CLEAN (line) struct line line = { 0 };
    put_item (&line, key, true, style);
    line_word (&line, style.json ? ":" : ": ");
    print_line (&line, style);
}

/* A map or an array, and how much of it is printed. */
struct tree_level {
    const struct tenon_value *value;
    uint64_t printed;
};

/* What stands before the next value, which it returns. */
static const struct tenon_value *
next_in_tree (struct tree_level *level, struct style style)
{
    const struct tenon_value *items = level->value->as.items;
    uint64_t at = level->printed++;
    if (at > 0)
        fputs (style.json ? "," : ", ", stdout);
    if (level->value->type != TENON_MAP)
        return &items[at];
    print_key (&items[2 * at], style);
    return &items[2 * at + 1];
}

/* A value, and those that lie in it. After a failure all are closed, so that the output stays valid JSON. */
static tenon_status
print_value (const tenon_file *file, const struct tenon_value *value, struct style style, tenon_error *error)
{
    struct tree_level level[DEEPEST];
    uint32_t depth = 0;
    for (;;) {
        tenon_status status = TENON_OK;
        if (has_values (value) && depth < DEEPEST) {
            putchar (value->type == TENON_MAP ? '{' : '[');
            level[depth++] = (struct tree_level){ value, 0 };
        } else
            status = print_flat (file, value, depth > 0, style, error);
        while (depth > 0
               && (status < 0 || output_broken ()
                   || level[depth - 1].printed == shown_items (level[depth - 1].value, style)))
            print_end (level[--depth].value, style);
        if (depth == 0)
            return status;
        value = next_in_tree (&level[depth - 1], style);
    }
}

tenon_status
value_print_json (const tenon_file *file, const struct tenon_value *value, tenon_error *error)
{
    return print_value (file, value, (struct style){ .json = true }, error);
}

tenon_status
value_print_text (const tenon_file *file, const struct tenon_value *value, bool full, size_t letters,
                  tenon_error *error)
{
    struct style style = { .full = full, .letters = full ? SIZE_MAX : letters };
    return print_value (file, value, style, error);
}
