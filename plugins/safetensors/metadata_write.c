/* SPDX-License-Identifier: MIT */
/* metadata_write.c - __metadata__ of a plan: sorted by key, all values strings, as the format demands.
 *
 * Strings stay as they are. Any other value becomes JSON (tenon/json_value.h), in a string under its key, and
 * the key tenon.metadata gets a record of the types:
 *
 *     {"version":1,"types":{"ids":["u32"],"rate":"f32"},"order":["rate","ids","name"]}
 *
 * ["u32"] is an array of u32. "order" is present if the keys of the plan were not sorted by their bytes. A
 * plan of strings alone gets no record, and its order is not kept: the file is what the reference writes. A
 * value of the plan under the key tenon.metadata goes into the record: "own":{"type":"string","value":"…"} */
#include "safetensors.h"
#include <stdlib.h>
#include <tenon/json_value.h>

#define PIECE_BYTES 4096u

enum { PLAIN, TYPED, RECORD };

struct key {
    const char *key;
    uint64_t length;
    struct tenon_value value; /* RECORD: the plan's value of this key, if `own` */
    uint32_t kind, own;
};

struct metadata {
    struct tenon_call *call;
    struct tenon_json_out *out;  /* the header */
    struct tenon_json_out piece; /* JSON that becomes a string there */
    struct tenon_json_values values;
    struct key *keys;        /* by key */
    uint64_t count, given;   /* keys, and those of the plan among them */
    uint32_t ordered, typed; /* 1: the plan's are sorted; some are no strings */
    int without_kept;        /* ST_KEPT is left out */
};

static int
by_key (const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    return st_compare (x->key, x->length, y->key, y->length);
}

/* ---- the plan ---- */

static tenon_status
read_key (struct metadata *metadata, uint64_t index)
{
    struct tenon_call *call = metadata->call;
    struct key *key = &metadata->keys[metadata->count];
    memset (key, 0, sizeof *key);
    TENON_TRY (call->host->plan_metadata (call, index, &key->key, &key->length, &key->value));
    if (metadata->without_kept && st_is_kept (key->key, key->length))
        return TENON_OK;
    if (st_is_record (key->key, key->length)) {
        key->kind = RECORD;
        key->own = 1;
    } else if (key->value.type != TENON_STRING
               || !tenon_json_is_utf8 (key->value.as.string, key->value.count))
        key->kind = TYPED;
    metadata->typed |= key->kind != PLAIN;
    metadata->ordered &= metadata->count == 0 || by_key (key - 1, key) < 0;
    metadata->count++;
    return TENON_OK;
}

static tenon_status
read_keys (struct metadata *metadata)
{
    struct tenon_call *call = metadata->call;
    uint32_t own = 0;
    metadata->keys = call->host->scratch (call, (metadata->given + 1) * sizeof *metadata->keys);
    if (!metadata->keys)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < metadata->given; i++)
        TENON_TRY (read_key (metadata, i));
    for (uint64_t i = 0; i < metadata->count; i++)
        own |= metadata->keys[i].own;
    if (metadata->typed && !own)
        metadata->keys[metadata->count++] =
            (struct key){ .key = ST_RECORD, .length = strlen (ST_RECORD), .kind = RECORD };
    qsort (metadata->keys, metadata->count, sizeof *metadata->keys, by_key);
    return TENON_OK;
}

/* ---- JSON in a string ---- */

/* grow of `piece`: moves its bytes to the header, escaped a second time. */
static tenon_status
escape_piece (struct tenon_json_out *piece, uint64_t more)
{
    struct metadata *metadata = piece->user;
    tenon_json_put_escaped (metadata->out, piece->bytes, piece->length);
    piece->length = 0;
    if (more <= piece->room)
        return TENON_OK;
    piece->room = 2 * more;
    piece->bytes = metadata->call->host->scratch (metadata->call, piece->room);
    return piece->bytes ? TENON_OK : TENON_E_MEMORY;
}

static void
put_type (struct tenon_json_out *piece, const struct tenon_value *value)
{
    uint32_t is_array = value->type == TENON_ARRAY;
    const char *name = tenon_json_type_name (is_array ? value->item_type : value->type);
    tenon_json_put_text (piece, is_array ? "[\"" : "\"");
    tenon_json_put_text (piece, name ? name : "");
    tenon_json_put_text (piece, is_array ? "\"]" : "\"");
}

static void
put_types (struct metadata *metadata)
{
    struct tenon_json_out *piece = &metadata->piece;
    uint32_t comma = 0;
    tenon_json_put_text (piece, "{\"version\":1,\"types\":{");
    for (uint64_t i = 0; i < metadata->count; i++) {
        const struct key *key = &metadata->keys[i];
        if (key->kind != TYPED)
            continue;
        tenon_json_put_text (piece, comma ? "," : "");
        tenon_json_put_string (piece, key->key, key->length);
        tenon_json_put_text (piece, ":");
        put_type (piece, &key->value);
        comma = 1;
    }
    tenon_json_put_text (piece, "}");
}

static tenon_status
put_record (struct metadata *metadata, const struct key *record)
{
    struct tenon_call *call = metadata->call;
    struct tenon_json_out *piece = &metadata->piece;
    put_types (metadata);
    const char *before = ",\"order\":[";
    for (uint64_t i = 0; !metadata->ordered && i < metadata->given; i++) {
        struct tenon_value value;
        const char *key;
        uint64_t length;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (metadata->without_kept && st_is_kept (key, length))
            continue;
        tenon_json_put_text (piece, before);
        before = ",";
        tenon_json_put_string (piece, key, length);
    }
    if (!metadata->ordered)
        tenon_json_put_text (piece, "]");
    if (record->own) {
        tenon_json_put_text (piece, ",\"own\":{");
        TENON_TRY (tenon_json_put_typed (&metadata->values, &record->value));
        tenon_json_put_text (piece, "}");
    }
    tenon_json_put_text (piece, "}");
    return piece->status;
}

/* ---- the object ---- */

static tenon_status
put_key_value (struct metadata *metadata, const struct key *key)
{
    if (key->kind == PLAIN) {
        tenon_json_put_string (metadata->out, key->value.as.string, key->value.count);
        return TENON_OK;
    }
    tenon_json_put_text (metadata->out, "\"");
    if (key->kind == RECORD)
        TENON_TRY (put_record (metadata, key));
    else
        TENON_TRY (tenon_json_put_value (&metadata->values, &key->value));
    TENON_TRY (escape_piece (&metadata->piece, 0));
    tenon_json_put_text (metadata->out, "\"");
    return TENON_OK;
}

static tenon_status
put_object (struct metadata *metadata, struct tenon_json_out *out)
{
    metadata->out = out;
    for (uint64_t i = 0; i < metadata->count; i++) {
        const struct key *key = &metadata->keys[i];
        tenon_json_put_text (out, i ? "," : "\"__metadata__\":{");
        tenon_json_put_string (out, key->key, key->length);
        tenon_json_put_text (out, ":");
        TENON_TRY (put_key_value (metadata, key));
    }
    tenon_json_put_text (out, "}");
    return TENON_OK;
}

tenon_status
st_make_metadata (struct tenon_call *call, uint64_t given, int without_kept, struct st_piece *made)
{
    struct tenon_json_out out;
    struct metadata metadata;
    char *buffer;
    if (given == 0)
        return TENON_OK;
    if (!(buffer = call->host->scratch (call, PIECE_BYTES)))
        return TENON_E_MEMORY;
    memset (&metadata, 0, sizeof metadata);
    metadata.call = metadata.values.call = call;
    metadata.values.out = &metadata.piece;
    metadata.piece = (struct tenon_json_out){
        .bytes = buffer, .room = PIECE_BYTES, .grow = escape_piece, .user = &metadata
    };
    metadata.given = given;
    metadata.without_kept = without_kept;
    metadata.ordered = 1;
    TENON_TRY (read_keys (&metadata));
    if (metadata.count == 0)
        return TENON_OK;
    memset (&out, 0, sizeof out);
    TENON_TRY (put_object (&metadata, &out));
    uint64_t length = out.length;
    if (length > ST_MOST_HEADER)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the metadata take %llu bytes, the format allows 100000000 for all of a header",
                           (unsigned long long) length);
    memset (&out, 0, sizeof out);
    out.room = length;
    if (!(out.bytes = call->host->scratch (call, length)))
        return TENON_E_MEMORY;
    TENON_TRY (put_object (&metadata, &out));
    if (out.length != length)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "metadata changed while they were written");
    made->bytes = out.bytes;
    made->length = length;
    return TENON_OK;
}
