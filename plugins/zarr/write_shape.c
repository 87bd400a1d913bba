/* SPDX-License-Identifier: MIT */
/* write_shape.c - the shapes of chunks and shards, as the options state them:
 *
 *     auto            chunks: the shape that the tensor has in its file, or about 1 MiB; shards: none
 *     none            shards: none
 *     4MiB            a size: the longest dims are halved until a chunk, or a shard, is that small
 *     64,64,64        a shape; -1 is all of a dim. Several, between them ';', are for tensors of several
 *                     ranks; a tensor of another rank counts as auto, or none
 */
#include "write.h"
#include <tenon/number.h>

#define USUAL_BYTES ((uint64_t) 1 << 20)
/* The chunks of a shard: their index is kept in memory. */
#define MOST_CHUNKS ((uint64_t) 1 << 24)

/* ---- the options ---- */

/* A size with its unit. Returns 0 if the text is none. */
static int
parse_bytes (const char *text, uint64_t *bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "KiB", "MiB", "GiB" };
    static const uint64_t factors[] = { 1, 1000, 1000000, 1000000000, 1 << 10, 1 << 20, 1 << 30 };
    const char *at = text;
    if (tenon_number_u64 (&at, text + strlen (text), bytes) < 0 || *bytes == 0)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp (at, units[i]) == 0 && *bytes <= INT64_MAX / factors[i]) {
            *bytes *= factors[i];
            return 1;
        }
    return 0;
}

/* One shape, up to ';' or the end. Returns its rank, or -1 if the text is none; *text is then behind it. */
static int
parse_shape (const char **text, uint64_t shape[64])
{
    const char *at = *text;
    int rank = 0;
    for (;;) {
        int64_t dim;
        while (*at == ' ')
            at++;
        if (tenon_number_i64 (&at, at + strlen (at), &dim) < 0 || dim < -1 || dim == 0 || rank == 64)
            return -1;
        shape[rank++] = dim < 0 ? 0 : (uint64_t) dim; /* 0: all */
        while (*at == ' ')
            at++;
        if (*at != ',')
            break;
        at++;
    }
    *text = *at == ';' ? at + 1 : at;
    return *at && *at != ';' ? -1 : rank;
}

/* The shape for tensors of that rank. Returns 1 if there is one, -1 if the text is wrong. */
static int
find_shape (const char *text, uint32_t rank, uint64_t shape[64])
{
    uint64_t one[64];
    int found = 0;
    while (*text) {
        int its = parse_shape (&text, one);
        if (its < 0)
            return -1;
        if ((uint32_t) its == rank && !found) {
            memcpy (shape, one, rank * sizeof *shape);
            found = 1;
        }
    }
    return found;
}

static tenon_status
check_shape (struct tenon_call *call, const char *option, const char *text, const char *word)
{
    uint64_t bytes, shape[64];
    if (strcmp (text, word) == 0 || parse_bytes (text, &bytes) || (*text && find_shape (text, 0, shape) >= 0))
        return TENON_OK;
    return tenon_fail (call, TENON_E_CONFIG, TENON_AUTO,
                       "zarr.%s = '%.60s': expected is %s, a size (4MiB), or a shape (64,64), or shapes with "
                       "';' between them",
                       option, text, word);
}

tenon_status
zarr_check_shapes (struct zarr_writer *writer)
{
    TENON_TRY (check_shape (writer->call, "chunks", writer->settings.chunks, "auto"));
    return check_shape (writer->call, "shards", writer->settings.shards, "none");
}

/* ---- arithmetic ---- */

/* a × b, or UINT64_MAX if that is more. */
static uint64_t
multiply (uint64_t a, uint64_t b)
{
    return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t
count_items (const uint64_t *shape, uint32_t rank)
{
    uint64_t items = 1;
    for (uint32_t i = 0; i < rank; i++)
        items = multiply (items, shape[i]);
    return items;
}

static uint64_t
divide_up (uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* Halves the longest dim, the first of equals, until the shape has at most `bytes` bytes. */
static void
shrink_shape (uint64_t *shape, uint32_t rank, uint64_t item, uint64_t bytes)
{
    while (multiply (count_items (shape, rank), item) > bytes) {
        uint32_t longest = 0;
        for (uint32_t i = 1; i < rank; i++)
            if (shape[i] > shape[longest])
                longest = i;
        if (rank == 0 || shape[longest] == 1)
            break;
        shape[longest] = divide_up (shape[longest], 2);
    }
}

/* ---- chunks ---- */

static void
chunk_of_size (struct zarr_stored *stored, uint64_t bytes)
{
    const struct tenon_tensor *tensor = &stored->tensor;
    for (uint32_t i = 0; i < tensor->rank; i++)
        stored->chunk[i] = tensor->shape[i] ? tensor->shape[i] : 1;
    shrink_shape (stored->chunk, tensor->rank, stored->element.item, bytes);
}

/* *is_auto: the shape is not one that the user stated. */
static void
choose_chunk (struct zarr_writer *writer, struct zarr_stored *stored, int *is_auto)
{
    const struct tenon_tensor *tensor = &stored->tensor;
    uint64_t bytes;
    *is_auto = 1;
    if (parse_bytes (writer->settings.chunks, &bytes))
        chunk_of_size (stored, bytes);
    else if (strcmp (writer->settings.chunks, "auto") != 0
             && find_shape (writer->settings.chunks, tensor->rank, stored->chunk) > 0) {
        *is_auto = 0;
        for (uint32_t i = 0; i < tensor->rank; i++)
            if (stored->chunk[i] == 0)
                stored->chunk[i] = tensor->shape[i] ? tensor->shape[i] : 1;
    } else if (tensor->grid && tensor->chunk_shape)
        memcpy (stored->chunk, tensor->chunk_shape, tensor->rank * sizeof *stored->chunk);
    else
        chunk_of_size (stored, USUAL_BYTES);
}

/* ---- shards ---- */

/* The largest divisor of `whole` that is at most `part`. */
static uint64_t
find_divisor (uint64_t whole, uint64_t part)
{
    uint64_t most = 1;
    if (part >= whole)
        return whole;
    for (uint64_t i = 1; i <= part && i <= whole / i; i++)
        if (whole % i == 0) {
            if (i > most)
                most = i;
            if (whole / i <= part && whole / i > most)
                most = whole / i;
        }
    return most;
}

static tenon_status
fail_shards (struct zarr_writer *writer, const struct zarr_stored *stored, uint64_t shard, uint64_t chunk)
{
    return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                       "'%.100s': shards of %llu items are no multiple of chunks of %llu; zarr.shards and "
                       "zarr.chunks state both",
                       stored->tensor.name, (unsigned long long) shard, (unsigned long long) chunk);
}

/* Shards of this shape, in items; 0: all of a dim. A chunk shape that the user did not state is made fit. */
static tenon_status
shard_of_shape (struct zarr_writer *writer, struct zarr_stored *stored, const uint64_t *shape, int is_auto)
{
    for (uint32_t i = 0; i < stored->tensor.rank; i++) {
        uint64_t whole = shape[i];
        if (whole == 0)
            whole = multiply (divide_up (stored->tensor.shape[i], stored->chunk[i]), stored->chunk[i]);
        if (whole == 0)
            whole = stored->chunk[i];
        if (is_auto)
            stored->chunk[i] = find_divisor (whole, stored->chunk[i]);
        if (whole % stored->chunk[i] != 0)
            return fail_shards (writer, stored, whole, stored->chunk[i]);
        stored->shard[i] = whole / stored->chunk[i];
    }
    return TENON_OK;
}

static tenon_status
choose_shard (struct zarr_writer *writer, struct zarr_stored *stored, int is_auto)
{
    uint32_t rank = stored->tensor.rank;
    uint64_t bytes, shape[64];
    stored->is_sharded = 0;
    if (parse_bytes (writer->settings.shards, &bytes)) {
        for (uint32_t i = 0; i < rank; i++)
            stored->shard[i] =
                stored->tensor.shape[i] ? divide_up (stored->tensor.shape[i], stored->chunk[i]) : 1;
        shrink_shape (stored->shard, rank, multiply (count_items (stored->chunk, rank), stored->element.item),
                      bytes);
    } else if (strcmp (writer->settings.shards, "none") != 0
               && find_shape (writer->settings.shards, rank, shape) > 0)
        TENON_TRY (shard_of_shape (writer, stored, shape, is_auto));
    else
        return TENON_OK;
    stored->is_sharded = rank > 0;
    if (count_items (stored->shard, rank) > MOST_CHUNKS)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "'%.100s': a shard would have more than %llu chunks", stored->tensor.name,
                           (unsigned long long) MOST_CHUNKS);
    return TENON_OK;
}

tenon_status
zarr_choose_shapes (struct zarr_writer *writer, struct zarr_stored *stored)
{
    int is_auto;
    choose_chunk (writer, stored, &is_auto);
    TENON_TRY (choose_shard (writer, stored, is_auto));
    if (multiply (count_items (stored->chunk, stored->tensor.rank), stored->element.item) > INT64_MAX)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "'%.100s': a chunk would have more than 2^63 bytes", stored->tensor.name);
    return TENON_OK;
}
