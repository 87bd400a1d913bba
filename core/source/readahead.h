/* SPDX-License-Identifier: MIT */
/* readahead.h - reading ahead while a file is described.
 *
 * Headers are read in small pieces that lie close together: the members of a container one behind the other,
 * a header's fields. They are served from a window, so that a member costs no system call. Of an encoded
 * member the beginning is decoded, together with those of the members that come next, on all threads. */
#ifndef TN_READAHEAD_H
#define TN_READAHEAD_H
#include "source/source.h"

struct tn_readahead;

/* *sources are *source_count sources, which may grow. NULL: no memory. */
struct tn_readahead *tn_readahead_new (tenon_context *context, struct tn_source *const *const *sources,
                                       const uint64_t *source_count);
void tn_readahead_free (struct tn_readahead *window);
/* Bytes of a source. *done is false when they are not to be had this way (an encoded source, further on):
 * then nothing was read, and nothing failed. `window` may be NULL. */
tenon_status tn_readahead_read (struct tn_readahead *window, struct tn_source *source, uint64_t offset,
                                void *to, uint64_t length, bool *done, tenon_error *error);

#endif
