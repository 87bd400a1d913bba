/* SPDX-License-Identifier: MIT */
/* drain.h - pipes: what they bring is kept, since files are read at any place. */
#ifndef TN_DRAIN_H
#define TN_DRAIN_H
#include "source/source.h"

/* If *fd is a pipe or a socket, reads it to its end, and puts in its place a descriptor of what it brought:
 * in memory up to [limits] memory, beyond that in a temporary file, up to inflated_bytes. The old one is
 * closed then. Other descriptors stay. */
tenon_status tn_drain (const tenon_context *context, int *fd, const tenon_progress *progress,
                       tenon_error *error);

#endif
