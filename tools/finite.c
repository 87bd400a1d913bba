/* SPDX-License-Identifier: MIT */
/* finite.c - counts the infinities and NaNs of a tensor: verify -v. */
#include "finite.h"
#include "library.h"
#include "number.h"
#include <string.h>

bool
finite_applies (const tenon_context *context, const tenon_tensor_info *info)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (info->dtype >= TENON_F16 && info->dtype < TENON_DTYPE_FIXED)
        return true;
    return info->dtype >= TENON_DTYPE_DYNAMIC
           && tenon_dtype_get (context, NULL, info->dtype, &dtype) == TENON_OK
           && dtype.kind == TENON_KIND_BLOCK && dtype.decode;
}

/* Numbers arrive in pieces of whole ones, not aligned. */
static int
count_singles (void *user, const void *data, uint64_t size)
{
    struct finite *finite = user;
    const unsigned char *bytes = data;
    for (uint64_t i = 0; i + 4 <= size; i += 4) {
        uint32_t bits;
        memcpy (&bits, bytes + i, sizeof bits);
        bits &= 0x7fffffff;
        finite->infinite += bits == 0x7f800000;
        finite->nan += bits > 0x7f800000;
    }
    return 0;
}

static int
count_doubles (void *user, const void *data, uint64_t size)
{
    const uint64_t infinity = UINT64_C (0x7ff) << 52;
    struct finite *finite = user;
    const unsigned char *bytes = data;
    for (uint64_t i = 0; i + 8 <= size; i += 8) {
        uint64_t bits;
        memcpy (&bits, bytes + i, sizeof bits);
        bits &= UINT64_MAX >> 1;
        finite->infinite += bits == infinity;
        finite->nan += bits > infinity;
    }
    return 0;
}

tenon_status
finite_count (tenon_file *file, uint64_t index, struct finite *finite, tenon_error *error)
{
    uint32_t dtype = tensor_get (file, index).dtype;
    bool wide = dtype == TENON_F64 || dtype == TENON_C128,
         complex = dtype == TENON_C64 || dtype == TENON_C128;
    tenon_request request = { .struct_size = sizeof request,
                              .dtype = wide || complex ? dtype : TENON_F32,
                              .index = index };
    *finite = (struct finite){ 0 };
    return tenon_stream (file, &request, wide ? count_doubles : count_singles, finite, NULL, error);
}
