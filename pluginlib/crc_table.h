/* SPDX-License-Identifier: MIT */
/* crc_table.h - CRC-32C without the processor's instruction. */
#ifndef TENON_CRC_TABLE_H
#define TENON_CRC_TABLE_H
#include <stdint.h>

#pragma GCC visibility push(hidden)
/* As tenon_crc32c, by tables. */
uint32_t tenon_crc32c_table (uint32_t crc, const void *bytes, uint64_t length);
#pragma GCC visibility pop

#endif
