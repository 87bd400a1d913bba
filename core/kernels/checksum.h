/* SPDX-License-Identifier: MIT */
/* checksum.h - CRC-32 (ISO 3309) by the fastest library that the build has. */
#ifndef TN_CHECKSUM_H
#define TN_CHECKSUM_H
#include "base/base.h"

/* Continues from `crc`, which is 0 at first. */
uint32_t tn_crc32 (uint32_t crc, const void *bytes, uint64_t length);
/* Returns the checksum of two joined stretches from that of each. `length`: of the second, below 2^63. */
uint32_t tn_crc32_combine (uint32_t first, uint32_t second, uint64_t length);
/* "ISA-L", "libdeflate" or "zlib". */
extern const char tn_crc32_backend[];

#endif
