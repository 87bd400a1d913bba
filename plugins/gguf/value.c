/* SPDX-License-Identifier: MIT */
/* value.c - the values of key-value pairs. Arrays stay in the file: only the ends of their strings are
 * searched. */
#include "gguf.h"

static uint64_t
number_at (const uint8_t *bytes, uint32_t width, uint32_t big_endian)
{
    switch (width) {
    case 1: return bytes[0];
    case 2: return big_endian ? tenon_be16 (bytes) : tenon_le16 (bytes);
    case 4: return big_endian ? tenon_be32 (bytes) : tenon_le32 (bytes);
    default: return big_endian ? tenon_be64 (bytes) : tenon_le64 (bytes);
    }
}

/* ggml takes any byte but 0 for true. */
static void
tell_bool (struct gguf_reader *reader, uint64_t place, uint8_t byte)
{
    gguf_note (reader, TENON_NOTE | TENON_FLAW, "a bool is %u, expected 0 or 1: it is true (at byte %llu)",
               byte, (unsigned long long) place);
}

static tenon_status
read_scalar (struct gguf_reader *reader, uint32_t type, struct tenon_value *value)
{
    uint32_t width = gguf_value_types[type].width;
    uint64_t place = reader->cursor.position;
    const uint8_t *bytes = gguf_take (reader, width, "a value");
    if (!bytes)
        return TENON_E_TRUNCATED;
    uint64_t number = number_at (bytes, width, reader->cursor.big_endian);
    value->as.u = number;
    switch (type) {
    case GGUF_I8: value->as.i = (int8_t) number; break;
    case GGUF_I16: value->as.i = (int16_t) number; break;
    case GGUF_I32: value->as.i = (int32_t) number; break;
    case GGUF_F32: value->as.f = tenon_f64_of_f32 ((uint32_t) number); break;
    case GGUF_F64: memcpy (&value->as.f, &number, sizeof number); break;
    case GGUF_BOOL:
        if (number > 1)
            tell_bool (reader, place, (uint8_t) number);
        value->as.u = number != 0;
        break;
    default: break;
    }
    return TENON_OK;
}

/* ---- arrays ---- */

/* A walk over strings in memory whose lengths are 64 bits and little-endian: a length, and as many bytes. */
struct strings {
    const uint8_t *at;
    uint64_t done;
};

/* Passes over a string. False: it does not end before `end`. */
static inline int
pass_string (struct strings *strings, const uint8_t *end)
{
    uint64_t left = (uint64_t) (end - strings->at), length;
    if (left < 8 || (length = tenon_le64 (strings->at)) > left - 8)
        return 0;
    strings->at += 8 + length;
    strings->done++;
    return 1;
}

/* Where a string may begin, at `at` or behind it: seven bytes of a small length are 0, which texts have not.
 */
static const uint8_t *
guess_begin (const uint8_t *at, const uint8_t *end)
{
    enum { FARTHEST = 1024 };
    for (unsigned i = 0; i < FARTHEST && end - at >= 8; i++, at++)
        if (tenon_le64 (at) < 256)
            return at;
    return end;
}

/* With fewer strings the search costs more than it saves. */
#define WORTH_GUESSING 64u

/* Skips at most `count` strings. Each step waits for the length before it, so a second walk, from a place
 * that is guessed, is made at the same time. If the first comes to that place, it would go on like the
 * second. */
static struct strings
skip_usual (const uint8_t *from, const uint8_t *end, uint64_t count)
{
    struct strings first = { from, 0 }, second = { end, 0 };
    if (count >= WORTH_GUESSING)
        second.at = guess_begin (from + (end - from) / 2, end);
    const uint8_t *begin = second.at;
    int more = 1;
    while (first.at < begin && first.done < count && pass_string (&first, end))
        more = more && pass_string (&second, end);
    if (first.at == begin && second.done <= count - first.done) {
        first.at = second.at;
        first.done += second.done;
    }
    while (first.done < count && pass_string (&first, end))
        continue;
    return first;
}

static struct strings
skip_rare (const uint8_t *from, const uint8_t *end, uint64_t count, uint32_t width, uint32_t big_endian)
{
    struct strings strings = { from, 0 };
    while (strings.done < count && (uint64_t) (end - strings.at) >= width) {
        uint64_t length = number_at (strings.at, width, big_endian);
        if (length > (uint64_t) (end - strings.at) - width)
            break;
        strings.at += width + length;
        strings.done++;
    }
    return strings;
}

/* Skips strings that lie entirely in the cursor's window, at most `count`, and returns their number. A
 * vocabulary has 150,000 strings, of which only the lengths are read. */
static uint64_t
skip_in_window (struct gguf_reader *reader, uint64_t count)
{
    struct tenon_cursor *cursor = &reader->cursor;
    uint64_t at = cursor->position - cursor->window_start;
    if (cursor->position < cursor->window_start || at >= cursor->window_length)
        return 0;
    const uint8_t *from = cursor->window + at, *end = cursor->window + cursor->window_length;
    struct strings strings =
        reader->version > 1 && !cursor->big_endian
            ? skip_usual (from, end, count)
            : skip_rare (from, end, count, reader->version > 1 ? 8 : 4, cursor->big_endian);
    cursor->position = cursor->window_start + (uint64_t) (strings.at - cursor->window);
    return strings.done;
}

/* Skips `count` strings. */
static tenon_status
skip_strings (struct gguf_reader *reader, uint64_t count)
{
    uint64_t length;
    for (uint64_t i = 0; i < count; i++) {
        i += skip_in_window (reader, count - i);
        if (i >= count)
            break;
        TENON_TRY (gguf_take_size (reader, &length, "the length of a string"));
        TENON_TRY (gguf_skip (reader, length, "a string"));
    }
    return TENON_OK;
}

/* Bools that are neither 0 nor 1 are read from a copy in which they are 1. */
static tenon_status
copy_bools (struct gguf_reader *reader, struct tenon_value *value)
{
    uint8_t *copy = reader->call->host->scratch (reader->call, value->count);
    if (!copy)
        return TENON_E_MEMORY;
    TENON_TRY (reader->call->host->read_at (reader->call, 0, value->offset, copy, value->count));
    for (uint64_t i = 0; i < value->count; i++)
        copy[i] = copy[i] != 0;
    value->source = TENON_NO_SOURCE;
    value->as.memory = copy;
    return TENON_OK;
}

static tenon_status
read_bools (struct gguf_reader *reader, struct tenon_value *value)
{
    uint64_t left = value->count, wrong = 0;
    while (left > 0) {
        uint64_t length = left < TENON_CURSOR_WINDOW ? left : TENON_CURSOR_WINDOW;
        uint64_t place = reader->cursor.position;
        const uint8_t *bytes = gguf_take (reader, length, "an array");
        if (!bytes)
            return TENON_E_TRUNCATED;
        for (uint64_t i = 0; i < length; i++)
            if (bytes[i] > 1 && wrong++ == 0)
                tell_bool (reader, place + i, bytes[i]);
        left -= length;
    }
    return wrong > 0 ? copy_bools (reader, value) : TENON_OK;
}

const struct tenon_value *
gguf_next_array (struct gguf_walk *walk, const struct tenon_value *array)
{
    if (array->item_type == TENON_ARRAY && walk->depth < GGUF_DEPTH) {
        walk->level[walk->depth].items = array->as.items;
        walk->level[walk->depth++].left = array->count;
    }
    while (walk->depth && !walk->level[walk->depth - 1].left)
        walk->depth--;
    if (!walk->depth)
        return NULL;
    walk->level[walk->depth - 1].left--;
    return walk->level[walk->depth - 1].items++;
}

/* Makes room for the arrays that follow, one for each item. */
static tenon_status
begin_nested (struct gguf_reader *reader, uint64_t depth, struct tenon_value *value)
{
    uint64_t most_depth = reader->most_depth < GGUF_DEPTH ? reader->most_depth : GGUF_DEPTH;
    if (depth + 1 >= most_depth)
        return gguf_fail (reader, TENON_E_LIMIT, reader->cursor.position,
                          "arrays lie in each other more than %llu deep; raise depth in [limits] to read "
                          "them, to %u at most",
                          (unsigned long long) most_depth, GGUF_DEPTH);
    /* an empty array takes 12 bytes of the file, and 64 of memory */
    uint64_t most = reader->call->host->limit (reader->call, TENON_LIMIT_METADATA_BYTES);
    if (value->count > (most - reader->nested_bytes) / sizeof (struct tenon_value))
        return gguf_fail (
            reader, TENON_E_LIMIT, reader->cursor.position,
            "more than %llu bytes of nested arrays; raise metadata_bytes in [limits] to read them",
            (unsigned long long) most);
    reader->nested_bytes += value->count * sizeof (struct tenon_value);
    struct tenon_value *items =
        reader->call->host->scratch (reader->call, (value->count + 1) * sizeof *items);
    if (!items)
        return TENON_E_MEMORY;
    value->as.items = items;
    return TENON_OK;
}

/* The least bytes of an item in the file. */
static uint64_t
least_bytes (const struct gguf_reader *reader, uint32_t type)
{
    uint32_t size = reader->version > 1 ? 8 : 4;
    return type == GGUF_STRING ? size : type == GGUF_ARRAY ? 4 + size : gguf_value_types[type].width;
}

/* Reads an array; of an array of arrays, all before its first item. */
static tenon_status
begin_array (struct gguf_reader *reader, uint64_t depth, struct tenon_value *value)
{
    struct tenon_cursor *cursor = &reader->cursor;
    uint64_t place = cursor->position;
    uint32_t type;
    memset (value, 0, sizeof *value);
    value->type = TENON_ARRAY;
    value->source = TENON_NO_SOURCE;
    TENON_TRY (gguf_take_u32 (reader, &type, "the type of an array"));
    if (type >= GGUF_VALUES)
        return gguf_fail (reader, TENON_E_MALFORMED, place, "there is no value type %u", type);
    place = cursor->position;
    TENON_TRY (gguf_take_size (reader, &value->count, "the length of an array"));
    uint64_t least = least_bytes (reader, type);
    if (value->count > gguf_left (reader) / least)
        return gguf_fail (reader, TENON_E_TRUNCATED, place,
                          "an array of %llu items, of %llu bytes and more each, %llu bytes are left: %s",
                          (unsigned long long) value->count, (unsigned long long) least,
                          (unsigned long long) gguf_left (reader),
                          gguf_there (reader, (char[GGUF_WHOSE]){ 0 }));
    value->item_type = gguf_value_types[type].type;
    if (type == GGUF_ARRAY)
        return begin_nested (reader, depth, value);
    value->source = 0;
    value->offset = cursor->position;
    value->encoding = (cursor->big_endian ? TENON_ENCODING_BIG : TENON_ENCODING_LITTLE)
                      | (type != GGUF_STRING   ? 0
                         : reader->version > 1 ? TENON_STRINGS_64
                                               : TENON_STRINGS_32);
    TENON_TRY (type == GGUF_STRING ? skip_strings (reader, value->count)
               : type == GGUF_BOOL ? read_bools (reader, value)
                                   : gguf_skip (reader, value->count * least, "an array"));
    value->length = cursor->position - value->offset;
    if (value->source == TENON_NO_SOURCE)
        value->offset = 0;
    return TENON_OK;
}

static tenon_status
read_array (struct gguf_reader *reader, struct tenon_value *value)
{
    struct gguf_walk walk;
    walk.depth = 0;
    for (const struct tenon_value *at = value; at; at = gguf_next_array (&walk, at))
        TENON_TRY (begin_array (reader, walk.depth, (struct tenon_value *) (uintptr_t) at));
    return TENON_OK;
}

tenon_status
gguf_read_value (struct gguf_reader *reader, uint32_t type, struct tenon_value *value)
{
    memset (value, 0, sizeof *value);
    value->type = gguf_value_types[type].type;
    if (type == GGUF_ARRAY)
        return read_array (reader, value);
    if (type != GGUF_STRING)
        return read_scalar (reader, type, value);
    return gguf_take_string (reader, &value->as.string, &value->count, "a string");
}
