/* SPDX-License-Identifier: MIT */
/* making.c - small tensors, and plans of them. */
#include "check/making.h"
#include "library.h"

uint64_t
made_random (uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void
made_bytes (uint64_t *state, void *to, uint64_t size)
{
    uint8_t *at = to;
    for (uint64_t number = 0; size > 0; size--, number >>= 8) {
        if (((uintptr_t) (at - (uint8_t *) to) & 7) == 0)
            number = made_random (state);
        *at++ = (uint8_t) number;
    }
}

/* ---- tensors ---- */

/* Blocks that a check of their scales accepts: they are encoded from numbers, or zeros where that cannot be.
 */
static void
fill_blocks (tenon_context *context, struct made_tensor *tensor, uint64_t items, uint64_t *state)
{
    tenon_error error = TENON_ERROR_INIT;
    float *numbers = get_memory (NULL, items + 1, sizeof *numbers);
    for (uint64_t i = 0; i < items; i++)
        numbers[i] = (float) ((int) (made_random (state) % 2001) - 1000) / 250;
    memset (tensor->data, 0, tensor->size);
    if (tenon_dtype_castable (context, TENON_F32, tensor->dtype)
        && tenon_cast (context, TENON_F32, numbers, items * sizeof *numbers, tensor->dtype, tensor->data,
                       tensor->size, items, 0, &error)
               < 0)
        memset (tensor->data, 0, tensor->size);
    free (numbers);
}

void
made_tensor_fill (tenon_context *context, struct made_tensor *tensor, const char *name, uint32_t dtype,
                  uint32_t rank, const uint64_t *shape)
{
    struct tenon_dtype about = { .struct_size = sizeof about };
    uint64_t items = 1, state = digest_bytes (DIGEST_START, name, strlen (name));
    *tensor = (struct made_tensor){ .dtype = dtype, .rank = rank };
    snprintf (tensor->name, sizeof tensor->name, "%s", name);
    tenon_dtype_get (context, NULL, dtype, &about);
    for (uint32_t i = 0; i < rank; i++)
        items *= tensor->shape[i] = shape[i];
    tensor->size = items / about.block_items * about.block_bytes;
    tensor->data = get_memory (NULL, tensor->size + 1, 1);
    if (about.kind == TENON_KIND_BLOCK)
        fill_blocks (context, tensor, items, &state);
    else
        made_bytes (&state, tensor->data, tensor->size);
    for (uint64_t i = 0; dtype == TENON_BOOL && i < tensor->size; i++)
        ((uint8_t *) tensor->data)[i] &= 1;
    record_shape (tensor->what, sizeof tensor->what, about.name, rank, shape);
    tensor->digest = digest_bytes (DIGEST_START, tensor->data, tensor->size);
}

void
made_tensor_turn (struct made_tensor *tensor, uint32_t flags)
{
    uint64_t rows = tensor->shape[0], columns = tensor->shape[1], width = tensor->size / (rows * columns);
    uint8_t *from = tensor->data, *to = get_memory (NULL, tensor->size, 1);
    for (uint64_t i = 0; i < rows * columns; i++) {
        uint64_t place = flags & TENON_FORTRAN ? i % columns * rows + i / columns : i;
        for (uint64_t k = 0; k < width; k++)
            to[place * width + k] = from[i * width + (flags & TENON_BIG_ENDIAN ? width - 1 - k : k)];
    }
    free (from);
    tensor->data = to;
    tensor->flags = flags;
}

bool
making_add (tenon_plan *plan, const struct made_tensor *tensor, tenon_error *error)
{
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = tensor->dtype,
                          .name = tensor->name,
                          .shape = tensor->shape,
                          .rank = tensor->rank,
                          .flags = tensor->flags,
                          .data = tensor->data,
                          .size = tensor->size };
    return tenon_plan_add (plan, &array, error) == TENON_OK;
}

/* ---- plans ---- */

/* As much as the vocabulary or the template of a model in small: long enough for a length of two bytes. */
#define TEN_WORDS "one two three four five six seven eight nine ten "
#define LONG_TEXT TEN_WORDS TEN_WORDS TEN_WORDS TEN_WORDS TEN_WORDS TEN_WORDS TEN_WORDS "the end"
#define LONG_ARRAY 300

static bool
add_long_array (tenon_plan *plan, tenon_error *error)
{
    char text[LONG_ARRAY * 6 + 3];
    size_t length = 0;
    for (unsigned i = 0; i < LONG_ARRAY; i++)
        length += (size_t) snprintf (text + length, sizeof text - length, "%c%u", i ? ',' : '[', i * 7);
    snprintf (text + length, sizeof text - length, "]");
    return tenon_plan_set_metadata (plan, "check.many", "array:i32", text, error) == TENON_OK;
}

bool
making_add_metadata (tenon_plan *plan, tenon_error *error)
{
    static const struct {
        const char *key, *type, *text;
    } entries[] = {
        { "check.bool", "bool", "true" },
        { "check.u8", "u8", "255" },
        { "check.u16", "u16", "65535" },
        { "check.u32", "u32", "4294967295" },
        { "check.u64", "u64", "18446744073709551615" },
        { "check.i8", "i8", "-128" },
        { "check.i16", "i16", "-32768" },
        { "check.i32", "i32", "-2147483648" },
        { "check.i64", "i64", "-9223372036854775808" },
        { "check.f32", "f32", "0.1" },
        { "check.f64", "f64", "-1e300" },
        { "check.string", "string", "a line\nand \"more\" \xce\xbb \\ \t" },
        { "check.empty", "string", "" },
        { "check.bools", "array:bool", "[true,false]" },
        { "check.i32s", "array:i32", "[1,-2,3]" },
        { "check.f64s", "array:f64", "[0.1,1e300,\"-Infinity\"]" },
        { "check.strings", "array:string", "[\"one\",\"\",\"\\u03bb\"]" },
        { "check.none", "array:i32", "[]" },
        { "check.long", "string", LONG_TEXT },
        { "check.json", "json", "{\"a\":{\"b\":[1,\"two\",null]},\"c\":[[1,2],[3]]}" },
    };
    for (size_t i = 0; i < COUNT_OF (entries); i++)
        if (tenon_plan_set_metadata (plan, entries[i].key, entries[i].type, entries[i].text, error) < 0)
            return false;
    return add_long_array (plan, error);
}

tenon_plan *
making_plan (tenon_context *context, const struct making *making, tenon_error *error)
{
    tenon_plan *plan = NULL;
    bool works = tenon_plan_new (context, &plan, error) == TENON_OK;
    for (size_t i = 0; works && i < making->count; i++)
        works = making_add (plan, &making->tensors[i], error);
    if (works && making->metadata)
        works = making_add_metadata (plan, error);
    if (works)
        return plan;
    tenon_plan_free (plan);
    return NULL;
}

void
making_record (tenon_context *context, const struct making *making, struct record *record)
{
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (plan) tenon_plan *plan = making_plan (context, making, &error);
    for (size_t i = 0; i < making->count; i++) {
        struct record_item *item = record_add (record, making->tensors[i].name, false);
        snprintf (item->what, sizeof item->what, "%s", making->tensors[i].what);
        item->digest = making->tensors[i].digest;
    }
    for (uint64_t i = 0; plan && i < tenon_plan_metadata_count (plan); i++) {
        tenon_metadata_info info = TENON_INIT (info);
        if (tenon_plan_metadata_get (plan, i, &info) < 0)
            break;
        record_metadata (record, context, NULL, info.key, &info.value, &error);
    }
}

/* ---- files ---- */

tenon_status
made_save (tenon_plan *plan, const tenon_codec_info *codec, const char *path, uint32_t flags,
           const char *const *settings, tenon_report **report, tenon_error *error)
{
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = flags | TENON_SAVE_EXACT_NAME,
                                   .format = codec->id,
                                   .settings = settings,
                                   .lock = TENON_LOCK_NO,
                                   .durable = TENON_DURABLE_NO };
    return tenon_save (plan, path, &options, report, NULL, error);
}

tenon_status
made_open (tenon_context *context, const tenon_codec_info *codec, const char *path,
           const char *const *settings, tenon_file **file, tenon_error *error)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = codec->id, .settings = settings };
    return tenon_open (context, path, &options, file, error);
}
