/* SPDX-License-Identifier: MIT */
/* registry_copy.h - checks and copies the tables of a plugin. All functions with `why` return TENON_OK, or a
 * failure that `why`, of TN_WHY_ROOM bytes, explains; `to` is zeroed before and must be freed. */
#ifndef TN_REGISTRY_COPY_H
#define TN_REGISTRY_COPY_H
#include "context/registry.h"

/* A longer list is taken for one without an end, a larger block for a mistake. */
#define TN_MOST_ITEMS 1000u
#define TN_LARGEST_BLOCK ((uint64_t) 1 << 20)

tenon_status tn_plugin_copy (const struct tenon_plugin *from, struct tn_plugin *to, char *why);
tenon_status tn_codec_copy (const struct tenon_codec *from, struct tn_codec *to, char *why);
/* The extensions become those that the codec declares. */
tenon_status tn_codec_own_extensions (struct tn_codec *codec, tenon_error *error);
tenon_status tn_filter_copy (const struct tenon_filter *from, struct tn_filter *to, char *why);
tenon_status tn_dtype_copy (const struct tenon_dtype *from, struct tn_dtype *to, char *why);
void tn_plugin_free (struct tn_plugin *plugin);
void tn_codec_free (struct tn_codec *codec);
void tn_dtype_free (struct tn_dtype *dtype);
/* Writes why a plugin is rejected, and returns `status`. */
TN_PRINTF (3, 4) tenon_status tn_plugin_reject (char *why, tenon_status status, const char *format, ...);
/* True if the text may be the extension of a file name, without its dot: lower case, no slash, blank or
 * comma. */
bool tn_is_extension (const char *text);

#endif
