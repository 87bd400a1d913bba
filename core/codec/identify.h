/* SPDX-License-Identifier: MIT */
/* identify.h - what a file is that no codec reads, or that is not what its name says. */
#ifndef TN_IDENTIFY_H
#define TN_IDENTIFY_H
#include "codec/session.h"
#include "context/cause.h"

#define TN_IDENTIFY_ROOM 900u

/* Of a source that no codec recognises: ": it is a PDF file", "; the codec toy is disabled at …", both, or
 * what else can be said of its bytes. `archive`: the codec of archives that recognises it, of which nothing
 * more is said; or NULL. Returns advice, which lives as long as the context, or "". */
const char *tn_identify_unknown (struct tn_session *session, struct tn_source *source,
                                 const struct tn_codec *archive, char words[TN_IDENTIFY_ROOM]);
/* Of a source that a codec was chosen for, though its contents are not what that codec reads: "it is a PDF
 * file, no toy file". False: they may be, or nothing is known of them. */
bool tn_identify_other (struct tn_session *session, struct tn_source *source, uint64_t codec,
                        char words[TN_IDENTIFY_ROOM], const char **advice);
/* A member that no codec recognised because the one that its name asks for is not in use, and the cause.
 * NULL: there is none among the first ones. */
const struct tn_source *tn_identify_skipped (const tenon_context *context, const struct tn_catalog *catalog,
                                             char cause[TN_CAUSE_ROOM]);
/* After a codec failed: if the source is something else, the failure says what. */
void tn_identify_failure (struct tn_session *session, struct tn_source *source, uint64_t codec);

#endif
