/* SPDX-License-Identifier: MIT */
/* isolated_services.h - the services of an isolated child. */
#ifndef TN_ISOLATED_SERVICES_H
#define TN_ISOLATED_SERVICES_H
#include <tenon/plugin.h>

/* Puts services into the table that also tell the program what they did, or ask it. */
void tn_isolated_record (struct tenon_host *host);

#endif
