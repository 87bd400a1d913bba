/* SPDX-License-Identifier: MIT */
/* nextmajor.c - a plugin for a later major version. */
#include <tenon/plugin.h>

TENON_EXPORT const void *tenon_plugin_v9 (const void *host);

const void *
tenon_plugin_v9 (const void *host)
{
    return host;
}
