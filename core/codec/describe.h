/* SPDX-License-Identifier: MIT */
/* describe.h - runs a codec over a source. */
#ifndef TN_DESCRIBE_H
#define TN_DESCRIBE_H
#include "codec/session.h"

/* Describes source `source` of the session's catalog with a codec. `prefix`, `metadata_prefix` and
 * `include_flags` are those of struct tn_call. */
tenon_status tn_describe (struct tn_session *session, uint32_t source, uint64_t codec, const char *prefix,
                          const char *metadata_prefix, uint32_t include_flags);

#endif
