/* SPDX-License-Identifier: MIT */
/* dlpack.c - dtypes in the numbers of DLPack. */
#include "base/dlpack.h"
#include "base/base.h"

static const struct tn_dlpack_type types[TENON_DTYPE_FIXED] = {
    [TENON_BOOL] = { TN_DLPACK_BOOL, 8, 1 },
    [TENON_U8] = { TN_DLPACK_UINT, 8, 1 },
    [TENON_U16] = { TN_DLPACK_UINT, 16, 1 },
    [TENON_U32] = { TN_DLPACK_UINT, 32, 1 },
    [TENON_U64] = { TN_DLPACK_UINT, 64, 1 },
    [TENON_I8] = { TN_DLPACK_INT, 8, 1 },
    [TENON_I16] = { TN_DLPACK_INT, 16, 1 },
    [TENON_I32] = { TN_DLPACK_INT, 32, 1 },
    [TENON_I64] = { TN_DLPACK_INT, 64, 1 },
    [TENON_F16] = { TN_DLPACK_FLOAT, 16, 1 },
    [TENON_BF16] = { TN_DLPACK_BFLOAT, 16, 1 },
    [TENON_F32] = { TN_DLPACK_FLOAT, 32, 1 },
    [TENON_F64] = { TN_DLPACK_FLOAT, 64, 1 },
    [TENON_C64] = { TN_DLPACK_COMPLEX, 64, 1 },
    [TENON_C128] = { TN_DLPACK_COMPLEX, 128, 1 },
    [TENON_F8_E4M3] = { TN_DLPACK_F8_E4M3FN, 8, 1 },
    [TENON_F8_E5M2] = { TN_DLPACK_F8_E5M2, 8, 1 },
    [TENON_F8_E4M3FNUZ] = { TN_DLPACK_F8_E4M3FNUZ, 8, 1 },
    [TENON_F8_E5M2FNUZ] = { TN_DLPACK_F8_E5M2FNUZ, 8, 1 },
    [TENON_F8_E8M0] = { TN_DLPACK_F8_E8M0FNU, 8, 1 },
    [TENON_F6_E2M3] = { TN_DLPACK_F6_E2M3FN, 6, 1 },
    [TENON_F6_E3M2] = { TN_DLPACK_F6_E3M2FN, 6, 1 },
    [TENON_F4] = { TN_DLPACK_F4_E2M1FN, 4, 1 },
};

struct tn_dlpack_type
tn_dlpack_type_of (uint32_t dtype)
{
    return dtype < TENON_DTYPE_FIXED ? types[dtype] : types[TENON_NONE];
}

uint32_t
tn_dlpack_dtype_of (struct tn_dlpack_type type)
{
    for (uint32_t i = 1; i < TENON_DTYPE_FIXED; i++)
        if (types[i].code == type.code && types[i].bits == type.bits && types[i].lanes == type.lanes)
            return i;
    return TENON_NONE;
}
