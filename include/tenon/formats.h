/* SPDX-License-Identifier: MIT */
/* tenon/formats.h - the codecs, filters and dtypes of a context. */
#ifndef TENON_FORMATS_H
#define TENON_FORMATS_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TENON_CAN_READ = 1,
    TENON_CAN_WRITE = 2,
    TENON_CAN_STREAM = 4, /* writes to a pipe */
    /* reads archives, and writes them if it can: other codecs read and write what they hold */
    TENON_CAN_ARCHIVE = 8,
    TENON_IS_HIDDEN = 16 /* of use to other codecs only: a program lists it on request */
};
typedef struct tenon_codec_info {
    uint32_t struct_size, flags; /* TENON_CAN_*, TENON_IS_HIDDEN */
    const char *id, *label;
    const char *const *extensions; /* as configured, NULL-terminated */
    const char *plugin, *plugin_version, *plugin_license, *plugin_summary;
    const char *plugin_file; /* NULL: built in */
    int64_t priority;
    uint32_t option_count, metadata; /* TENON_METADATA_NONE 0, STRINGS 1, TYPED 2, NESTED 3 */
    uint64_t max_tensors;            /* 0: any number */
} tenon_codec_info;
/* The number of codecs that are in use, and one of them. Texts live as long as the context.
 * TENON_E_NOT_FOUND: `index` is none. */
TENON_API uint64_t tenon_codec_count (const tenon_context *context);
TENON_API tenon_status tenon_codec_get (const tenon_context *context, uint64_t index, tenon_codec_info *info);
/* The option's definition and, when `setting` is given, its effective value. */
TENON_API tenon_status tenon_codec_option (const tenon_context *context, uint64_t codec, uint64_t index,
                                           struct tenon_option *option, struct tenon_setting *setting);

/* A filter. `plugin` is "core" for those of the library. */
typedef struct tenon_filter_info {
    uint32_t struct_size, reserved;
    const char *id, *label, *plugin;
    int32_t least_level, most_level, default_level, reserved2;
} tenon_filter_info;
/* The number of filters, and one of them, likewise. */
TENON_API uint64_t tenon_filter_count (const tenon_context *context);
TENON_API tenon_status tenon_filter_get (const tenon_context *context, uint64_t index,
                                         tenon_filter_info *info);

/* A dtype by its canonical name ("bf16"); TENON_NONE if there is none. */
TENON_API uint32_t tenon_dtype_find (const tenon_context *context, const char *name);
/* The description of a dtype. `file` is needed for the opaque dtypes of a file, which have ids of their own;
 * else it may be NULL. */
TENON_API tenon_status tenon_dtype_get (const tenon_context *context, const tenon_file *file, uint32_t dtype,
                                        struct tenon_dtype *info);
/* The id after `dtype` in the context, the first one after TENON_NONE; TENON_NONE after the last. */
TENON_API uint32_t tenon_dtype_next (const tenon_context *context, uint32_t dtype);
/* Non-zero if data of one can be read as the other. Of opaque dtypes, whose ids are a file's, items_as tells:
 * they can be read as that. */
TENON_API int tenon_dtype_castable (const tenon_context *context, uint32_t from, uint32_t to);

#ifdef __cplusplus
}
#endif
#endif
