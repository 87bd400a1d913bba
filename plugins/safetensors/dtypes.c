/* SPDX-License-Identifier: MIT */
/* dtypes.c - the 22 dtypes of the format, in the order in which the reference library writes them. */
#include "safetensors.h"

#define DTYPE(word, dtype, items, bytes)                                                                     \
    {                                                                                                        \
        word, sizeof (word) - 1, dtype, items, bytes                                                         \
    }
const struct st_dtype st_dtypes[ST_DTYPES] = {
    DTYPE ("U64", TENON_U64, 1, 8),
    DTYPE ("I64", TENON_I64, 1, 8),
    DTYPE ("F64", TENON_F64, 1, 8),
    DTYPE ("C64", TENON_C64, 1, 8),
    DTYPE ("F32", TENON_F32, 1, 4),
    DTYPE ("U32", TENON_U32, 1, 4),
    DTYPE ("I32", TENON_I32, 1, 4),
    DTYPE ("BF16", TENON_BF16, 1, 2),
    DTYPE ("F16", TENON_F16, 1, 2),
    DTYPE ("U16", TENON_U16, 1, 2),
    DTYPE ("I16", TENON_I16, 1, 2),
    DTYPE ("F8_E5M2FNUZ", TENON_F8_E5M2FNUZ, 1, 1),
    DTYPE ("F8_E4M3FNUZ", TENON_F8_E4M3FNUZ, 1, 1),
    DTYPE ("F8_E8M0", TENON_F8_E8M0, 1, 1),
    DTYPE ("F8_E4M3", TENON_F8_E4M3, 1, 1),
    DTYPE ("F8_E5M2", TENON_F8_E5M2, 1, 1),
    DTYPE ("I8", TENON_I8, 1, 1),
    DTYPE ("U8", TENON_U8, 1, 1),
    DTYPE ("F6_E3M2", TENON_F6_E3M2, 4, 3),
    DTYPE ("F6_E2M3", TENON_F6_E2M3, 4, 3),
    DTYPE ("F4", TENON_F4, 2, 1),
    DTYPE ("BOOL", TENON_BOOL, 1, 1),
};

const struct st_dtype *
st_find_word (const void *word, uint64_t length)
{
    for (uint32_t i = 0; i < ST_DTYPES; i++)
        if (st_dtypes[i].length == length && memcmp (st_dtypes[i].word, word, length) == 0)
            return &st_dtypes[i];
    return NULL;
}

uint32_t
st_rank_of (uint32_t dtype)
{
    uint32_t rank = 0;
    while (rank < ST_DTYPES && st_dtypes[rank].dtype != dtype)
        rank++;
    return rank;
}
