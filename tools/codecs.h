/* SPDX-License-Identifier: MIT */
/* codecs.h - codecs, their options and dtypes as the commands show them. */
#ifndef TOOL_CODECS_H
#define TOOL_CODECS_H
#include "memory.h"

tenon_codec_info codec_get (const tenon_context *context, uint64_t index);
struct tenon_option codec_option (const tenon_context *context, uint64_t codec, uint64_t index,
                                  struct tenon_setting *setting);
/* ".npy .np" */
char *codec_extensions (const tenon_codec_info *info);
/* "size", "choice" ... */
const char *option_type_name (uint32_t type);
/* "none", "strings", "typed", "nested" */
const char *metadata_name (uint32_t metadata);
/* True if items of the dtype can be converted to other dtypes, and made of them. If neither, they are carried
 * as they are. */
bool dtype_reads (const struct tenon_dtype *dtype);
bool dtype_writes (const struct tenon_dtype *dtype);
/* The key as -o takes it: "max_header" of the section "codec npy" is npy.max_header, of the section "plugin
 * npy" it would be plugin.npy.max_header. The caller frees it. */
char *config_key (const tenon_config_entry *entry);
#endif
