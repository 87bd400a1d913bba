/* SPDX-License-Identifier: MIT */
/* readahead.c - a buffer of a file's bytes, and the beginnings of encoded members. */
#include "source/readahead.h"
#include "source/decoder.h"

/* Larger reads bypass the buffer. */
#define BUFFERED_READ 32768u
/* The buffer begins small, and grows while reading moves on in small steps. */
#define LEAST_AHEAD 4096u
#define MOST_AHEAD (128u << 10) /* stays in the cache */
#define NEAR 65536u

/* Decoded bytes of a member: magics and most headers lie in them. */
#define HEAD_SIZE 512u
/* Stored bytes that are read for the head of a larger member. */
#define HEAD_INPUT 4096u
#define HEADS 512u
#define HEADS_AT_ONCE 16u

struct head {
    uint32_t length; /* 0: it could not be decoded, which tn_decoder_read will explain */
    uint8_t bytes[HEAD_SIZE];
};

#define SPAN (HEADS_AT_ONCE * TN_SMALL_MEMBER)

/* Heads of sources that follow each other in the catalog. */
struct batch {
    struct tn_readahead *view;
    uint32_t first, count;
    struct tn_pool_job *job; /* decodes them; NULL: done */
    struct tn_source *sources[HEADS];
    struct head heads[HEADS];
};

struct tn_readahead {
    tenon_context *context;
    struct tn_budget *budget;
    struct tn_source *const *const *sources; /* of the catalog, which grows; NULL: nothing is decoded ahead */
    const uint64_t *source_count;
    struct tn_source *root; /* of the bytes in the buffer */
    uint8_t *bytes;
    uint64_t room, start, length;
    uint64_t next;               /* bytes that are read at once */
    struct batch *here, *ahead;  /* one is described while the next is decoded; both or none are there */
    struct tn_decoder *decoders; /* of each thread */
};

static void
finish_batch (struct batch *batch)
{
    tenon_error none = TENON_ERROR_INIT; /* decode_heads never fails */
    if (batch->job)
        tn_pool_wait (batch->job, &none);
    batch->job = NULL;
}

struct tn_readahead *
tn_readahead_new (tenon_context *context, struct tn_source *const *const *sources,
                  const uint64_t *source_count, struct tn_budget *budget)
{
    struct tn_readahead *view = calloc (1, sizeof *view);
    if (view) {
        view->context = context;
        view->sources = sources;
        view->source_count = source_count;
        view->budget = budget;
    }
    return view;
}

void
tn_readahead_free (struct tn_readahead *view)
{
    if (!view)
        return;
    if (view->ahead)
        finish_batch (view->ahead);
    for (unsigned i = 0; view->decoders && i < tn_pool_width (view->context->pool); i++)
        tn_decoder_free (&view->decoders[i]);
    free (view->decoders);
    free (view->here);
    free (view->ahead);
    free (view->bytes);
    free (view);
}

/* ---- the buffer ---- */

/* Fills the buffer from `offset` of the root on. False: the bytes cannot be read; a read of the exact range
 * will explain it. */
static bool
fill_readahead (struct tn_readahead *view, struct tn_source *root, uint64_t offset, uint64_t length)
{
    uint64_t end = view->start + view->length;
    /* also a little backwards: a codec may check the headers of many members before it describes them */
    bool near = root == view->root && offset + MOST_AHEAD >= view->start && offset <= end + NEAR;
    view->next = near ? TN_MIN (4 * view->next, MOST_AHEAD) : LEAST_AHEAD;
    uint64_t size = TN_MIN (TN_MAX (view->next, length), root->size - offset);
    view->length = 0;
    if (size > view->room) {
        free (view->bytes);
        view->bytes = malloc (size);
        view->room = view->bytes ? size : 0;
        if (!view->bytes)
            return false;
    }
    tenon_error ignored;
    tn_error_clear (&ignored);
    if (tn_budget_work (view->budget, size) < 0
        || tn_source_read (root, offset, view->bytes, size, &ignored) < 0)
        return false;
    view->root = root;
    view->start = offset;
    view->length = size;
    return true;
}

static bool
read_buffered (struct tn_readahead *view, struct tn_source *source, uint64_t offset, void *to,
               uint64_t length)
{
    struct tn_source *root = source->backing;
    if (length > BUFFERED_READ || root->kind == TN_SOURCE_MEMORY)
        return false;
    offset += source->backing_offset;
    bool inside = root == view->root && offset >= view->start && offset - view->start <= view->length
                  && length <= view->length - (offset - view->start);
    if (!inside && !fill_readahead (view, root, offset, length))
        return false;
    memcpy (to, view->bytes + (offset - view->start), length);
    return true;
}

/* ---- the beginnings of encoded members ---- */

static bool
has_head (const struct tn_source *source)
{
    return source->kind == TN_SOURCE_PART && source->pipeline && source->size > 0
           && !tn_needs_decoder (source->inside);
}

/* Stored bytes that are needed for a member's head. */
static uint64_t
input_of (const struct tn_source *source)
{
    bool small = source->stored <= TN_SMALL_MEMBER && source->size <= TN_SMALL_MEMBER;
    return small ? source->stored : TN_MIN (source->stored, HEAD_INPUT);
}

/* Decodes the heads of some members, whose stored bytes are read at once if they lie close together. */
static tenon_status
decode_heads (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    (void) error; /* tn_decoder_read explains what is wrong */
    struct batch *batch = opaque;
    struct tn_decoder *decoder = &batch->view->decoders[worker];
    uint32_t begin = (uint32_t) item * HEADS_AT_ONCE, end = TN_MIN (begin + HEADS_AT_ONCE, batch->count);
    struct tn_source *const *sources = batch->sources;
    uint64_t span_start = 0, span_end = 0;
    for (uint32_t i = begin; i < end; i++) {
        struct tn_source *source = sources[i], *inside = source->inside;
        uint64_t input = input_of (source);
        if (source->offset < span_start || source->offset + input > span_end || i == begin
            || inside != sources[i - 1]->inside) {
            /* with as many of the next ones as fit */
            span_start = source->offset, span_end = span_start + input;
            for (uint32_t k = i + 1; k < end && sources[k]->inside == inside; k++) {
                uint64_t behind = sources[k]->offset + input_of (sources[k]);
                if (sources[k]->offset < span_end || behind - span_start > SPAN)
                    break;
                span_end = behind;
            }
            tn_decoder_fetch (decoder, inside->backing, inside->backing_offset + span_start,
                              inside->backing_offset + span_end);
        }
        struct head *head = &batch->heads[i];
        head->length = (uint32_t) tn_decoder_head (decoder, source, input, head->bytes, HEAD_SIZE);
    }
    return TENON_OK;
}

/* Begins to decode the heads of the source `first` and of those that follow it. The catalog may grow
 * meanwhile, so the job has its own list. */
static void
start_batch (struct tn_readahead *view, struct batch *batch, uint32_t first)
{
    uint64_t work = 0;
    batch->first = first;
    batch->count = 0;
    while (batch->count < HEADS && first + batch->count < *view->source_count
           && has_head ((*view->sources)[first + batch->count])) {
        batch->sources[batch->count] = (*view->sources)[first + batch->count];
        batch->heads[batch->count].length = 0;
        work += input_of (batch->sources[batch->count++]) + TN_WORK_DECODED * HEAD_SIZE;
    }
    if (tn_budget_work (view->budget, work) < 0)
        batch->count = 0;
    uint32_t items = (batch->count + HEADS_AT_ONCE - 1) / HEADS_AT_ONCE;
    batch->job =
        items ? tn_pool_start (tn_source_pool (view->context, batch->sources[0]), items, decode_heads, batch)
              : NULL;
    if (!batch->job)
        batch->count = 0;
}

static bool
has_batches (struct tn_readahead *view)
{
    if (view->ahead)
        return true;
    if (!view->decoders)
        view->decoders = calloc (tn_pool_width (view->context->pool), sizeof *view->decoders);
    struct batch *here = calloc (1, sizeof *here), *ahead = calloc (1, sizeof *ahead);
    if (!view->decoders || !here || !ahead) {
        free (here);
        free (ahead);
        return false;
    }
    here->view = ahead->view = view;
    view->here = here, view->ahead = ahead;
    return true;
}

static bool
is_in (const struct batch *batch, uint32_t number)
{
    return number >= batch->first && number - batch->first < batch->count;
}

/* Makes view->here hold the head of this source, and begins to decode the heads that follow. */
static void
turn_to_batch (struct tn_readahead *view, uint32_t number)
{
    struct batch *decoded = view->ahead;
    finish_batch (decoded);
    if (!is_in (decoded, number)) {
        start_batch (view, decoded, number);
        finish_batch (decoded);
    }
    view->ahead = view->here, view->here = decoded;
    if (decoded->count == HEADS)
        start_batch (view, view->ahead, decoded->first + HEADS);
    else
        view->ahead->count = 0;
}

static bool
copy_head (struct tn_readahead *view, struct tn_source *source, uint64_t offset, void *to, uint64_t length)
{
    struct tn_source *backing = source->backing;
    if (!view->sources || offset + source->backing_offset + length > HEAD_SIZE || !has_head (backing)
        || backing->number >= *view->source_count || (*view->sources)[backing->number] != backing
        || !has_batches (view))
        return false;
    if (!is_in (view->here, backing->number))
        turn_to_batch (view, backing->number);
    if (!is_in (view->here, backing->number))
        return false;
    const struct head *head = &view->here->heads[backing->number - view->here->first];
    offset += source->backing_offset;
    if (offset + length > head->length)
        return false;
    memcpy (to, head->bytes + offset, length);
    return true;
}

tenon_status
tn_readahead_read (struct tn_readahead *view, struct tn_source *source, uint64_t offset, void *to,
                   uint64_t length, bool *done, tenon_error *error)
{
    bool inside = offset <= source->size && length <= source->size - offset;
    *done = true;
    if (view && inside && length > 0) {
        if (tn_needs_decoder (source) ? copy_head (view, source, offset, to, length)
                                      : read_buffered (view, source, offset, to, length))
            return TENON_OK;
    }
    if (!tn_needs_decoder (source))
        return tn_source_read (source, offset, to, length, error);
    *done = false;
    return TENON_OK;
}
