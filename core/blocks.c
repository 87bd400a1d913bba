/* blocks.c - encoded sources in one piece: whole blocks of those that say where their blocks end, and all of
 * a member that fits into memory. */
#include "checksum.h"
#include "source.h"

struct tn_block_state {
    const struct tn_filter *filter;
    void *state;
    uint8_t *stored;
    uint64_t room;
};

void
tn_block_state_free (struct tn_block_state *state)
{
    if (!state)
        return;
    if (state->state)
        state->filter->table.close (state->state);
    free (state->stored);
    free (state);
}

static tenon_status
block_state_get (struct tn_block_state **result, const struct tn_filter *filter, tenon_error *error)
{
    if (*result && (*result)->filter != filter) {
        tn_block_state_free (*result);
        *result = NULL;
    }
    struct tn_block_state *state = *result ? *result : calloc (1, sizeof *state);
    if (!state)
        return tn_fail_memory (error);
    *result = state;
    state->filter = filter;
    if (!state->state && !(state->state = filter->table.open (0, 0)))
        return tn_fail_memory (error);
    return TENON_OK;
}

/* Stored bytes of an encoded source, whose parent is plain: where they lie, when that is memory of the
 * program, else in the state's own. */
static tenon_status
stored_bytes (struct tn_source *source, uint64_t begin, uint64_t length, struct tn_block_state *state,
              const uint8_t **bytes, tenon_error *error)
{
    struct tn_source *root = source->parent->hard;
    uint64_t offset = source->offset + begin;
    if (root->kind == TN_SOURCE_MEMORY) {
        *bytes =
            atomic_load_explicit (&root->base, memory_order_relaxed) + source->parent->hard_offset + offset;
        return TENON_OK;
    }
    if (length > state->room) {
        free (state->stored);
        state->room = 0;
        if (!(state->stored = malloc (length)))
            return tn_fail_memory (error);
        state->room = length;
    }
    *bytes = state->stored;
    return tn_source_read (source->parent, offset, state->stored, length, error);
}

tenon_status
tn_blocks_read (struct tn_source *source, uint64_t first, uint64_t count, void *to,
                struct tn_block_state **state, bool *good, tenon_error *error)
{
    *good = !atomic_load (&source->blocks_are_wrong);
    TN_TRY (block_state_get (state, source->filter, error));
    for (uint64_t i = first; *good && i < first + count; i++) {
        uint64_t begin = i > 0 ? source->block_ends[i - 1] : 0, stored = source->block_ends[i] - begin;
        uint64_t at = i * source->block_size, size = TN_MIN (source->block_size, source->size - at);
        const uint8_t *bytes;
        TN_TRY (stored_bytes (source, begin, stored, *state, &bytes, error));
        tenon_status status =
            source->filter->table.decode ((*state)->state, i + 1 == source->block_count, bytes, stored,
                                          (uint8_t *) to + (at - first * source->block_size), size);
        if (status == TENON_E_MEMORY)
            return tn_fail_memory (error);
        if (status < 0) {
            atomic_store (&source->blocks_are_wrong, true);
            *good = false;
        }
    }
    return TENON_OK;
}

/* ---- all of a source ---- */

bool
tn_whole_fits (const struct tn_source *source, uint64_t most)
{
    if (source->kind != TN_SOURCE_PART || source->size == 0)
        return false;
    if (!source->filter)
        return source->size <= most && !tn_source_is_encoded (source);
    return !tn_source_is_encoded (source->parent) && source->filter->table.decode && source->stored <= most
           && source->size <= most - source->stored;
}

void
tn_span_fill (struct tn_span *span, struct tn_source *root, uint64_t begin, uint64_t end)
{
    tenon_error ignored = TENON_ERROR_INIT;
    span->root = NULL;
    if (end - begin > span->room) {
        free (span->bytes);
        span->room = 0;
        if (!(span->bytes = malloc (end - begin)))
            return;
        span->room = end - begin;
    }
    if (tn_source_read (root, begin, span->bytes, end - begin, &ignored) < 0)
        return;
    span->root = root;
    span->start = begin;
    span->length = end - begin;
}

/* The stored bytes of a part, when the span has them. */
static const uint8_t *
in_span (const struct tn_span *span, const struct tn_source *source)
{
    const struct tn_source *parent = source->parent;
    uint64_t offset = parent->hard_offset + source->offset;
    if (!span || span->root != parent->hard || offset < span->start || offset - span->start > span->length
        || source->stored > span->length - (offset - span->start))
        return NULL;
    return span->bytes + (offset - span->start);
}

static tenon_status
compare (struct tn_source *source, const void *bytes, tenon_error *error)
{
    return source->check ? tn_source_compare (source, tn_crc32 (0, bytes, source->size), error) : TENON_OK;
}

tenon_status
tn_source_compare (const struct tn_source *source, uint32_t sum, tenon_error *error)
{
    if (source->check == TENON_CHECK_NONE || sum == source->check_value)
        return TENON_OK;
    tn_source_place (source, error);
    return tn_fail (error, TENON_E_CHECKSUM, TN_NO_OFFSET,
                    "its data have the checksum %08x, the file says %08x", sum, source->check_value);
}

tenon_status
tn_whole_read (struct tn_source *source, void *to, struct tn_block_state **state, const struct tn_span *span,
               tenon_error *error)
{
    const uint8_t *bytes = in_span (span, source);
    if (!source->filter) {
        if (bytes)
            memcpy (to, bytes, source->size);
        else
            TN_TRY (tn_source_read (source, 0, to, source->size, error));
        return compare (source, to, error);
    }
    if (tn_has_blocks (source)) {
        bool good;
        TN_TRY (tn_blocks_read (source, 0, source->block_count, to, state, &good, error));
        if (good)
            return compare (source, to, error);
    }
    TN_TRY (block_state_get (state, source->filter, error));
    if (!bytes)
        TN_TRY (stored_bytes (source, 0, source->stored, *state, &bytes, error));
    tenon_status status =
        source->filter->table.decode ((*state)->state, 1, bytes, source->stored, to, source->size);
    if (status == TENON_E_MEMORY)
        return tn_fail_memory (error);
    if (status == TENON_OK)
        return compare (source, to, error);
    /* a stream says where it is damaged */
    struct tn_stream *stream;
    TN_TRY (tn_stream_new (source, &stream, error));
    status = tn_stream_read (stream, 0, to, source->size, error);
    tn_stream_free (stream);
    return status;
}
