/* SPDX-License-Identifier: MIT */
/* atomic_file.h - the sink of a regular file, new or at a place in an old one. */
#ifndef TN_ATOMIC_FILE_H
#define TN_ATOMIC_FILE_H
#include "sink/sink.h"

/* Writes a regular file that was made empty. The caller sets the sink's open, or its fd, and closes fd;
 * `name` stays the caller's, too. durable: the file will be synced. NULL: no memory. */
struct tn_sink *tn_file_sink_new (const char *name, bool durable);
/* Writes into a file that exists, from `origin` on, and leaves the position of its descriptor. Nothing behind
 * the bytes is changed. */
struct tn_sink *tn_file_sink_at (const char *name, int fd, uint64_t origin, bool durable);
/* This much is preallocated with the first bytes. */
void tn_file_sink_expect (struct tn_sink *sink, uint64_t size);
/* Writes the buffered bytes, and frees the preallocated space that was not needed. Nothing can be written
 * afterwards. */
tenon_status tn_file_sink_finish (struct tn_sink *sink, tenon_error *error);
void tn_file_sink_free (struct tn_sink *sink);
/* fsync. -1: errno says why. */
int tn_file_sync (int fd);

#endif
