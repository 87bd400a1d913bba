/* SPDX-License-Identifier: MIT */
/* decoder_blocks.c - sources with a table of blocks, which can be decoded by themselves, as far as the table
 * holds. */
#include "source/decoder_blocks.h"
#include "source/decoder_state.h"

bool
tn_has_blocks (const struct tn_source *source)
{
    return source->block_count > 1 && source->pipeline->in_blocks && !tn_needs_decoder (source->inside)
           && !atomic_load (&source->blocks_are_wrong);
}

void
tn_note_blocks (struct tn_source *source, uint64_t first, uint64_t count)
{
    uint64_t known = atomic_load (&source->blocks_proven);
    while (first <= known && known < first + count
           && !atomic_compare_exchange_weak (&source->blocks_proven, &known, first + count))
        ;
}

/* What a block may be stored in: no filter makes twice its input. A table that says more is false, and would
 * cost memory without end. */
static uint64_t
most_stored (uint64_t size)
{
    return 2 * size + TN_DECODER_INPUT;
}

/* Block number `block` is the last of its stream. */
static bool
ends_stream (const struct tn_source *source, uint64_t block)
{
    uint32_t mark = block + 1 == source->block_count ? TENON_FILTER_LAST : 0;
    return tn_pipeline_marks (source->pipeline, mark) & TENON_FILTER_LAST;
}

tenon_status
tn_decoder_blocks (struct tn_decoder *decoder, struct tn_source *source, uint64_t first, uint64_t count,
                   void *to, bool *good, tenon_error *error)
{
    *good = !atomic_load (&source->blocks_are_wrong);
    TN_TRY (tn_decoder_open_filter (decoder, source, error));
    for (uint64_t i = first; *good && i < first + count; i++) {
        uint64_t begin = i > 0 ? source->block_ends[i - 1] : 0, stored = source->block_ends[i] - begin;
        uint64_t at = i * source->block_size, size = TN_MIN (source->block_size, source->size - at);
        const uint8_t *bytes;
        TN_TRY (tn_decoder_draw_work (decoder, size));
        *good = stored <= most_stored (size);
        if (*good) {
            TN_TRY (tn_decoder_stored (decoder, source, begin, stored, &bytes, error));
            TN_TRY (tn_unfilter_decode (&decoder->unfilter, ends_stream (source, i), bytes, stored,
                                        (uint8_t *) to + (at - first * source->block_size), size, good,
                                        error));
        }
        if (*good)
            tn_note_blocks (source, i, 1);
        else
            atomic_store (&source->blocks_are_wrong, true);
    }
    return TENON_OK;
}

/* Makes decoder->block hold a block. *good is false when the table does not hold. */
static tenon_status
turn_to_block (struct tn_decoder *decoder, uint64_t number, bool *good, tenon_error *error)
{
    *good = true;
    if (decoder->block_number == number + 1)
        return TENON_OK;
    decoder->block_number = 0;
    TN_TRY (tn_decoder_blocks (decoder, decoder->backing, number, 1, decoder->block, good, error));
    if (*good)
        decoder->block_number = number + 1;
    return TENON_OK;
}

tenon_status
tn_decoder_read_blocks (struct tn_decoder *decoder, uint64_t offset, uint8_t *to, uint64_t length, bool *good,
                        tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    *good = true;
    if (!decoder->block && !(decoder->block = tn_decoder_get_memory (decoder, backing->block_size)))
        return tn_fail_memory (error);
    while (length > 0 && *good) {
        uint64_t number = offset / backing->block_size, at = offset % backing->block_size;
        uint64_t piece = TN_MIN (length, backing->block_size - at), proven;
        while (*good && (proven = atomic_load (&backing->blocks_proven)) < number)
            TN_TRY (turn_to_block (decoder, proven, good, error));
        if (*good)
            TN_TRY (turn_to_block (decoder, number, good, error));
        if (!*good)
            return TENON_OK;
        memcpy (to, decoder->block + at, piece);
        offset += piece, to += piece, length -= piece;
    }
    return TENON_OK;
}

tenon_status
tn_decoder_by_table (struct tn_decoder *decoder, const uint8_t *stored, uint8_t *to, bool *good,
                     tenon_error *error)
{
    const struct tn_source *backing = decoder->backing;
    *good = true;
    for (uint64_t i = 0, begin = 0; *good && i < backing->block_count; begin = backing->block_ends[i++]) {
        uint64_t at = i * backing->block_size;
        TN_TRY (tn_unfilter_decode (&decoder->unfilter, ends_stream (backing, i), stored + begin,
                                    backing->block_ends[i] - begin, to + at,
                                    TN_MIN (backing->block_size, backing->size - at), good, error));
    }
    return TENON_OK;
}
