/* SPDX-License-Identifier: MIT */
/* isolation_answers.h - what the program gives to an isolated child. */
#ifndef TN_ISOLATION_ANSWERS_H
#define TN_ISOLATION_ANSWERS_H
#include "codec/session.h"

/* The channel has ended: says why, and which plugin it was. */
tenon_status tn_isolation_fail (const tenon_context *context, struct tn_child *child, tenon_error *error);
/* The most bytes of a message that are believed. */
uint64_t tn_isolation_most_bytes (const struct tn_session *session);
/* Sends a source: what it is, and the descriptor of a file. */
void tn_isolation_put_root (struct tn_channel *channel, struct tn_source *source);
/* The next message, when questions about bytes and progress are answered; 0: the channel has ended. The bytes
 * are those of `root`, or of the catalog's source of that number; catalog NULL: there is none yet. */
uint32_t tn_isolation_next (struct tn_channel *channel, struct tn_source *root,
                            const struct tn_catalog *catalog);

#endif
