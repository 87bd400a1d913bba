/* SPDX-License-Identifier: MIT */
/* way.c - chooses the way in which a tensor is read. */
#include "transfer/way.h"

/* What one thread may hold of a member: stored and decoded bytes together. */
static uint64_t
member_room (const tenon_context *context)
{
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (2 * tn_pool_width (context->pool));
    return TN_MAX (share, 2 * (TN_SMALL + TN_MARGIN));
}

/* A contiguous request of a source with blocks decodes the source from its first byte to its last: then the
 * checksum costs no more reading, so it is compared, as for a request that covers the source. */
static bool
takes_all_blocks (const struct tn_request *request)
{
    const struct tn_source *source = request->source;
    uint64_t begin = request->offset;
    return begin / source->block_size == 0
           && (begin + request->size - 1) / source->block_size + 1 == source->block_count;
}

/* `guarded`: the request covers a part that has a filter or a checksum. */
static struct tn_way
choose_into_memory (const struct tn_request *request, bool guarded, bool blocks)
{
    const struct tn_source *source = request->source;
    bool encoded = tn_needs_decoder (source), contiguous = tn_request_is_contiguous (request);
    bool small = request->size <= TN_SMALL;
    bool checked = guarded && source->check != TENON_CHECK_NONE && source->size > 0;
    bool alone = small || (encoded && request->linear && !blocks);
    if (alone && guarded && tn_whole_fits (source, member_room (request->context)))
        return (struct tn_way){ TN_WAY_MEMBER, .alone = true, .sums = true,
                                .in_place = source->pipeline && contiguous };
    if (alone && encoded && !request->rewinds)
        return (struct tn_way){ TN_WAY_DECODER, .alone = true, .sums = guarded };
    if (!encoded)
        return (struct tn_way){ contiguous ? TN_WAY_STORED : TN_WAY_SLABS, .alone = alone,
                                .sums = checked && request->linear,
                                .sums_first = checked && !request->linear };
    if (!request->linear)
        return (struct tn_way){ TN_WAY_SPOOL, .sums = true };
    if (contiguous)
        return (struct tn_way){ TN_WAY_BLOCKS, .sums = guarded || takes_all_blocks (request) };
    return (struct tn_way){ request->whole ? TN_WAY_SCAN : TN_WAY_SLABS, .sums = guarded };
}

static struct tn_way
choose_in_order (const struct tn_request *request, bool guarded, bool blocks)
{
    const struct tn_source *source = request->source;
    if (source->in_order && tn_request_is_plain (request))
        return (struct tn_way){ TN_WAY_STORED, .alone = true };
    if ((guarded || source->in_order) && request->linear)
        return (struct tn_way){ TN_WAY_SCAN, .sums = true };
    if (source->in_order && request->size > 0)
        return (struct tn_way){ TN_WAY_SPOOL };
    /* a small result is one slab, made in one pass that ends behind the last byte that it needs */
    if (tn_needs_decoder (source) && !request->linear
        && (guarded || request->rewinds || request->size > TN_SMALL))
        return (struct tn_way){ TN_WAY_SPOOL, .sums = true };
    if (tn_needs_decoder (source))
        return (struct tn_way){ !blocks                             ? TN_WAY_DECODER
                                : request->whole && request->linear ? TN_WAY_SCAN
                                                                    : TN_WAY_SLABS,
                                .alone = !blocks };
    return (struct tn_way){ TN_WAY_SLABS, .sums_first = guarded && source->check };
}

/* Chunks are gathered from anywhere, if that costs no more than their bytes. */
static bool
can_gather_chunks (const struct tn_request *request)
{
    const struct tn_source *source = request->source;
    return request->storage == TENON_EXTENT && !tn_needs_decoder (source) && !source->in_order
           && !source->callers_thread && request->stored->block_items == 1;
}

/* One thread reads what is small, unless it may not hold a chunk. */
static struct tn_way
choose_grid (const struct tn_request *request, enum tn_delivery delivery)
{
    bool small =
        request->size <= TN_SMALL && request->grid->chunk_bytes <= member_room (request->context) / 2;
    return (struct tn_way){ TN_WAY_GRID,
                            .alone = delivery == TN_BY_RANGES || (delivery == TN_INTO_MEMORY && small) };
}

struct tn_way
tn_way_choose (const struct tn_request *request, enum tn_delivery delivery)
{
    const struct tn_source *source = request->source;
    bool encoded = tn_needs_decoder (source), checked = source->check != TENON_CHECK_NONE;
    bool guarded = (source->pipeline || checked) && tn_request_covers (request);
    bool blocks = source->backing == source && tn_has_blocks (source);
    if (request->grid)
        return choose_grid (request, delivery);
    if (delivery == TN_BY_CHUNKS && can_gather_chunks (request))
        return (struct tn_way){ TN_WAY_GATHER, .sums_first = guarded && checked };
    if (request->storage == TENON_SERVED)
        return (struct tn_way){ TN_WAY_SERVED, .alone = true };
    if (delivery == TN_INTO_MEMORY)
        return choose_into_memory (request, guarded, blocks);
    /* the caller need not read all ranges: the checksum cannot be compared on the way */
    if (delivery == TN_BY_RANGES)
        return (struct tn_way){ source->in_order   ? TN_WAY_SPOOL
                                : !encoded         ? TN_WAY_SLABS
                                : request->rewinds ? TN_WAY_SPOOL
                                                   : TN_WAY_DECODER,
                                .alone = true, .sums_first = guarded && checked };
    if (delivery == TN_TO_FILE && tn_request_is_plain (request) && !encoded && !checked
        && source->backing->kind != TN_SOURCE_READER)
        return (struct tn_way){ TN_WAY_COPY };
    return choose_in_order (request, guarded, blocks);
}

struct tn_way
tn_way_to_map (const struct tn_tensor *tensor, const struct tn_source *source)
{
    if (tensor->storage == TENON_GRID)
        return (struct tn_way){ TN_WAY_GRID };
    if (tensor->storage != TENON_EXTENT)
        return (struct tn_way){ TN_WAY_SERVED, .alone = true };
    return (struct tn_way){ source->encoded ? TN_WAY_DECODER : TN_WAY_STORED,
                            .sums_first = source->check && source->check_mapped
                                          && !atomic_load (&source->sum_is_good) };
}
