/* SPDX-License-Identifier: MIT */
/* unwilling.c - a plugin that hands over no table. */
#include <tenon/plugin.h>

const struct tenon_plugin *
TENON_PLUGIN_SYMBOL (const struct tenon_host *host)
{
    (void) host;
    return NULL;
}
