/* SPDX-License-Identifier: MIT */
/* nextmajor.c - a plugin for another major version of the interface. */
struct tenon_plugin;
struct tenon_host;

__attribute__ ((visibility ("default"))) const struct tenon_plugin *tenon_plugin_v9 (
    const struct tenon_host *host);

const struct tenon_plugin *
tenon_plugin_v9 (const struct tenon_host *host)
{
    (void) host;
    return 0;
}
