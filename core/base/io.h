/* SPDX-License-Identifier: MIT */
/* io.h - reads and writes of a descriptor that do all that was asked, and names of files. */
#ifndef TN_IO_H
#define TN_IO_H
#include "base/base.h"

/* These go on after signals and short counts. They set errno and record no failure, since each caller has
 * words of its own for it. `offset` TN_IO_CURRENT: at the descriptor's position. */
#define TN_IO_CURRENT INT64_C (-1)

/* Returns the bytes read. Fewer than `length`: the file ends there (errno is 0), or reading failed. */
uint64_t tn_io_read (int fd, int64_t offset, void *to, uint64_t length);
/* Returns the bytes written; waits when the descriptor is non-blocking and takes no more now. Fewer than
 * `length`: writing failed, or the system took no bytes and gave no reason (errno is 0). */
uint64_t tn_io_write (int fd, int64_t offset, const void *bytes, uint64_t length);

/* The last component, a pointer into `path`: what follows the last '/'. What is before it, with its '/', is
 * the folder; nothing: the working directory. */
const char *tn_path_name (const char *path);
/* True if the text names a file in a folder and can lead nowhere else: no '/', not "." nor "..", UTF-8, 1 to
 * 255 bytes. */
bool tn_is_file_name (const char *text, uint64_t length);
/* What programs that unpack an archive may do with a member of this name, if not a file of this name in their
 * folder: words for a note. NULL: nothing else. `goes_on`: an extension follows the text. */
const char *tn_unpacking_words (const char *text, uint64_t length, bool goes_on);

#endif
