/* SPDX-License-Identifier: MIT */
/* host_describe.h - the services that fill a catalog. */
#ifndef TN_HOST_DESCRIBE_H
#define TN_HOST_DESCRIBE_H
#include "codec/call.h"

void tn_host_expect (struct tenon_call *, uint64_t, uint64_t);
tenon_status tn_host_add_dtype (struct tenon_call *, const struct tenon_dtype *, uint32_t *);
tenon_status tn_host_add_tensor (struct tenon_call *, struct tenon_tensor *);
tenon_status tn_host_add_metadata (struct tenon_call *, const char *, uint64_t, const struct tenon_value *);
tenon_status tn_host_find (struct tenon_call *, const char *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_described (struct tenon_call *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_shard_info (struct tenon_call *, struct tenon_shard_info *);

#endif
