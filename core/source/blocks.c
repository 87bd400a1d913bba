/* SPDX-License-Identifier: MIT */
/* blocks.c - encoded sources in one piece: whole blocks of those that say where their blocks end, and all of
 * a member that fits into memory. */
#include "kernels/checksum.h"
#include "source/block_state.h"

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

tenon_status
tn_block_state_get (struct tn_block_state **result, const struct tn_filter *filter, tenon_error *error)
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
tenon_status
tn_stored_bytes (struct tn_source *source, uint64_t begin, uint64_t length, struct tn_block_state *state,
                 const uint8_t **bytes, tenon_error *error)
{
    struct tn_source *root = source->parent->backing;
    uint64_t offset = source->offset + begin;
    if (root->kind == TN_SOURCE_MEMORY) {
        *bytes = atomic_load_explicit (&root->base, memory_order_relaxed) + source->parent->backing_offset
                 + offset;
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
    TN_TRY (tn_block_state_get (state, source->filter, error));
    for (uint64_t i = first; *good && i < first + count; i++) {
        uint64_t begin = i > 0 ? source->block_ends[i - 1] : 0, stored = source->block_ends[i] - begin;
        uint64_t at = i * source->block_size, size = TN_MIN (source->block_size, source->size - at);
        const uint8_t *bytes;
        TN_TRY (tn_stored_bytes (source, begin, stored, *state, &bytes, error));
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
