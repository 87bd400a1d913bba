/* SPDX-License-Identifier: MIT */
/* decoder_whole.c - parts that are decoded in one piece, and the beginnings of parts. */
#include "kernels/checksum.h"
#include "source/decoder.h"
#include "source/decoder_state.h"

bool
tn_whole_fits (const struct tn_source *source, uint64_t most)
{
    if (source->kind != TN_SOURCE_PART || source->size == 0)
        return false;
    if (!source->pipeline)
        return source->size <= most && !tn_needs_decoder (source);
    return !tn_needs_decoder (source->inside) && source->pipeline->in_blocks && source->stored <= most
           && source->size <= most - source->stored;
}

/* All of an encoded part; *good is false when it cannot be decoded. */
static tenon_status
decode_part (struct tn_decoder *decoder, struct tn_source *source, void *to, bool *good, tenon_error *error)
{
    const uint8_t *bytes;
    if (tn_has_blocks (source)) {
        TN_TRY (tn_decoder_blocks (decoder, source, 0, source->block_count, to, good, error));
        if (*good)
            return TENON_OK;
    }
    TN_TRY (tn_decoder_open_filter (decoder, source, error));
    TN_TRY (tn_decoder_stored (decoder, source, 0, source->stored, &bytes, error));
    return tn_unfilter_decode (&decoder->unfilter, 1, bytes, source->stored, to, source->size, good, error);
}

tenon_status
tn_decoder_whole (struct tn_decoder *decoder, struct tn_source *source, void *to, tenon_error *error)
{
    bool good = true;
    const uint8_t *bytes;
    if (source->pipeline)
        TN_TRY (decode_part (decoder, source, to, &good, error));
    else if ((bytes = tn_decoder_fetched (decoder, source, 0, source->size)))
        memcpy (to, bytes, source->size);
    else
        TN_TRY (tn_source_read (source, 0, to, source->size, error));
    if (!good) { /* reading in order finds the place of the damage; a wrong checksum has none */
        TN_TRY (tn_unfilter_wrong_sum (&decoder->unfilter, error));
        tn_decoder_forget (decoder);
        return tn_decoder_read (decoder, source, 0, to, source->size, error);
    }
    return source->check ? tn_source_compare (source, tn_sum (source->check, to, source->size), error)
                         : TENON_OK;
}

uint64_t
tn_decoder_head (struct tn_decoder *decoder, struct tn_source *source, uint64_t input, uint8_t *to,
                 uint64_t room)
{
    const uint8_t *stored = tn_decoder_fetched (decoder, source, 0, input);
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t length = 0;
    room = TN_MIN (room, source->size);
    struct tn_unfilter *unfilter = &decoder->unfilter;
    bool good = true;
    if (!stored || tn_decoder_open_filter (decoder, source, &ignored) < 0)
        return 0;
    if (input == source->stored && source->size <= TN_SMALL_MEMBER && source->pipeline->in_blocks) {
        if ((!decoder->spare && !(decoder->spare = tn_decoder_get_memory (decoder, TN_DECODER_SPARE)))
            || tn_unfilter_decode (unfilter, 1, stored, input, decoder->spare, source->size, &good, &ignored)
                   < 0
            || !good)
            return 0;
        memcpy (to, decoder->spare, room);
        return room;
    }
    if (!source->pipeline->in_pieces || tn_unfilter_reset (unfilter, &good, &ignored) < 0 || !good)
        return 0;
    while (length < room) {
        uint64_t taken, made;
        int result;
        if (tn_unfilter_step (unfilter, stored, input, &taken, to + length, room - length, &made, &result,
                              &ignored)
                < 0
            || (taken == 0 && made == 0))
            break;
        stored += taken, input -= taken;
        length += made;
        if (result == TENON_STEP_END)
            break;
    }
    return length;
}
