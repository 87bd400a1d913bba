/* SPDX-License-Identifier: MIT */
/* archive.h - the members of an archive as a store. The call of the archive's codec lives as long as the
 * store does: its describe lists the members, its locate completes those that are opened. */
#ifndef TN_ARCHIVE_H
#define TN_ARCHIVE_H
#include "codec/keys.h"

struct tn_archive;

/* Runs the codec's describe over a source, which gets the store. `prefix`: of the tensors in it, or NULL. */
tenon_status tn_archive_list (struct tn_session *session, struct tn_source *source, const char *prefix,
                              uint64_t codec);

/* ---- for add_part and skip_part ---- */

/* The key of a part: the name, in the catalog, of the member that is being located, or of a new one. NULL:
 * the failure is recorded. */
const char *tn_archive_key (struct tn_call *call, const struct tenon_part *part);
/* True while a member is being located. */
bool tn_archive_locates (const struct tn_archive *archive);
/* Adds a key of which the rest is told later. */
tenon_status tn_archive_add_later (struct tn_call *call, const struct tenon_part *part);
/* Adds a key with its source, which the catalog takes over; or completes the one that is being located. */
tenon_status tn_archive_add_source (struct tn_call *call, const struct tenon_part *part,
                                    struct tn_source *source, uint32_t *number);
/* Adds a key that cannot be read, or says so of the one that is being located. `source`: of its stored bytes,
 * or NULL. */
tenon_status tn_archive_add_fault (struct tn_call *call, const struct tenon_part *part,
                                   struct tn_source *source, tenon_status status, const char *why);

#endif
