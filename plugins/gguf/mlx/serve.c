/* SPDX-License-Identifier: MIT */
/* serve.c - reads regions of the three tensors: makes words, scales and biases of the blocks. */
#include "state.h"

#define BLOCKS 1024u /* read at once */

struct server {
    struct tenon_call *call;
    const struct tenon_tensor *tensor; /* its offset is that of the first block */
    const struct gguf_mlx_kind *kind;
    const struct gguf_mlx_state *state;
    uint32_t shift;        /* a block holds 2^shift items of this tensor */
    uint64_t first, count; /* blocks in memory */
    uint8_t *blocks, *to;
};

/* Joins the low or the high nibbles of eight bytes. */
static uint32_t
join_nibbles (const uint8_t *bytes, uint32_t high)
{
    uint64_t nibbles = tenon_le64 (bytes) >> 4 * high & 0x0f0f0f0f0f0f0f0fu;
    nibbles = (nibbles | nibbles >> 4) & 0x00ff00ff00ff00ffu;
    nibbles = (nibbles | nibbles >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t) (nibbles | nibbles >> 16);
}

/* Puts words `item`, `item` + `step` … of these blocks. Of numbers of four bits the first half of a block is
 * in its low nibbles. */
static void
put_words (struct server *server, const uint8_t *blocks, uint64_t item, uint64_t count, uint64_t step)
{
    const struct gguf_mlx_kind *kind = server->kind;
    uint32_t size = kind->bytes, shift = server->shift, fours = kind->words == 4;
    uint8_t *to = server->to;
    for (blocks += kind->head; count > 0; count--, item += step) {
        const uint8_t *numbers = blocks + (item >> shift) * size;
        to = tenon_put_le32 (to, fours ? join_nibbles (numbers + 8 * (item & 1), item >> 1 & 1)
                                       : tenon_le32 (numbers + 4 * (item & 7)) ^ 0x80808080u);
    }
    server->to = to;
}

static void
put_halves (struct server *server, const uint8_t *blocks, uint64_t item, uint64_t count, uint64_t step)
{
    const struct gguf_mlx_kind *kind = server->kind;
    uint32_t derived = server->state->role == GGUF_MLX_BIASES && kind->zero != 0;
    if (server->state->role == GGUF_MLX_BIASES && !derived)
        blocks += 2;
    for (; count > 0; count--, item += step) {
        const uint8_t *block = blocks + item * kind->bytes;
        uint16_t half = server->state->big_endian ? tenon_be16 (block) : tenon_le16 (block);
        server->to = tenon_put_le16 (server->to, derived ? gguf_mlx_bias (kind, half) : half);
    }
}

/* Reads blocks from `block` up to `last`, at most `most`. */
static tenon_status
load_blocks (struct server *server, uint64_t block, uint64_t last, uint64_t most)
{
    uint64_t size = server->kind->bytes, n = last - block + 1 < most ? last - block + 1 : most;
    TENON_TRY (server->call->host->read_at (server->call, server->tensor->source,
                                            server->tensor->offset + block * size, server->blocks, n * size));
    server->first = block, server->count = n;
    return TENON_OK;
}

/* Puts `count` items from `item` on, counted through all rows. */
static tenon_status
serve_run (struct server *server, uint64_t item, uint64_t count, uint64_t step)
{
    uint64_t last = count ? (item + (count - 1) * step) >> server->shift : 0;
    uint64_t most = step >> server->shift > 16 ? 1 : BLOCKS; /* blocks far apart are read one by one */
    while (count > 0) {
        uint64_t block = item >> server->shift;
        if (block < server->first || block - server->first >= server->count)
            TENON_TRY (load_blocks (server, block, last, most));
        uint64_t in_memory = ((server->first + server->count) << server->shift) - item;
        uint64_t n = (in_memory - 1) / step + 1;
        n = n < count ? n : count;
        (server->state->role == GGUF_MLX_WEIGHT ? put_words : put_halves) (
            server, server->blocks, item - (server->first << server->shift), n, step);
        item += n * step, count -= n;
    }
    return TENON_OK;
}

/* A region in as few dims as possible: whole rows are joined to one. */
struct box {
    uint32_t rank;
    uint64_t shape[GGUF_MLX_DIMS], start[GGUF_MLX_DIMS], count[GGUF_MLX_DIMS], step[GGUF_MLX_DIMS];
};

static void
join_rows (struct box *box)
{
    while (box->rank > 1) {
        uint32_t in = box->rank - 1, out = in - 1;
        uint64_t columns = box->shape[in];
        if (box->start[in] != 0 || box->count[in] != columns || (columns > 1 && box->step[in] != 1)
            || box->step[out] != 1)
            return;
        box->shape[out] *= columns, box->start[out] *= columns, box->count[out] *= columns;
        box->rank--;
    }
}

static tenon_status
serve_box (struct server *server, const struct box *box)
{
    uint32_t last = box->rank - 1;
    struct tenon_odometer rows;
    if (!tenon_odometer_begin (&rows, last, box->count))
        return TENON_OK;
    do {
        uint64_t row = tenon_odometer_item (&rows, box->shape, box->start, box->step);
        TENON_TRY (
            serve_run (server, row * box->shape[last] + box->start[last], box->count[last], box->step[last]));
    } while (tenon_odometer_next (&rows));
    return TENON_OK;
}

tenon_status
gguf_mlx_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
               void *to, uint64_t size)
{
    struct server server = { .call = call, .tensor = tensor, .state = tensor->state, .to = to };
    struct box box = { .rank = region->rank };
    size_t bytes = region->rank * sizeof (uint64_t);
    if (region->rank == 0 || region->rank > GGUF_MLX_DIMS)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a tensor of %u dims was asked for",
                           region->rank);
    server.kind = &gguf_mlx_kinds[server.state->kind];
    server.shift = server.state->role != GGUF_MLX_WEIGHT ? 0 : server.kind->words == 4 ? 2 : 3;
    if (size == 0)
        return TENON_OK;
    if (!(server.blocks = call->host->scratch (call, BLOCKS * (uint64_t) server.kind->bytes)))
        return TENON_E_MEMORY;
    memcpy (box.shape, tensor->shape, bytes);
    memcpy (box.start, region->start, bytes);
    memcpy (box.count, region->count, bytes);
    memcpy (box.step, region->step, bytes);
    join_rows (&box);
    return serve_box (&server, &box);
}
