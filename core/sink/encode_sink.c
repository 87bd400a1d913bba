/* SPDX-License-Identifier: MIT */
/* encode_sink.c - the sink of a member's codec. Without a filter, bytes go on to the outer sink at once. With
 * one, they are held until there are enough blocks for all threads. Bytes that stay in memory or in a file
 * until the save is done are not copied: the thread that encodes a block fetches them. */
#include "kernels/checksum.h"
#include "sink/encode_round.h"

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

/* ---- through a filter: holding ---- */

static tenon_status
hold_segment (struct tn_encode_sink *self, const struct tn_segment *more, tenon_error *error)
{
    struct tn_encoder_worker *own = tn_encode_worker (self);
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
    struct tn_encoder_worker *own = tn_encode_worker (self);
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
            TN_TRY (tn_encode_round (self, self->held / self->block_size, false, error));
        uint64_t piece = TN_MIN (length, self->copy_room - self->copied);
        TN_TRY (need_copy_room (self, self->copied + piece, error));
        memcpy (tn_encode_worker (self)->copied + self->copied, from, piece);
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
    return tn_encode_round (self, (self->held - 1) / self->block_size, false, error);
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
    return tn_encode_round (self, TN_MAX (blocks, 1), true, error);
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
