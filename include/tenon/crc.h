/* SPDX-License-Identifier: MIT */
/* tenon/crc.h - CRC-32C by the processor's instruction, and the joining of CRCs, for formats that state such
 * checksums. The functions are in libtenonplugin.a, like those of <tenon/json.h>.
 *
 *     sum = tenon_crc32c (0, first, first_length);
 *     sum = tenon_crc32c (sum, second, second_length);
 *
 * No function fails or keeps state. */
#ifndef TENON_CRC_H
#define TENON_CRC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The polynomials, without x^32. Bit 31 is the coefficient of x^0, as in the checksums. */
#define TENON_CRC_ISO 0xEDB88320u        /* CRC-32: ISO 3309, zip, gzip */
#define TENON_CRC_CASTAGNOLI 0x82F63B78u /* CRC-32C: RFC 3720, iSCSI, ext4, zarr */

#pragma GCC visibility push(hidden)

/* The CRC-32C of a stretch of bytes and `length` more of them. `crc`: that of the stretch, 0 if it is empty.
 */
uint32_t tenon_crc32c (uint32_t crc, const void *bytes, uint64_t length);
/* The CRC of two joined stretches of bytes from that of each; `length`: bytes of the second. `polynomial`:
 * TENON_CRC_*. */
uint32_t tenon_crc_join (uint32_t polynomial, uint32_t first, uint32_t second, uint64_t length);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
