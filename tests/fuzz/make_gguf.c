/* SPDX-License-Identifier: MIT */
/* make_gguf.c - GGUF files of all versions, in both byte orders. */
#include "make.h"

static const struct type {
    uint32_t id, items, bytes;
} types[] = {
    { 0, 1, 4 },      { 1, 1, 2 },   { 8, 32, 34 },   { 2, 32, 18 },  { 24, 1, 1 },     { 12, 256, 144 },
    { 28, 1, 8 },     { 30, 1, 2 },  { 27, 1, 8 },    { 39, 32, 17 }, { 40, 64, 36 },   { 16, 256, 66 },
    { 15, 256, 292 }, { 9, 32, 36 }, { 34, 256, 54 }, { 3, 32, 20 },  { 14, 256, 210 }, { 26, 1, 4 },
};
#define TYPES (sizeof types / sizeof types[0])

struct writer {
    struct fuzz_buffer *file, data;
    struct fuzz_recipe *recipe;
    uint32_t version, alignment;
    bool big;
};

static void
put (struct writer *writer, uint64_t number, unsigned width)
{
    fuzz_put_number (writer->file, fuzz_lie (writer->recipe, number), width, writer->big);
}

static void
put_size (struct writer *writer, uint64_t number)
{
    put (writer, number, writer->version == 1 ? 4 : 8);
}

static void
put_string (struct writer *writer, const char *text)
{
    put_size (writer, strlen (text));
    fuzz_put (writer->file, text, strlen (text));
}

/* ---- values ---- */

enum { STRING = 8, ARRAY = 9, VALUES = 13 };

static void put_value (struct writer *writer, uint32_t type, unsigned depth);

static void
put_array (struct writer *writer, unsigned depth)
{
    uint32_t type = fuzz_below (writer->recipe, VALUES), count = fuzz_below (writer->recipe, 5);
    if (type == ARRAY && depth == 0)
        type = STRING;
    put (writer, type, 4);
    put_size (writer, count);
    for (uint32_t i = 0; i < count; i++)
        put_value (writer, type, depth - 1);
}

static void
put_value (struct writer *writer, uint32_t type, unsigned depth)
{
    static const uint8_t widths[VALUES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    struct fuzz_recipe *recipe = writer->recipe;
    char text[64];
    if (type == ARRAY)
        put_array (writer, depth);
    else if (type == STRING) {
        fuzz_make_name (text, recipe, fuzz_byte (recipe));
        put_string (writer, text);
    } else if (type == 7)
        put (writer, fuzz_below (recipe, 2), 1);
    else
        for (unsigned i = 0; i < widths[type]; i++) {
            uint8_t byte = fuzz_byte (recipe);
            fuzz_put (writer->file, &byte, 1);
        }
}

static void
put_pair (struct writer *writer, uint32_t number)
{
    struct fuzz_recipe *recipe = writer->recipe;
    char key[64];
    uint32_t type = fuzz_below (recipe, VALUES);
    fuzz_make_name (key, recipe, number);
    put_string (writer, key);
    put (writer, type, 4);
    put_value (writer, type, 3);
}

static void
put_pairs (struct writer *writer, uint32_t pairs, bool aligned)
{
    for (uint32_t i = 0; i < pairs; i++)
        put_pair (writer, i);
    if (!aligned)
        return;
    put_string (writer, "general.alignment");
    put (writer, 4, 4);
    put (writer, writer->alignment, 4);
}

/* ---- tensors ---- */

static void
pad (struct fuzz_buffer *buffer, uint64_t alignment)
{
    while (buffer->size % alignment != 0)
        fuzz_put (buffer, "", 1);
}

static void
put_tensor (struct writer *writer, uint32_t number)
{
    struct fuzz_recipe *recipe = writer->recipe;
    const struct type *type = &types[fuzz_below (recipe, TYPES)];
    struct fuzz_shape shape;
    char name[64];
    fuzz_make_name (name, recipe, number);
    fuzz_make_shape (&shape, recipe, type->items > 64 ? 1 : type->items > 1 ? 2 : 4);
    if (type->items > 1) { /* the innermost dim has whole blocks */
        shape.dims[shape.rank++] = type->items;
        shape.elements *= type->items;
    }
    put_string (writer, name);
    put (writer, shape.rank, 4);
    for (uint32_t i = shape.rank; i-- > 0;)
        put_size (writer, shape.dims[i]);
    put (writer, type->id, 4);
    pad (&writer->data, writer->alignment);
    put (writer, writer->data.size, 8);
    uint64_t size = shape.elements / type->items * type->bytes;
    fuzz_put_pattern (&writer->data, recipe, size % (1u << 18));
}

void
fuzz_make_gguf (struct fuzz_buffer *file, struct fuzz_recipe *recipe)
{
    static const uint8_t versions[] = { 3, 3, 2, 1 };
    static const uint16_t alignments[] = { 32, 32, 8, 64, 1, 16 };
    struct writer writer = { .file = file, .recipe = recipe };
    uint8_t choice = fuzz_byte (recipe);
    uint32_t tensors = fuzz_below (recipe, 4), pairs = fuzz_below (recipe, 4);
    size_t start = file->size;
    writer.version = versions[choice % 4];
    writer.big = writer.version == 3 && choice % 8 >= 4;
    writer.alignment = alignments[choice / 8 % 6];
    bool aligned = writer.alignment != 32;
    fuzz_put (file, "GGUF", 4);
    put (&writer, writer.version, 4);
    put_size (&writer, tensors);
    put_size (&writer, pairs + aligned);
    put_pairs (&writer, pairs, aligned);
    for (uint32_t i = 0; i < tensors; i++)
        put_tensor (&writer, i);
    while ((file->size - start) % writer.alignment != 0)
        fuzz_put (file, "", 1);
    fuzz_put (file, writer.data.data, writer.data.size);
    fuzz_free (&writer.data);
}
