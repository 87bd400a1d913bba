/* SPDX-License-Identifier: MIT */
/* kit.h - what the tests of filters share: they call the functions of a table as the host does, on buffers
 * that are exactly as long as they say. */
#ifndef FILTERS_KIT_H
#define FILTERS_KIT_H
#include <tenon/plugin.h>
/* a version of Check has a macro `fail`, which is a service in <tenon/plugin.h> */
#include <check.h>
#include <stdlib.h>

/* A filter with its setup. The memory is that of struct tenon_coding. */
struct filter_kit {
    const struct tenon_filter *filter;
    const void *setup;
    uint64_t setup_size, memory;
};

/* Bytes of several kinds, one stretch after the other: numbers that rise, few letters, noise, zeros. The
 * caller frees them. */
uint8_t *filter_data (uint64_t size);
/* A copy at an address of its own, behind which sanitizers find every access. */
uint8_t *filter_copy (const void *bytes, uint64_t size);

/* The status of open; the state is closed again. */
tenon_status filter_opens (const struct filter_kit *kit, uint32_t encode, int32_t level);
void *filter_open (const struct filter_kit *kit, uint32_t encode, int32_t level);

/* One block of all bytes. The caller frees it. */
uint8_t *filter_encode (const struct filter_kit *kit, int32_t level, const uint8_t *bytes, uint64_t size,
                        uint64_t *length);

/* What decode, unpack and steps make of the stream must be these bytes; and other sizes must be refused. */
void filter_gives (const struct filter_kit *kit, const void *stream, uint64_t length, const void *bytes,
                   uint64_t size);
/* Whatever way it is decoded, it is refused. `why`: NULL, or the reason that the filter states */
void filter_refuses (const struct filter_kit *kit, const void *stream, uint64_t length, uint64_t size,
                     tenon_status status, const char *why);
/* Cuts the stream off at each byte, which must be refused; and inverts each bit of its first `bits` bytes,
 * which must not break anything. `sums`: the stream has checksums, so that inverted bits are refused or
 * change nothing. */
void filter_survives (const struct filter_kit *kit, const void *stream, uint64_t length, const void *bytes,
                      uint64_t size, uint64_t bits, int sums);
/* Encodes and decodes data of many sizes at these levels. */
void filter_returns (const struct filter_kit *kit, const int32_t *levels, uint32_t count);

/* Runs the tests of a program. */
int filter_run (TCase *tests);

#endif
