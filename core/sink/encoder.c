/* SPDX-License-Identifier: MIT */
/* encoder.c - a filter's states and buffers, and how large its blocks are. */
#include "sink/encoder.h"

#define BLOCK_SIZE ((uint64_t) 1 << 20)
#define LEAST_BLOCK ((uint64_t) 4096)
#define SLOTS_PER_THREAD 4u

tenon_status
tn_encoder_new (tenon_context *context, const struct tn_filter *filter, int32_t level,
                struct tn_encoder **result, tenon_error *error)
{
    *result = NULL;
    const struct tenon_filter *table = &filter->table;
    if (!table->encode)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the filter %s only decodes", table->id);
    if (level == TENON_LEVEL_DEFAULT)
        level = table->default_level;
    if (level < table->least_level || level > table->most_level)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the filter %s encodes at levels %d … %d, not %d", table->id, table->least_level,
                        table->most_level, level);
    struct tn_encoder *encoder = calloc (1, sizeof *encoder);
    if (!encoder)
        return tn_fail_memory (error);
    encoder->filter = filter;
    encoder->coding =
        (struct tenon_coding){ .struct_size = sizeof encoder->coding, .encode = 1, .level = level };
    encoder->width = tn_pool_width (context->pool);
    encoder->slot_count = encoder->width * SLOTS_PER_THREAD;
    encoder->workers = calloc (encoder->width, sizeof *encoder->workers);
    encoder->slots = calloc (encoder->slot_count, sizeof *encoder->slots);
    if (!encoder->workers || !encoder->slots) {
        tn_encoder_free (encoder);
        return tn_fail_memory (error);
    }
    *result = encoder;
    return TENON_OK;
}

void
tn_encoder_free (struct tn_encoder *encoder)
{
    if (!encoder)
        return;
    for (unsigned i = 0; encoder->workers && i < encoder->width; i++) {
        struct tn_encoder_worker *worker = &encoder->workers[i];
        if (worker->state)
            encoder->filter->table.close (worker->state);
        free (worker->gathered);
        free (worker->copied);
        free (worker->segments);
    }
    for (unsigned i = 0; encoder->slots && i < encoder->slot_count; i++)
        free (encoder->slots[i].bytes);
    free (encoder->workers);
    free (encoder->slots);
    free (encoder);
}

uint64_t
tn_encoder_bound (const struct tn_encoder *encoder, uint64_t size)
{
    return encoder->filter->table.bound (&encoder->coding, size);
}

uint64_t
tn_encoder_block_cost (const struct tn_encoder *encoder, uint64_t block_size)
{
    uint64_t cost;
    return tn_multiply (block_size, 2, &cost) || tn_add (cost, tn_encoder_bound (encoder, block_size), &cost)
               ? UINT64_MAX
               : cost;
}

/* The block size does not depend on the number of threads, so the bytes do not either. Only a small memory
 * limit makes blocks smaller. */
tenon_status
tn_encoder_block_size (const struct tn_encoder *encoder, uint64_t asked, uint64_t size, uint64_t limit,
                       uint64_t *block_size, tenon_error *error)
{
    const struct tenon_filter *filter = &encoder->filter->table;
    uint64_t chosen = asked;
    if (!tn_filter_has_blocks (encoder->filter)) {
        *block_size = TN_ONE_BLOCK;
        return TENON_OK;
    }
    if (chosen == 0) {
        chosen = filter->block_size ? filter->block_size (&encoder->coding, size) : 0;
        chosen = chosen ? chosen : BLOCK_SIZE;
        while (chosen > LEAST_BLOCK && tn_encoder_block_cost (encoder, chosen) > limit)
            chosen /= 2;
    }
    *block_size = chosen;
    if (chosen <= limit)
        return TENON_OK;
    return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                    "blocks of %llu bytes need more memory than allowed; raise memory in [limits]",
                    (unsigned long long) chosen);
}
