/* SPDX-License-Identifier: MIT */
/* host_sources.h - the services that add sources to a catalog, and describe them. */
#ifndef TN_HOST_SOURCES_H
#define TN_HOST_SOURCES_H
#include "codec/call.h"

tenon_status tn_host_add_part (struct tenon_call *, const struct tenon_part *, uint32_t *);
tenon_status tn_host_sibling (struct tenon_call *, const char *, uint64_t, uint32_t *);
tenon_status tn_host_include (struct tenon_call *, uint32_t, const struct tenon_include *);

#endif
