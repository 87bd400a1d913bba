/* SPDX-License-Identifier: MIT */
/* crc32.c - the checksum of names and of the member of metadata. The host computes those of the other
 * members. */
#include "npz.h"

uint32_t
npz_crc32 (uint32_t crc, const void *bytes, uint64_t length)
{
    /* of the four bits 0 … 15, for the polynomial 0xedb88320 */
    static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                        0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
    const uint8_t *p = bytes;
    crc = ~crc;
    for (uint64_t i = 0; i < length; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
