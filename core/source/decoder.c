/* SPDX-License-Identifier: MIT */
/* decoder.c - reading encoded sources: as one stream, or block by block when the file says where the blocks
 * end. */
#include "kernels/checksum.h"
#include "source/source.h"

#define INPUT_SIZE 65536u
#define SKIP_SIZE 32768u

struct tn_decoder {
    struct tn_source *source;  /* what is read */
    struct tn_source *backing; /* the encoded source that it lies in, or NULL: plain reads */
    struct tn_decoder *inner;  /* where the stored bytes of `hard` come from */
    void *state;               /* the filter's */
    uint8_t *input;
    uint64_t input_at, input_length; /* unused bytes in `input` */
    uint64_t taken;                  /* stored bytes that were read into `input` */
    uint64_t made;                   /* decoded bytes so far: the position in `hard` */
    bool ended;
    uint32_t crc;          /* of all that was read of `source` in order */
    uint64_t summed;       /* how much that is */
    uint8_t *block;        /* decoded, of a source with blocks … */
    uint64_t block_number; /* … and which, counted from 1 */
    struct tn_block_state *block_state;
    uint8_t *whole; /* a filter that cannot go in pieces: everything, decoded */
};

void
tn_decoder_free (struct tn_decoder *stream)
{
    if (!stream)
        return;
    if (stream->state)
        stream->backing->filter->table.close (stream->state);
    tn_decoder_free (stream->inner);
    tn_block_state_free (stream->block_state);
    free (stream->block);
    free (stream->input);
    free (stream->whole);
    free (stream);
}

tenon_status
tn_decoder_new (struct tn_source *source, struct tn_decoder **result, tenon_error *error)
{
    struct tn_decoder *stream = calloc (1, sizeof *stream);
    *result = NULL;
    if (!stream)
        return tn_fail_memory (error);
    stream->source = source;
    if (tn_source_is_encoded (source)) {
        stream->backing = source->backing;
        tenon_status status = tn_decoder_new (stream->backing->parent, &stream->inner, error);
        if (status == TENON_OK && !(stream->input = malloc (INPUT_SIZE)))
            status = tn_fail_memory (error);
        if (status < 0) {
            tn_decoder_free (stream);
            return status;
        }
        stream->ended = true; /* so that the first read begins a run */
    }
    *result = stream;
    return TENON_OK;
}

static tenon_status
corrupt (struct tn_decoder *stream, tenon_status status, tenon_error *error)
{
    tn_source_fail_in (stream->backing, error);
    return tn_fail (error, status == TENON_E_MEMORY ? status : TENON_E_MALFORMED, TN_NO_OFFSET,
                    "its %s data are damaged near decoded byte %llu of %llu",
                    stream->backing->filter->table.id, (unsigned long long) stream->made,
                    (unsigned long long) stream->backing->size);
}

static tenon_status
begin_run (struct tn_decoder *stream, tenon_error *error)
{
    const struct tenon_filter *filter = &stream->backing->filter->table;
    if (!stream->state && !(stream->state = filter->open (0, 0)))
        return tn_fail_memory (error);
    tenon_status status = filter->reset (stream->state);
    if (status < 0)
        return corrupt (stream, status, error);
    stream->made = stream->taken = 0;
    stream->input_at = stream->input_length = 0;
    stream->ended = false;
    return TENON_OK;
}

/* Decodes the next `length` bytes; to NULL: throws them away. */
static tenon_status
decode_next (struct tn_decoder *stream, uint8_t *to, uint64_t length, tenon_error *error)
{
    const struct tenon_filter *filter = &stream->backing->filter->table;
    uint8_t skipped[SKIP_SIZE];
    while (length > 0) {
        uint64_t room = to ? length : TN_MIN (length, sizeof skipped), taken = 0, made = 0;
        if (stream->input_length == 0 && stream->taken < stream->backing->stored) {
            uint64_t more = TN_MIN (INPUT_SIZE, stream->backing->stored - stream->taken);
            TN_TRY (tn_decoder_read (stream->inner, stream->backing->offset + stream->taken, stream->input,
                                     more, error));
            stream->taken += more;
            stream->input_at = 0, stream->input_length = more;
        }
        if (stream->ended)
            return corrupt (stream, TENON_E_MALFORMED, error);
        int32_t result = filter->step (stream->state, stream->input + stream->input_at, stream->input_length,
                                       &taken, to ? to : skipped, room, &made);
        if (result < 0 || taken > stream->input_length || made > room)
            return corrupt (stream, result, error);
        if (result == 0 && taken == 0 && made == 0
            && (stream->input_length > 0 || stream->taken == stream->backing->stored))
            return corrupt (stream, TENON_E_MALFORMED, error); /* it wants more than there is */
        stream->ended = result > 0;
        stream->input_at += taken, stream->input_length -= taken;
        stream->made += made, length -= made;
        if (to)
            to += made;
    }
    return TENON_OK;
}

/* All decoded bytes are there: nothing may be left on the stored side, and the stream must say that it
 * ends. */
static tenon_status
check_end (struct tn_decoder *stream, tenon_error *error)
{
    const struct tenon_filter *filter = &stream->backing->filter->table;
    uint8_t beyond[1];
    while (!stream->ended) {
        uint64_t taken = 0, made = 0;
        if (stream->input_length == 0 && stream->taken < stream->backing->stored) {
            uint64_t more = TN_MIN (INPUT_SIZE, stream->backing->stored - stream->taken);
            TN_TRY (tn_decoder_read (stream->inner, stream->backing->offset + stream->taken, stream->input,
                                     more, error));
            stream->taken += more;
            stream->input_at = 0, stream->input_length = more;
        }
        int32_t result = filter->step (stream->state, stream->input + stream->input_at, stream->input_length,
                                       &taken, beyond, sizeof beyond, &made);
        if (result < 0 || taken > stream->input_length)
            return corrupt (stream, result, error);
        if (made > 0) {
            tn_source_fail_in (stream->backing, error);
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                            "it decodes to more than the %llu bytes that it announces",
                            (unsigned long long) stream->backing->size);
        }
        if (result == 0 && taken == 0)
            return corrupt (stream, TENON_E_MALFORMED, error);
        stream->ended = result > 0;
        stream->input_at += taken, stream->input_length -= taken;
    }
    if (stream->input_length > 0 || stream->taken < stream->backing->stored) {
        tn_source_fail_in (stream->backing, error);
        return tn_fail (
            error, TENON_E_MALFORMED, TN_NO_OFFSET, "its data end %llu bytes before the member does",
            (unsigned long long) (stream->input_length + stream->backing->stored - stream->taken));
    }
    return TENON_OK;
}

/* A filter without `step` decodes all at once, into memory of the size that the limit on memory allows
 * (checked in add_part). */
static tenon_status
decode_whole (struct tn_decoder *stream, tenon_error *error)
{
    struct tn_source *backing = stream->backing;
    TN_FREE uint8_t *stored = malloc (backing->stored + 1);
    stream->whole = malloc (backing->size + 1);
    if (!stored || !stream->whole)
        return tn_fail_memory (error);
    TN_TRY (tn_decoder_read (stream->inner, backing->offset, stored, backing->stored, error));
    if (!stream->state && !(stream->state = backing->filter->table.open (0, 0)))
        return tn_fail_memory (error);
    uint64_t blocks = backing->block_count > 0 ? backing->block_count : 1, begin = 0;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t end = backing->block_count > 0 ? backing->block_ends[i] : backing->stored;
        uint64_t at = i * backing->block_size, size = backing->block_count > 0
                                                          ? TN_MIN (backing->block_size, backing->size - at)
                                                          : backing->size;
        tenon_status status = backing->filter->table.decode (stream->state, i + 1 == blocks, stored + begin,
                                                             end - begin, stream->whole + at, size);
        if (status < 0) {
            free (stream->whole);
            stream->whole = NULL;
            return corrupt (stream, status, error);
        }
        begin = end;
    }
    return TENON_OK;
}

/* Blocks stand by themselves: a read that does not go on where the last one ended takes those that it
 * touches, each of them whole, so that a table that lies is found out. *good is false then. */
static tenon_status
read_blocks (struct tn_decoder *stream, uint64_t offset, uint8_t *to, uint64_t length, bool *good,
             tenon_error *error)
{
    struct tn_source *backing = stream->backing;
    *good = true;
    if (!stream->block && !(stream->block = malloc (backing->block_size)))
        return tn_fail_memory (error);
    while (length > 0) {
        uint64_t number = offset / backing->block_size, at = offset % backing->block_size;
        uint64_t piece = TN_MIN (length, backing->block_size - at);
        if (stream->block_number != number + 1) {
            stream->block_number = 0;
            TN_TRY (tn_blocks_read (backing, number, 1, stream->block, &stream->block_state, good, error));
            if (!*good)
                return TENON_OK;
            stream->block_number = number + 1;
        }
        memcpy (to, stream->block + at, piece);
        offset += piece, to += piece, length -= piece;
    }
    return TENON_OK;
}

static tenon_status
read_encoded (struct tn_decoder *stream, uint64_t offset, uint8_t *to, uint64_t length, tenon_error *error)
{
    struct tn_source *backing = stream->backing;
    if (!backing->filter->table.step) {
        if (!stream->whole)
            TN_TRY (decode_whole (stream, error));
        memcpy (to, stream->whole + offset, length);
        return TENON_OK;
    }
    if (offset != stream->made && tn_has_blocks (backing)) {
        bool good;
        TN_TRY (read_blocks (stream, offset, to, length, &good, error));
        if (good)
            return TENON_OK;
    }
    if (!stream->state || offset < stream->made)
        TN_TRY (begin_run (stream, error));
    if (offset > stream->made)
        TN_TRY (decode_next (stream, NULL, offset - stream->made, error));
    TN_TRY (decode_next (stream, to, length, error));
    if (stream->made == backing->size)
        TN_TRY (check_end (stream, error));
    return TENON_OK;
}

/* Sums up what is read in order, and compares at the end. */
static tenon_status
check_sum (struct tn_decoder *stream, uint64_t offset, const uint8_t *bytes, uint64_t length,
           tenon_error *error)
{
    struct tn_source *source = stream->source;
    if (source->check == TENON_CHECK_NONE || offset > stream->summed || offset + length <= stream->summed)
        return TENON_OK;
    uint64_t known = stream->summed - offset;
    stream->crc = tn_crc32 (stream->crc, bytes + known, length - known);
    stream->summed = offset + length;
    return stream->summed == source->size ? tn_source_compare (source, stream->crc, error) : TENON_OK;
}

tenon_status
tn_decoder_read (struct tn_decoder *stream, uint64_t offset, void *to, uint64_t length, tenon_error *error)
{
    struct tn_source *source = stream->source;
    if (!stream->backing || offset > source->size || length > source->size - offset)
        TN_TRY (
            tn_source_read (source, offset, to, length, error)); /* also says what is wrong with the range */
    else if (length > 0)
        TN_TRY (read_encoded (stream, source->backing_offset + offset, to, length, error));
    return check_sum (stream, offset, to, length, error);
}

tenon_status
tn_decoder_finish (struct tn_decoder *stream, tenon_error *error)
{
    uint64_t size = stream->source->size, at = stream->source->check ? stream->summed : 0;
    TN_FREE uint8_t *buffer = malloc (INPUT_SIZE);
    if (!buffer)
        return tn_fail_memory (error);
    if (size == 0 && stream->backing == stream->source) { /* an empty stream has an end, too */
        if (stream->backing->filter->table.step) {
            TN_TRY (begin_run (stream, error));
            TN_TRY (check_end (stream, error));
        }
        return stream->source->check && stream->source->check_value != 0 ? tn_fail (
                   error, TENON_E_CHECKSUM, TN_NO_OFFSET, "an empty member has a checksum other than 0")
                                                                         : TENON_OK;
    }
    while (at < size) {
        uint64_t piece = TN_MIN (INPUT_SIZE, size - at);
        TN_TRY (tn_decoder_read (stream, at, buffer, piece, error));
        at += piece;
    }
    return TENON_OK;
}
