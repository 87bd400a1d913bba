/* SPDX-License-Identifier: MIT */
/* crc_filter.h - the functions of the filter, as struct tenon_filter has them. */
#ifndef CRC_FILTER_H
#define CRC_FILTER_H
#include <tenon/plugin.h>

uint64_t tenon_crc_bound (const struct tenon_coding *coding, uint64_t size);
tenon_status tenon_crc_open (const struct tenon_coding *coding, void **state);
void tenon_crc_close (void *state);
int64_t tenon_crc_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to,
                          uint64_t room);
tenon_status tenon_crc_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                               uint64_t size);
tenon_status tenon_crc_reset (void *state);
int32_t tenon_crc_step (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to,
                        uint64_t room, uint64_t *made);
int64_t tenon_crc_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room);

#endif
