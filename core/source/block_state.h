/* SPDX-License-Identifier: MIT */
/* block_state.h - between blocks.c and whole.c: a filter's state and the stored bytes of one thread. */
#ifndef TN_BLOCK_STATE_H
#define TN_BLOCK_STATE_H
#include "source/source.h"

struct tn_block_state {
    const struct tn_filter *filter;
    void *state;
    uint8_t *stored;
    uint64_t room;
};

tenon_status tn_block_state_get (struct tn_block_state **result, const struct tn_filter *filter,
                                 tenon_error *error);
tenon_status tn_stored_bytes (struct tn_source *source, uint64_t begin, uint64_t length,
                              struct tn_block_state *state, const uint8_t **bytes, tenon_error *error);

#endif
