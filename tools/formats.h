/* SPDX-License-Identifier: MIT */
/* formats.h - what is known of a codec, for tenon formats. */
#ifndef TOOL_FORMATS_H
#define TOOL_FORMATS_H
#include "json.h"

/* The codecs that are shown. */
struct shown_codecs {
    const tenon_context *context;
    uint64_t *indexes, count;
};
tenon_codec_info codec_get (const tenon_context *context, uint64_t index);
struct tenon_option codec_option (const tenon_context *context, uint64_t codec, uint64_t index,
                                  struct tenon_setting *setting);
/* ".npy .np" */
char *codec_extensions (const tenon_codec_info *info);
/* "size", "choice" ... */
const char *option_type_name (uint32_t type);
/* "none", "strings", "typed" */
const char *metadata_name (uint32_t metadata);
/* Can its items be converted to those of other dtypes, and made of them? Neither: they are carried as they
 * are. */
bool dtype_reads (const struct tenon_dtype *dtype);
bool dtype_writes (const struct tenon_dtype *dtype);

/* The whole answer in JSON (formats_json.c). */
void formats_print_json (const struct shown_codecs *codecs);
#endif
