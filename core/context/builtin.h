/* SPDX-License-Identifier: MIT */
/* builtin.h - the plugins that are linked into the library. make generates the table, plugins/builtin.c. */
#ifndef TN_BUILTIN_H
#define TN_BUILTIN_H
#include <tenon/plugin.h>

struct tn_builtin {
    const char *name;
    const struct tenon_plugin *(*entry) (const struct tenon_host *host);
};
/* Ends with a NULL name. */
extern const struct tn_builtin tn_builtins[];

#endif
