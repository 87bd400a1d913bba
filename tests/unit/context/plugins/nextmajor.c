/* SPDX-License-Identifier: MIT */
/* nextmajor.c - a plugin for a major version to come. */
#include <tenon/plugin.h>

TENON_EXPORT const void *tenon_plugin_v1 (const void *host);

const void *
tenon_plugin_v1 (const void *host)
{
    return host;
}
