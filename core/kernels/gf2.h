/* SPDX-License-Identifier: MIT */
/* gf2.h - polynomials over GF(2) modulo that of a CRC. Bit 31 is the coefficient of x^0, as in the checksum.
 */
#ifndef TN_GF2_H
#define TN_GF2_H
#include <stdint.h>

#define TN_CRC32 0xEDB88320u  /* ISO 3309 */
#define TN_CRC32C 0x82F63B78u /* Castagnoli */

static inline uint32_t
tn_gf2_multiply (uint32_t modulus, uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit > 0; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = b & 1 ? b >> 1 ^ modulus : b >> 1;
    }
    return product;
}

#endif
