/* SPDX-License-Identifier: MIT */
/* host_member.h - the service that writes a member of a container. */
#ifndef TN_HOST_MEMBER_H
#define TN_HOST_MEMBER_H
#include "codec/call.h"

tenon_status tn_host_put_member (struct tenon_call *, const struct tenon_member *,
                                 struct tenon_member_result *);

#endif
