/* SPDX-License-Identifier: MIT */
/* drain.h - pipes: what they bring is kept, since files are read at any place. */
#ifndef TN_DRAIN_H
#define TN_DRAIN_H
#include "source/source.h"

/* If *fd is a pipe or a socket, reads it to its end, or `length` bytes behind the first `skip`, and puts in
 * its place a descriptor of what it brought: in memory up to [limits] memory, beyond that in a temporary
 * file, up to inflated_bytes. The old one is closed then. Other descriptors stay: *drained is false. `length`
 * 0: to the end. TENON_E_TRUNCATED: the pipe ends before the last of these bytes. */
tenon_status tn_drain (const tenon_context *context, int *fd, uint64_t skip, uint64_t length,
                       const tenon_progress *progress, bool *drained, tenon_error *error);

#endif
