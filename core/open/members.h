/* SPDX-License-Identifier: MIT */
/* members.h - members of archives that no codec opened, for verifying. */
#ifndef TN_MEMBERS_H
#define TN_MEMBERS_H
#include "catalog/catalog.h"

/* Those of one archive, in a catalog of their own, which lives as long as that of the archive. */
struct tn_members {
    struct tn_members *next;
    struct tn_catalog *catalog;
};

/* Takes what is wrong with a member that cannot be opened; false: no more is wanted. */
typedef bool tn_bad_member (void *user, tenon_error *error, const char *key);

/* Opens them in all archives of a catalog: their places are known then, their bytes are not read. A failure
 * is that of an archive. The caller frees *members, also after a failure. */
tenon_status tn_members_open (const struct tn_catalog *catalog, const tenon_progress *progress,
                              tn_bad_member *bad, void *user, struct tn_members **members,
                              tenon_error *error);
void tn_members_free (struct tn_members *members);

#endif
