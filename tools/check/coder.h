/* SPDX-License-Identifier: MIT */
/* coder.h - the filters of the plugin that is checked, called as the library calls them. */
#ifndef CHECK_CODER_H
#define CHECK_CODER_H
#include "common.h"
#include <tenon/filter.h>

/* The filters that the file of a plugin exports, NULL-terminated; NULL: none, or it cannot be loaded. */
const struct tenon_filter *const *coder_filters (const char *file);

struct coder {
    const struct tenon_filter *filter;
    int32_t level;
    const void *setup;
    uint64_t setup_size;
};
/* The results beside those of the filter: it broke a rule of its table. */
enum { CODER_SPILLS = -1000, CODER_STALLS = -1001 };

/* Opens a state and frees it again: can the filter work with this level and setup? */
bool coder_works (const struct coder *coder);
/* Encodes a block with these flags into memory that the caller frees. Negative: it failed, or wrote beyond
 * the room that bound told (CODER_SPILLS). */
int64_t coder_encode (const struct coder *coder, uint32_t flags, const void *data, uint64_t size,
                      uint8_t **encoded, uint64_t *bound);
/* Decodes a whole stream to `size` bytes at `to`, which has CODER_MARGIN bytes more: with decode, or with
 * step if the filter has no decode. */
#define CODER_MARGIN 64
int32_t coder_decode (const struct coder *coder, const void *from, uint64_t stored, void *to, uint64_t size);
/* The same with step, in pieces. *made: bytes at `to`, at most `room`. The result is TENON_STEP_END or
 * TENON_STEP_MAY_END, TENON_E_*, CODER_*, or TENON_STEP_MORE: the stream wants more than there is. */
int32_t coder_step (const struct coder *coder, const void *from, uint64_t stored, uint64_t piece, void *to,
                    uint64_t room, uint64_t *made);
/* With unpack; TENON_E_UNSUPPORTED: it has none. */
int64_t coder_unpack (const struct coder *coder, const void *from, uint64_t stored, void *to, uint64_t room);
#endif
