/* SPDX-License-Identifier: MIT */
/* recognise.h - finds the codec of a source. */
#ifndef TN_RECOGNISE_H
#define TN_RECOGNISE_H
#include "codec/session.h"

/* Finds the codec of a source by its content (a magic, else probe), then by the longest extension, then by
 * priority. `word`: the id of the codec, or one of its extensions, when the caller knows it; or NULL.
 * `report` takes every codec's bid; NULL: none. Records TENON_E_UNRECOGNISED and TENON_E_AMBIGUOUS unless
 * `quiet`. */
tenon_status tn_recognise (struct tn_session *session, struct tn_source *source, const char *word,
                           uint64_t *codec, bool quiet, tenon_report *report);

#endif
