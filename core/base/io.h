/* SPDX-License-Identifier: MIT */
/* io.h - reads and writes of a descriptor that do all that was asked, whatever signals and short counts come
 * between. They set errno and record no failure: each caller has words of its own for it. */
#ifndef TN_IO_H
#define TN_IO_H
#include "base/base.h"

/* At the descriptor's current position. */
#define TN_IO_CURRENT INT64_C (-1)

/* Returns the bytes read. Fewer than `length`: the file ends there (errno is 0), or reading failed. */
uint64_t tn_io_read (int fd, int64_t offset, void *to, uint64_t length);
/* Returns the bytes written; waits when the descriptor is non-blocking and takes no more now. Fewer than
 * `length`: writing failed, or the system took no bytes and gave no reason (errno is 0). */
uint64_t tn_io_write (int fd, int64_t offset, const void *bytes, uint64_t length);

#endif
