/* SPDX-License-Identifier: MIT */
/* host.h - the table of services that every plugin gets. */
#ifndef TN_HOST_H
#define TN_HOST_H
#include <tenon/plugin.h>

extern const struct tenon_host tn_host;

#endif
