/* SPDX-License-Identifier: MIT */
/* decoder.c - decodes sources in order, piece by piece, or all at once where a filter cannot go in pieces. */
#include "source/decoder.h"
#include "kernels/checksum.h"
#include "source/decoder_blocks.h"
#include "source/decoder_state.h"

/* The most that one step makes, so that it can be stopped. */
#define STEP_SIZE ((uint64_t) 1 << 20)

static tenon_status
turn_to_source (struct tn_decoder *decoder, struct tn_source *source, tenon_error *error)
{
    if (decoder->source == source)
        return TENON_OK;
    tn_decoder_forget (decoder);
    if (tn_needs_decoder (source)) {
        if (!decoder->input && !(decoder->input = tn_decoder_get_memory (decoder, TN_DECODER_INPUT)))
            return tn_fail_memory (error);
        decoder->backing = source->backing;
    }
    decoder->source = source;
    return TENON_OK;
}

static tenon_status
fail_corrupt (struct tn_decoder *decoder, tenon_error *error)
{
    TN_TRY (tn_unfilter_refusal (&decoder->unfilter, error));
    tn_source_fail_in (decoder->backing, error);
    if (decoder->backing->size == TENON_AUTO)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "its %s data are damaged near decoded byte %llu", decoder->backing->pipeline->text,
                        (unsigned long long) decoder->made);
    return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                    "its %s data are damaged near decoded byte %llu of %llu",
                    decoder->backing->pipeline->text, (unsigned long long) decoder->made,
                    (unsigned long long) decoder->backing->size);
}

static tenon_status
begin_run (struct tn_decoder *decoder, tenon_error *error)
{
    bool good;
    TN_TRY (tn_decoder_open_filter (decoder, decoder->backing, error));
    TN_TRY (tn_unfilter_reset (&decoder->unfilter, &good, error));
    if (!good)
        return fail_corrupt (decoder, error);
    decoder->taken = 0;
    decoder->input_at = decoder->input_length = 0;
    decoder->ended = decoder->may_end = false;
    decoder->running = true;
    return TENON_OK;
}

/* Sums up what is read in order, and compares at the end. */
static tenon_status
check_sum (struct tn_decoder *decoder, uint64_t offset, const uint8_t *bytes, uint64_t length,
           tenon_error *error)
{
    struct tn_source *source = decoder->source;
    if (source->check == TENON_CHECK_NONE || offset > decoder->summed || offset + length <= decoder->summed)
        return TENON_OK;
    uint64_t known = decoder->summed - offset;
    if (decoder->summed == 0)
        decoder->sum = tn_sum_begin (source->check);
    decoder->sum = tn_sum_add (source->check, decoder->sum, bytes + known, length - known);
    decoder->summed = offset + length;
    return decoder->summed == source->size ? tn_source_compare (source, decoder->sum, error) : TENON_OK;
}

/* Notes a read of `length` bytes of the encoded source, and makes the filter stand before them or at them. */
static tenon_status
begin_decoding (struct tn_decoder *decoder, uint64_t place, uint8_t *to, uint64_t length, tenon_error *error)
{
    decoder->read.to = to;
    decoder->read.begin = place;
    decoder->read.end = place + length;
    return decoder->running && place >= decoder->made ? TENON_OK : begin_run (decoder, error);
}

/* One step of the filter on the bytes of `input`: to nowhere before the read, to the read, and behind the
 * last byte to see that none follows. */
static tenon_status
decode_step (struct tn_decoder *decoder, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    uint64_t at = decoder->made, begin = decoder->read.begin, end = decoder->read.end, taken, made;
    uint64_t room = at < begin ? TN_MIN (begin - at, TN_DECODER_SPARE)
                    : at < end ? TN_MIN (end - at, STEP_SIZE)
                               : 1;
    bool read = begin <= at && at < end;
    if (!read && !decoder->spare && !(decoder->spare = tn_decoder_get_memory (decoder, TN_DECODER_SPARE)))
        return tn_fail_memory (error);
    int result;
    TN_TRY (tn_unfilter_step (&decoder->unfilter, decoder->input + decoder->input_at, decoder->input_length,
                              &taken, read ? decoder->read.to + (at - begin) : decoder->spare, room, &made,
                              &result, error));
    if (result < 0)
        return fail_corrupt (decoder, error);
    /* the filter needs more bytes than the source has */
    bool all = decoder->taken == backing->stored && result != TENON_STEP_MAY_END;
    if (result != TENON_STEP_END && taken == 0 && made == 0 && (decoder->input_length > 0 || all))
        return fail_corrupt (decoder, error);
    if (at == end && made > 0) {
        tn_source_fail_in (backing, error);
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "it decodes to more than the %llu bytes that it announces",
                        (unsigned long long) backing->size);
    }
    decoder->ended = result == TENON_STEP_END;
    decoder->may_end = result == TENON_STEP_MAY_END;
    decoder->input_at += taken, decoder->input_length -= taken;
    decoder->made += made;
    return tn_decoder_draw_work (decoder, made);
}

/* The filter has reported its end, or stands where it may end, and there is no more input. */
static bool
has_ended (const struct tn_decoder *decoder)
{
    return decoder->ended
           || (decoder->may_end && decoder->input_length == 0 && decoder->taken == decoder->backing->stored);
}

/* Reads more input if there is none. */
static tenon_status
feed_input (struct tn_decoder *decoder, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    uint64_t more = TN_MIN (TN_DECODER_INPUT, backing->stored - decoder->taken);
    if (decoder->input_length > 0 || more == 0)
        return TENON_OK;
    TN_TRY (tn_source_read (backing->inside, backing->offset + decoder->taken, decoder->input, more, error));
    decoder->taken += more;
    decoder->input_at = 0, decoder->input_length = more;
    return TENON_OK;
}

/* The stream has ended: no stored bytes may be left. */
static tenon_status
check_rest (struct tn_decoder *decoder, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    uint64_t left = decoder->input_length + backing->stored - decoder->taken;
    if (left == 0)
        return TENON_OK;
    tn_source_fail_in (backing, error);
    return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "its data end %llu bytes before the member does",
                    (unsigned long long) left);
}

/* Decodes up to the end of the read. After the last byte the filter must have ended, and no stored bytes may
 * be left. */
static tenon_status
decode_to_end (struct tn_decoder *decoder, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    while (decoder->made < decoder->read.end || (decoder->made == backing->size && !has_ended (decoder))) {
        if (has_ended (decoder))
            return fail_corrupt (decoder, error);
        TN_TRY (feed_input (decoder, error));
        TN_TRY (decode_step (decoder, error));
    }
    return decoder->made < backing->size ? TENON_OK : check_rest (decoder, error);
}

tenon_status
tn_decoder_next (struct tn_decoder *decoder, struct tn_source *source, void *to, uint64_t room,
                 uint64_t *made, tenon_error *error)
{
    uint64_t begin = decoder->source == source && decoder->running ? decoder->made : 0;
    TN_TRY (turn_to_source (decoder, source, error));
    TN_TRY (begin_decoding (decoder, begin, to, room, error));
    while (decoder->made < decoder->read.end && !has_ended (decoder)) {
        TN_TRY (feed_input (decoder, error));
        TN_TRY (decode_step (decoder, error));
    }
    *made = decoder->made - begin;
    return has_ended (decoder) ? check_rest (decoder, error) : TENON_OK;
}

/* Decodes all of the backing source from its stored bytes. Where there is a table, blocks joined end to end
 * are one stream, so a false one does no harm. */
static tenon_status
decode_all (struct tn_decoder *decoder, const uint8_t *stored, uint8_t *whole, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    bool good = false;
    TN_TRY (tn_decoder_draw_work (decoder, backing->size));
    TN_TRY (tn_decoder_open_filter (decoder, backing, error));
    if (backing->block_count > 0 && !atomic_load (&backing->blocks_are_wrong)) {
        TN_TRY (tn_decoder_by_table (decoder, stored, whole, &good, error));
        if (!good)
            atomic_store (&backing->blocks_are_wrong, true);
    }
    if (!good)
        TN_TRY (tn_unfilter_decode (&decoder->unfilter, 1, stored, backing->stored, whole, backing->size,
                                    &good, error));
    return good ? TENON_OK : fail_corrupt (decoder, error);
}

/* A filter without `step` decodes all at once, into memory of the size that the limit on memory allows
 * (checked in add_part). */
static tenon_status
decode_whole (struct tn_decoder *decoder, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    const uint8_t *stored;
    TN_TRY (tn_decoder_stored (decoder, backing, 0, backing->stored, &stored, error));
    uint8_t *whole = tn_decoder_get_memory (decoder, backing->size + 1);
    if (!whole)
        return tn_fail_memory (error);
    tenon_status status = decode_all (decoder, stored, whole, error);
    if (status == TENON_OK)
        decoder->whole = whole; /* only now: a read that failed is tried again by the next */
    else
        tn_decoder_drop_memory (decoder, whole, backing->size + 1);
    return status;
}

tenon_status
tn_decoder_unpack (struct tn_decoder *decoder, struct tn_source *source, uint64_t most, const char *limit,
                   uint8_t **bytes, uint64_t *size, tenon_error *error)
{
    const uint8_t *stored;
    bool good;
    *bytes = NULL;
    TN_TRY (turn_to_source (decoder, source, error));
    TN_TRY (tn_decoder_stored (decoder, source, 0, source->stored, &stored, error));
    TN_TRY (tn_decoder_open_filter (decoder, source, error));
    TN_TRY (tn_unfilter_unpack (&decoder->unfilter, stored, source->stored, most, limit, bytes, size, &good,
                                error));
    return good ? tn_decoder_draw_work (decoder, *size) : fail_corrupt (decoder, error);
}

static tenon_status
read_encoded (struct tn_decoder *decoder, uint64_t place, uint8_t *to, uint64_t length, tenon_error *error)
{
    if (!decoder->backing->pipeline->in_pieces) {
        if (!decoder->whole)
            TN_TRY (decode_whole (decoder, error));
        memcpy (to, decoder->whole + place, length);
        return TENON_OK;
    }
    if (place != decoder->made && tn_has_blocks (decoder->backing)) {
        bool good;
        TN_TRY (tn_decoder_read_blocks (decoder, place, to, length, &good, error));
        if (good)
            return TENON_OK;
    }
    TN_TRY (begin_decoding (decoder, place, to, length, error));
    tenon_status status = decode_to_end (decoder, error);
    if (status < 0)
        decoder->running = false; /* the filter stands nowhere: the next read begins again */
    return status;
}

tenon_status
tn_decoder_read (struct tn_decoder *decoder, struct tn_source *source, uint64_t offset, void *to,
                 uint64_t length, tenon_error *error)
{
    TN_TRY (turn_to_source (decoder, source, error));
    if (!decoder->backing || offset > source->size || length > source->size - offset)
        TN_TRY (tn_source_read (source, offset, to, length, error)); /* which also reports a wrong range */
    else if (length > 0)
        TN_TRY (read_encoded (decoder, source->backing_offset + offset, to, length, error));
    return check_sum (decoder, offset, to, length, error);
}

uint64_t
tn_decoder_cost (const struct tn_decoder *decoder, const struct tn_source *source, uint64_t offset,
                 uint64_t length)
{
    bool goes_on = decoder->source == source && decoder->running && offset >= decoder->made;
    offset += source->backing_offset;
    if (offset > source->backing->size || length > source->backing->size - offset)
        return 0; /* the read fails */
    return offset + length - (goes_on ? decoder->made : 0);
}

tenon_status
tn_decoder_finish (struct tn_decoder *decoder, struct tn_source *source, tenon_error *error)
{
    TN_FREE uint8_t *buffer = malloc (TN_DECODER_INPUT);
    if (!buffer)
        return tn_fail_memory (error);
    TN_TRY (turn_to_source (decoder, source, error));
    uint64_t size = source->size, at = source->check ? decoder->summed : 0;
    if (size == 0 && decoder->backing == source) { /* an empty stream has an end, too */
        if (source->pipeline->in_pieces) {
            tn_decoder_restart (decoder);
            TN_TRY (begin_decoding (decoder, 0, NULL, 0, error));
            TN_TRY (decode_to_end (decoder, error));
        }
        return tn_source_compare (source, tn_sum_begin (source->check), error);
    }
    while (at < size) {
        uint64_t piece = TN_MIN (TN_DECODER_INPUT, size - at);
        TN_TRY (tn_decoder_read (decoder, source, at, buffer, piece, error));
        at += piece;
    }
    return TENON_OK;
}
