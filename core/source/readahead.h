/* SPDX-License-Identifier: MIT */
/* readahead.h - reads ahead while a file is described.
 *
 * Codecs read headers in small pieces that lie close together. A buffer serves them, so that a member of a
 * container costs no system call. The beginnings of encoded members are decoded ahead, many at once, on all
 * threads. */
#ifndef TN_READAHEAD_H
#define TN_READAHEAD_H
#include "base/budget.h"
#include "source/source.h"

struct tn_readahead;

/* *sources are *source_count sources, which may grow. What is read and decoded is drawn from the budget.
 * NULL: no memory. */
struct tn_readahead *tn_readahead_new (tenon_context *context, struct tn_source *const *const *sources,
                                       const uint64_t *source_count, struct tn_budget *budget);
void tn_readahead_free (struct tn_readahead *readahead);
/* Bytes of a source. *done is false if they need a decoder (an encoded source, behind its beginning): then
 * nothing was read, and nothing failed. `readahead` may be NULL. */
tenon_status tn_readahead_read (struct tn_readahead *readahead, struct tn_source *source, uint64_t offset,
                                void *to, uint64_t length, bool *done, tenon_error *error);

#endif
