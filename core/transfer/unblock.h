/* SPDX-License-Identifier: MIT */
/* unblock.h - has a block dtype decode or check blocks, in the program or in an isolated process. */
#ifndef TN_UNBLOCK_H
#define TN_UNBLOCK_H
#include "catalog/catalog.h"

/* `dtype`: a number of the catalog's, of a block dtype that decodes. */
tenon_status tn_unblock_decode (struct tn_catalog *catalog, uint32_t dtype, const void *blocks, float *items,
                                uint64_t count, tenon_error *error);
/* For one that checks: *bad is the number of the first block that stands for no numbers; `count`: none. */
tenon_status tn_unblock_check (struct tn_catalog *catalog, uint32_t dtype, const void *blocks, uint64_t count,
                               uint64_t *bad, tenon_error *error);

#endif
