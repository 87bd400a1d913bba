/* SPDX-License-Identifier: MIT */
/* unwilling.c - a plugin that hands over no table. */
#include <tenon/plugin.h>

const struct tenon_plugin *
tenon_plugin_v0 (const struct tenon_host *host)
{
    (void) host;
    return NULL;
}
