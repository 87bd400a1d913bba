/* SPDX-License-Identifier: MIT */
/* unwilling.c - a plugin that has found a reason not to be used here. */
#include <tenon/plugin.h>

const struct tenon_plugin *
tenon_plugin_v0 (const struct tenon_host *host)
{
    (void) host;
    return NULL;
}
