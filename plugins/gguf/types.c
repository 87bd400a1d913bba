/* SPDX-License-Identifier: MIT */
/* types.c - the types of tensors and of values, with their numbers in files. */
#include "gguf.h"

/* ggml's numbers. 4, 5, 31 to 33 and 36 to 38 were removed. */
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

const char *
gguf_removed_type (uint32_t id)
{
    static const char *const removed[] = {
        [4] = "q4_2",      [5] = "q4_3",        [31] = "q4_0_4_4",   [32] = "q4_0_4_8",
        [33] = "q4_0_8_8", [36] = "iq4_nl_4_4", [37] = "iq4_nl_4_8", [38] = "iq4_nl_8_8"
    };
    return id < sizeof removed / sizeof removed[0] ? removed[id] : NULL;
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

const struct gguf_value_type gguf_value_types[GGUF_VALUES] = {
    [GGUF_U8] = { TENON_U8, 1 },       [GGUF_I8] = { TENON_I8, 1 },     [GGUF_U16] = { TENON_U16, 2 },
    [GGUF_I16] = { TENON_I16, 2 },     [GGUF_U32] = { TENON_U32, 4 },   [GGUF_I32] = { TENON_I32, 4 },
    [GGUF_F32] = { TENON_F32, 4 },     [GGUF_BOOL] = { TENON_BOOL, 1 }, [GGUF_STRING] = { TENON_STRING, 0 },
    [GGUF_ARRAY] = { TENON_ARRAY, 0 }, [GGUF_U64] = { TENON_U64, 8 },   [GGUF_I64] = { TENON_I64, 8 },
    [GGUF_F64] = { TENON_F64, 8 },
};
