/* SPDX-License-Identifier: MIT */
/* describe.h - runs a codec over a source; finds ranges that overlap. */
#ifndef TN_DESCRIBE_H
#define TN_DESCRIBE_H
#include "codec/session.h"

/* Describes source `source` of the session's catalog with a codec. `prefix`, `metadata_prefix` and
 * `include_flags` are those of struct tn_call. */
tenon_status tn_describe (struct tn_session *session, uint32_t source, uint64_t codec, const char *prefix,
                          const char *metadata_prefix, uint32_t include_flags);

/* Once all is described: TENON_E_MALFORMED when ranges overlap that are not marked as aliases. Looks only at
 * sources whose ranges did not come in rising order; in the others each range was held against the one before
 * it. */
tenon_status tn_check_overlaps (struct tn_catalog *catalog, tenon_error *error);

#endif
