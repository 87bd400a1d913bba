/* SPDX-License-Identifier: MIT */
/* keyed.h - finds the keyed codec that knows a store, and the store that a keyed codec describes. */
#ifndef TN_KEYED_H
#define TN_KEYED_H
#include "codec/keys.h"

/* After tn_recognise chose *codec for the bytes of a source. If it is the codec of archives, the archive is
 * listed, and *codec becomes the keyed codec that knows its keys; if it is keyed, its archive is listed. Else
 * nothing happens. TENON_E_UNRECOGNISED: no codec knows the keys; with `quiet` that is not recorded. `prefix`
 * is that of the tensors, or NULL; `report` takes the bids of keyed codecs, or is NULL. */
tenon_status tn_keys_resolve (struct tn_session *session, struct tn_source *source, const char *prefix,
                              uint64_t *codec, bool quiet, tenon_report *report);
/* The codec that describes a folder: the one that `word` names, the one whose root keys it has, or whose
 * extension its name has.
 * TENON_E_UNRECOGNISED, which is not recorded: it is no store of a keyed codec. */
tenon_status tn_keys_choose_folder (struct tn_session *session, struct tn_source *source, const char *word,
                                    uint64_t *codec, tenon_report *report);
/* The second step alone: makes sure that a source has the store that its codec, if keyed, describes. */
tenon_status tn_keys_need (struct tn_session *session, struct tn_source *source, const char *prefix,
                           uint64_t codec);
/* The codec whose archives keyed codec `keyed` describes and makes, by its id. */
tenon_status tn_keys_archive_codec (const tenon_context *context, const struct tn_codec *keyed,
                                    uint64_t *archive, tenon_error *error);

#endif
