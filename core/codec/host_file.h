/* SPDX-License-Identifier: MIT */
/* host_file.h - the service that begins another file beside the target. */
#ifndef TN_HOST_FILE_H
#define TN_HOST_FILE_H
#include "codec/call.h"

tenon_status tn_host_next_file (struct tenon_call *, const char *, uint64_t);

#endif
