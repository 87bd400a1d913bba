/* SPDX-License-Identifier: MIT */
/* filter.h - what the files of the plugin deflate share.
 *
 *     raw.c         raw deflate (RFC 1951): the filter deflate, and what the others are made of
 *     with_isal.c   by ISA-L
 *     with_zlib.c   by zlib
 *     framed.c      the filters zlib (RFC 1950) and gzip (RFC 1952): raw deflate between a header and a sum
 *     deflate.c     the plugin */
#ifndef TENON_DEFLATE_FILTER_H
#define TENON_DEFLATE_FILTER_H
#include <stdbool.h>
#include <stdlib.h>
#include <tenon/plugin.h>

#define DEFLATE_MIN(a, b) ((a) < (b) ? (a) : (b))

#define DEFLATE_LAST_LEVEL 12

/* Chosen by bench/deflate: the fastest level at which files of f32, of bf16 in f32, and of token ids are no
 * larger than by zlib's level 6. */
#if defined(HAVE_ISAL)
#define DEFLATE_DEFAULT_LEVEL 2
#elif defined(HAVE_LIBDEFLATE)
#define DEFLATE_DEFAULT_LEVEL 1
#else
#define DEFLATE_DEFAULT_LEVEL 6
#endif

/* The libraries count in 32 bits: both sides are handed over in pieces. */
#define DEFLATE_PIECE ((uint64_t) 1 << 30)

/* What an encoder returns when the room is too small: the block is then stored. */
#define DEFLATE_NO_ROOM 0

extern const struct tenon_filter deflate_raw, deflate_zlib, deflate_gzip;

#endif
