/* SPDX-License-Identifier: MIT */
/* host_items.h - the service that writes arrays of metadata. */
#ifndef TN_HOST_ITEMS_H
#define TN_HOST_ITEMS_H
#include "codec/call.h"

tenon_status tn_host_put_items (struct tenon_call *, const struct tenon_value *, uint32_t);

#endif
