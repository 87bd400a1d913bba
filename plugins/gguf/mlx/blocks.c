/* SPDX-License-Identifier: MIT */
/* blocks.c - writes a triple as one tensor of blocks. */
#include "mlx.h"

/* Spreads eight numbers of four bits over the low nibbles of eight bytes. */
static uint64_t
spread_nibbles (uint32_t word)
{
    uint64_t nibbles = word;
    nibbles = (nibbles | nibbles << 16) & 0x0000ffff0000ffffu;
    nibbles = (nibbles | nibbles << 8) & 0x00ff00ff00ff00ffu;
    return (nibbles | nibbles << 4) & 0x0f0f0f0f0f0f0f0fu;
}

static void
make_block (const struct gguf_mlx_kind *kind, const uint8_t *scale, const uint8_t *bias, const uint8_t *words,
            uint8_t *block)
{
    memcpy (block, scale, 2);
    if (kind->zero == 0)
        memcpy (block + 2, bias, 2);
    block += kind->head;
    if (kind->words == 4)
        for (uint32_t i = 0; i < 2; i++)
            tenon_put_le64 (block + 8 * i, spread_nibbles (tenon_le32 (words + 4 * i))
                                               | spread_nibbles (tenon_le32 (words + 8 + 4 * i)) << 4);
    else
        for (uint32_t i = 0; i < 8; i++)
            tenon_put_le32 (block + 4 * i, tenon_le32 (words + 4 * i) ^ 0x80808080u);
}

/* Swaps the scale and the bias of each block. */
static void
swap_blocks (const struct gguf_mlx_kind *kind, uint8_t *blocks, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < kind->head; k += 2) {
            uint8_t *half = blocks + i * kind->bytes + k;
            tenon_put_le16 (half, tenon_be16 (half));
        }
}

/* Puts the groups of a window, after gguf_mlx_read_window. */
static tenon_status
put_window (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item, uint64_t window, uint64_t count)
{
    struct tenon_call *call = plan->call;
    const struct gguf_mlx_kind *kind = item->kind;
    uint64_t width = 4 * (uint64_t) kind->words, repeat = item->repeat;
    window *= repeat, count *= repeat;
    for (uint64_t first = 0; first < count; first += GGUF_MLX_CHUNK) {
        uint64_t n = count - first < GGUF_MLX_CHUNK ? count - first : GGUF_MLX_CHUNK;
        TENON_TRY (call->host->read_tensor (call, item->index, NULL, (window + first) * width, plan->words,
                                            n * width));
        for (uint64_t i = 0; i < n; i++)
            make_block (kind, plan->scales + (first + i) / repeat * 2,
                        plan->biases + (first + i) / repeat * 2, plan->words + i * width,
                        plan->blocks + i * kind->bytes);
        if (plan->big_endian)
            swap_blocks (kind, plan->blocks, n);
        TENON_TRY (call->host->put (call, plan->blocks, n * kind->bytes));
    }
    return TENON_OK;
}

tenon_status
gguf_mlx_put (struct gguf_mlx_plan *plan, uint64_t index)
{
    const struct gguf_mlx_item *item = plan->items ? &plan->items[index] : NULL;
    if (!item || !item->kind) {
        struct tenon_layout layout = { sizeof layout, plan->big_endian ? TENON_BIG_ENDIAN : 0 };
        return plan->call->host->put_tensor (plan->call, item ? item->index : index, &layout);
    }
    for (uint64_t first = 0; first < item->groups; first += GGUF_MLX_WINDOW) {
        uint64_t count = item->groups - first < GGUF_MLX_WINDOW ? item->groups - first : GGUF_MLX_WINDOW;
        TENON_TRY (gguf_mlx_read_window (plan, item, first, count));
        TENON_TRY (put_window (plan, item, first, count));
    }
    return TENON_OK;
}
