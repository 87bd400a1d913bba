/* SPDX-License-Identifier: MIT */
/* record.c - what a file holds, by names and digests. */
#include "check/record.h"
#include "library.h"
#include "value.h"
#include <ftw.h>
#include <tenon/bytes.h>

#define TRY_STATUS(expression)                                                                               \
    do {                                                                                                     \
        tenon_status try_status = (expression);                                                              \
        if (try_status < 0)                                                                                  \
            return try_status;                                                                               \
    } while (0)

uint64_t
digest_bytes (uint64_t digest, const void *bytes, uint64_t size)
{
    const uint8_t *b = bytes;
    for (uint64_t i = 0; i < size; i++)
        digest = (digest ^ b[i]) * 0x100000001b3u;
    return digest;
}

uint64_t
digest_number (uint64_t digest, uint64_t number)
{
    uint8_t bytes[8];
    tenon_put_le64 (bytes, number);
    return digest_bytes (digest, bytes, sizeof bytes);
}

/* ---- files and folders ---- */

/* nftw has no argument for its function: the digest of the walk, one at a time. */
static struct walk {
    uint64_t sum;
    size_t root; /* length of the name of the folder */
    bool works;
} walk;

static int
digest_visited (const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void) about, (void) where;
    uint64_t digest = digest_bytes (DIGEST_START, path + walk.root, strlen (path + walk.root));
    char bytes[4096];
    FILE *file = kind == FTW_F ? fopen (path, "rb") : NULL;
    if (kind == FTW_F && !file)
        return walk.works = false;
    for (size_t got; file && (got = fread (bytes, 1, sizeof bytes, file)) > 0;)
        digest = digest_bytes (digest, bytes, got);
    if (file)
        fclose (file);
    walk.sum += digest; /* a sum, since the order of a folder's files may differ */
    return 0;
}

bool
digest_path (const char *path, uint64_t *digest)
{
    walk = (struct walk){ .root = strlen (path), .works = true };
    if (nftw (path, digest_visited, 16, FTW_PHYS) < 0)
        return false;
    *digest = walk.sum;
    return walk.works;
}

/* ---- values ---- */

static uint64_t
digest_scalar (uint64_t digest, const struct tenon_value *value)
{
    uint64_t number = value->as.u;
    if (value->type == TENON_F32)
        number = tenon_f32_of_f64 (value->as.f);
    digest = digest_number (digest, value->type);
    if (value->type == TENON_STRING)
        return digest_bytes (digest_number (digest, value->count), value->as.string, value->count);
    return value->type == TENON_NONE ? digest : digest_number (digest, number);
}

static bool
has_tree (const struct tenon_value *value)
{
    return value->type == TENON_MAP
           || (value->type == TENON_ARRAY
               && (value->item_type == TENON_ARRAY || value->item_type == TENON_MIXED));
}

/* The next item of a packed array in memory, little-endian, at byte *at. */
static struct tenon_value
take_packed (const struct tenon_value *array, uint64_t *at)
{
    struct tenon_value item = { .type = array->item_type };
    const char *memory = array->as.memory;
    if (item.type == TENON_STRING) {
        unsigned wide = array->encoding & TENON_STRINGS_64 ? 8 : 4;
        item.count = wide == 8 ? tenon_le64 (memory + *at) : tenon_le32 (memory + *at);
        item.as.string = memory + *at + wide;
        *at += wide + item.count;
        return item;
    }
    uint64_t size = array->count ? array->length / array->count : 0;
    uint8_t bytes[8] = { 0 };
    memcpy (bytes, memory + *at, size > 8 ? 8 : size);
    *at += size;
    uint64_t number = tenon_le64 (bytes);
    bool is_signed = item.type >= TENON_I8 && item.type <= TENON_I64;
    if (is_signed && size < 8 && number >> (8 * size - 1))
        number |= UINT64_MAX << 8 * size;
    item.as.u = number;
    if (item.type == TENON_F32)
        item.as.f = tenon_f64_of_f32 ((uint32_t) number);
    return item;
}

#define TOGETHER 32

/* An array of numbers or strings. */
static tenon_status
digest_flat (tenon_file *file, const struct tenon_value *array, uint64_t *digest, tenon_error *error)
{
    struct tenon_value items[TOGETHER], rest = *array;
    *digest = digest_number (digest_number (*digest, array->type), array->item_type);
    *digest = digest_number (*digest, array->count);
    for (uint64_t i = 0, at = 0; !file && i < array->count; i++) {
        struct tenon_value item = take_packed (array, &at);
        *digest = digest_scalar (*digest, &item);
    }
    while (file && rest.count > 0) {
        CLEAN (memory) tenon_memory *memory = NULL;
        uint64_t n = rest.count < TOGETHER ? rest.count : TOGETHER;
        TRY_STATUS (tenon_value_take (file, &rest, n, items, &memory, error));
        for (uint64_t i = 0; i < n; i++)
            *digest = digest_scalar (*digest, &items[i]);
    }
    return TENON_OK;
}

/* A value in which the walk is, and its next item. */
struct tree_place {
    const struct tenon_value *value;
    uint64_t next;
};

tenon_status
record_value (tenon_file *file, const struct tenon_value *value, uint64_t *digest, tenon_error *error)
{
    struct tree_place places[128]; /* TENON_LIMIT_DEPTH is at most 100 */
    size_t depth = 0;
    *digest = DIGEST_START;
    for (const struct tenon_value *at = value; at;) {
        if (has_tree (at) && depth < COUNT_OF (places)) {
            *digest = digest_number (digest_number (*digest, at->type), at->count);
            places[depth++] = (struct tree_place){ at, 0 };
        } else if (at->type == TENON_ARRAY) {
            TRY_STATUS (digest_flat (file, at, digest, error));
        } else {
            *digest = digest_scalar (*digest, at);
        }
        at = NULL;
        while (depth > 0 && !at) {
            struct tree_place *place = &places[depth - 1];
            uint64_t count = place->value->count * (place->value->type == TENON_MAP ? 2 : 1);
            if (place->next < count)
                at = &place->value->as.items[place->next++];
            else
                depth--;
        }
    }
    return TENON_OK;
}

/* ---- records ---- */

struct record_item *
record_add (struct record *record, const char *name, bool metadata)
{
    if (record->count == record->room) {
        record->room = record->room * 2 + 16;
        record->items = get_memory (record->items, record->room, sizeof *record->items);
    }
    struct record_item *item = &record->items[record->count++];
    *item = (struct record_item){ .name = copy_text (name, strlen (name)), .metadata = metadata };
    record->tensors += !metadata;
    return item;
}

void
record_clean (struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        free (record->items[i].name);
    free (record->items);
    *record = (struct record){ 0 };
}

void
record_shape (char *text, size_t room, const char *dtype, uint32_t rank, const uint64_t *shape)
{
    size_t length = (size_t) snprintf (text, room, "%.80s [", dtype);
    for (uint32_t i = 0; i < rank && length + 24 < room; i++)
        length += (size_t) snprintf (text + length, room - length, "%s%llu", i ? "," : "",
                                     (unsigned long long) shape[i]);
    snprintf (text + length, room - length, "]");
}

tenon_status
record_metadata (struct record *record, tenon_context *context, tenon_file *file, const char *key,
                 const struct tenon_value *value, tenon_error *error)
{
    char type[64];
    struct record_item *item = record_add (record, key, true);
    value_type_name (context, value, type);
    snprintf (item->what, sizeof item->what, "%s", type);
    return record_value (file, value, &item->digest, error);
}

static int
digest_piece (void *user, const void *data, uint64_t size)
{
    uint64_t *digest = user;
    *digest = digest_bytes (*digest, data, size);
    return 0;
}

tenon_status
record_file (tenon_context *context, tenon_file *file, struct record *record, tenon_error *error)
{
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info = tensor_get (file, i);
        tenon_request request = { .struct_size = sizeof request, .index = i };
        struct record_item *item = record_add (record, info.name, false);
        record_shape (item->what, sizeof item->what, info.dtype_name, info.rank, info.shape);
        item->unreadable = info.unreadable < 0;
        item->digest = DIGEST_START;
        if (!item->unreadable)
            TRY_STATUS (tenon_stream (file, &request, digest_piece, &item->digest, NULL, error));
    }
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++) {
        tenon_metadata_info info;
        if (!metadata_get (file, i, &info))
            break;
        TRY_STATUS (record_metadata (record, context, file, info.key, &info.value, error));
    }
    return TENON_OK;
}
