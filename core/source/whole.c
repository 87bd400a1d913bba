/* SPDX-License-Identifier: MIT */
/* whole.c - all of a member that fits into memory, in one piece. */
#include "kernels/checksum.h"
#include "source/block_state.h"

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
    uint64_t offset = parent->backing_offset + source->offset;
    if (!span || span->root != parent->backing || offset < span->start || offset - span->start > span->length
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
    TN_TRY (tn_block_state_get (state, source->filter, error));
    if (!bytes)
        TN_TRY (tn_stored_bytes (source, 0, source->stored, *state, &bytes, error));
    tenon_status status =
        source->filter->table.decode ((*state)->state, 1, bytes, source->stored, to, source->size);
    if (status == TENON_E_MEMORY)
        return tn_fail_memory (error);
    if (status == TENON_OK)
        return compare (source, to, error);
    /* a stream says where it is damaged */
    struct tn_decoder *stream;
    TN_TRY (tn_decoder_new (source, &stream, error));
    status = tn_decoder_read (stream, 0, to, source->size, error);
    tn_decoder_free (stream);
    return status;
}
