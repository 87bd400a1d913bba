/* SPDX-License-Identifier: MIT */
/* write_chunks.c - the chunks of an array, each under a key of its own, or many in a shard. */
#include "write.h"

/* The host has at least this room for the key of a chunk. */
#define KEY_ROOM 4096u

/* ---- keys ---- */

/* For the keys of the chunks of an array, or of its shards. */
struct chunk_keys {
    const struct zarr_writer *writer;
    const struct zarr_stored *stored;
};

/* Appends a number to a key. */
static char *
put_digits (char *to, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;
    do
        digits[count++] = (char) ('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

/* PATH/c/0/0, or PATH/0.0 as in format 2; at the root without the path. */
static int64_t
make_chunk_key (void *user, const uint64_t *chunk, char *key, uint64_t room)
{
    const struct chunk_keys *keys = user;
    const struct zarr_node *node = keys->stored->node;
    const struct zarr_settings *settings = &keys->writer->settings;
    uint32_t rank = keys->stored->tensor.rank;
    char *at = key;
    if (node->length + 8 + 21 * (uint64_t) rank > room)
        return TENON_E_LIMIT;
    memcpy (at, node->path, node->length);
    at += node->length;
    if (node->length > 0)
        *at++ = '/';
    if (!settings->v2_keys)
        *at++ = 'c';
    else if (rank == 0)
        *at++ = '0';
    for (uint32_t i = 0; i < rank; i++) {
        if (i > 0 || !settings->v2_keys)
            *at++ = settings->separator;
        at = put_digits (at, chunk[i]);
    }
    return at - key;
}

/* ---- chunks ---- */

static void
make_grid (const struct zarr_stored *stored, struct tenon_grid *grid)
{
    *grid = (struct tenon_grid){ .struct_size = sizeof *grid,
                                 .order = stored->has_order ? stored->order : NULL,
                                 .steps = stored->step_count ? stored->steps : NULL,
                                 .step_size = sizeof stored->steps[0],
                                 .step_count = stored->step_count,
                                 .fill = stored->fill.bytes,
                                 .fill_size = stored->fill.bytes ? stored->element.item : 0 };
}

static struct tenon_grid_put
begin_put (struct zarr_writer *writer, const struct zarr_stored *stored, const struct tenon_grid *grid)
{
    return (struct tenon_grid_put){ .struct_size = sizeof (struct tenon_grid_put),
                                    .flags = writer->settings.skip_fill ? TENON_PUT_SKIP_FILL : 0,
                                    .tensor = stored->node->tensor,
                                    .chunk_shape = stored->chunk,
                                    .grid = grid,
                                    .layout = &stored->layout };
}

static tenon_status
put_chunks (struct zarr_writer *writer, const struct zarr_stored *stored, const struct tenon_grid *grid)
{
    struct chunk_keys keys = { writer, stored };
    struct tenon_grid_put put = begin_put (writer, stored, grid);
    put.key = make_chunk_key;
    put.user = &keys;
    return writer->call->host->put_grid (writer->call, &put);
}

/* ---- shards ---- */

/* A shard: its first chunk, how many it has in each dim, and how many of them are in the array. */
struct shard_box {
    uint64_t first[64], count[64];
    const uint64_t *whole;
    uint32_t rank;
    uint64_t chunks, inside; /* all of them, and those in the array */
};

static uint64_t
divide_up (uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static void
begin_shard (const struct zarr_stored *stored, const uint64_t *shard, struct shard_box *box)
{
    box->whole = stored->shard;
    box->rank = stored->tensor.rank;
    box->chunks = box->inside = 1;
    for (uint32_t i = 0; i < box->rank; i++) {
        uint64_t all = divide_up (stored->tensor.shape[i], stored->chunk[i]);
        box->first[i] = shard[i] * stored->shard[i];
        box->count[i] = all - box->first[i] < stored->shard[i] ? all - box->first[i] : stored->shard[i];
        box->chunks *= stored->shard[i];
        box->inside *= box->count[i];
    }
}

static int
is_inside (const struct shard_box *box, const uint64_t *chunk)
{
    for (uint32_t i = 0; i < box->rank; i++)
        if (chunk[i] >= box->count[i])
            return 0;
    return 1;
}

/* Puts the index: for each chunk of the shard its offset and size, or 2^64 - 1 twice if it is not stored;
 * then their CRC-32C. */
static tenon_status
put_index (struct zarr_writer *writer, const struct shard_box *box)
{
    struct tenon_call *call = writer->call;
    struct tenon_odometer at;
    uint8_t *bytes = (uint8_t *) writer->buffer, *to = bytes;
    uint64_t next = 0, sum = 0;
    int more = tenon_odometer_begin (&at, box->rank, box->whole);
    while (more) {
        struct tenon_chunk_place place = { 0, TENON_AUTO };
        if (is_inside (box, at.at))
            place = writer->places[next++];
        to = tenon_put_le64 (to, place.stored == TENON_AUTO ? UINT64_MAX : place.offset);
        to = tenon_put_le64 (to, place.stored);
        more = tenon_odometer_next (&at);
        if (more && to < bytes + ZARR_OUT_BUFFER)
            continue;
        uint64_t length = (uint64_t) (to - bytes);
        TENON_TRY (call->host->checksum (call, TENON_CHECK_CRC32C, &sum, bytes, length, &sum));
        TENON_TRY (call->host->put (call, bytes, length));
        to = bytes;
    }
    tenon_put_le32 (bytes, (uint32_t) sum);
    return call->host->put (call, bytes, 4);
}

static tenon_status
put_shard (struct zarr_writer *writer, const struct zarr_stored *stored, const struct tenon_grid *grid,
           const uint64_t *shard)
{
    struct tenon_call *call = writer->call;
    struct chunk_keys keys = { writer, stored };
    struct tenon_grid_put put = begin_put (writer, stored, grid);
    struct shard_box box;
    struct tenon_entry entry = { .struct_size = sizeof entry, .size = TENON_AUTO };
    int64_t length;
    TENON_TRY (tenon_grow (call, &writer->key, &writer->key_room, KEY_ROOM, 1));
    length = make_chunk_key (&keys, shard, writer->key, KEY_ROOM);
    if (length < 0)
        return tenon_fail (call, TENON_E_LIMIT, TENON_AUTO, "the key of a shard of '%.100s' is too long",
                           stored->tensor.name);
    entry.key = writer->key;
    entry.key_length = (uint64_t) length;
    begin_shard (stored, shard, &box);
    TENON_TRY (tenon_grow (call, &writer->places, &writer->place_room, box.inside, sizeof *writer->places));
    TENON_TRY (call->host->put_key (call, &entry));
    put.first = box.first;
    put.count = box.count;
    put.places = writer->places;
    put.place_count = box.inside;
    put.place_size = sizeof *writer->places;
    TENON_TRY (call->host->put_grid (call, &put));
    TENON_TRY (put_index (writer, &box));
    return call->host->put_key (call, NULL);
}

static tenon_status
put_shards (struct zarr_writer *writer, const struct zarr_stored *stored, const struct tenon_grid *grid)
{
    struct tenon_odometer at;
    uint64_t count[64];
    for (uint32_t i = 0; i < stored->tensor.rank; i++)
        count[i] = divide_up (divide_up (stored->tensor.shape[i], stored->chunk[i]), stored->shard[i]);
    if (!tenon_odometer_begin (&at, stored->tensor.rank, count))
        return put_chunks (writer, stored, grid); /* there are none, which the host is to know */
    do
        TENON_TRY (put_shard (writer, stored, grid, at.at));
    while (tenon_odometer_next (&at));
    return TENON_OK;
}

tenon_status
zarr_put_chunks (struct zarr_writer *writer, const struct zarr_stored *stored)
{
    struct tenon_grid grid;
    make_grid (stored, &grid);
    return stored->is_sharded ? put_shards (writer, stored, &grid) : put_chunks (writer, stored, &grid);
}
