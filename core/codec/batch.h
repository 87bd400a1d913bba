/* SPDX-License-Identifier: MIT */
/* batch.h - members that a codec announced: written on all threads, and kept until the codec asks for them.
 *
 * A small member keeps one thread busy. A codec that announces the members that it asks for next lets the
 * host write many at a time, each with an error, a report and a sink of its own. Notes, losses and failures
 * of a member count when the codec asks for it, so they come in order on any number of threads. */
#ifndef TN_BATCH_H
#define TN_BATCH_H
#include "codec/call.h"
#include "codec/member.h"

/* Holds the member against what the call announced, and takes note of what it announces itself. The first
 * step of every put_member. */
tenon_status tn_batch_expect (struct tn_call *call, const struct tn_member_spec *spec);
/* The call's encoder for the member's pipeline. It lives until the call ends or asks for another. */
tenon_status tn_batch_encoder (struct tn_call *call, const struct tn_member_spec *spec,
                               struct tn_encoder **encoder);
/* Puts the member from the current batch, or from a new one that begins with it. *found is false when no
 * batch is of use, and the caller has to write the member itself. `block_size`: of its blocks, as the encoder
 * agreed to. */
tenon_status tn_batch_put (struct tn_call *call, const struct tn_member_spec *spec, uint64_t block_size,
                           struct tn_member_result *result, bool *found);

#endif
