/* SPDX-License-Identifier: MIT */
/* settle.h - sets that another program is replacing while they are opened, or was when it crashed.
 *
 * Saves give the shards of a set their names first, and the file by which it is opened, the index or the
 * first shard, its own name last; a journal stands beside them meanwhile (sink/journal.h). So a set that was
 * opened is whole if afterwards there is no journal, and its first file still has its name. */
#ifndef TN_SETTLE_H
#define TN_SETTLE_H
#include "open/shards.h"

/* After a set, or a file that may be one, was opened, or could not be (`error` says why). Finishes the save
 * that a crash interrupted, or waits for the one that is under way. *again: open it again. Otherwise the
 * result is that of the opening, or a failure that says why the set is not whole. */
tenon_status tn_settle_set (const tenon_context *context, const struct tn_shards *set,
                            const struct tn_catalog *catalog, const tenon_progress *progress, bool *again,
                            tenon_error *error);
/* The same after a path could not be opened; `missing`: since it did not exist. */
tenon_status tn_settle_path (const tenon_context *context, const char *path, bool missing,
                             const tenon_progress *progress, bool *again, tenon_error *error);

#endif
