/* SPDX-License-Identifier: MIT */
/* gguf.c - files of ggml and llama.cpp: typed key-value pairs, then tensors, plain or in quantised blocks. */
#include "mlx.h"

/* As ggml counts them. 4, 5, 31 to 33 and 36 to 38 were removed. */
static const struct gguf_type types[] = {
    { 0, TENON_F32, "f32" },    { 1, TENON_F16, "f16" },  { 2, 0, "q4_0" },         { 3, 0, "q4_1" },
    { 6, 0, "q5_0" },           { 7, 0, "q5_1" },         { 8, 0, "q8_0" },         { 9, 0, "q8_1" },
    { 10, 0, "q2_k" },          { 11, 0, "q3_k" },        { 12, 0, "q4_k" },        { 13, 0, "q5_k" },
    { 14, 0, "q6_k" },          { 15, 0, "q8_k" },        { 16, 0, "iq2_xxs" },     { 17, 0, "iq2_xs" },
    { 18, 0, "iq3_xxs" },       { 19, 0, "iq1_s" },       { 20, 0, "iq4_nl" },      { 21, 0, "iq3_s" },
    { 22, 0, "iq2_s" },         { 23, 0, "iq4_xs" },      { 24, TENON_I8, "i8" },   { 25, TENON_I16, "i16" },
    { 26, TENON_I32, "i32" },   { 27, TENON_I64, "i64" }, { 28, TENON_F64, "f64" }, { 29, 0, "iq1_m" },
    { 30, TENON_BF16, "bf16" }, { 34, 0, "tq1_0" },       { 35, 0, "tq2_0" },       { 39, 0, "mxfp4" },
    { 40, 0, "nvfp4" },         { 41, 0, "q1_0" },        { 42, 0, "q2_0" },
};

const struct gguf_type *
gguf_find_type (uint32_t id)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].id == id)
            return &types[i];
    return NULL;
}

const struct gguf_type *
gguf_type_of (struct tenon_call *call, uint32_t dtype)
{
    struct tenon_dtype info = TENON_INIT (info);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].dtype == dtype)
            return &types[i];
    if (call->host->dtype_info (call, dtype, &info) < 0 || !info.name)
        return NULL;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp (types[i].name, info.name) == 0)
            return &types[i];
    return NULL;
}

/* ---- the tables ---- */

static const char *const extensions[] = { "gguf", NULL };
static const struct tenon_magic magics[] = { { 0, 4, 0, "GGUF" } };
/* u32 is taken as a part of what becomes blocks, and refused by itself: mlx_write.c */
static const char *const dtypes[] = { "u32",   "f32",     "f16",    "q4_0",    "q4_1",  "q5_0",   "q5_1",
                                      "q8_0",  "q8_1",    "q2_k",   "q3_k",    "q4_k",  "q5_k",   "q6_k",
                                      "q8_k",  "iq2_xxs", "iq2_xs", "iq3_xxs", "iq1_s", "iq4_nl", "iq3_s",
                                      "iq2_s", "iq4_xs",  "i8",     "i16",     "i32",   "i64",    "f64",
                                      "iq1_m", "bf16",    "tq1_0",  "tq2_0",   "mxfp4", "nvfp4",  "q1_0",
                                      "q2_0",  NULL };

#define OPTION(type, name, help, least, most)                                                                \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, "0", NULL, help, least, most, TENON_OPTION_FOR_WRITING, 0  \
    }
static const struct tenon_option options[GGUF_OPTIONS] = {
    [GGUF_OPTION_SHARD_SIZE] = OPTION (TENON_OPTION_SIZE, "shard_size",
                                       "bytes of data in a shard, padding counted, 0: no limit", 0, 0),
    [GGUF_OPTION_SHARD_TENSORS] =
        OPTION (TENON_OPTION_INTEGER, "shard_tensors", "tensors in a shard, 0: no limit", 0, INT32_MAX),
    [GGUF_OPTION_MLX] = { sizeof (struct tenon_option), TENON_OPTION_CHOICE, "mlx", "no", "no triple",
                          "q4_0, q4_1, q8_0 as in MLX: NAME.weight, NAME.scales, NAME.biases", 0, 0,
                          TENON_OPTION_FOR_READING | TENON_OPTION_FOR_WRITING, 0 },
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "gguf",
    .label = "GGUF file of ggml and llama.cpp",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = GGUF_OPTIONS,
    .dtypes = dtypes,
    .max_rank = GGUF_MOST_DIMS,
    .metadata = TENON_METADATA_TYPED,
    .describe = gguf_describe,
    .write = gguf_write,
    .read = gguf_mlx_read,
    .shard_flags = TENON_SHARDS_NUMBERED | TENON_SHARDS_FIRST_OPENS,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "gguf",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "GGUF files, every version, value and tensor type",
    .codecs = codecs,
    .dtypes = gguf_dtypes,
};

TENON_PLUGIN (plugin)
