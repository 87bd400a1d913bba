/* SPDX-License-Identifier: MIT */
/* unblock.c - has a block dtype decode or check blocks. */
#include "transfer/unblock.h"
#include "source/apart.h"

/* The plugin whose dtype runs apart; NULL: this one runs here. */
static const struct tn_plugin *
plugin_apart (const struct tn_catalog *catalog, uint32_t dtype)
{
    const struct tn_registry *registry = &catalog->context->registry;
    uint64_t index = (uint64_t) dtype - TENON_DTYPE_DYNAMIC;
    if (!catalog->apart || dtype < TENON_DTYPE_DYNAMIC || index >= registry->dtype_count)
        return NULL;
    const struct tn_plugin *plugin = registry->dtypes[index]->plugin;
    return tn_plugin_is_foreign (plugin) ? plugin : NULL;
}

/* How many blocks one exchange takes. */
static uint64_t
blocks_of_piece (const struct tenon_dtype *dtype)
{
    uint64_t largest = TN_MAX (dtype->block_bytes, dtype->block_items * sizeof (float));
    return TN_MAX (TN_APART_PIECE / largest, 1);
}

/* Sends blocks; NULL: `error` says why not. */
static struct tn_channel *
send_blocks (struct tn_catalog *catalog, uint32_t number, enum tn_apart_order order, const void *blocks,
             uint64_t count, tenon_error *error)
{
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, number);
    struct tn_channel *channel = tn_apart_begin (catalog->apart, plugin_apart (catalog, number), error);
    if (!channel)
        return NULL;
    tn_channel_put_u32 (channel, order);
    tn_channel_put_u32 (channel, number);
    tn_channel_put_u64 (channel, count);
    tn_channel_put (channel, blocks, count * dtype->block_bytes);
    tn_channel_flush (channel);
    return channel;
}

static tenon_status
judge_blocks (const struct tenon_dtype *dtype, tenon_status said, tenon_error *error)
{
    if (said > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the decoder of %s returned %d, which is neither success nor a failure", dtype->name,
                        (int) said);
    return said < 0 ? tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "blocks of %s cannot be decoded",
                               dtype->name)
                    : TENON_OK;
}

static tenon_status
judge_found (const struct tenon_dtype *dtype, uint64_t found, uint64_t count, tenon_error *error)
{
    return found > count ? tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                                    "the check of %s says that block %llu of %llu is wrong", dtype->name,
                                    (unsigned long long) found, (unsigned long long) count)
                         : TENON_OK;
}

tenon_status
tn_unblock_decode (struct tn_catalog *catalog, uint32_t number, const void *blocks, float *items,
                   uint64_t count, tenon_error *error)
{
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, number);
    if (!plugin_apart (catalog, number))
        return judge_blocks (dtype, dtype->decode (blocks, items, count), error);
    for (uint64_t most = blocks_of_piece (dtype), piece; count > 0; count -= piece) {
        piece = TN_MIN (count, most);
        struct tn_channel *channel = send_blocks (catalog, number, TN_APART_BLOCKS, blocks, piece, error);
        if (!channel)
            return error->status;
        tenon_status said = (tenon_status) tn_channel_get_u32 (channel);
        if (said == TENON_OK)
            tn_channel_get (channel, items, piece * dtype->block_items * sizeof *items);
        TN_TRY (tn_apart_end (catalog->apart, error));
        if (said == TENON_E_MEMORY)
            return tn_apart_fail_memory (error);
        TN_TRY (judge_blocks (dtype, said, error));
        blocks = (const char *) blocks + piece * dtype->block_bytes;
        items += piece * dtype->block_items;
    }
    return TENON_OK;
}

tenon_status
tn_unblock_check (struct tn_catalog *catalog, uint32_t number, const void *blocks, uint64_t count,
                  uint64_t *bad, tenon_error *error)
{
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, number);
    *bad = count;
    if (!plugin_apart (catalog, number)) {
        *bad = dtype->check (blocks, count);
        return judge_found (dtype, *bad, count, error);
    }
    for (uint64_t done = 0, most = blocks_of_piece (dtype), piece; done < count; done += piece) {
        piece = TN_MIN (count - done, most);
        const char *at = (const char *) blocks + done * dtype->block_bytes;
        struct tn_channel *channel = send_blocks (catalog, number, TN_APART_CHECK, at, piece, error);
        if (!channel)
            return error->status;
        tenon_status said = (tenon_status) tn_channel_get_u32 (channel);
        uint64_t found = tn_channel_get_u64 (channel);
        TN_TRY (tn_apart_end (catalog->apart, error));
        if (said == TENON_E_MEMORY)
            return tn_apart_fail_memory (error);
        TN_TRY (judge_blocks (dtype, said, error));
        TN_TRY (judge_found (dtype, found, piece, error));
        if (found < piece) {
            *bad = done + found;
            return TENON_OK;
        }
    }
    return TENON_OK;
}
