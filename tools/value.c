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
#define DEEPEST 100   /* arrays in arrays: the library allows no more */
#define ABBREVIATED 8 /* items of an array that are shown without --meta=full */

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

/* The items of an array that are shown. */
static uint64_t
shown_items (const struct tenon_value *array, struct style style)
{
    return style.json || style.full || array->count <= ABBREVIATED ? array->count : ABBREVIATED;
}

static void
print_end (const struct tenon_value *array, struct style style)
{
    if (shown_items (array, style) < array->count)
        printf (", ... %" PRIu64 " items", array->count);
    putchar (']');
}

/* An array, and those that lie in it. After a failure all are closed, so that the output stays valid JSON. */
static tenon_status
print_arrays (const tenon_file *file, const struct tenon_value *array, struct style style, tenon_error *error)
{
    struct {
        const struct tenon_value *array;
        uint64_t printed;
    } level[DEEPEST];
    uint32_t depth = 0;
    tenon_status status = TENON_OK;
    for (;;) {
        putchar ('[');
        if (array->item_type == TENON_ARRAY && depth < DEEPEST) {
            level[depth].array = array;
            level[depth++].printed = 0;
        } else {
            status = print_items (file, array, shown_items (array, style), style, error);
            print_end (array, style);
        }
        while (depth > 0
               && (status < 0 || output_broken ()
                   || level[depth - 1].printed == shown_items (level[depth - 1].array, style)))
            print_end (level[--depth].array, style);
        if (depth == 0)
            return status;
        if (level[depth - 1].printed > 0)
            fputs (style.json ? "," : ", ", stdout);
        array = &level[depth - 1].array->as.items[level[depth - 1].printed++];
    }
}

static tenon_status
print_value (const tenon_file *file, const struct tenon_value *value, struct style style, tenon_error *error)
{
    if (value->type == TENON_ARRAY)
        return print_arrays (file, value, style, error);
    CLEAN (line) struct line line = { 0 };
    put_item (&line, value, false, style);
    print_line (&line, style);
    return TENON_OK;
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
