/* SPDX-License-Identifier: MIT */
/* encode_sink.c - the sink that the codec of a member writes into. Without a filter the bytes go on at once.
 * Through one they are held until there are enough blocks for all threads; what lies in memory or in a file
 * until the save is done is not copied, but fetched by the thread that encodes it. */
#include "sink/encode_sink.h"
#include "kernels/checksum.h"

/* What is shorter is copied: that costs less than to remember where it lies. */
#define LEAST_LENT ((uint64_t) 16 << 10)
#define LEAST_COPIES ((uint64_t) 4096)
/* As many bytes are encoded at a time at least, so that threads wait rarely for the last of them. */
#define LEAST_ROUND ((uint64_t) 32 << 20)
/* Sums of what is stored: pieces that stay in the cache until they are written, or, from so many bytes on, a
 * thread sums while another writes. */
#define SUM_PIECE ((uint64_t) 256 << 10)
#define SUM_BLOCK ((uint64_t) 1 << 20)
#define SUM_APART ((uint64_t) 2 << 20)
#define MOST_SUMS 64u

/* ---- without a filter ---- */

static tenon_status
plain_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *stage = (struct tn_encode_sink *) sink;
    const uint8_t *from = bytes;
    if (!stage->sums)
        return tn_sink_write (stage->outer, bytes, length, error);
    while (length > 0) {
        uint64_t piece = TN_MIN (length, SUM_PIECE);
        stage->crc = tn_crc32 (stage->crc, from, piece);
        TN_TRY (tn_sink_write (stage->outer, from, piece, error));
        from += piece, length -= piece;
    }
    return TENON_OK;
}

static tenon_status
plain_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *stage = (struct tn_encode_sink *) sink;
    stage->outer->subject = sink->subject;
    return tn_sink_copy (stage->outer, fd, offset, length, error);
}

static tenon_status
plain_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *stage = (struct tn_encode_sink *) sink;
    return tn_sink_patch (stage->outer, stage->base + position, bytes, length, error);
}

/* One thread writes, the others sum. */
struct sum_job {
    struct tn_encode_sink *stage;
    const uint8_t *bytes;
    uint64_t length;
    uint32_t sums[MOST_SUMS];
};

static tenon_status
sum_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct sum_job *job = opaque;
    (void) worker;
    if (item == 0)
        return tn_sink_lend (job->stage->outer, job->bytes, job->length, error);
    uint64_t at = (item - 1) * SUM_BLOCK;
    job->sums[item - 1] = tn_crc32 (0, job->bytes + at, TN_MIN (SUM_BLOCK, job->length - at));
    return TENON_OK;
}

static tenon_status
plain_lend (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *stage = (struct tn_encode_sink *) sink;
    struct sum_job job = { .stage = stage };
    stage->outer->subject = sink->subject;
    if (!stage->sums)
        return tn_sink_lend (stage->outer, bytes, length, error);
    if (length < SUM_APART || tn_pool_width (stage->context->pool) < 2)
        return plain_write (sink, bytes, length, error);
    for (const uint8_t *from = bytes; length > 0;) {
        job.bytes = from;
        job.length = TN_MIN (length, MOST_SUMS * SUM_BLOCK);
        uint64_t blocks = (job.length - 1) / SUM_BLOCK + 1;
        TN_TRY (tn_pool_run (stage->context->pool, blocks + 1, sum_item, &job, error));
        for (uint64_t i = 0; i < blocks; i++)
            stage->crc =
                tn_crc32_combine (stage->crc, job.sums[i], TN_MIN (SUM_BLOCK, job.length - i * SUM_BLOCK));
        from += job.length, length -= job.length;
    }
    return TENON_OK;
}

/* ---- through a filter: encoding a round of blocks ---- */

static struct tn_encoder_worker *
own_worker (const struct tn_encode_sink *stage)
{
    return &stage->encoder->workers[stage->worker];
}

static struct tn_slot *
slot_of (const struct tn_encode_sink *stage, uint64_t block)
{
    return &stage->encoder->slots[stage->solo ? stage->worker : block % stage->window];
}

static bool
make_room (uint8_t **buffer, uint64_t *room, uint64_t size)
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

/* The segment that holds a byte. */
static const struct tn_segment *
segment_of (const struct tn_encode_sink *stage, uint64_t at)
{
    const struct tn_segment *segments = own_worker (stage)->segments;
    uint64_t low = 0, high = stage->segment_count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (segments[middle].begin <= at)
            low = middle;
        else
            high = middle;
    }
    return &segments[low];
}

static const uint8_t *
in_memory (const struct tn_encode_sink *stage, const struct tn_segment *segment)
{
    if (segment->memory)
        return segment->memory;
    return segment->fd < 0 ? own_worker (stage)->copied + segment->offset : NULL;
}

static tenon_status
fetch (const struct tn_encode_sink *stage, const struct tn_segment *segment, uint64_t from, uint8_t *to,
       uint64_t length, tenon_error *error)
{
    const uint8_t *memory = in_memory (stage, segment);
    if (memory) {
        memcpy (to, memory + from, length);
        return TENON_OK;
    }
    tenon_status status = tn_read_all (segment->fd, segment->offset + from, to, length, error);
    if (status < 0)
        tn_fail_in (error, NULL, segment->subject);
    return status;
}

/* The bytes of a block: where they lie, or gathered. NULL: the failure is recorded. */
static const uint8_t *
block_bytes (const struct tn_encode_sink *stage, uint64_t at, uint64_t size, struct tn_encoder_worker *worker,
             tenon_error *error)
{
    static const uint8_t nothing[1];
    if (size == 0)
        return nothing;
    const struct tn_segment *segment = segment_of (stage, at);
    uint64_t from = at - segment->begin;
    const uint8_t *memory = in_memory (stage, segment);
    if (memory && size <= segment->length - from)
        return memory + from;
    if (!make_room (&worker->gathered, &worker->gathered_room, size)) {
        tn_fail_memory (error);
        return NULL;
    }
    for (uint64_t done = 0; done < size; segment++, from = 0) {
        uint64_t piece = TN_MIN (size - done, segment->length - from);
        if (fetch (stage, segment, from, worker->gathered + done, piece, error) < 0)
            return NULL;
        done += piece;
    }
    return worker->gathered;
}

static tenon_status
encode_block (const struct tn_encode_sink *stage, uint64_t block, struct tn_encoder_worker *worker,
              struct tn_slot *slot, tenon_error *error)
{
    const struct tenon_filter *filter = stage->encoder->filter;
    uint64_t at = block * stage->block_size, size = TN_MIN (stage->block_size, stage->held - at);
    bool last = stage->last && block + 1 == stage->blocks;
    if (!worker->state && !(worker->state = filter->open (stage->encoder->level, 1)))
        return tn_fail_memory (error);
    const uint8_t *bytes = block_bytes (stage, at, size, worker, error);
    if (!bytes)
        return error->status;
    slot->crc = stage->sums ? tn_crc32 (0, bytes, size) : 0;
    uint64_t bound = filter->bound (stage->encoder->level, size);
    if (!make_room (&slot->bytes, &slot->room, bound))
        return tn_fail_memory (error);
    int64_t length =
        filter->encode (worker->state, last ? TENON_FILTER_LAST : 0, bytes, size, slot->bytes, bound);
    if (length == TENON_E_MEMORY)
        return tn_fail_memory (error);
    if (length < 0 || (uint64_t) length > bound)
        return tn_fail (error, length < 0 ? (tenon_status) length : TENON_E_MISUSE, TN_NO_OFFSET,
                        "the filter %s failed to encode", filter->id);
    slot->length = (uint64_t) length;
    return TENON_OK;
}

/* No block from this one on is written. Locked. */
static void
fail_block (struct tn_encode_sink *stage, uint64_t block)
{
    stage->failed = TN_MIN (stage->failed, block);
    pthread_cond_broadcast (&stage->moved);
}

static tenon_status
write_block (struct tn_encode_sink *stage, uint64_t block, const struct tn_slot *slot, tenon_error *error)
{
    uint64_t at = block * stage->block_size;
    if (!tn_grow (&stage->block_ends, &stage->block_room, stage->block_count, sizeof *stage->block_ends))
        return tn_fail_memory (error);
    TN_TRY (tn_sink_write (stage->outer, slot->bytes, slot->length, error));
    bool first = stage->block_count == 0;
    stage->block_ends[stage->block_count++] = stage->outer->position - stage->base;
    if (stage->sums)
        stage->crc =
            first ? slot->crc
                  : tn_crc32_combine (stage->crc, slot->crc, TN_MIN (stage->block_size, stage->held - at));
    return TENON_OK;
}

/* Writes the blocks whose turn it is, unless another thread is at it. Locked. */
static void
write_finished (struct tn_encode_sink *stage, tenon_error *error)
{
    if (stage->writing)
        return;
    stage->writing = true;
    while (stage->written < TN_MIN (stage->blocks, stage->failed)) {
        struct tn_slot *slot = slot_of (stage, stage->written);
        if (!slot->finished)
            break;
        slot->finished = false;
        pthread_mutex_unlock (&stage->lock);
        write_block (stage, stage->written, slot, error);
        pthread_mutex_lock (&stage->lock);
        if (error->status < 0) {
            *stage->write_error = *error;
            fail_block (stage, stage->written);
        } else
            stage->written++;
        pthread_cond_broadcast (&stage->moved);
    }
    stage->writing = false;
}

static tenon_status
encode_item (void *opaque, uint64_t block, unsigned worker, tenon_error *error)
{
    struct tn_encode_sink *stage = opaque;
    struct tn_slot *slot = slot_of (stage, block);
    if (stage->solo)
        worker = stage->worker;
    pthread_mutex_lock (&stage->lock);
    /* blocks are begun in rising order, so the one that is waited for is at work */
    while (block - stage->written >= stage->window && block < stage->failed)
        pthread_cond_wait (&stage->moved, &stage->lock);
    bool in_vain = block > stage->failed;
    pthread_mutex_unlock (&stage->lock);
    if (!in_vain)
        encode_block (stage, block, &stage->encoder->workers[worker], slot, error);
    pthread_mutex_lock (&stage->lock);
    if (error->status < 0)
        fail_block (stage, block);
    else if (!in_vain) {
        slot->finished = true;
        write_finished (stage, error);
    }
    pthread_mutex_unlock (&stage->lock);
    return error->status;
}

/* Drops the first bytes that are held; what was copied moves to the front. */
static void
drop_held (struct tn_encode_sink *stage, uint64_t size)
{
    struct tn_encoder_worker *own = own_worker (stage);
    uint64_t kept = 0;
    stage->copied = 0;
    for (uint64_t i = 0; i < stage->segment_count; i++) {
        struct tn_segment segment = own->segments[i];
        uint64_t gone = size > segment.begin ? TN_MIN (size - segment.begin, segment.length) : 0;
        if (gone == segment.length)
            continue;
        segment.begin = segment.begin + gone - size;
        segment.length -= gone;
        segment.offset += gone;
        if (segment.memory)
            segment.memory += gone;
        else if (segment.fd < 0) {
            memmove (own->copied + stage->copied, own->copied + segment.offset, segment.length);
            segment.offset = stage->copied;
            stage->copied += segment.length;
        }
        own->segments[kept++] = segment;
    }
    stage->segment_count = kept;
    stage->held -= size;
}

/* Encodes the first blocks of what is held. */
static tenon_status
encode_round (struct tn_encode_sink *stage, uint64_t blocks, bool last, tenon_error *error)
{
    tenon_error write_error = TENON_ERROR_INIT;
    stage->blocks = blocks;
    stage->last = last;
    stage->written = 0;
    stage->failed = UINT64_MAX;
    stage->write_error = &write_error;
    for (unsigned i = 0; i < stage->window; i++)
        slot_of (stage, i)->finished = false;
    tn_pool_run (stage->solo ? NULL : stage->context->pool, blocks, encode_item, stage, error);
    stage->write_error = NULL;
    /* All blocks before the one that could not be written are written, so no lower one failed. */
    if (write_error.status < 0)
        *error = write_error;
    TN_TRY (error->status);
    drop_held (stage, last ? stage->held : blocks * stage->block_size);
    return TENON_OK;
}

/* ---- through a filter: holding ---- */

static tenon_status
hold (struct tn_encode_sink *stage, const struct tn_segment *more, tenon_error *error)
{
    struct tn_encoder_worker *own = own_worker (stage);
    struct tn_segment *before = stage->segment_count ? &own->segments[stage->segment_count - 1] : NULL;
    bool goes_on = before && !more->memory && !before->memory && more->fd == before->fd
                   && more->subject == before->subject && more->offset == before->offset + before->length;
    if (goes_on)
        before->length += more->length;
    else {
        if (!tn_grow (&own->segments, &own->segment_room, stage->segment_count, sizeof *more))
            return tn_fail_memory (error);
        own->segments[stage->segment_count] = *more;
        own->segments[stage->segment_count++].begin = stage->held;
    }
    stage->held += more->length;
    return TENON_OK;
}

/* Room for `size` copied bytes in all. */
static tenon_status
room_for_copies (struct tn_encode_sink *stage, uint64_t size, tenon_error *error)
{
    struct tn_encoder_worker *own = own_worker (stage);
    if (size <= own->copied_room)
        return TENON_OK;
    uint64_t room = TN_MAX (TN_MAX (size, LEAST_COPIES), TN_MIN (own->copied_room * 2, stage->room));
    uint8_t *copied = realloc (own->copied, room);
    if (!copied)
        return tn_fail_memory (error);
    own->copied = copied;
    own->copied_room = room;
    return TENON_OK;
}

static tenon_status
filter_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *stage = (struct tn_encode_sink *) sink;
    for (const uint8_t *from = bytes; length > 0;) {
        if (stage->copied == stage->room) /* more is coming: none of these blocks ends the stream */
            TN_TRY (encode_round (stage, stage->held / stage->block_size, false, error));
        uint64_t piece = TN_MIN (length, stage->room - stage->copied);
        TN_TRY (room_for_copies (stage, stage->copied + piece, error));
        memcpy (own_worker (stage)->copied + stage->copied, from, piece);
        struct tn_segment segment = { .length = piece, .fd = -1, .offset = stage->copied };
        TN_TRY (hold (stage, &segment, error));
        stage->copied += piece, from += piece, length -= piece;
    }
    return TENON_OK;
}

/* The last byte stays: nobody knows yet whether it ends the stream. */
static tenon_status
hold_lent (struct tn_encode_sink *stage, const struct tn_segment *segment, tenon_error *error)
{
    TN_TRY (hold (stage, segment, error));
    if (stage->held < stage->most)
        return TENON_OK;
    return encode_round (stage, (stage->held - 1) / stage->block_size, false, error);
}

static tenon_status
filter_lend (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    if (length < LEAST_LENT)
        return filter_write (sink, bytes, length, error);
    struct tn_segment segment = { .length = length, .memory = bytes, .fd = -1, .subject = sink->subject };
    return hold_lent ((struct tn_encode_sink *) sink, &segment, error);
}

static tenon_status
filter_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    if (length < LEAST_LENT) {
        uint8_t bytes[LEAST_LENT];
        TN_TRY (tn_read_all (fd, offset, bytes, length, error));
        return filter_write (sink, bytes, length, error);
    }
    struct tn_segment segment = { .length = length, .fd = fd, .offset = offset, .subject = sink->subject };
    return hold_lent ((struct tn_encode_sink *) sink, &segment, error);
}

/* ---- the whole ---- */

void
tn_encode_sink_open (struct tn_encode_sink *stage, tenon_context *context, struct tn_sink *outer, bool sums)
{
    memset (stage, 0, sizeof *stage);
    stage->sink = (struct tn_sink){ .name = outer->name,
                                    .seekable = !sums && outer->seekable,
                                    .write = plain_write,
                                    .lend = plain_lend,
                                    .copy = sums ? NULL : plain_copy,
                                    .patch = plain_patch };
    stage->outer = outer;
    stage->context = context;
    stage->base = outer->position;
    stage->sums = sums;
}

void
tn_encode_sink_filter (struct tn_encode_sink *stage, struct tn_encoder *encoder, uint64_t block_size,
                       uint64_t size, bool solo, unsigned worker)
{
    uint64_t cost = tn_encoder_block_cost (encoder, TN_MIN (block_size, size));
    uint64_t fit = stage->context->limits[TENON_LIMIT_MEMORY] / TN_MAX (cost, 1), round;
    stage->sink.seekable = false;
    stage->sink.write = filter_write;
    stage->sink.lend = filter_lend;
    stage->sink.copy = filter_copy;
    stage->encoder = encoder;
    stage->block_size = block_size;
    stage->solo = solo;
    stage->worker = worker;
    stage->window = solo ? 1 : (unsigned) TN_MAX (TN_MIN (fit, (uint64_t) encoder->slot_count), 1);
    /* `size` is only about right: more may come */
    if (tn_multiply (block_size, stage->window, &stage->room))
        stage->room = block_size;
    if (tn_multiply (block_size, 8 * (uint64_t) encoder->width, &round))
        round = block_size;
    stage->most = TN_MAX (round, LEAST_ROUND);
    pthread_mutex_init (&stage->lock, NULL);
    pthread_cond_init (&stage->moved, NULL);
}

tenon_status
tn_encode_sink_finish (struct tn_encode_sink *stage, tenon_error *error)
{
    if (!stage->encoder)
        return TENON_OK;
    uint64_t blocks = stage->held / stage->block_size + (stage->held % stage->block_size > 0);
    /* an empty stream is a stream */
    return encode_round (stage, TN_MAX (blocks, 1), true, error);
}

void
tn_encode_sink_close (struct tn_encode_sink *stage)
{
    if (!stage->encoder)
        return;
    free (stage->block_ends);
    pthread_cond_destroy (&stage->moved);
    pthread_mutex_destroy (&stage->lock);
}
