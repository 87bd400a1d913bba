/* SPDX-License-Identifier: MIT */
/* scan.c - reading a source from front to back, on all threads. */
#include "source/scan.h"
#include "kernels/checksum.h"
#include "source/decoder.h"

/* What a thread reads at once of a plain source. */
#define PIECE ((uint64_t) 1 << 20)

struct tn_scan {
    tenon_context *context;
    struct tn_source *source;
    uint64_t position;
    uint32_t crc;   /* of all that was decoded … */
    uint64_t known; /* … up to here: beyond the position when a block was begun */
    /* encoded in blocks */
    bool blocks;
    struct tn_decoder *decoders; /* of each thread; not in blocks: one */
    uint8_t *block;              /* decoded; the position lies in it … */
    uint64_t block_number;       /* … or not; counted from 1 */
    uint8_t *skipped;
};

tenon_status
tn_scan_new (tenon_context *context, struct tn_source *source, struct tn_scan **result, tenon_error *error)
{
    struct tn_scan *feed = *result = calloc (1, sizeof *feed);
    if (!feed)
        return tn_fail_memory (error);
    feed->context = context;
    feed->source = source;
    feed->blocks = source->backing == source && tn_has_blocks (source);
    if (!tn_source_is_encoded (source) && !source->in_order)
        return TENON_OK;
    feed->decoders = calloc (tn_pool_width (context->pool), sizeof *feed->decoders);
    feed->block = feed->blocks ? malloc (source->block_size) : NULL;
    if (feed->decoders && (feed->block || !feed->blocks))
        return TENON_OK;
    tn_scan_free (feed);
    *result = NULL;
    return tn_fail_memory (error);
}

void
tn_scan_free (struct tn_scan *feed)
{
    if (!feed)
        return;
    for (unsigned i = 0; feed->decoders && i < tn_pool_width (feed->context->pool); i++)
        tn_decoder_free (&feed->decoders[i]);
    free (feed->decoders);
    free (feed->block);
    free (feed->skipped);
    free (feed);
}

/* ---- what threads do ---- */

struct round {
    struct tn_scan *feed;
    uint64_t begin;  /* first byte, or first block */
    uint64_t end;    /* plain: behind the last byte */
    uint8_t *to;     /* where it belongs */
    uint32_t *sums;  /* of each item */
    atomic_bool bad; /* a block did not decode to its size */
};

static tenon_status
plain_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct round *round = opaque;
    uint64_t begin = round->begin + item * PIECE, size = TN_MIN (PIECE, round->end - begin);
    uint8_t *to = round->to + item * PIECE;
    (void) worker;
    TN_TRY (tn_source_read (round->feed->source, begin, to, size, error));
    if (round->feed->source->check)
        round->sums[item] = tn_crc32 (0, to, size);
    return TENON_OK;
}

static tenon_status
block_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct round *round = opaque;
    struct tn_source *source = round->feed->source;
    uint64_t at = (round->begin + item) * source->block_size;
    uint8_t *to = round->to + item * source->block_size;
    bool good = true;
    if (atomic_load (&round->bad))
        return TENON_OK;
    TN_TRY (
        tn_decoder_blocks (&round->feed->decoders[worker], source, round->begin + item, 1, to, &good, error));
    if (!good)
        atomic_store (&round->bad, true);
    else if (source->check)
        round->sums[item] = tn_crc32 (0, to, TN_MIN (source->block_size, source->size - at));
    return TENON_OK;
}

static tenon_status
add_sums (struct tn_scan *feed, const uint32_t *sums, uint64_t count, uint64_t piece, uint64_t end,
          tenon_error *error)
{
    if (feed->source->check == TENON_CHECK_NONE) {
        feed->known = end;
        return TENON_OK;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size = TN_MIN (piece, end - feed->known);
        feed->crc = tn_crc32_combine (feed->crc, sums[i], size);
        feed->known += size;
    }
    return feed->known == feed->source->size ? tn_source_compare (feed->source, feed->crc, error) : TENON_OK;
}

/* `count` items of `piece` bytes, from the position on. *good is false when blocks lied. */
static tenon_status
run_round (struct tn_scan *feed, tn_pool_item item, struct round *round, uint64_t count, uint64_t piece,
           uint64_t end, bool *good, tenon_error *error)
{
    TN_FREE uint32_t *sums = calloc (count, sizeof *sums);
    *good = true;
    if (!sums)
        return tn_fail_memory (error);
    round->feed = feed;
    round->sums = sums;
    TN_TRY (tn_pool_run (feed->context->pool, count, item, round, error));
    *good = !atomic_load (&round->bad);
    return *good ? add_sums (feed, sums, count, piece, end, error) : TENON_OK;
}

/* ---- the ways ---- */

static tenon_status
read_plain (struct tn_scan *feed, uint8_t *to, uint64_t length, tenon_error *error)
{
    struct round round = { .begin = feed->position, .end = feed->position + length, .to = to };
    bool good;
    return run_round (feed, plain_item, &round, (length + PIECE - 1) / PIECE, PIECE, round.end, &good, error);
}

/* Whole blocks go to where they belong; of one that is wanted in part only the rest is kept for the next
 * read. */
static tenon_status
read_blocks (struct tn_scan *feed, uint8_t *to, uint64_t length, bool *good, tenon_error *error)
{
    struct tn_source *source = feed->source;
    uint64_t position = feed->position, end = position + length;
    *good = true;
    while (position < end && *good) {
        uint64_t number = position / source->block_size, at = position % source->block_size;
        uint64_t begin = position - at, behind = TN_MIN (begin + source->block_size, source->size);
        struct round round = { .begin = number, .to = to };
        if (at == 0 && behind <= end && feed->block_number != number + 1) {
            uint64_t count =
                end == source->size ? source->block_count - number : end / source->block_size - number;
            uint64_t to_where = TN_MIN (begin + count * source->block_size, source->size);
            TN_TRY (run_round (feed, block_item, &round, count, source->block_size, to_where, good, error));
            to += to_where - position;
            position = to_where;
            continue;
        }
        if (feed->block_number != number + 1) {
            round.to = feed->block;
            feed->block_number = 0;
            TN_TRY (run_round (feed, block_item, &round, 1, source->block_size, behind, good, error));
            if (!*good)
                break;
            feed->block_number = number + 1;
        }
        uint64_t piece = TN_MIN (end, behind) - position;
        memcpy (to, feed->block + at, piece);
        to += piece;
        position += piece;
    }
    return TENON_OK;
}

/* The table of blocks lied: the rest comes from one stream, which has to begin at the beginning. */
static tenon_status
leave_blocks (struct tn_scan *feed, tenon_error *error)
{
    uint8_t *some = feed->block;
    uint64_t room = feed->source->block_size;
    feed->blocks = false;
    for (uint64_t at = 0; at < feed->position;) {
        uint64_t piece = TN_MIN (room, feed->position - at);
        TN_TRY (tn_decoder_read (feed->decoders, feed->source, at, some, piece, error));
        at += piece;
    }
    return TENON_OK;
}

tenon_status
tn_scan_read (struct tn_scan *feed, void *to, uint64_t length, tenon_error *error)
{
    struct tn_source *source = feed->source;
    if (length > source->size - feed->position) {
        tn_source_fail_in (source, error);
        return tn_fail (error, TENON_E_TRUNCATED, feed->position, "%llu bytes are needed, it ends at %llu",
                        (unsigned long long) length, (unsigned long long) source->size);
    }
    if (length == 0)
        return TENON_OK;
    if (feed->blocks) {
        bool good;
        TN_TRY (read_blocks (feed, to, length, &good, error));
        if (!good)
            TN_TRY (leave_blocks (feed, error));
    }
    if (!feed->blocks && feed->decoders)
        TN_TRY (tn_decoder_read (feed->decoders, source, feed->position, to, length, error));
    else if (!feed->blocks)
        TN_TRY (read_plain (feed, to, length, error));
    feed->position += length;
    return TENON_OK;
}

tenon_status
tn_scan_skip (struct tn_scan *feed, uint64_t length, tenon_error *error)
{
    uint64_t room = TN_MAX (4 * PIECE, feed->blocks ? 4 * feed->source->block_size : 0);
    room = TN_MIN (room, feed->source->size);
    if (length > 0 && !feed->skipped && !(feed->skipped = malloc (room)))
        return tn_fail_memory (error);
    while (length > 0) {
        uint64_t piece = TN_MIN (length, room);
        TN_TRY (tn_scan_read (feed, feed->skipped, piece, error));
        length -= piece;
    }
    return TENON_OK;
}

tenon_status
tn_scan_all (tenon_context *context, struct tn_source *source,
             tenon_status (*tell) (void *user, const void *bytes, uint64_t length, tenon_error *error),
             void *user, tenon_error *error)
{
    struct tn_scan *feed;
    uint64_t room = TN_MIN (source->size, 8 * PIECE);
    TN_FREE uint8_t *buffer = malloc (room + 1);
    if (!buffer)
        return tn_fail_memory (error);
    TN_TRY (tn_scan_new (context, source, &feed, error));
    /* an empty stream has an end, and an empty member a checksum, too */
    tenon_status status = source->size == 0 && feed->decoders
                              ? tn_decoder_finish (feed->decoders, source, error)
                          : source->size == 0 ? tn_source_compare (source, 0, error)
                                              : TENON_OK;
    for (uint64_t at = 0; status == TENON_OK && at < source->size;) {
        uint64_t piece = TN_MIN (room, source->size - at);
        status = tn_scan_read (feed, buffer, piece, error);
        if (status == TENON_OK && tell)
            status = tell (user, buffer, piece, error);
        at += piece;
    }
    tn_scan_free (feed);
    return status;
}
