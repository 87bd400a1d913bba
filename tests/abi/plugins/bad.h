/* SPDX-License-Identifier: MIT */
/* bad.h - for plugins whose codecs misbehave. Each codec does one forbidden thing and is named after the
 * function that does it. Tests open any file with it as the format. */
#ifndef BAD_H
#define BAD_H
#include <tenon/plugin.h>

/* Steps, and what goes through one of them. */
#define A_STEP(id, of_level)                                                                                 \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_step), .level = of_level, .filter = id                           \
    }
#define GOES_THROUGH(it, step) ((it).steps = &(step), (it).step_size = sizeof (step), (it).step_count = 1)

/* Rows of the table of codecs. */
#define READS(name)                                                                                          \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .describe = name                            \
    }
#define SERVES(name, function)                                                                               \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .describe = name, .read = function          \
    }
#define WRITES(name)                                                                                         \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .metadata = TENON_METADATA_TYPED,           \
        .write = name                                                                                        \
    }

/* At the end of a plugin: BAD_PLUGIN (NAME, table). The list of pointers is made when the host asks. */
#define BAD_PLUGIN(stem, table)                                                                              \
    static const struct tenon_codec *codecs[sizeof (table) / sizeof (table)[0] + 1];                         \
    static const struct tenon_plugin plugin = {                                                              \
        .struct_size = sizeof plugin,                                                                        \
        .abi_minor = TENON_ABI_MINOR,                                                                        \
        .name = stem,                                                                                        \
        .version = "0",                                                                                      \
        .codecs = codecs,                                                                                    \
    };                                                                                                       \
    const struct tenon_plugin *TENON_PLUGIN_SYMBOL (const struct tenon_host *host)                           \
    {                                                                                                        \
        (void) host;                                                                                         \
        for (size_t i = 0; i < sizeof (table) / sizeof (table)[0]; i++)                                      \
            codecs[i] = &(table)[i];                                                                         \
        return &plugin;                                                                                      \
    }

/* A correct tensor: 4 bytes at the beginning of source 0. */
static inline struct tenon_tensor
good_tensor (const char *name)
{
    static const uint64_t shape[1] = { 4 };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = name };
    tensor.name_length = strlen (name);
    tensor.shape = shape;
    tensor.rank = 1;
    tensor.length = TENON_AUTO;
    return tensor;
}

static inline tenon_status
add_tensor (struct tenon_call *call, struct tenon_tensor tensor)
{
    return call->host->add_tensor (call, &tensor);
}

/* A correct part: 8 bytes from byte 16 of source 0. */
static inline struct tenon_part
good_part (void)
{
    struct tenon_part part = { .struct_size = sizeof part, .offset = 16, .stored = 8, .size = 8 };
    part.name = "part";
    part.name_length = 4;
    return part;
}

static inline tenon_status
add_part (struct tenon_call *call, struct tenon_part part)
{
    uint32_t source;
    return call->host->add_part (call, &part, &source);
}

#endif
