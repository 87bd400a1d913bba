/* SPDX-License-Identifier: MIT */
/* isolation_replay.h - the messages of an isolated child that change the catalog. */
#ifndef TN_ISOLATION_REPLAY_H
#define TN_ISOLATION_REPLAY_H
#include "codec/call.h"

/* Does what the messages of the child say, up to the message `last` (enum tn_says), which ends this codec's
 * function and carries its failure, into `failure`. */
tenon_status tn_isolation_replay (struct tn_call *call, uint32_t last, tenon_error *failure);

#endif
