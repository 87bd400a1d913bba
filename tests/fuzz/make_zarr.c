/* SPDX-License-Identifier: MIT */
/* make_zarr.c - stores of Zarr, both versions, as zip archives of stored members: arrays of u8 and i16 in
 * chunks and shards, with and without consolidated metadata. */
#include "make.h"
#include <zlib.h>

struct store {
    struct fuzz_buffer *file, directory, consolidated;
    struct fuzz_recipe *recipe;
    uint32_t version, members;
    bool is_consolidated;
};

/* ---- zip ---- */

static void
put_heading (struct fuzz_buffer *to, const char *key, const struct fuzz_buffer *bytes)
{
    const uint8_t none = 0;
    fuzz_put_number (to, 20, 2, false);
    fuzz_put_number (to, 0x800, 2, false);
    fuzz_put_number (to, 0, 6, false);
    fuzz_put_number (to, crc32 (0, bytes->data ? bytes->data : &none, (uInt) bytes->size), 4, false);
    fuzz_put_number (to, bytes->size, 4, false);
    fuzz_put_number (to, bytes->size, 4, false);
    fuzz_put_number (to, strlen (key), 2, false);
    fuzz_put_number (to, 0, 2, false);
}

/* Adds a member, and frees its bytes. */
static void
add_member (struct store *store, const char *key, struct fuzz_buffer *bytes)
{
    uint64_t place = store->file->size;
    fuzz_put_number (store->file, 0x04034b50, 4, false);
    put_heading (store->file, key, bytes);
    fuzz_put (store->file, key, strlen (key));
    fuzz_put (store->file, bytes->data, bytes->size);
    fuzz_put_number (&store->directory, 0x02014b50, 4, false);
    fuzz_put_number (&store->directory, 20, 2, false);
    put_heading (&store->directory, key, bytes);
    for (unsigned i = 0; i < 10; i++)
        fuzz_put_number (&store->directory, 0, 1, false);
    fuzz_put_number (&store->directory, place, 4, false);
    fuzz_put (&store->directory, key, strlen (key));
    store->members++;
    fuzz_free (bytes);
}

static void
end_archive (struct store *store)
{
    uint64_t place = store->file->size;
    fuzz_put (store->file, store->directory.data, store->directory.size);
    fuzz_put_number (store->file, 0x06054b50, 4, false);
    fuzz_put_number (store->file, 0, 4, false);
    fuzz_put_number (store->file, store->members, 2, false);
    fuzz_put_number (store->file, store->members, 2, false);
    fuzz_put_number (store->file, store->directory.size, 4, false);
    fuzz_put_number (store->file, place, 4, false);
    fuzz_put_number (store->file, 0, 2, false);
    fuzz_free (&store->directory);
}

/* ---- arrays ---- */

/* An array of one or two dims. A shard has two inner chunks in each dim. */
struct array {
    char path[16];
    uint32_t rank, bytes; /* of an item */
    uint64_t shape[2], chunk[2];
    bool is_sharded, has_sum, at_start, dotted;
};

static void
put_numbers (struct fuzz_buffer *text, struct fuzz_recipe *recipe, const char *name, const uint64_t *numbers,
             uint32_t count)
{
    fuzz_text (text, "\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++)
        fuzz_text (text, "%s%llu", i ? "," : "", (unsigned long long) fuzz_lie (recipe, numbers[i]));
    fuzz_text (text, "]");
}

static void
put_codecs (struct fuzz_buffer *text, struct store *store, const struct array *array)
{
    const char *bytes = array->bytes == 1 ? "\"bytes\""
                                          : "{\"name\":\"bytes\",\"configuration\":{\"endian\":"
                                            "\"little\"}}";
    if (array->is_sharded) {
        fuzz_text (text, "\"codecs\":[{\"name\":\"sharding_indexed\",\"configuration\":{");
        uint64_t inner[2] = { array->chunk[0] / 2, array->chunk[1] / 2 };
        put_numbers (text, store->recipe, "chunk_shape", inner, array->rank);
        fuzz_text (text,
                   ",\"codecs\":[%s],\"index_location\":\"%s\",\"index_codecs\":[{\"name\":\"bytes\","
                   "\"configuration\":{\"endian\":\"little\"}}%s]}}]",
                   bytes, array->at_start ? "start" : "end", array->has_sum ? ",\"crc32c\"" : "");
    } else
        fuzz_text (text, "\"codecs\":[%s]", bytes);
}

static void
put_document (struct fuzz_buffer *text, struct store *store, const struct array *array)
{
    struct fuzz_recipe *recipe = store->recipe;
    uint64_t fill = fuzz_lie (recipe, 7);
    fuzz_text (text, "{\"zarr_format\":%llu,", (unsigned long long) fuzz_lie (recipe, store->version));
    put_numbers (text, recipe, "shape", array->shape, array->rank);
    if (store->version == 2) {
        fuzz_text (text, ",");
        put_numbers (text, recipe, "chunks", array->chunk, array->rank);
        fuzz_text (
            text,
            ",\"dtype\":\"%s\",\"fill_value\":%llu,\"compressor\":null,\"filters\":null,\"order\":\"%s\","
            "\"dimension_separator\":\"%s\"}",
            array->bytes == 1 ? "|u1" : "<i2", (unsigned long long) fill, fuzz_rarely (recipe, 3) ? "F" : "C",
            array->dotted ? "." : "/");
        return;
    }
    fuzz_text (text,
               ",\"node_type\":\"array\",\"data_type\":\"%s\",\"fill_value\":%llu,\"chunk_grid\":{\"name\":"
               "\"regular\",\"configuration\":{",
               array->bytes == 1 ? "uint8" : "int16", (unsigned long long) fill);
    put_numbers (text, recipe, "chunk_shape", array->chunk, array->rank);
    fuzz_text (text,
               "}},\"chunk_key_encoding\":{\"name\":\"default\",\"configuration\":{\"separator\":\"%s\"}},",
               array->dotted ? "." : "/");
    put_codecs (text, store, array);
    fuzz_text (text, ",\"attributes\":{\"n\":%llu}}", (unsigned long long) fuzz_lie (recipe, 1));
}

/* The chunks of a shard and its index. */
static void
put_shard (struct fuzz_buffer *to, struct store *store, const struct array *array, uint64_t chunk_bytes)
{
    struct fuzz_buffer index = { 0 }, data = { 0 };
    uint32_t count = array->rank == 2 ? 4 : 2;
    uint64_t inner = chunk_bytes / count, size = 16 * count + (array->has_sum ? 4 : 0);
    for (uint32_t i = 0; i < count; i++) {
        bool missing = fuzz_rarely (store->recipe, 4);
        uint64_t place = data.size + (array->at_start ? size : 0);
        fuzz_put_field (&index, store->recipe, missing ? UINT64_MAX : place, 8);
        fuzz_put_field (&index, store->recipe, missing ? UINT64_MAX : inner, 8);
        if (!missing)
            fuzz_put_pattern (&data, store->recipe, inner);
    }
    if (array->has_sum) {
        uint32_t crc = UINT32_MAX;
        for (size_t i = 0; i < index.size; i++) {
            crc ^= index.data[i];
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        }
        fuzz_put_field (&index, store->recipe, ~crc, 4);
    }
    fuzz_put (to, array->at_start ? index.data : data.data, array->at_start ? index.size : data.size);
    fuzz_put (to, array->at_start ? data.data : index.data, array->at_start ? data.size : index.size);
    fuzz_free (&index);
    fuzz_free (&data);
}

static void
put_chunks (struct store *store, const struct array *array)
{
    uint64_t rows = (array->shape[0] + array->chunk[0] - 1) / array->chunk[0];
    uint64_t columns = array->rank == 2 ? (array->shape[1] + array->chunk[1] - 1) / array->chunk[1] : 1;
    uint64_t bytes = array->bytes * array->chunk[0] * (array->rank == 2 ? array->chunk[1] : 1);
    const char *separator = array->dotted ? "." : "/";
    for (uint64_t i = 0; i < rows * columns && i < 16; i++) {
        struct fuzz_buffer chunk = { 0 };
        char key[80], column[32] = "";
        if (fuzz_rarely (store->recipe, 4))
            continue;
        if (array->rank == 2)
            snprintf (column, sizeof column, "%s%llu", separator, (unsigned long long) (i % columns));
        snprintf (key, sizeof key, "%s/%s%s%llu%s", array->path, store->version == 3 ? "c" : "",
                  store->version == 3 ? separator : "", (unsigned long long) (i / columns), column);
        if (array->is_sharded)
            put_shard (&chunk, store, array, bytes);
        else
            fuzz_put_pattern (&chunk, store->recipe, bytes);
        add_member (store, key, &chunk);
    }
}

static void
make_array (struct store *store, uint32_t number)
{
    struct fuzz_recipe *recipe = store->recipe;
    uint8_t choice = fuzz_byte (recipe);
    struct array array = { .rank = 1 + (choice & 1),
                           .bytes = choice & 2 ? 2 : 1,
                           .is_sharded = store->version == 3 && (choice & 4),
                           .has_sum = choice & 8,
                           .at_start = choice & 16,
                           .dotted = choice & 32 };
    struct fuzz_buffer document = { 0 };
    char key[40];
    snprintf (array.path, sizeof array.path, "%s%u", choice & 64 ? "g" : "a", (unsigned) number);
    for (uint32_t i = 0; i < 2; i++) {
        array.shape[i] = 1 + fuzz_below (recipe, 6);
        array.chunk[i] = (1 + fuzz_below (recipe, 3)) * (array.is_sharded ? 2 : 1);
    }
    put_document (&document, store, &array);
    fuzz_text (&store->consolidated, "%s\"%s%s\":", number ? "," : "", array.path,
               store->version == 2 ? "/.zarray" : "");
    fuzz_put (&store->consolidated, document.data, document.size);
    snprintf (key, sizeof key, "%s/%s", array.path, store->version == 2 ? ".zarray" : "zarr.json");
    add_member (store, key, &document);
    put_chunks (store, &array);
}

/* The documents of the root. */
static void
put_root (struct store *store)
{
    struct fuzz_buffer root = { 0 };
    const struct fuzz_buffer *inner = &store->consolidated;
    if (store->version == 2) {
        fuzz_text (&root, "{\"zarr_format\":2}");
        add_member (store, ".zgroup", &root);
        if (!store->is_consolidated)
            return;
        root = (struct fuzz_buffer){ 0 };
        fuzz_text (&root, "{\"zarr_consolidated_format\":1,\"metadata\":{");
        fuzz_put (&root, inner->data, inner->size);
        fuzz_text (&root, "}}");
        add_member (store, ".zmetadata", &root);
        return;
    }
    fuzz_text (&root, "{\"zarr_format\":3,\"node_type\":\"group\"");
    if (store->is_consolidated) {
        fuzz_text (&root, ",\"consolidated_metadata\":{\"kind\":\"inline\",\"metadata\":{");
        fuzz_put (&root, inner->data, inner->size);
        fuzz_text (&root, "}}");
    }
    fuzz_text (&root, "}");
    add_member (store, "zarr.json", &root);
}

uint32_t
fuzz_make_zarr (struct fuzz_buffer *file, struct fuzz_recipe *recipe)
{
    uint8_t choice = fuzz_byte (recipe);
    uint32_t count = 1 + fuzz_below (recipe, 3);
    struct store store = {
        .file = file, .recipe = recipe, .version = choice & 1 ? 3 : 2, .is_consolidated = choice & 2
    };
    for (uint32_t i = 0; i < count; i++)
        make_array (&store, i);
    put_root (&store);
    end_archive (&store);
    fuzz_free (&store.consolidated);
    return count;
}
