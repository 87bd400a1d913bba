/* SPDX-License-Identifier: MIT */
/* wire_grid.c - grids, chunks and claims on their way between the program and an isolated child. */
#include "codec/wire.h"

void
tn_wire_put_grid (struct tn_channel *channel, const struct tenon_tensor *tensor)
{
    struct tenon_grid grid;
    tn_copy_struct (&grid, sizeof grid, tensor->grid, 0);
    tn_channel_put_u32 (channel, grid.flags);
    tn_channel_put_u32 (channel, grid.order != NULL);
    if (grid.order)
        tn_channel_put (channel, grid.order, tensor->rank * sizeof *grid.order);
    tn_wire_put_steps (channel, grid.steps, grid.step_size, grid.step_count);
    tn_channel_put_text (channel, grid.fill, grid.fill ? grid.fill_size : 0);
}

struct tenon_grid *
tn_wire_get_grid (struct tn_channel *channel, uint32_t rank, struct tn_arena *arena)
{
    struct tenon_grid *grid = tn_wire_get_room (channel, arena, sizeof *grid, sizeof *grid);
    uint32_t *order = tn_wire_get_room (channel, arena, (rank + 1) * sizeof *order, UINT64_MAX);
    if (!grid || !order)
        return NULL;
    *grid = (struct tenon_grid){ .struct_size = sizeof *grid,
                                 .flags = tn_channel_get_u32 (channel),
                                 .step_size = sizeof *grid->steps };
    if (tn_channel_get_u32 (channel)) {
        tn_channel_get (channel, order, rank * sizeof *order);
        grid->order = order;
    }
    if (!tn_wire_get_steps (channel, arena, channel->longest, &grid->steps, &grid->step_count))
        return NULL;
    const char *fill = tn_channel_get_text (channel, &grid->fill_size);
    void *copy = fill ? tn_wire_get_room (channel, arena, grid->fill_size + 1, channel->longest) : NULL;
    grid->fill = copy ? memcpy (copy, fill, grid->fill_size) : NULL;
    return channel->end == TN_CHANNEL_OPEN ? grid : NULL;
}

void
tn_wire_put_claim (struct tn_channel *channel, const struct tenon_claim *claim)
{
    tn_channel_put_u32 (channel, claim->flags);
    tn_channel_put_u32 (channel, claim->separator);
    tn_channel_put_u32 (channel, claim->rank);
    tn_channel_put (channel, claim->count, claim->rank * sizeof *claim->count);
    tn_channel_put_text (channel, claim->prefix, claim->prefix ? claim->prefix_length : 0);
}

bool
tn_wire_get_claim (struct tn_channel *channel, struct tenon_claim *claim, uint64_t *count)
{
    *claim = (struct tenon_claim){ .struct_size = sizeof *claim, .count = count };
    claim->flags = tn_channel_get_u32 (channel);
    claim->separator = tn_channel_get_u32 (channel);
    claim->rank = tn_channel_get_u32 (channel);
    if (claim->rank > 64)
        tn_channel_refuse (channel);
    else
        tn_channel_get (channel, count, claim->rank * sizeof *count);
    claim->prefix = tn_channel_get_text (channel, &claim->prefix_length);
    return channel->end == TN_CHANNEL_OPEN;
}

void
tn_wire_put_chunk (struct tn_channel *channel, const struct tenon_chunk *chunk)
{
    uint64_t numbers[] = { chunk->flags,  chunk->source, chunk->skipped,    chunk->offset,
                           chunk->stored, chunk->check,  chunk->check_value };
    tn_channel_put (channel, numbers, sizeof numbers);
    tn_channel_put_text (channel, chunk->key, chunk->key ? chunk->key_length : 0);
}

bool
tn_wire_get_chunk (struct tn_channel *channel, struct tenon_chunk *chunk)
{
    uint64_t numbers[7];
    tn_channel_get (channel, numbers, sizeof numbers);
    *chunk = (struct tenon_chunk){ .struct_size = sizeof *chunk,
                                   .flags = (uint32_t) numbers[0],
                                   .source = (uint32_t) numbers[1],
                                   .skipped = (uint32_t) numbers[2],
                                   .offset = numbers[3],
                                   .stored = numbers[4],
                                   .check = (uint32_t) numbers[5],
                                   .check_value = numbers[6] };
    chunk->key = tn_channel_get_text (channel, &chunk->key_length);
    return channel->end == TN_CHANNEL_OPEN;
}
