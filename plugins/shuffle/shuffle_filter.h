/* SPDX-License-Identifier: MIT */
/* shuffle_filter.h - the transforms of the two filters. */
#ifndef SHUFFLE_FILTER_H
#define SHUFFLE_FILTER_H
#include <tenon/plugin.h>

/* bytes.c: `count` items of `item` bytes become `item` planes of `count` bytes, and back. */
void tenon_shuffle_bytes (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *to);
void tenon_unshuffle_bytes (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *to);

/* bits.c: likewise 8 × `item` planes of `count` bits, the lowest bit of a byte first. `count` is a multiple
 * of
 * 8. `work` has room for all of it. */
void tenon_shuffle_bits (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *work, uint8_t *to);
void tenon_unshuffle_bits (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *work, uint8_t *to);

/* filter.c: the functions of the filters, as struct tenon_filter has them. */
uint64_t tenon_shuffle_bound (const struct tenon_coding *coding, uint64_t size);
tenon_status tenon_shuffle_open (const struct tenon_coding *coding, void **state);
tenon_status tenon_bitshuffle_open (const struct tenon_coding *coding, void **state);
void tenon_shuffle_close (void *state);
int64_t tenon_shuffle_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to,
                              uint64_t room);
tenon_status tenon_shuffle_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                                   uint64_t size);
int64_t tenon_shuffle_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room);

#endif
