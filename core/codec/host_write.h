/* SPDX-License-Identifier: MIT */
/* host_write.h - the services that read a plan and write a file. */
#ifndef TN_HOST_WRITE_H
#define TN_HOST_WRITE_H
#include "codec/call.h"

tenon_status tn_host_plan_info (struct tenon_call *, struct tenon_plan_info *);
tenon_status tn_host_plan_tensor (struct tenon_call *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_plan_metadata (struct tenon_call *, uint64_t, const char **, uint64_t *,
                                    struct tenon_value *);
tenon_status tn_host_put (struct tenon_call *, const void *, uint64_t);
tenon_status tn_host_put_tensor (struct tenon_call *, uint64_t, const struct tenon_layout *);
tenon_status tn_host_put_old (struct tenon_call *, uint64_t);
tenon_status tn_host_align (struct tenon_call *, uint64_t, uint32_t);
uint64_t tn_host_tell (struct tenon_call *);
tenon_status tn_host_patch (struct tenon_call *, uint64_t, const void *, uint64_t);

#endif
