/* SPDX-License-Identifier: MIT */
/* gguf.c - the plugin: files of ggml and llama.cpp hold typed key-value pairs, then tensors, plain or in
 * quantised blocks. */
#include "gguf.h"
#include "mlx/mlx.h"
#include "quants/quants.h"

static const char *const extensions[] = { "gguf", NULL };
static const struct tenon_magic magics[] = { { 0, 4, 0, "GGUF" } };
/* with gguf.mlx, u32 is accepted in a triple that becomes blocks, and refused by itself: mlx/plan.c */
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
    [GGUF_OPTION_BYTE_ORDER] = { sizeof (struct tenon_option), TENON_OPTION_CHOICE, "byte_order", "little",
                                 "little big", "order of the bytes of all numbers", 0, 0,
                                 TENON_OPTION_FOR_WRITING, 0 },
    [GGUF_OPTION_EMPTY_FIRST] = { sizeof (struct tenon_option), TENON_OPTION_BOOL, "empty_first", "no", NULL,
                                  "write a set, whose first shard has the metadata alone", 0, 0,
                                  TENON_OPTION_FOR_WRITING, 0 },
    [GGUF_OPTION_FILE_TYPE] = { sizeof (struct tenon_option), TENON_OPTION_CHOICE, "file_type", "follow",
                                "follow keep", "general.file_type, when tensors are converted", 0, 0,
                                TENON_OPTION_FOR_WRITING, 0 },
    [GGUF_OPTION_ORIG_SHAPE] = { sizeof (struct tenon_option), TENON_OPTION_BOOL, "orig_shape", "no", NULL,
                                 "restore the shapes that the keys comfy.gguf.orig_shape.* give", 0, 0,
                                 TENON_OPTION_FOR_READING, 0 },
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
    .default_dtypes = dtypes + 1,
    .dtypes_option = "mlx",
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
