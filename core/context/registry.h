/* SPDX-License-Identifier: MIT */
/* registry.h - adds the codecs, filters and dtypes of plugins to a context. */
#ifndef TN_REGISTRY_H
#define TN_REGISTRY_H
#include "context/context.h"

/* Longer magics are refused: recognising reads no more at once. */
#define TN_LONGEST_MAGIC 256
#define TN_WHY_ROOM 256

/* Copies the tables of a plugin. `name` is its name in the configuration, `file` NULL: built in. A table that
 * is wrong (TENON_E_MISUSE, TENON_E_UNSUPPORTED), or whose id is taken (TENON_E_EXISTS), refuses the plugin
 * as a whole, and `why` says so. */
tenon_status tn_registry_add (tenon_context *context, const struct tenon_plugin *plugin, const char *name,
                              const char *file, char why[TN_WHY_ROOM]);
/* Keeps a codec that is not used, and why. Takes the codec over, also on failure. */
tenon_status tn_registry_drop (struct tn_registry *registry, struct tn_codec *codec, const char *why,
                               tenon_error *error);
void tn_registry_free (struct tn_registry *registry);

#endif
