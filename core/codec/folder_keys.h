/* SPDX-License-Identifier: MIT */
/* folder_keys.h - folders as stores: one that is described as a whole, and the one that lies around a file.
 *
 * In an isolated child there are no files: isolated_questions.c asks the program for each key, and the store
 * here only says that there is one. */
#ifndef TN_FOLDER_KEYS_H
#define TN_FOLDER_KEYS_H
#include "codec/keys.h"

/* Gives the source of a folder its store. */
tenon_status tn_folder_keys_add (struct tn_session *session, struct tn_source *source);
/* The source of a key, or of a file beside the one that is described, when a codec asks for it: like `open`
 * of struct tn_keys_kind. */
tenon_status tn_beside_open (struct tn_call *call, const char *key, uint64_t length,
                             struct tn_source **source);
/* True of a store that is a folder. */
bool tn_keys_are_folder (const struct tn_keys *keys);

#endif
