/* SPDX-License-Identifier: MIT */
/* host_read.h - the service that hands out the bytes of a plan's tensor. */
#ifndef TN_HOST_READ_H
#define TN_HOST_READ_H
#include "codec/call.h"

tenon_status tn_host_read_tensor (struct tenon_call *, uint64_t, const struct tenon_layout *, uint64_t,
                                  void *, uint64_t);

#endif
