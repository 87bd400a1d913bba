/* SPDX-License-Identifier: MIT */
/* fuzz_metadata.c - the records of metadata: types in a file of safetensors, the member of an archive that
 * holds metadata, and the record of carried tensors. They are well-formed JSON from a recipe, or the fuzzer's
 * bytes as they are. What opens is saved in every format. */
#include "make.h"
#include <zlib.h>

static void
take_rest (struct fuzz_buffer *text, struct fuzz_recipe *recipe)
{
    while (recipe->at < recipe->end) {
        uint8_t byte = fuzz_byte (recipe);
        fuzz_put (text, &byte, 1);
    }
}

/* ---- safetensors ---- */

/* "KEY":"VALUE as text", and its type for the record. */
static void
put_typed_pair (struct fuzz_buffer *json, struct fuzz_buffer *types, struct fuzz_buffer *order,
                struct fuzz_recipe *recipe, uint32_t number)
{
    struct fuzz_buffer typed = { 0 };
    char key[64], type[16] = "", items[16] = "";
    fuzz_make_name (key, recipe, number);
    fuzz_make_typed (&typed, recipe, 2);
    fuzz_put (&typed, "", 1);
    const char *value = strstr ((char *) typed.data, "\"value\":");
    sscanf ((char *) typed.data, "\"type\":\"%15[a-z0-9]\",\"items\":\"%15[a-z0-9]\"", type, items);
    fuzz_text (json, "%s\"%s\":", json->size > 1 ? "," : "", key);
    fuzz_put_json_string (json, value + 8, strlen (value + 8));
    fuzz_text (types, number ? "," : "");
    if (!fuzz_rarely (recipe, 8))
        fuzz_text (types, items[0] ? "\"%s\":[\"%s\"]" : "\"%s\":\"%s\"", key, items[0] ? items : type);
    fuzz_text (order, "%s\"%s\"", number ? "," : "", key);
    fuzz_free (&typed);
}

static void
make_typed_record (struct fuzz_buffer *json, struct fuzz_recipe *recipe)
{
    struct fuzz_buffer types = { 0 }, order = { 0 }, record = { 0 };
    uint32_t count = 1 + fuzz_below (recipe, 4);
    uint8_t choice = fuzz_byte (recipe);
    fuzz_text (json, "{");
    for (uint32_t i = 0; i < count; i++)
        put_typed_pair (json, &types, &order, recipe, i);
    fuzz_text (&record, "{\"version\":%llu,\"types\":{", (unsigned long long) fuzz_lie (recipe, 1));
    fuzz_put (&record, types.data, types.size);
    fuzz_text (&record, "}");
    if (choice & 1) {
        fuzz_text (&record, ",\"order\":[");
        fuzz_put (&record, order.data, order.size);
        fuzz_text (&record, choice & 4 ? ",\"tenon.metadata\"]" : "]");
    }
    if (choice & 2) {
        fuzz_text (&record, ",\"own\":{");
        fuzz_make_typed (&record, recipe, 2);
        fuzz_text (&record, "}");
    }
    fuzz_text (&record, "}");
    fuzz_text (json, ",\"tenon.metadata\":");
    fuzz_put_json_string (json, record.data, record.size);
    fuzz_text (json, "}");
    fuzz_free (&types);
    fuzz_free (&order);
    fuzz_free (&record);
}

/* ---- carried tensors ---- */

static void
make_carry_record (struct fuzz_buffer *json, struct fuzz_recipe *recipe)
{
    static const char *const entries[] = {
        "\"dtype\":\"q8_0\",\"shape\":[%llu,32]",
        "\"dtype\":\"f32\",\"shape\":[%llu]",
        "\"dtype\":\"f4\",\"shape\":[2,%llu]",
        "\"family\":\"numpy\",\"text\":\"|V5\",\"size\":5,\"alignment\":1,\"shape\":[%llu]",
        "\"family\":\"toy\",\"text\":\"date\",\"size\":8,\"alignment\":8,\"shape\":[%llu]",
        "\"dtype\":\"nobody\",\"shape\":[%llu]",
        "\"dtype\":\"u8\",\"shape\":[%llu]",
        "\"dtype\":\"c128\",\"shape\":[%llu,1]",
    };
    struct fuzz_buffer record = { 0 };
    uint32_t count = fuzz_below (recipe, 5);
    char name[64];
    fuzz_text (&record, "{\"version\":%llu,\"tensors\":{", (unsigned long long) fuzz_lie (recipe, 1));
    for (uint32_t i = 0; i < count; i++) {
        fuzz_make_name (name, recipe, i);
        fuzz_text (&record, "%s\"%s\":{", i ? "," : "", name);
        const char *entry = entries[fuzz_below (recipe, 8)];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        fuzz_text (&record, entry, (unsigned long long) fuzz_lie (recipe, fuzz_below (recipe, 9)));
#pragma GCC diagnostic pop
        fuzz_text (&record, "}");
    }
    fuzz_text (&record, "},\"order\":[");
    for (uint32_t i = count = fuzz_below (recipe, 5); i > 0; i--) {
        fuzz_make_name (name, recipe, i - 1);
        fuzz_text (&record, "%s\"%s\"", i < count ? "," : "", name);
    }
    fuzz_text (&record, "],\"keys\":[\"tenon.types\"]}");
    fuzz_text (json, "{\"tenon.types\":");
    fuzz_put_json_string (json, record.data, record.size);
    fuzz_text (json, "}");
    fuzz_free (&record);
}

/* ---- archives ---- */

static void
make_document (struct fuzz_buffer *json, struct fuzz_recipe *recipe)
{
    uint32_t count = fuzz_below (recipe, 5);
    char key[64];
    fuzz_text (json, "{\"tenon\":%llu,\"metadata\":[", (unsigned long long) fuzz_lie (recipe, 1));
    for (uint32_t i = 0; i < count; i++) {
        fuzz_make_name (key, recipe, i);
        fuzz_text (json, "%s{\"key\":\"%s\",", i ? "," : "", key);
        fuzz_make_typed (json, recipe, 2);
        fuzz_text (json, "}");
    }
    fuzz_text (json, "]}");
}

/* An archive of one stored member. */
static void
wrap_document (struct fuzz_buffer *file, struct fuzz_recipe *recipe, const struct fuzz_buffer *json)
{
    static const char name[] = "__tenon__.npy";
    struct fuzz_buffer npy = { 0 };
    char text[128];
    memset (text, ' ', sizeof text);
    int length = snprintf (text, sizeof text, "{'descr': '|u1', 'fortran_order': False, 'shape': (%llu,), }",
                           (unsigned long long) fuzz_lie (recipe, json->size));
    text[length] = ' ';
    text[117] = '\n';
    fuzz_put (&npy, "\x93NUMPY\1\0v\0", 10);
    fuzz_put (&npy, text, 118);
    fuzz_put (&npy, json->data, json->size);
    uint64_t crc = fuzz_lie (recipe, crc32 (0, npy.data, (uInt) npy.size));
    for (unsigned central = 0; central < 2; central++) {
        fuzz_put_number (file, central ? 0x02014b50 : 0x04034b50, 4, false);
        fuzz_put_number (file, 20, central ? 4 : 2, false);
        fuzz_put_number (file, 0, 4, false);
        fuzz_put_number (file, 0x00210000, 4, false);
        fuzz_put_number (file, crc, 4, false);
        fuzz_put_number (file, npy.size, 4, false);
        fuzz_put_number (file, npy.size, 4, false);
        fuzz_put_number (file, sizeof name - 1, 4, false);
        for (unsigned i = 0; central && i < 14; i++)
            fuzz_put (file, "", 1);
        fuzz_put (file, name, sizeof name - 1);
        if (!central)
            fuzz_put (file, npy.data, npy.size);
    }
    uint64_t lead = 30 + sizeof name - 1 + npy.size;
    fuzz_put_number (file, 0x06054b50, 8, false);
    fuzz_put_number (file, 0x00010001, 4, false);
    fuzz_put_number (file, file->size - 8 - lead, 4, false);
    fuzz_put_number (file, lead, 4, false);
    fuzz_put_number (file, 0, 2, false);
    fuzz_free (&npy);
}

/* ---- the target ---- */

enum { TYPED, CARRY, MEMBER, KINDS };

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 }, json = { 0 };
    struct fuzz_safetensors plain = { .first_name = 0 };
    struct fuzz_files files;
    fuzz_recipe_begin (&recipe, data, size);
    uint32_t kind = fuzz_below (&recipe, KINDS), raw = fuzz_rarely (&recipe, 3);
    if (raw)
        take_rest (&json, &recipe);
    else if (kind == MEMBER)
        make_document (&json, &recipe);
    else if (kind == CARRY)
        make_carry_record (&json, &recipe);
    else
        make_typed_record (&json, &recipe);
    plain.metadata = (char *) json.data;
    plain.metadata_length = json.size;
    if (kind == MEMBER)
        wrap_document (&bytes, &recipe, &json);
    else
        fuzz_make_safetensors (&bytes, &recipe, &plain);
    fuzz_damage (&bytes, &recipe);
    if (fuzz_open_all (&files, bytes.data, bytes.size, kind == MEMBER ? "fuzz.npz" : "fuzz.safetensors",
                       NULL)) {
        fuzz_check_reading (&files, &recipe);
        fuzz_check_saving (&files, &recipe);
        fuzz_close_all (&files);
    }
    fuzz_free (&bytes);
    fuzz_free (&json);
    return 0;
}
