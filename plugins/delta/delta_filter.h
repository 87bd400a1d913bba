/* SPDX-License-Identifier: MIT */
/* delta_filter.h - the functions of the filter, as struct tenon_filter has them. */
#ifndef DELTA_FILTER_H
#define DELTA_FILTER_H
#include <tenon/plugin.h>

/* A type of numbers: integers wrap around, floats are f32 or f64. */
struct number_type {
    uint32_t bytes;
    uint32_t is_float, is_signed;
};

struct delta_state {
    struct number_type item, stored;
    uint32_t is_big;  /* both are stored with the highest byte first */
    uint32_t started; /* there was an item before … */
    uint64_t before;  /* … and this is it: its bits, or, of an integer, its value modulo 2^64 */
    /* of step: the bytes of a number that is not complete, and those of an item that did not fit */
    uint8_t in[8], out[8];
    uint32_t in_count, out_begin, out_end;
};

/* numbers.c. Differences to items, after state->before. */
void tenon_delta_sum (struct delta_state *state, const uint8_t *from, uint64_t count, uint8_t *to);
/* The reverse. TENON_E_UNSUPPORTED: the differences do not make the same items again. */
tenon_status tenon_delta_subtract (struct delta_state *state, const uint8_t *from, uint64_t count,
                                   uint8_t *to);

/* filter.c */
uint64_t tenon_delta_bound (const struct tenon_coding *coding, uint64_t size);
tenon_status tenon_delta_open (const struct tenon_coding *coding, void **state);
void tenon_delta_close (void *state);
int64_t tenon_delta_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to,
                            uint64_t room);
tenon_status tenon_delta_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                                 uint64_t size);
tenon_status tenon_delta_reset (void *state);
int32_t tenon_delta_step (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to,
                          uint64_t room, uint64_t *made);
int64_t tenon_delta_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room);

#endif
