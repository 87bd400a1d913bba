/* SPDX-License-Identifier: MIT */
/* crc32c.h - CRC-32C (Castagnoli; RFC 3720, appendix B.4), which iSCSI, ext4 and zarr's chunks have. */
#ifndef TN_CRC32C_H
#define TN_CRC32C_H
#include "base/base.h"

/* Continues from `crc`, which is 0 at first, by the processor's instruction if it has one. */
uint32_t tn_crc32c (uint32_t crc, const void *bytes, uint64_t length);
/* The same by tables. */
uint32_t tn_crc32c_table (uint32_t crc, const void *bytes, uint64_t length);

#endif
