/* SPDX-License-Identifier: MIT */
/* encoder.c - a filter's states and buffers, and how large its blocks are. */
#include "sink/encoder.h"

#define BLOCK_SIZE ((uint64_t) 1 << 20)
#define LEAST_BLOCK ((uint64_t) 4096)
#define SLOTS_PER_THREAD 4u

static tenon_status
check_steps (const struct tn_pipeline *pipeline, tenon_error *error)
{
    for (uint32_t i = 0; i < pipeline->count; i++) {
        const struct tenon_filter *table = &pipeline->steps[i].filter->table;
        int32_t level = pipeline->steps[i].level;
        if (!table->encode)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the filter %s only decodes",
                            table->id);
        if (level < table->least_level || level > table->most_level)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "the filter %s encodes at levels %d … %d, not %d", table->id, table->least_level,
                            table->most_level, level);
    }
    return TENON_OK;
}

tenon_status
tn_encoder_new (tenon_context *context, const struct tn_pipeline *pipeline, struct tn_encoder **result,
                tenon_error *error)
{
    *result = NULL;
    TN_TRY (check_steps (pipeline, error));
    struct tn_encoder *encoder = calloc (1, sizeof *encoder);
    if (!encoder)
        return tn_fail_memory (error);
    encoder->pipeline = pipeline;
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
        for (uint32_t k = 0; k < encoder->pipeline->count; k++)
            if (worker->states[k])
                encoder->pipeline->steps[k].filter->table.close (worker->states[k]);
        free (worker->between[0]);
        free (worker->between[1]);
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

static uint64_t
bound_step (const struct tn_step *step, uint64_t size)
{
    struct tenon_coding coding = tn_step_coding (step, true);
    return step->filter->table.bound (&coding, size);
}

uint64_t
tn_encoder_bound (const struct tn_encoder *encoder, uint64_t size)
{
    for (uint32_t i = 0; i < encoder->pipeline->count && size < UINT64_MAX; i++)
        size = bound_step (&encoder->pipeline->steps[i], size);
    return size;
}

/* ---- encoding ---- */

bool
tn_need_buffer (uint8_t **buffer, uint64_t *room, uint64_t size)
{
    if (*buffer && size <= *room)
        return true;
    free (*buffer);
    *room = 0;
    *buffer = malloc (TN_MAX (size, 1));
    if (*buffer)
        *room = size;
    return *buffer;
}

static tenon_status
encode_step (const struct tn_step *step, void **state, uint32_t marks, const uint8_t *from, uint64_t size,
             uint8_t *to, uint64_t bound, uint64_t *made, tenon_error *error)
{
    const struct tenon_filter *table = &step->filter->table;
    struct tenon_coding coding = tn_step_coding (step, true);
    if (!*state)
        TN_TRY (tn_filter_open (step->filter, &coding, state, error));
    int64_t length = table->encode (*state, marks, from, size, to, bound);
    if (length == TENON_E_MEMORY)
        return tn_fail_memory (error);
    if (length < 0 || (uint64_t) length > bound)
        return tn_fail (error, length < 0 ? (tenon_status) length : TENON_E_MISUSE, TN_NO_OFFSET,
                        "the filter %s failed to encode", table->id);
    *made = (uint64_t) length;
    return TENON_OK;
}

tenon_status
tn_encoder_encode (const struct tn_encoder *encoder, struct tn_encoder_worker *worker, uint32_t marks,
                   const uint8_t *bytes, uint64_t size, struct tn_slot *slot, tenon_error *error)
{
    const struct tn_pipeline *pipeline = encoder->pipeline;
    for (uint32_t i = 0; i < pipeline->count; i++) {
        const struct tn_step *step = &pipeline->steps[i];
        uint64_t bound = bound_step (step, size);
        bool ends = i + 1 == pipeline->count;
        if (bound == UINT64_MAX)
            return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                            "%llu bytes at once are more than the filter %s can encode",
                            (unsigned long long) size, step->filter->table.id);
        uint8_t **to = ends ? &slot->bytes : &worker->between[i % 2];
        if (!tn_need_buffer (to, ends ? &slot->room : &worker->between_room[i % 2], bound))
            return tn_fail_memory (error);
        TN_TRY (encode_step (step, &worker->states[i], tn_pipeline_marks (pipeline, marks), bytes, size, *to,
                             bound, &size, error));
        bytes = *to;
    }
    slot->length = size;
    return TENON_OK;
}

/* ---- blocks ---- */

uint64_t
tn_encoder_block_cost (const struct tn_encoder *encoder, uint64_t block_size)
{
    uint64_t cost, size = block_size;
    bool over = tn_multiply (block_size, 2, &cost);
    for (uint32_t i = 0; i < encoder->pipeline->count && !over; i++) {
        size = bound_step (&encoder->pipeline->steps[i], size);
        over = tn_add (cost, size, &cost);
    }
    return over ? UINT64_MAX : cost;
}

/* The block size does not depend on the number of threads, so the bytes do not either. Only a small memory
 * limit makes blocks smaller. */
tenon_status
tn_encoder_block_size (const struct tn_encoder *encoder, uint64_t asked, uint64_t size, uint64_t limit,
                       uint64_t *block_size, tenon_error *error)
{
    /* what the last step gets is what is cut */
    const struct tn_step *step = &encoder->pipeline->steps[encoder->pipeline->count - 1];
    struct tenon_coding coding = tn_step_coding (step, true);
    const struct tenon_filter *filter = &step->filter->table;
    uint64_t chosen = asked;
    if (!tn_pipeline_has_blocks (encoder->pipeline)) {
        *block_size = TN_ONE_BLOCK;
        return TENON_OK;
    }
    if (chosen == 0) {
        chosen = filter->block_size ? filter->block_size (&coding, size) : 0;
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
