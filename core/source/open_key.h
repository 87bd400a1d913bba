/* SPDX-License-Identifier: MIT */
/* open_key.h - the source of a key. */
#ifndef TN_OPEN_KEY_H
#define TN_OPEN_KEY_H
#include "source/file_pool.h"

/* Opens the file of a key in the folder of a pool, which it may join. `path` is for messages.
 * TENON_E_NOT_FOUND: there is none; TENON_E_MALFORMED: a link that `links` does not allow. */
tenon_status tn_source_open_key (struct tn_file_pool *pool, const char *key, const char *path,
                                 enum tn_links links, bool may_map, struct tn_source **source,
                                 tenon_error *error);
/* Opens a folder that is a store: a root without bytes. */
tenon_status tn_source_open_folder (const char *path, struct tn_source **source, tenon_error *error);

#endif
