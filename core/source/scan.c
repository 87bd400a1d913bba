/* SPDX-License-Identifier: MIT */
/* scan.c - reading a source from front to back, on all threads. */
#include "source/scan.h"
#include "kernels/checksum.h"
#include "source/decoder.h"

/* What a thread reads at once of a source that is not encoded. */
#define PIECE ((uint64_t) 1 << 20)

struct tn_scan {
    tenon_context *context;
    struct tn_source *source;
    uint64_t position;
    bool sums;                   /* compare the checksum, which is … */
    uint32_t sum;                /* … of all bytes before … */
    uint64_t known;              /* … here: the end of the last block, which may lie beyond the position */
    bool blocks;                 /* encoded, in blocks that can be decoded by themselves */
    struct tn_decoder *decoders; /* of each thread; NULL: any thread reads any piece */
    uint8_t *block;              /* a decoded block of which the scan has handed out only some bytes … */
    uint64_t block_number;       /* … and which, counted from 1; 0: none */
    uint8_t *edge;               /* a decoded block of which only the end is needed */
    uint8_t *skipped;
};

tenon_status
tn_scan_new (tenon_context *context, struct tn_source *source, uint64_t start, struct tn_scan **result,
             tenon_error *error)
{
    struct tn_scan *scan = *result = calloc (1, sizeof *scan);
    if (!scan)
        return tn_fail_memory (error);
    scan->context = context;
    scan->source = source;
    scan->position = start;
    scan->sum = tn_sum_begin (source->check);
    scan->sums = source->check != TENON_CHECK_NONE && start == 0;
    scan->blocks = source->backing == source && tn_has_blocks (source);
    if (!tn_needs_decoder (source) && !source->in_order)
        return TENON_OK;
    scan->decoders = calloc (tn_pool_width (context->pool), sizeof *scan->decoders);
    scan->block = scan->blocks ? malloc (source->block_size) : NULL;
    if (scan->decoders && (scan->block || !scan->blocks))
        return TENON_OK;
    tn_scan_free (scan);
    *result = NULL;
    return tn_fail_memory (error);
}

void
tn_scan_free (struct tn_scan *scan)
{
    if (!scan)
        return;
    for (unsigned i = 0; scan->decoders && i < tn_pool_width (scan->context->pool); i++)
        tn_decoder_free (&scan->decoders[i]);
    free (scan->decoders);
    free (scan->block);
    free (scan->edge);
    free (scan->skipped);
    free (scan);
}

/* ---- what threads do ---- */

struct round {
    struct tn_scan *scan;
    uint64_t begin, end; /* of the bytes that are read */
    uint64_t first;      /* item 0: number of the piece, or block */
    uint64_t unit;       /* its size */
    uint8_t *to;         /* where the byte at `begin` belongs */
    uint32_t *sums;      /* of each item */
    struct tn_meter *meter;
    atomic_bool bad; /* a block did not decode to its size */
};

static tenon_status
read_piece (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct round *round = opaque;
    uint64_t begin = round->begin + item * PIECE, size = TN_MIN (PIECE, round->end - begin);
    uint8_t *to = round->to + item * PIECE;
    (void) worker;
    TN_TRY (tn_source_read (round->scan->source, begin, to, size, error));
    if (round->scan->sums)
        round->sums[item] = tn_sum (round->scan->source->check, to, size);
    return tn_meter_add (round->meter, size, error);
}

/* A block is decoded where it belongs; the first and the last, if only some of their bytes are needed, are
 * decoded aside. */
static tenon_status
read_block (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct round *round = opaque;
    struct tn_scan *scan = round->scan;
    uint64_t number = round->first + item, at = number * round->unit;
    uint64_t behind = TN_MIN (at + round->unit, scan->source->size);
    uint64_t from = TN_MAX (at, round->begin), until = TN_MIN (behind, round->end);
    bool whole = from == at && until == behind, good;
    uint8_t *to = round->to + (from - round->begin);
    uint8_t *place = whole ? to : behind >= round->end ? scan->block : scan->edge;
    if (atomic_load (&round->bad))
        return TENON_OK;
    TN_TRY (tn_decoder_blocks (&scan->decoders[worker], scan->source, number, 1, place, &good, error));
    if (!good) {
        atomic_store (&round->bad, true);
        return TENON_OK;
    }
    if (scan->sums)
        round->sums[item] = tn_sum (scan->source->check, place, behind - at);
    if (!whole)
        memcpy (to, place + (from - at), until - from);
    return tn_meter_add (round->meter, until - from, error);
}

static tenon_status
add_sums (struct tn_scan *scan, const uint32_t *sums, uint64_t count, uint64_t unit, uint64_t end,
          tenon_error *error)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size = TN_MIN (unit, end - scan->known);
        scan->sum = tn_sum_join (scan->source->check, scan->sum, sums[i], size);
        scan->known += size;
    }
    return scan->known == scan->source->size ? tn_source_compare (scan->source, scan->sum, error) : TENON_OK;
}

/* `end`: where the last of `count` items ends. */
static tenon_status
run_round (struct round *round, tn_pool_item item, uint64_t count, uint64_t end, tenon_error *error)
{
    struct tn_scan *scan = round->scan;
    TN_FREE uint32_t *sums = scan->sums ? calloc (count, sizeof *sums) : NULL;
    if (scan->sums && !sums)
        return tn_fail_memory (error);
    round->sums = sums;
    TN_TRY (tn_pool_run (tn_source_pool (scan->context, scan->source), count, item, round, error));
    return sums && !atomic_load (&round->bad) ? add_sums (scan, sums, count, round->unit, end, error)
                                              : TENON_OK;
}

/* ---- proving blocks ---- */

struct proof {
    struct tn_source *source;
    struct tn_decoder *decoders; /* of each thread */
    uint8_t **room;              /* of each item of a round: a block */
    uint64_t first;              /* item 0 */
    atomic_bool bad;
};

static tenon_status
prove_block (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct proof *proof = opaque;
    bool good;
    if (!proof->room[item] && !(proof->room[item] = malloc (proof->source->block_size)))
        return tn_fail_memory (error);
    TN_TRY (tn_decoder_blocks (&proof->decoders[worker], proof->source, proof->first + item, 1,
                               proof->room[item], &good, error));
    if (!good)
        atomic_store (&proof->bad, true);
    return TENON_OK;
}

static tenon_status
run_proof (tenon_context *context, struct proof *proof, uint64_t at_once, uint64_t end, tenon_error *error)
{
    while (!atomic_load (&proof->bad) && (proof->first = atomic_load (&proof->source->blocks_proven)) < end) {
        uint64_t count = TN_MIN (at_once, end - proof->first);
        TN_TRY (tn_pool_run (tn_source_pool (context, proof->source), count, prove_block, proof, error));
        if (!atomic_load (&proof->bad))
            tn_note_blocks (proof->source, proof->first, count);
    }
    return TENON_OK;
}

tenon_status
tn_scan_prove (tenon_context *context, struct tn_source *source, uint64_t end, tenon_error *error)
{
    if (source->block_count == 0 || atomic_load (&source->blocks_proven) >= end || !tn_has_blocks (source))
        return TENON_OK;
    unsigned width = tn_pool_width (context->pool);
    uint64_t at_once = context->limits[TENON_LIMIT_MEMORY] / 2 / source->block_size;
    at_once = TN_MAX (TN_MIN (at_once, (uint64_t) width), 1);
    TN_FREE struct tn_decoder *decoders = calloc (width, sizeof *decoders);
    TN_FREE uint8_t **room = calloc (at_once, sizeof *room);
    if (!decoders || !room)
        return tn_fail_memory (error);
    struct proof proof = { .source = source, .decoders = decoders, .room = room };
    tenon_status status = run_proof (context, &proof, at_once, TN_MIN (end, source->block_count), error);
    for (unsigned i = 0; i < width; i++)
        tn_decoder_free (&decoders[i]);
    for (uint64_t i = 0; i < at_once; i++)
        free (room[i]);
    return status;
}

/* ---- the ways ---- */

static tenon_status
scan_plain (struct tn_scan *scan, uint8_t *to, uint64_t length, struct tn_meter *meter, tenon_error *error)
{
    struct round round = { .scan = scan,
                           .begin = scan->position,
                           .end = scan->position + length,
                           .unit = PIECE,
                           .to = to,
                           .meter = meter };
    return run_round (&round, read_piece, (length + PIECE - 1) / PIECE, round.end, error);
}

/* The rest of the last read's last block comes first; the other blocks are decoded on all threads. *good is
 * false when the table of blocks does not hold. */
static tenon_status
scan_blocks (struct tn_scan *scan, uint8_t *to, uint64_t length, struct tn_meter *meter, bool *good,
             tenon_error *error)
{
    uint64_t unit = scan->source->block_size, at = scan->position % unit;
    uint64_t begin = scan->position, end = begin + length;
    *good = true;
    if (scan->block_number == begin / unit + 1) {
        uint64_t piece = TN_MIN (length, unit - at);
        memcpy (to, scan->block + at, piece);
        TN_TRY (tn_meter_add (meter, piece, error));
        begin += piece, to += piece;
    }
    if (begin == end)
        return TENON_OK;
    uint64_t first = begin / unit, last = (end - 1) / unit;
    TN_TRY (tn_scan_prove (scan->context, scan->source, first, error));
    if (!(*good = tn_has_blocks (scan->source)))
        return TENON_OK;
    struct round round = {
        .scan = scan, .begin = begin, .end = end, .first = first, .unit = unit, .to = to, .meter = meter
    };
    if (begin % unit > 0 && first < last && !scan->edge && !(scan->edge = malloc (unit)))
        return tn_fail_memory (error);
    scan->block_number = 0;
    TN_TRY (run_round (&round, read_block, last - first + 1, TN_MIN ((last + 1) * unit, scan->source->size),
                       error));
    if ((*good = !atomic_load (&round.bad)))
        tn_note_blocks (scan->source, first, last - first + 1);
    if (end % unit > 0)
        scan->block_number = last + 1;
    return TENON_OK;
}

/* The table of blocks does not hold: the rest is read in order, and, for the checksum, the bytes before it,
 * too. */
static tenon_status
leave_blocks (struct tn_scan *scan, tenon_error *error)
{
    uint64_t room = scan->source->block_size;
    scan->blocks = false;
    for (uint64_t at = 0; scan->sums && at < scan->position;) {
        uint64_t piece = TN_MIN (room, scan->position - at);
        TN_TRY (tn_decoder_read (scan->decoders, scan->source, at, scan->block, piece, error));
        at += piece;
    }
    return TENON_OK;
}

tenon_status
tn_scan_read (struct tn_scan *scan, void *to, uint64_t length, struct tn_meter *meter, tenon_error *error)
{
    struct tn_source *source = scan->source;
    bool good = true;
    if (length > source->size - scan->position) {
        tn_source_fail_in (source, error);
        return tn_fail (error, TENON_E_TRUNCATED, scan->position, "%llu bytes are needed, it ends at %llu",
                        (unsigned long long) length, (unsigned long long) source->size);
    }
    if (length == 0)
        return TENON_OK;
    if (scan->blocks)
        TN_TRY (scan_blocks (scan, to, length, meter, &good, error));
    else if (!scan->decoders)
        TN_TRY (scan_plain (scan, to, length, meter, error));
    if (!good)
        TN_TRY (leave_blocks (scan, error));
    if (scan->decoders && !scan->blocks) {
        TN_TRY (tn_decoder_read (scan->decoders, source, scan->position, to, length, error));
        TN_TRY (tn_meter_add (meter, length, error));
    }
    scan->position += length;
    return TENON_OK;
}

tenon_status
tn_scan_skip (struct tn_scan *scan, uint64_t length, tenon_error *error)
{
    uint64_t unit = scan->blocks ? scan->source->block_size : 0;
    uint64_t room = TN_MIN (TN_MAX (4 * PIECE, 4 * unit), scan->source->size);
    /* inside a block no work is needed: the block has been decoded, or is decoded whole with the next read */
    if (scan->blocks && scan->position % unit + length < unit
        && length < scan->source->size - scan->position) {
        scan->position += length;
        return TENON_OK;
    }
    if (length > 0 && !scan->skipped && !(scan->skipped = malloc (room)))
        return tn_fail_memory (error);
    while (length > 0) {
        uint64_t piece = TN_MIN (length, room);
        TN_TRY (tn_scan_read (scan, scan->skipped, piece, NULL, error));
        length -= piece;
    }
    return TENON_OK;
}

tenon_status
tn_scan_all (tenon_context *context, struct tn_source *source,
             tenon_status (*take) (void *user, const void *bytes, uint64_t length, tenon_error *error),
             void *user, tenon_error *error)
{
    struct tn_scan *scan;
    uint64_t room = TN_MIN (source->size, 8 * PIECE);
    TN_FREE uint8_t *buffer = malloc (room + 1);
    if (!buffer)
        return tn_fail_memory (error);
    TN_TRY (tn_scan_new (context, source, 0, &scan, error));
    /* an empty stream has an end, and an empty member a checksum, too */
    tenon_status status = source->size == 0 && scan->decoders
                              ? tn_decoder_finish (scan->decoders, source, error)
                          : source->size == 0 ? tn_source_compare (source, scan->sum, error)
                                              : TENON_OK;
    for (uint64_t at = 0; status == TENON_OK && at < source->size;) {
        uint64_t piece = TN_MIN (room, source->size - at);
        status = tn_scan_read (scan, buffer, piece, NULL, error);
        /* a wrong checksum is found with the last piece, which is whole, unless a filter has found another */
        if (take && status == TENON_E_CHECKSUM && atomic_load (&source->sum_is_wrong))
            take (user, buffer, piece, NULL);
        else if (take && status == TENON_OK)
            status = take (user, buffer, piece, error);
        at += piece;
    }
    tn_scan_free (scan);
    return status;
}

/* Around tensors so many bytes are read for the checksum's sake, whatever the tensors have. */
#define AROUND 65536u

/* So many bytes of tensors may be all that there are. A part that holds much else is not read for a few of
 * them. */
static uint64_t
enough_read (const struct tn_source *source, bool tensors)
{
    uint64_t bytes = source->tensor_bytes;
    if (!tensors || bytes == 0 || bytes >= source->size)
        return source->size;
    return source->size - bytes <= TN_MAX (bytes, AROUND) ? bytes : TN_MAX (bytes, source->size / 2);
}

tenon_status
tn_scan_account (tenon_context *context, struct tn_source *source, uint64_t bytes, bool tensors,
                 tenon_error *error)
{
    for (; source->kind == TN_SOURCE_PART; source = source->parent) {
        if (source->check == TENON_CHECK_NONE
            || atomic_load_explicit (&source->sum_is_good, memory_order_relaxed))
            continue;
        uint64_t asked = atomic_fetch_add (&source->asked, bytes) + bytes;
        if (asked < enough_read (source, tensors))
            continue;
        atomic_store (&source->asked, 0); /* one that is wrong is not compared again at once */
        TN_TRY (tn_scan_all (context, source, NULL, NULL, error));
    }
    return TENON_OK;
}
