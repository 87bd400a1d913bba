/* SPDX-License-Identifier: MIT */
/* decoder.c - decodes sources: in order, whole blocks of those that say where their blocks end, or all of a
 * member at once. */
#include "source/decoder.h"
#include "kernels/checksum.h"

#define INPUT_SIZE 65536u
#define SPARE_SIZE 32768u
/* The most that one step makes, so that it can be stopped. */
#define STEP_SIZE ((uint64_t) 1 << 20)

/* ---- memory, drawn from the decoder's budget ---- */

/* The state of a filter, about. */
#define STATE_SIZE 65536u

static void *
get_memory (struct tn_decoder *decoder, uint64_t size)
{
    if (!tn_budget_draw (decoder->budget, size))
        return NULL;
    void *memory = malloc (size);
    if (!memory)
        tn_budget_give_back (decoder->budget, size);
    return memory;
}

static void
drop_memory (struct tn_decoder *decoder, void *memory, uint64_t size)
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

/* Forgets the source. Buffers and the filter's state stay for the next one. */
static void
forget_source (struct tn_decoder *decoder)
{
    drop_memory (decoder, decoder->block, decoder->backing ? decoder->backing->block_size : 0);
    drop_memory (decoder, decoder->whole, decoder->backing ? decoder->backing->size + 1 : 0);
    decoder->block = decoder->whole = NULL;
    decoder->source = decoder->backing = NULL;
    tn_decoder_restart (decoder);
}

void
tn_decoder_restart (struct tn_decoder *decoder)
{
    decoder->made = decoder->summed = decoder->block_number = 0;
    decoder->crc = 0;
    decoder->running = false;
}

void
tn_decoder_free (struct tn_decoder *decoder)
{
    forget_source (decoder);
    close_filter (decoder);
    drop_memory (decoder, decoder->stored.bytes, decoder->stored.room);
    drop_memory (decoder, decoder->input, INPUT_SIZE);
    drop_memory (decoder, decoder->spare, SPARE_SIZE);
    memset (decoder, 0, sizeof *decoder);
}

/* Makes a state of the source's filter. The position of the last one in its source is lost. */
static tenon_status
open_filter (struct tn_decoder *decoder, struct tn_source *source, tenon_error *error)
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

/* Draws the work of decoding `size` bytes, and those that were made between filters. */
static tenon_status
draw_work (struct tn_decoder *decoder, uint64_t size)
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
    drop_memory (decoder, decoder->stored.bytes, decoder->stored.room);
    decoder->stored.bytes = get_memory (decoder, size);
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

/* The address of stored bytes of a part whose parent is not encoded: in memory of the program, or fetched
 * before. NULL: they must be read. */
static const uint8_t *
fetched_bytes (const struct tn_decoder *decoder, const struct tn_source *source, uint64_t begin,
               uint64_t length)
{
    const struct tn_source *root = source->inside->backing;
    uint64_t offset = source->inside->backing_offset + source->offset + begin;
    if (root->kind == TN_SOURCE_MEMORY)
        return atomic_load_explicit (&root->base, memory_order_relaxed) + offset;
    uint64_t at = offset - decoder->stored.start;
    bool inside = decoder->stored.root == root && offset >= decoder->stored.start
                  && at <= decoder->stored.length && length <= decoder->stored.length - at;
    return inside ? decoder->stored.bytes + at : NULL;
}

static tenon_status
stored_bytes (struct tn_decoder *decoder, const struct tn_source *source, uint64_t begin, uint64_t length,
              const uint8_t **bytes, tenon_error *error)
{
    if ((*bytes = fetched_bytes (decoder, source, begin, length)))
        return TENON_OK;
    if (!grow_stored (decoder, length))
        return tn_fail_memory (error);
    *bytes = decoder->stored.bytes;
    return tn_source_read (source->inside, source->offset + begin, decoder->stored.bytes, length, error);
}

/* ---- in one piece ---- */

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
    return 2 * size + INPUT_SIZE;
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
    TN_TRY (open_filter (decoder, source, error));
    for (uint64_t i = first; *good && i < first + count; i++) {
        uint64_t begin = i > 0 ? source->block_ends[i - 1] : 0, stored = source->block_ends[i] - begin;
        uint64_t at = i * source->block_size, size = TN_MIN (source->block_size, source->size - at);
        const uint8_t *bytes;
        TN_TRY (draw_work (decoder, size));
        *good = stored <= most_stored (size);
        if (*good) {
            TN_TRY (stored_bytes (decoder, source, begin, stored, &bytes, error));
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
    TN_TRY (open_filter (decoder, source, error));
    TN_TRY (stored_bytes (decoder, source, 0, source->stored, &bytes, error));
    return tn_unfilter_decode (&decoder->unfilter, 1, bytes, source->stored, to, source->size, good, error);
}

tenon_status
tn_decoder_whole (struct tn_decoder *decoder, struct tn_source *source, void *to, tenon_error *error)
{
    bool good = true;
    const uint8_t *bytes;
    if (source->pipeline)
        TN_TRY (decode_part (decoder, source, to, &good, error));
    else if ((bytes = fetched_bytes (decoder, source, 0, source->size)))
        memcpy (to, bytes, source->size);
    else
        TN_TRY (tn_source_read (source, 0, to, source->size, error));
    if (!good) { /* reading in order finds the place of the damage */
        forget_source (decoder);
        return tn_decoder_read (decoder, source, 0, to, source->size, error);
    }
    return source->check ? tn_source_compare (source, tn_crc32 (0, to, source->size), error) : TENON_OK;
}

uint64_t
tn_decoder_head (struct tn_decoder *decoder, struct tn_source *source, uint64_t input, uint8_t *to,
                 uint64_t room)
{
    const uint8_t *stored = fetched_bytes (decoder, source, 0, input);
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t length = 0;
    room = TN_MIN (room, source->size);
    struct tn_unfilter *unfilter = &decoder->unfilter;
    bool good = true;
    if (!stored || open_filter (decoder, source, &ignored) < 0)
        return 0;
    if (input == source->stored && source->size <= TN_SMALL_MEMBER && source->pipeline->in_blocks) {
        if ((!decoder->spare && !(decoder->spare = get_memory (decoder, SPARE_SIZE)))
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

/* ---- in order ---- */

static tenon_status
turn_to_source (struct tn_decoder *decoder, struct tn_source *source, tenon_error *error)
{
    if (decoder->source == source)
        return TENON_OK;
    forget_source (decoder);
    if (tn_needs_decoder (source)) {
        if (!decoder->input && !(decoder->input = get_memory (decoder, INPUT_SIZE)))
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
    TN_TRY (open_filter (decoder, decoder->backing, error));
    TN_TRY (tn_unfilter_reset (&decoder->unfilter, &good, error));
    if (!good)
        return fail_corrupt (decoder, error);
    decoder->taken = 0;
    decoder->input_at = decoder->input_length = 0;
    decoder->ended = decoder->may_end = false;
    decoder->running = true;
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

/* Blocks stand by themselves: a read that does not go on where the last one ended takes those that it
 * touches, each of them whole, and before them those that no read has proven yet, so that a table that lies
 * is found out. *good is false then. */
static tenon_status
read_through_blocks (struct tn_decoder *decoder, uint64_t offset, uint8_t *to, uint64_t length, bool *good,
                     tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    *good = true;
    if (!decoder->block && !(decoder->block = get_memory (decoder, backing->block_size)))
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

/* Sums up what is read in order, and compares at the end. */
static tenon_status
check_sum (struct tn_decoder *decoder, uint64_t offset, const uint8_t *bytes, uint64_t length,
           tenon_error *error)
{
    struct tn_source *source = decoder->source;
    if (source->check == TENON_CHECK_NONE || offset > decoder->summed || offset + length <= decoder->summed)
        return TENON_OK;
    uint64_t known = decoder->summed - offset;
    decoder->crc = tn_crc32 (decoder->crc, bytes + known, length - known);
    decoder->summed = offset + length;
    return decoder->summed == source->size ? tn_source_compare (source, decoder->crc, error) : TENON_OK;
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
    uint64_t room = at < begin ? TN_MIN (begin - at, SPARE_SIZE)
                    : at < end ? TN_MIN (end - at, STEP_SIZE)
                               : 1;
    bool read = begin <= at && at < end;
    if (!read && !decoder->spare && !(decoder->spare = get_memory (decoder, SPARE_SIZE)))
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
    return draw_work (decoder, made);
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
    uint64_t more = TN_MIN (INPUT_SIZE, backing->stored - decoder->taken);
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

/* All blocks by the table, one after the other. *good is false when the table does not hold. */
static tenon_status
decode_by_table (struct tn_decoder *decoder, const uint8_t *stored, uint8_t *to, bool *good,
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

/* Decodes all of the backing source from its stored bytes. Where there is a table, blocks joined end to end
 * are one stream, so a false one does no harm. */
static tenon_status
decode_all (struct tn_decoder *decoder, const uint8_t *stored, uint8_t *whole, tenon_error *error)
{
    struct tn_source *backing = decoder->backing;
    bool good = false;
    TN_TRY (draw_work (decoder, backing->size));
    TN_TRY (open_filter (decoder, backing, error));
    if (backing->block_count > 0 && !atomic_load (&backing->blocks_are_wrong)) {
        TN_TRY (decode_by_table (decoder, stored, whole, &good, error));
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
    TN_TRY (stored_bytes (decoder, backing, 0, backing->stored, &stored, error));
    uint8_t *whole = get_memory (decoder, backing->size + 1);
    if (!whole)
        return tn_fail_memory (error);
    tenon_status status = decode_all (decoder, stored, whole, error);
    if (status == TENON_OK)
        decoder->whole = whole; /* only now: a read that failed is tried again by the next */
    else
        drop_memory (decoder, whole, backing->size + 1);
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
    TN_TRY (stored_bytes (decoder, source, 0, source->stored, &stored, error));
    TN_TRY (open_filter (decoder, source, error));
    TN_TRY (tn_unfilter_unpack (&decoder->unfilter, stored, source->stored, most, limit, bytes, size, &good,
                                error));
    return good ? draw_work (decoder, *size) : fail_corrupt (decoder, error);
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
        TN_TRY (read_through_blocks (decoder, place, to, length, &good, error));
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
    TN_FREE uint8_t *buffer = malloc (INPUT_SIZE);
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
        return source->check && source->check_value != 0 ? tn_fail (
                   error, TENON_E_CHECKSUM, TN_NO_OFFSET, "an empty member has a checksum other than 0")
                                                         : TENON_OK;
    }
    while (at < size) {
        uint64_t piece = TN_MIN (INPUT_SIZE, size - at);
        TN_TRY (tn_decoder_read (decoder, source, at, buffer, piece, error));
        at += piece;
    }
    return TENON_OK;
}
