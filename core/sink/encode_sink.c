/* SPDX-License-Identifier: MIT */
/* encode_sink.c - the sink of a member's codec. Without a filter, bytes go on to the outer sink at once. With
 * one, they are held until there are enough blocks for all threads. Bytes that stay in memory or in a file
 * until the save is done are not copied: the thread that encodes a block fetches them. */
#include "sink/encode_sink.h"
#include "kernels/checksum.h"

/* Fewer bytes are copied: that costs less than keeping track of where they lie. */
#define LEAST_LENT ((uint64_t) 16 << 10)
#define LEAST_COPIES ((uint64_t) 4096)
/* A round encodes at least so many bytes, because threads wait for each other at its end. */
#define LEAST_ROUND ((uint64_t) 32 << 20)
/* Without a filter, a sum is made of pieces that are still in the cache when they are written. From SUM_APART
 * bytes on, one thread writes while others sum blocks. */
#define SUM_PIECE ((uint64_t) 256 << 10)
#define SUM_BLOCK ((uint64_t) 1 << 20)
#define SUM_APART ((uint64_t) 2 << 20)
#define MOST_SUMS 64u

/* ---- without a filter ---- */

static tenon_status
plain_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *self = (struct tn_encode_sink *) sink;
    const uint8_t *from = bytes;
    if (self->check == TENON_CHECK_NONE)
        return tn_sink_write (self->outer, bytes, length, error);
    while (length > 0) {
        uint64_t piece = TN_MIN (length, SUM_PIECE);
        self->sum = tn_sum_add (self->check, self->sum, from, piece);
        TN_TRY (tn_sink_write (self->outer, from, piece, error));
        from += piece, length -= piece;
    }
    return TENON_OK;
}

static tenon_status
plain_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *self = (struct tn_encode_sink *) sink;
    self->outer->subject = sink->subject;
    self->outer->from = sink->from;
    return tn_sink_copy (self->outer, fd, offset, length, error);
}

static tenon_status
plain_skip (struct tn_sink *sink, uint64_t length, tenon_error *error)
{
    return tn_sink_skip (((struct tn_encode_sink *) sink)->outer, length, error);
}

static tenon_status
plain_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *self = (struct tn_encode_sink *) sink;
    return tn_sink_patch (self->outer, self->base + position, bytes, length, error);
}

struct sum_job {
    const struct tn_encode_sink *self;
    const uint8_t *bytes;
    uint64_t length;
    uint32_t sums[MOST_SUMS];
};

static tenon_status
sum_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct sum_job *job = opaque;
    uint64_t at = item * SUM_BLOCK;
    (void) worker, (void) error;
    job->sums[item] = tn_sum (job->self->check, job->bytes + at, TN_MIN (SUM_BLOCK, job->length - at));
    return TENON_OK;
}

/* This thread writes the bytes while others sum their blocks. */
static tenon_status
lend_and_sum (struct tn_encode_sink *self, struct sum_job *job, tenon_error *error)
{
    uint64_t blocks = (job->length - 1) / SUM_BLOCK + 1;
    tenon_error none;
    struct tn_pool_job *summing = tn_pool_start (self->context->pool, blocks, sum_item, job);
    if (!summing)
        return tn_fail_memory (error);
    tenon_status status = tn_sink_lend (self->outer, job->bytes, job->length, error);
    tn_error_clear (&none); /* summing never fails */
    tn_pool_wait (summing, &none);
    for (uint64_t i = 0; i < blocks; i++)
        self->sum = tn_sum_join (self->check, self->sum, job->sums[i],
                                 TN_MIN (SUM_BLOCK, job->length - i * SUM_BLOCK));
    return status;
}

static tenon_status
plain_lend (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct tn_encode_sink *self = (struct tn_encode_sink *) sink;
    struct sum_job job = { .self = self };
    self->outer->subject = sink->subject;
    if (self->check == TENON_CHECK_NONE)
        return tn_sink_lend (self->outer, bytes, length, error);
    if (length < SUM_APART || tn_pool_width (self->context->pool) < 2)
        return plain_write (sink, bytes, length, error);
    for (const uint8_t *from = bytes; length > 0;) {
        job.bytes = from;
        job.length = TN_MIN (length, MOST_SUMS * SUM_BLOCK);
        TN_TRY (lend_and_sum (self, &job, error));
        from += job.length, length -= job.length;
    }
    return TENON_OK;
}

/* ---- through a filter: encoding a round of blocks ---- */

static struct tn_encoder_worker *
own_worker (const struct tn_encode_sink *self)
{
    return &self->encoder->workers[self->worker];
}

static struct tn_slot *
block_slot (const struct tn_encode_sink *self, uint64_t block)
{
    return &self->encoder->slots[self->solo ? self->worker : block % self->in_flight];
}

/* The segment that holds a byte. */
static const struct tn_segment *
find_segment (const struct tn_encode_sink *self, uint64_t at)
{
    const struct tn_segment *segments = own_worker (self)->segments;
    uint64_t low = 0, high = self->segment_count;
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
in_memory (const struct tn_encode_sink *self, const struct tn_segment *segment)
{
    if (segment->memory)
        return segment->memory;
    return segment->fd < 0 ? own_worker (self)->copied + segment->offset : NULL;
}

static tenon_status
fetch_segment (const struct tn_encode_sink *self, const struct tn_segment *segment, uint64_t from,
               uint8_t *to, uint64_t length, tenon_error *error)
{
    const uint8_t *memory = in_memory (self, segment);
    if (memory) {
        memcpy (to, memory + from, length);
        return TENON_OK;
    }
    tenon_status status = tn_read_all (segment->fd, segment->offset + from, to, length, error);
    if (status < 0)
        tn_fail_in (error, segment->from, segment->subject);
    return status;
}

/* The bytes of a block: where they lie, if in one piece, else gathered. NULL: the failure is recorded. */
static const uint8_t *
block_bytes (const struct tn_encode_sink *self, uint64_t at, uint64_t size, struct tn_encoder_worker *worker,
             tenon_error *error)
{
    static const uint8_t nothing[1];
    if (size == 0)
        return nothing;
    const struct tn_segment *segment = find_segment (self, at);
    uint64_t from = at - segment->begin;
    const uint8_t *memory = in_memory (self, segment);
    if (memory && size <= segment->length - from)
        return memory + from;
    if (!tn_need_buffer (&worker->gathered, &worker->gathered_room, size)) {
        tn_fail_memory (error);
        return NULL;
    }
    for (uint64_t done = 0; done < size; segment++, from = 0) {
        uint64_t piece = TN_MIN (size - done, segment->length - from);
        if (fetch_segment (self, segment, from, worker->gathered + done, piece, error) < 0)
            return NULL;
        done += piece;
    }
    return worker->gathered;
}

static tenon_status
encode_block (const struct tn_encode_sink *self, uint64_t block, struct tn_encoder_worker *worker,
              struct tn_slot *slot, tenon_error *error)
{
    uint64_t at = block * self->block_size, size = TN_MIN (self->block_size, self->held - at);
    bool last = self->last && block + 1 == self->blocks, first = self->first && block == 0;
    uint32_t flags = (last ? TENON_FILTER_LAST : 0) | (first ? TENON_FILTER_FIRST : 0);
    const uint8_t *bytes = block_bytes (self, at, size, worker, error);
    if (!bytes)
        return error->status;
    slot->sum = tn_sum (self->check, bytes, size);
    return tn_encoder_encode (self->encoder, worker, flags, bytes, size, slot, error);
}

/* Stops the writing before this block. The caller holds the lock. */
static void
fail_block (struct tn_encode_sink *self, uint64_t block)
{
    self->failed = TN_MIN (self->failed, block);
    pthread_cond_broadcast (&self->moved);
}

static tenon_status
write_block (struct tn_encode_sink *self, uint64_t block, const struct tn_slot *slot, tenon_error *error)
{
    uint64_t at = block * self->block_size;
    if (!tn_grow (&self->block_ends, &self->block_room, self->block_count, sizeof *self->block_ends))
        return tn_fail_memory (error);
    TN_TRY (tn_sink_write (self->outer, slot->bytes, slot->length, error));
    bool first = self->block_count == 0;
    self->block_ends[self->block_count++] = self->outer->position - self->base;
    self->sum =
        first ? slot->sum
              : tn_sum_join (self->check, self->sum, slot->sum, TN_MIN (self->block_size, self->held - at));
    return TENON_OK;
}

/* Writes the blocks whose turn it is, unless another thread does so. The caller holds the lock, which is let
 * go during each write. */
static void
write_finished (struct tn_encode_sink *self, tenon_error *error)
{
    if (self->writing)
        return;
    self->writing = true;
    while (self->written < TN_MIN (self->blocks, self->failed)) {
        struct tn_slot *slot = block_slot (self, self->written);
        if (!slot->finished)
            break;
        slot->finished = false;
        pthread_mutex_unlock (&self->lock);
        write_block (self, self->written, slot, error);
        pthread_mutex_lock (&self->lock);
        if (error->status < 0) {
            *self->write_error = *error;
            fail_block (self, self->written);
        } else
            self->written++;
        pthread_cond_broadcast (&self->moved);
    }
    self->writing = false;
}

static tenon_status
encode_item (void *opaque, uint64_t block, unsigned worker, tenon_error *error)
{
    struct tn_encode_sink *self = opaque;
    struct tn_slot *slot = block_slot (self, block);
    if (self->solo)
        worker = self->worker;
    pthread_mutex_lock (&self->lock);
    /* Threads begin blocks in rising order, so the block that this one waits for is being encoded. */
    while (block - self->written >= self->in_flight && block < self->failed)
        pthread_cond_wait (&self->moved, &self->lock);
    bool in_vain = block > self->failed;
    pthread_mutex_unlock (&self->lock);
    if (!in_vain)
        encode_block (self, block, &self->encoder->workers[worker], slot, error);
    pthread_mutex_lock (&self->lock);
    if (error->status < 0)
        fail_block (self, block);
    else if (!in_vain) {
        slot->finished = true;
        write_finished (self, error);
    }
    pthread_mutex_unlock (&self->lock);
    return error->status;
}

/* Drops the first `size` bytes that are held. Copied bytes behind them move to the front. */
static void
drop_held (struct tn_encode_sink *self, uint64_t size)
{
    struct tn_encoder_worker *own = own_worker (self);
    uint64_t kept = 0;
    self->copied = 0;
    for (uint64_t i = 0; i < self->segment_count; i++) {
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
            memmove (own->copied + self->copied, own->copied + segment.offset, segment.length);
            segment.offset = self->copied;
            self->copied += segment.length;
        }
        own->segments[kept++] = segment;
    }
    self->segment_count = kept;
    self->held -= size;
}

static tenon_status
encode_turn_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct tn_encode_sink *self = opaque;
    uint64_t block = self->written + item;
    return encode_block (self, block, &self->encoder->workers[worker], block_slot (self, block), error);
}

/* For a sink that this thread alone writes: all threads encode as many blocks as there are slots, then this
 * thread writes them. */
static tenon_status
encode_by_turns (struct tn_encode_sink *self, tenon_error *error)
{
    while (self->written < self->blocks) {
        uint64_t count = TN_MIN (self->blocks - self->written, (uint64_t) self->in_flight);
        TN_TRY (tn_pool_run (self->context->pool, count, encode_turn_item, self, error));
        for (; count > 0; count--, self->written++)
            TN_TRY (write_block (self, self->written, block_slot (self, self->written), error));
    }
    return TENON_OK;
}

/* Encodes and writes the blocks of a round, each as soon as its turn comes. */
static tenon_status
encode_at_once (struct tn_encode_sink *self, tenon_error *error)
{
    tenon_error write_error = TENON_ERROR_INIT;
    self->failed = UINT64_MAX;
    self->write_error = &write_error;
    for (unsigned i = 0; i < self->in_flight; i++)
        block_slot (self, i)->finished = false;
    tn_pool_run (self->solo ? NULL : self->context->pool, self->blocks, encode_item, self, error);
    self->write_error = NULL;
    /* All blocks before the one that could not be written are written, so no lower one failed. */
    if (write_error.status < 0)
        *error = write_error;
    return error->status;
}

/* Encodes the first blocks of the bytes that are held. `last`: they end the stream. */
static tenon_status
encode_round (struct tn_encode_sink *self, uint64_t blocks, bool last, tenon_error *error)
{
    self->blocks = blocks;
    self->first = self->block_count == 0;
    self->last = last;
    self->written = 0;
    TN_TRY (self->outer->callers_thread && !self->solo ? encode_by_turns (self, error)
                                                       : encode_at_once (self, error));
    drop_held (self, last ? self->held : blocks * self->block_size);
    return TENON_OK;
}

/* ---- through a filter: holding ---- */

static tenon_status
hold_segment (struct tn_encode_sink *self, const struct tn_segment *more, tenon_error *error)
{
    struct tn_encoder_worker *own = own_worker (self);
    struct tn_segment *before = self->segment_count ? &own->segments[self->segment_count - 1] : NULL;
    uint64_t limit = self->context->limits[TENON_LIMIT_MEMORY];
    if (self->block_size == TN_ONE_BLOCK
        && tn_encoder_block_cost (self->encoder, self->held + more->length) > limit)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "the filter %s encodes only all at once, and there are more than %llu bytes; raise "
                        "memory in [limits]",
                        self->encoder->pipeline->text, (unsigned long long) self->held);
    bool goes_on = before && !more->memory && !before->memory && more->fd == before->fd
                   && more->subject == before->subject && more->from == before->from
                   && more->offset == before->offset + before->length;
    if (goes_on)
        before->length += more->length;
    else {
        if (!tn_grow (&own->segments, &own->segment_room, self->segment_count, sizeof *more))
            return tn_fail_memory (error);
        own->segments[self->segment_count] = *more;
        own->segments[self->segment_count++].begin = self->held;
    }
    self->held += more->length;
    return TENON_OK;
}

/* Makes room for `size` copied bytes in all. */
static tenon_status
need_copy_room (struct tn_encode_sink *self, uint64_t size, tenon_error *error)
{
    struct tn_encoder_worker *own = own_worker (self);
    if (size <= own->copied_room)
        return TENON_OK;
    uint64_t room = TN_MAX (TN_MAX (size, LEAST_COPIES), TN_MIN (own->copied_room * 2, self->copy_room));
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
    struct tn_encode_sink *self = (struct tn_encode_sink *) sink;
    for (const uint8_t *from = bytes; length > 0;) {
        if (self->copied == self->copy_room) /* more bytes follow, so no block ends the stream */
            TN_TRY (encode_round (self, self->held / self->block_size, false, error));
        uint64_t piece = TN_MIN (length, self->copy_room - self->copied);
        TN_TRY (need_copy_room (self, self->copied + piece, error));
        memcpy (own_worker (self)->copied + self->copied, from, piece);
        struct tn_segment segment = { .length = piece, .fd = -1, .offset = self->copied };
        TN_TRY (hold_segment (self, &segment, error));
        self->copied += piece, from += piece, length -= piece;
    }
    return TENON_OK;
}

/* At least one byte stays held, since the last block of a stream is encoded as such. */
static tenon_status
hold_lent (struct tn_encode_sink *self, const struct tn_segment *segment, tenon_error *error)
{
    TN_TRY (hold_segment (self, segment, error));
    if (self->held < self->round_size)
        return TENON_OK;
    return encode_round (self, (self->held - 1) / self->block_size, false, error);
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
        TN_FREE uint8_t *bytes = malloc (LEAST_LENT);
        if (!bytes)
            return tn_fail_memory (error);
        TN_TRY (tn_read_all (fd, offset, bytes, length, error));
        return filter_write (sink, bytes, length, error);
    }
    struct tn_segment segment = {
        .length = length, .fd = fd, .offset = offset, .subject = sink->subject, .from = sink->from
    };
    return hold_lent ((struct tn_encode_sink *) sink, &segment, error);
}

/* ---- the whole ---- */

static uint64_t
plain_room (struct tn_sink *sink)
{
    struct tn_sink *outer = ((struct tn_encode_sink *) sink)->outer;
    return outer->room ? outer->room (outer) : UINT64_MAX;
}

void
tn_encode_sink_open (struct tn_encode_sink *self, tenon_context *context, struct tn_sink *outer,
                     uint32_t check)
{
    bool sums = check != TENON_CHECK_NONE;
    memset (self, 0, sizeof *self);
    self->sink = (struct tn_sink){ .name = outer->name,
                                   .seekable = !sums && outer->seekable,
                                   .keeps_fd = !sums && outer->keeps_fd,
                                   .callers_thread = outer->callers_thread,
                                   .write = plain_write,
                                   .lend = plain_lend,
                                   .copy = sums ? NULL : plain_copy,
                                   .patch = plain_patch,
                                   .room = plain_room,
                                   .skip = outer->skip ? plain_skip : NULL };
    self->outer = outer;
    self->context = context;
    self->base = outer->position;
    self->check = check;
    self->sum = tn_sum_begin (check);
}

void
tn_encode_sink_filter (struct tn_encode_sink *self, struct tn_encoder *encoder, uint64_t block_size,
                       uint64_t size, bool solo, unsigned worker)
{
    uint64_t cost = tn_encoder_block_cost (encoder, TN_MIN (block_size, size));
    uint64_t fit = self->context->limits[TENON_LIMIT_MEMORY] / TN_MAX (cost, 1), round;
    self->sink.seekable = false;
    self->sink.keeps_fd = true;
    self->sink.write = filter_write;
    self->sink.lend = filter_lend;
    self->sink.copy = filter_copy;
    self->sink.room = NULL;
    self->encoder = encoder;
    self->block_size = block_size;
    self->solo = solo;
    self->worker = worker;
    self->in_flight = solo || block_size == TN_ONE_BLOCK
                          ? 1
                          : (unsigned) TN_MAX (TN_MIN (fit, (uint64_t) encoder->slot_count), 1);
    /* `size` is an estimate: more bytes may come. */
    if (tn_multiply (block_size, self->in_flight, &self->copy_room))
        self->copy_room = block_size;
    if (tn_multiply (block_size, 8 * (uint64_t) encoder->width, &round))
        round = block_size;
    self->round_size = TN_MAX (round, LEAST_ROUND);
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->moved, NULL);
}

tenon_status
tn_encode_sink_finish (struct tn_encode_sink *self, tenon_error *error)
{
    if (!self->encoder)
        return TENON_OK;
    uint64_t blocks = self->held / self->block_size + (self->held % self->block_size > 0);
    /* An empty stream has one block, too. */
    return encode_round (self, TN_MAX (blocks, 1), true, error);
}

void
tn_encode_sink_close (struct tn_encode_sink *self)
{
    if (!self->encoder)
        return;
    free (self->block_ends);
    pthread_cond_destroy (&self->moved);
    pthread_mutex_destroy (&self->lock);
}
