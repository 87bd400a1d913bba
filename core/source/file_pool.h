/* SPDX-License-Identifier: MIT */
/* file_pool.h - a few open descriptors for the many files of a set.
 *
 * The files of a pool lie in one folder. When more are open than the pool may have, one that no thread uses
 * is closed, and opened again by its name when it is needed. A file that has another identity then is
 * refused: what was described was the older one. Mappings stay. */
#ifndef TN_FILE_POOL_H
#define TN_FILE_POOL_H
#include "source/beneath.h"
#include "source/source.h"
#include <sys/stat.h>

struct tn_file_pool;

/* NULL, without a failure: the folder cannot be opened, and its files stay open. `folder`: a path, or "". */
struct tn_file_pool *tn_file_pool_new (const char *folder);
/* Takes over the descriptor of a folder, also on failure. NULL: no memory. */
struct tn_file_pool *tn_file_pool_of (int fd);
/* After its sources. NULL is fine. */
void tn_file_pool_free (struct tn_file_pool *pool);
/* The descriptor of the file of a key in the folder; -1: errno says why. */
int tn_file_pool_open (struct tn_file_pool *pool, const char *key, enum tn_links links);
/* Gives a file that was just opened in the folder to the pool. Its name is the key by which it is opened
 * again. */
tenon_status tn_file_pool_join (struct tn_file_pool *pool, struct tn_source *source, enum tn_links links,
                                tenon_error *error);
/* A source that is about to be freed leaves its pool, which no thread uses it in. */
void tn_file_pool_leave (struct tn_source *source);
/* True if the folder was removed, or another one has its path now. `path` may be NULL. */
bool tn_file_pool_is_stale (const struct tn_file_pool *pool, const char *path);
/* The descriptor of its folder, which stays the pool's. */
int tn_file_pool_folder (const struct tn_file_pool *pool);

#endif
