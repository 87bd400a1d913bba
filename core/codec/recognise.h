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

/* How sure the bytes make each codec of the registry: 1000 + the length of a magic, or the 50 … 100 of its
 * probe; 0: they do not. A codec that cannot win against a magic is not probed, unless `all` are asked for: a
 * container has thousands of members. Fails only if reading fails in a way that no other format would help.
 */
tenon_status tn_recognise_contents (struct tn_session *session, struct tn_source *source, bool all,
                                    uint32_t *contents);
/* The length of the codec's extension in a name; of a keyed codec, also before that of an archive: of "tree"
 * in "x.tree.zip". 0: it has none. */
size_t tn_keyed_extension (const tenon_context *context, const struct tn_codec *codec, const char *name,
                           uint64_t length);
/* Reports that a source's contents are those of a codec, but its extension is not. */
void tn_recognise_note (struct tn_session *session, const struct tn_source *source, uint64_t codec);

#endif
