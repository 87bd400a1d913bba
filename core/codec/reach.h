/* SPDX-License-Identifier: MIT */
/* reach.h - which bytes of its source a described tensor reaches. */
#ifndef TN_REACH_H
#define TN_REACH_H
#include "codec/call.h"

/* The limit inflated_ratio is one of a stream: compressions reach it for zeros alone. What comes of a file by
 * other means than one stream is bounded by a share of it. */
#define TN_RATIO_SHARE ((uint64_t) 30)
static inline uint64_t
tn_ratio_share (const uint64_t *limits)
{
    return TN_MAX (limits[TENON_LIMIT_INFLATED_RATIO] / TN_RATIO_SHARE, 1);
}

/* Adds the note that a tensor of the catalog cannot be read. */
void tn_call_report_unreadable (struct tn_session *session, const struct tn_tensor *tensor);
/* Checks where the bytes of a described tensor lie, of which it takes `bytes` packed. One that its source is
 * too short for, or that would expand too much, becomes unreadable. */
tenon_status tn_call_check_reach (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
                                  struct tn_source *source, const struct tenon_dtype *dtype, uint64_t bytes);

#endif
