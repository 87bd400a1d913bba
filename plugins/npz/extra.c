/* SPDX-License-Identifier: MIT */
/* extra.c - the extra fields of a header. */
#include "npz.h"

const uint8_t *
npz_find_extra (const uint8_t *extra, uint32_t length, uint32_t id, uint32_t *size)
{
    for (uint32_t at = 0; length - at >= 4;) {
        *size = tenon_le16 (extra + at + 2);
        if (*size > length - at - 4)
            return NULL;
        if (tenon_le16 (extra + at) == id)
            return extra + at + 4;
        at += 4 + *size;
    }
    return NULL;
}
