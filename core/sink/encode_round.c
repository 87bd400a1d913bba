/* SPDX-License-Identifier: MIT */
/* encode_round.c - encodes the blocks of an encode sink on all threads, and writes them in order. */
#include "sink/encode_round.h"
#include "base/report.h"
#include "kernels/checksum.h"

static struct tn_slot *
block_slot (const struct tn_encode_sink *self, uint64_t block)
{
    return &self->encoder->slots[self->solo ? self->worker : block % self->in_flight];
}

/* The segment that holds a byte. */
static const struct tn_segment *
find_segment (const struct tn_encode_sink *self, uint64_t at)
{
    const struct tn_segment *segments = tn_encode_worker (self)->segments;
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
    return segment->fd < 0 ? tn_encode_worker (self)->copied + segment->offset : NULL;
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
    TN_TRY (tn_meter_ask (self->meter, error));
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
    struct tn_encoder_worker *own = tn_encode_worker (self);
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

tenon_status
tn_encode_round (struct tn_encode_sink *self, uint64_t blocks, bool last, tenon_error *error)
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
