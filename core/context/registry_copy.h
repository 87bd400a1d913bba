/* SPDX-License-Identifier: MIT */
/* registry_copy.h - checking and copying the tables of a plugin (registry_check.c). All return TENON_OK, or a
 * failure that `why` explains; `to` is zeroed before and must be freed after either. */
#ifndef TN_REGISTRY_COPY_H
#define TN_REGISTRY_COPY_H
#include "context/context.h"

/* Longer lists are taken for lists without an end, larger blocks for mistakes. */
#define TN_MOST_ITEMS 1000u
#define TN_LARGEST_BLOCK ((uint64_t) 1 << 20)

tenon_status tn_copy_plugin (const struct tenon_plugin *from, struct tn_plugin *to, char *why);
tenon_status tn_copy_codec (const struct tenon_codec *from, struct tn_codec *to, char *why);
tenon_status tn_copy_filter (const struct tenon_filter *from, struct tn_filter *to, char *why);
tenon_status tn_copy_dtype (const struct tenon_dtype *from, struct tn_dtype *to, char *why);
void tn_free_plugin (struct tn_plugin *plugin);
void tn_free_codec (struct tn_codec *codec);
void tn_free_dtype (struct tn_dtype *dtype);
/* Writes `why` and is the status. */
TN_PRINTF (3, 4) tenon_status tn_refuse (char *why, tenon_status status, const char *format, ...);
/* A file name's ending without its dot: lower case, no slash, no blank, no comma. */
bool tn_is_extension (const char *text);

#endif
