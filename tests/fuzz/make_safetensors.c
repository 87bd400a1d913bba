/* SPDX-License-Identifier: MIT */
/* make_safetensors.c - files of safetensors: a length, JSON, the data. */
#include "make.h"

static const struct word {
    const char *text;
    uint32_t items, bytes;
} words[] = {
    { "F32", 1, 4 },  { "U8", 1, 1 },  { "BF16", 1, 2 },    { "F16", 1, 2 },     { "I64", 1, 8 },
    { "BOOL", 1, 1 }, { "F64", 1, 8 }, { "F8_E4M3", 1, 1 }, { "F4", 2, 1 },      { "F6_E2M3", 4, 3 },
    { "C64", 1, 8 },  { "U16", 1, 2 }, { "I8", 1, 1 },      { "F8_E8M0", 1, 1 }, { "I32", 1, 4 },
    { "U64", 1, 8 },  { "f32", 1, 4 },
};
#define WORDS (sizeof words / sizeof words[0])

struct header {
    struct fuzz_buffer text;
    struct fuzz_recipe *recipe;
    uint64_t data;     /* bytes of data so far */
    const char *space; /* between tokens */
    bool second;       /* a member was put */
};

static void
begin_pair (struct header *header, const char *key, bool escaped)
{
    fuzz_text (&header->text, header->second ? ",%s" : "%s", header->space);
    header->second = true;
    if (escaped && key[0] > 0) { /* the first character as an escape */
        fuzz_text (&header->text, "\"\\u00%02x", (unsigned) key[0]);
        fuzz_text (&header->text, "%s\":%s", key + 1, header->space);
    } else
        fuzz_text (&header->text, "\"%s\":%s", key, header->space);
}

static void
put_metadata (struct header *header, const struct fuzz_safetensors *what)
{
    struct fuzz_recipe *recipe = header->recipe;
    begin_pair (header, "__metadata__", fuzz_rarely (recipe, 32));
    if (what->metadata) {
        fuzz_put (&header->text, what->metadata, what->metadata_length);
        return;
    }
    if (fuzz_rarely (recipe, 16)) {
        fuzz_text (&header->text, "null");
        return;
    }
    uint32_t count = fuzz_below (recipe, 4);
    fuzz_text (&header->text, "{");
    for (uint32_t i = 0; i < count; i++) {
        char key[64];
        fuzz_make_name (key, recipe, i);
        fuzz_text (&header->text, "%s\"%s\":\"%llu\"", i ? "," : "", key,
                   (unsigned long long) fuzz_lie (recipe, fuzz_byte (recipe)));
    }
    fuzz_text (&header->text, "}");
}

static void
put_fields (struct header *header, const struct word *word, const struct fuzz_shape *shape, uint64_t size)
{
    struct fuzz_recipe *recipe = header->recipe;
    uint32_t order = fuzz_below (recipe, 6);
    fuzz_text (&header->text, "{");
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t field = order < 3 ? i : (order + i) % 3; /* the usual order, or another one */
        fuzz_text (&header->text, i ? ",%s" : "%s", header->space);
        if (field == 0)
            fuzz_text (&header->text, "\"dtype\":%s\"%s\"", header->space, word->text);
        else if (field == 2)
            fuzz_text (&header->text, "\"data_offsets\":[%llu,%llu]",
                       (unsigned long long) fuzz_lie (recipe, header->data),
                       (unsigned long long) fuzz_lie (recipe, header->data + size));
        else {
            fuzz_text (&header->text, "\"shape\":[");
            for (uint32_t d = 0; d < shape->rank; d++)
                fuzz_text (&header->text, d ? ",%llu" : "%llu",
                           (unsigned long long) fuzz_lie (recipe, shape->dims[d]));
            fuzz_text (&header->text, "]");
        }
    }
    if (fuzz_rarely (recipe, 32))
        fuzz_text (&header->text, ",\"more\":[{\"x\":1e5}]");
    fuzz_text (&header->text, "}");
}

static void
put_tensor (struct header *header, struct fuzz_safetensors *what)
{
    struct fuzz_recipe *recipe = header->recipe;
    const struct word *word = &words[fuzz_below (recipe, WORDS)];
    struct fuzz_shape shape;
    char *name = what->names[what->count % 8];
    fuzz_make_shape (&shape, recipe, 4);
    if (shape.elements % word->items != 0) {
        shape.dims[shape.rank++] = word->items;
        shape.elements *= word->items;
    }
    uint64_t size = shape.elements / word->items * word->bytes;
    fuzz_make_name (name, recipe, what->first_name + what->count++);
    begin_pair (header, name, fuzz_rarely (recipe, 8));
    put_fields (header, word, &shape, size);
    header->data += size;
}

void
fuzz_make_safetensors (struct fuzz_buffer *file, struct fuzz_recipe *recipe, struct fuzz_safetensors *what)
{
    struct header header = { .recipe = recipe, .space = fuzz_rarely (recipe, 4) ? " " : "" };
    uint32_t count = fuzz_below (recipe, 5), metadata = fuzz_below (recipe, 4);
    what->count = 0;
    fuzz_text (&header.text, "{");
    if (metadata == 1 || (metadata == 0 && what->metadata))
        put_metadata (&header, what);
    for (uint32_t i = 0; i < count; i++)
        put_tensor (&header, what);
    if (metadata == 2)
        put_metadata (&header, what);
    fuzz_text (&header.text, "}");
    while (header.text.size % 8 != 0)
        fuzz_text (&header.text, " ");
    fuzz_put_field (file, recipe, header.text.size, 8);
    fuzz_put (file, header.text.data, header.text.size);
    fuzz_put_pattern (file, recipe, (size_t) fuzz_lie (recipe, header.data) % (1u << 18));
    fuzz_free (&header.text);
}
