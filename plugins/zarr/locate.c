/* SPDX-License-Identifier: MIT */
/* locate.c - finds a chunk: in a key of its own, or by the index of a shard, which may lie in a shard itself.
 *
 * An index is read once, and kept until a chunk of another shard is asked for. */
#include "state.h"

/* An index that was read, and the range that it is the index of. */
struct index {
    uint64_t from, length; /* of that range, in the source of the key */
    uint8_t *bytes;
    uint64_t room;
    uint32_t is_read;
};

/* What one call keeps from chunk to chunk. */
struct finder {
    const struct zarr_state *state; /* of the tensor, as long as locate_chunk runs */
    char *key;                      /* the prefix, and the numbers behind it */
    uint64_t key_length;
    uint64_t shard[ZARR_RANK]; /* whose key is open */
    uint32_t is_open;          /* `shard` counts */
    uint32_t is_missing;       /* it does not exist */
    uint32_t source;
    struct index levels[ZARR_LEVELS];
};

/* ---- keys ---- */

/* Writes a number in decimal. Returns what is behind it. */
static char *
put_decimal (char *to, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;
    do
        digits[count++] = (char) ('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

/* Makes the key of a chunk, or of a shard. */
static void
put_key (struct finder *finder, const uint64_t *chunk)
{
    const struct zarr_state *state = finder->state;
    char *at = finder->key + state->prefix_length;
    for (uint32_t i = 0; i < state->rank; i++) {
        if (i > 0)
            *at++ = (char) state->separator;
        at = put_decimal (at, chunk[i]);
    }
    finder->key_length = (uint64_t) (at - finder->key);
}

static tenon_status
begin_finder (struct tenon_call *call, const struct tenon_tensor *tensor)
{
    const struct zarr_state *state = tensor->state;
    struct finder *finder = call->host->scratch (call, sizeof *finder);
    if (!finder || !(finder->key = call->host->scratch (call, state->prefix_length + 21 * state->rank + 1)))
        return TENON_E_MEMORY;
    memcpy (finder->key, zarr_prefix (state), state->prefix_length);
    call->state = finder;
    return TENON_OK;
}

/* ---- shards ---- */

/* Opens the shard, unless it is the one that is open. */
static tenon_status
open_shard (struct tenon_call *call, struct finder *finder, const uint64_t *shard)
{
    struct tenon_source_info info = TENON_INIT (info);
    uint64_t size = finder->state->rank * sizeof *shard;
    if (finder->is_open && memcmp (finder->shard, shard, size) == 0)
        return TENON_OK;
    finder->is_open = 0;
    for (uint32_t i = 0; i < finder->state->level_count; i++)
        finder->levels[i].is_read = 0;
    put_key (finder, shard);
    tenon_status status = call->host->open_key (call, finder->key, finder->key_length, &finder->source);
    if (status < 0 && status != TENON_E_NOT_FOUND)
        return tenon_fail (call, status, TENON_AUTO, "%.*s: %s", (int) finder->key_length, finder->key,
                           call->host->answer (call));
    finder->is_missing = status == TENON_E_NOT_FOUND;
    if (!finder->is_missing) {
        TENON_TRY (call->host->source_info (call, finder->source, &info));
        finder->levels[0].length = info.size;
    }
    memcpy (finder->shard, shard, size);
    finder->is_open = 1;
    return TENON_OK;
}

/* True if the checksum behind the index is that of the bytes before it. */
static tenon_status
check_sum (struct tenon_call *call, struct finder *finder, const struct zarr_index *shape,
           const struct index *index, uint64_t place)
{
    uint64_t sum = 0, length = shape->size - 4;
    uint32_t stated = tenon_le32 (index->bytes + length);
    TENON_TRY (call->host->checksum (call, TENON_CHECK_CRC32C, NULL, index->bytes, length, &sum));
    if (sum == stated)
        return TENON_OK;
    return tenon_fail_in (call, TENON_E_CHECKSUM, finder->source, place,
                          "the index of the shard %.*s has the CRC-32C %08x, it states %08x",
                          finder->key_length > 300 ? 300 : (int) finder->key_length, finder->key,
                          (uint32_t) sum, stated);
}

/* Reads the index of a level, unless it has been. */
static tenon_status
read_index (struct tenon_call *call, struct finder *finder, uint32_t level)
{
    const struct zarr_index *shape = &finder->state->levels[level];
    struct index *index = &finder->levels[level];
    if (index->is_read)
        return TENON_OK;
    if (index->length < shape->size)
        return tenon_fail_in (call, TENON_E_MALFORMED, finder->source, index->from,
                              "the shard %.*s has %llu bytes, its index of %llu chunks has %llu",
                              finder->key_length > 300 ? 300 : (int) finder->key_length, finder->key,
                              (unsigned long long) index->length, (unsigned long long) shape->count,
                              (unsigned long long) shape->size);
    uint64_t place = index->from + (shape->at_start ? 0 : index->length - shape->size);
    TENON_TRY (tenon_grow (call, &index->bytes, &index->room, shape->size, 1));
    TENON_TRY (call->host->read_at (call, finder->source, place, index->bytes, shape->size));
    if (shape->has_sum)
        TENON_TRY (check_sum (call, finder, shape, index, place));
    index->is_read = 1;
    return TENON_OK;
}

/* The entry of an inner chunk: a range of the source of the key. *missing: it is not stored. */
static tenon_status
find_entry (struct tenon_call *call, struct finder *finder, uint32_t level, uint64_t entry, uint64_t *from,
            uint64_t *length, int *missing)
{
    const struct zarr_index *shape = &finder->state->levels[level];
    const struct index *index = &finder->levels[level];
    const uint8_t *bytes = index->bytes + 16 * entry;
    uint64_t start = shape->big_endian ? tenon_be64 (bytes) : tenon_le64 (bytes);
    uint64_t size = shape->big_endian ? tenon_be64 (bytes + 8) : tenon_le64 (bytes + 8);
    uint64_t first = shape->at_start ? shape->size : 0;
    uint64_t end = index->length - (shape->at_start ? 0 : shape->size);
    *missing = start == UINT64_MAX && size == UINT64_MAX;
    if (*missing)
        return TENON_OK;
    if (start < first || start > end || size > end - start)
        return tenon_fail_in (call, TENON_E_MALFORMED, finder->source, index->from,
                              "the index of the shard %.*s has %llu bytes from %llu for chunk %llu of it, "
                              "expected them between %llu and %llu",
                              finder->key_length > 200 ? 200 : (int) finder->key_length, finder->key,
                              (unsigned long long) size, (unsigned long long) start,
                              (unsigned long long) entry, (unsigned long long) first,
                              (unsigned long long) end);
    *from = index->from + start;
    *length = size;
    return TENON_OK;
}

/* Divides the place of a chunk: `chunk` becomes that inside the inner chunk of a level, whose entry it
 * returns. */
static uint64_t
enter_level (const struct zarr_state *state, uint32_t level, uint64_t *chunk)
{
    const uint64_t *stride = zarr_numbers (state, level, ZARR_STRIDE);
    const uint64_t *inner = zarr_numbers (state, level, ZARR_INNER);
    uint64_t entry = 0;
    for (uint32_t i = 0; i < state->rank; i++) {
        entry += chunk[i] / inner[i] * stride[i];
        chunk[i] %= inner[i];
    }
    return entry;
}

static tenon_status
find_inner (struct tenon_call *call, struct finder *finder, uint64_t *chunk, struct tenon_chunk *found)
{
    const struct zarr_state *state = finder->state;
    uint64_t from = 0, length = 0;
    int missing = finder->is_missing;
    for (uint32_t level = 0; level < state->level_count && !missing; level++) {
        struct index *next = &finder->levels[level + 1];
        TENON_TRY (read_index (call, finder, level));
        TENON_TRY (
            find_entry (call, finder, level, enter_level (state, level, chunk), &from, &length, &missing));
        if (missing || level + 1 == state->level_count)
            continue;
        if (next->from != from || next->length != length)
            next->is_read = 0;
        next->from = from;
        next->length = length;
    }
    if (missing)
        found->flags |= TENON_CHUNK_MISSING;
    found->source = finder->source;
    found->offset = from;
    found->stored = length;
    return TENON_OK;
}

tenon_status
zarr_locate_chunk (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
                   struct tenon_chunk *found)
{
    uint64_t shard[ZARR_RANK], inner[ZARR_RANK];
    if (!call->state)
        TENON_TRY (begin_finder (call, tensor));
    struct finder *finder = call->state;
    const struct zarr_state *state = tensor->state;
    finder->state = state;
    if (state->level_count == 0) {
        put_key (finder, chunk);
        found->key = finder->key;
        found->key_length = finder->key_length;
        return TENON_OK;
    }
    const uint64_t *ratio = zarr_numbers (state, 0, ZARR_RATIO);
    const uint64_t *parts = zarr_numbers (state, 0, ZARR_INNER);
    for (uint32_t i = 0; i < state->rank; i++) {
        shard[i] = chunk[i] / parts[i] / ratio[i];
        inner[i] = chunk[i] - shard[i] * ratio[i] * parts[i];
    }
    TENON_TRY (open_shard (call, finder, shard));
    return find_inner (call, finder, inner, found);
}
