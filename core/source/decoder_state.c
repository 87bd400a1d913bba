/* SPDX-License-Identifier: MIT */
/* decoder_state.c - what a decoder keeps from source to source: the filter's state, its buffers, and stored
 * bytes. */
#include "source/decoder_state.h"

/* ---- memory, drawn from the decoder's budget ---- */

/* The state of a filter, about. */
#define STATE_SIZE 65536u

void *
tn_decoder_get_memory (struct tn_decoder *decoder, uint64_t size)
{
    if (!tn_budget_draw (decoder->budget, size))
        return NULL;
    void *memory = malloc (size);
    if (!memory)
        tn_budget_give_back (decoder->budget, size);
    return memory;
}

void
tn_decoder_drop_memory (struct tn_decoder *decoder, void *memory, uint64_t size)
{
    if (memory)
        tn_budget_give_back (decoder->budget, size);
    free (memory);
}

static void
close_filter (struct tn_decoder *decoder)
{
    if (decoder->unfilter.context)
        tn_budget_give_back (decoder->budget, STATE_SIZE);
    tn_unfilter_close (&decoder->unfilter);
}

void
tn_decoder_forget (struct tn_decoder *decoder)
{
    tn_decoder_drop_memory (decoder, decoder->block, decoder->backing ? decoder->backing->block_size : 0);
    tn_decoder_drop_memory (decoder, decoder->whole, decoder->backing ? decoder->backing->size + 1 : 0);
    decoder->block = decoder->whole = NULL;
    decoder->source = decoder->backing = NULL;
    tn_decoder_restart (decoder);
}

void
tn_decoder_leave (struct tn_decoder *decoder, const struct tn_source *source)
{
    if (decoder->source == source)
        tn_decoder_forget (decoder);
}

void
tn_decoder_restart (struct tn_decoder *decoder)
{
    decoder->made = decoder->summed = decoder->block_number = 0;
    decoder->running = false;
}

void
tn_decoder_free (struct tn_decoder *decoder)
{
    tn_decoder_forget (decoder);
    close_filter (decoder);
    tn_decoder_drop_memory (decoder, decoder->stored.bytes, decoder->stored.room);
    tn_decoder_drop_memory (decoder, decoder->input, TN_DECODER_INPUT);
    tn_decoder_drop_memory (decoder, decoder->spare, TN_DECODER_SPARE);
    memset (decoder, 0, sizeof *decoder);
}

tenon_status
tn_decoder_open_filter (struct tn_decoder *decoder, struct tn_source *source, tenon_error *error)
{
    decoder->running = false;
    decoder->made = 0;
    if (!decoder->unfilter.context && !tn_budget_draw (decoder->budget, STATE_SIZE))
        return tn_fail_memory (error);
    tenon_status status = tn_unfilter_open (&decoder->unfilter, source, error);
    if (status < 0) /* none is open any more */
        tn_budget_give_back (decoder->budget, STATE_SIZE);
    return status;
}

tenon_status
tn_decoder_draw_work (struct tn_decoder *decoder, uint64_t size)
{
    uint64_t work = size + decoder->unfilter.work;
    decoder->unfilter.work = 0;
    return tn_budget_work (decoder->budget, TN_WORK_DECODED * work);
}

/* ---- stored bytes ---- */

static bool
grow_stored (struct tn_decoder *decoder, uint64_t size)
{
    decoder->stored.root = NULL;
    if (size <= decoder->stored.room)
        return true;
    tn_decoder_drop_memory (decoder, decoder->stored.bytes, decoder->stored.room);
    decoder->stored.bytes = tn_decoder_get_memory (decoder, size);
    decoder->stored.room = decoder->stored.bytes ? size : 0;
    return decoder->stored.bytes;
}

void
tn_decoder_fetch (struct tn_decoder *decoder, struct tn_source *root, uint64_t begin, uint64_t end)
{
    tenon_error ignored = TENON_ERROR_INIT;
    if (root->kind == TN_SOURCE_MEMORY || begin == end || !grow_stored (decoder, end - begin)
        || tn_source_read (root, begin, decoder->stored.bytes, end - begin, &ignored) < 0)
        return;
    decoder->stored.root = root;
    decoder->stored.start = begin;
    decoder->stored.length = end - begin;
}

void
tn_decoder_drop_window (struct tn_decoder *decoder)
{
    decoder->stored.root = NULL;
}

const uint8_t *
tn_decoder_window (const struct tn_decoder *decoder, const struct tn_source *root, uint64_t begin,
                   uint64_t length)
{
    uint64_t at = begin - decoder->stored.start;
    bool inside = decoder->stored.root == root && begin >= decoder->stored.start
                  && at <= decoder->stored.length && length <= decoder->stored.length - at;
    return inside ? decoder->stored.bytes + at : NULL;
}

const uint8_t *
tn_decoder_fetched (const struct tn_decoder *decoder, const struct tn_source *source, uint64_t begin,
                    uint64_t length)
{
    const struct tn_source *root = source->inside->backing;
    uint64_t offset = source->inside->backing_offset + source->offset + begin;
    return root->kind == TN_SOURCE_MEMORY ? atomic_load_explicit (&root->base, memory_order_relaxed) + offset
                                          : tn_decoder_window (decoder, root, offset, length);
}

tenon_status
tn_decoder_stored (struct tn_decoder *decoder, const struct tn_source *source, uint64_t begin,
                   uint64_t length, const uint8_t **bytes, tenon_error *error)
{
    if ((*bytes = tn_decoder_fetched (decoder, source, begin, length)))
        return TENON_OK;
    if (!grow_stored (decoder, length))
        return tn_fail_memory (error);
    *bytes = decoder->stored.bytes;
    return tn_source_read (source->inside, source->offset + begin, decoder->stored.bytes, length, error);
}
