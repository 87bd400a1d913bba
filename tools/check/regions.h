/* SPDX-License-Identifier: MIT */
/* regions.h - reading a box of a tensor in each of the ways that the library has. */
#ifndef CHECK_REGIONS_H
#define CHECK_REGIONS_H
#include "check/boxes.h"

enum region_way {
    REGION_READ,
    REGION_STRIDED, /* into memory with distances between the items, some of them backwards */
    REGION_STREAMED,
    REGION_LOADED,
    REGION_WAYS
};
/* ", streamed" */
const char *region_words (enum region_way way);

/* Reads the units of a box, packed. `dtype` TENON_NONE: as stored; `unit`: bytes of a unit of the result. The
 * caller frees *found, which is NULL after a failure. TENON_E_LAST - 1: bytes behind the result were
 * written, or some of it were not. */
#define REGION_OVERFLOW (TENON_E_LAST - 1)
tenon_status region_read (tenon_file *file, uint64_t index, uint32_t dtype, const struct box *box,
                          uint64_t together, uint64_t unit, enum region_way way, uint8_t **found,
                          tenon_error *error);
#endif
