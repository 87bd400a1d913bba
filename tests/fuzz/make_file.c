/* SPDX-License-Identifier: MIT */
/* make_file.c - a file of any format, and the JSON of metadata. */
#include "make.h"

const char *
fuzz_make_file (struct fuzz_buffer *file, struct fuzz_recipe *recipe)
{
    struct fuzz_safetensors plain = { .first_name = 0 };
    uint8_t kind = fuzz_byte (recipe);
    if (kind < 0x50) {
        fuzz_make_npy (file, recipe);
        return "fuzz.npy";
    }
    if (kind < 0xa0) {
        fuzz_make_zip (file, recipe, 1);
        return "fuzz.npz";
    }
    if (kind < 0xd0) {
        fuzz_make_gguf (file, recipe);
        return "fuzz.gguf";
    }
    fuzz_make_safetensors (file, recipe, &plain);
    return "fuzz.safetensors";
}

/* ---- metadata ---- */

void
fuzz_put_json_string (struct fuzz_buffer *json, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    fuzz_text (json, "\"");
    for (size_t i = 0; i < size; i++)
        if (at[i] < 0x20)
            fuzz_text (json, "\\u%04x", at[i]);
        else if (at[i] == '"' || at[i] == '\\')
            fuzz_text (json, "\\%c", at[i]);
        else
            fuzz_put (json, &at[i], 1);
    fuzz_text (json, "\"");
}

static const char *const type_words[] = { "u8",  "bool", "i8",  "u16",    "i16",   "u32",  "i32", "u64",
                                          "i64", "f32",  "f64", "string", "array", "null", "u128" };
enum { BOOL = 1, F32 = 9, F64 = 10, STRING = 11, ARRAY = 12, NULL_TYPE = 13, WORDS = 15 };

static void
put_float (struct fuzz_buffer *json, struct fuzz_recipe *recipe)
{
    static const char *const texts[] = { "0.1",
                                         "-0.0",
                                         "1e+300",
                                         "{\"bits\":9221120237041090560}",
                                         "16777216",
                                         "5e-324",
                                         "1.5",
                                         "{\"bits\":18442240474082181120}",
                                         "3.4028234663852886e+38",
                                         "1e999" };
    fuzz_text (json, "%s", texts[fuzz_below (recipe, 10)]);
}

static void
put_value (struct fuzz_buffer *json, struct fuzz_recipe *recipe, uint32_t type, unsigned depth)
{
    char text[64];
    if (type == F32 || type == F64)
        put_float (json, recipe);
    else if (type == BOOL)
        fuzz_text (json, fuzz_byte (recipe) & 1 ? "true" : "false");
    else if (type == NULL_TYPE)
        fuzz_text (json, "null");
    else if (type == STRING && fuzz_rarely (recipe, 4))
        fuzz_text (json, "{\"hex\":\"%02x%02xff\"}", fuzz_byte (recipe), fuzz_byte (recipe));
    else if (type == STRING) {
        fuzz_make_name (text, recipe, fuzz_byte (recipe));
        fuzz_put_json_string (json, text, strlen (text));
    } else if (type == ARRAY) {
        fuzz_text (json, "{");
        fuzz_make_typed (json, recipe, depth);
        fuzz_text (json, "}");
    } else
        fuzz_text (json, fuzz_byte (recipe) & 1 ? "%llu" : "-%llu",
                   (unsigned long long) fuzz_lie (recipe, fuzz_byte (recipe)));
}

void
fuzz_make_typed (struct fuzz_buffer *json, struct fuzz_recipe *recipe, unsigned depth)
{
    uint32_t type = fuzz_below (recipe, WORDS);
    if (type == ARRAY && depth == 0)
        type = STRING;
    fuzz_text (json, "\"type\":\"%s\"", type_words[type]);
    if (type != ARRAY) {
        fuzz_text (json, ",\"value\":");
        put_value (json, recipe, type, depth);
        return;
    }
    uint32_t items = fuzz_below (recipe, WORDS), count = fuzz_below (recipe, 4);
    if (items == ARRAY && depth == 1)
        items = STRING;
    fuzz_text (json, ",\"items\":\"%s\",\"value\":[", type_words[items]);
    for (uint32_t i = 0; i < count; i++) {
        fuzz_text (json, i ? "," : "");
        put_value (json, recipe, items, depth - 1);
    }
    fuzz_text (json, "]");
}
