/* SPDX-License-Identifier: MIT */
/* deflate.h - the core's own filter: raw deflate (RFC 1951), by the fastest libraries that the build has. */
#ifndef TN_DEFLATE_H
#define TN_DEFLATE_H
#include "base/base.h"
#include <tenon/plugin.h>

extern const struct tenon_filter tn_deflate;

#define TN_DEFLATE_LAST_LEVEL 12

/* The libraries count in 32 bits: both sides are handed over in pieces. */
#define TN_DEFLATE_PIECE ((uint64_t) 1 << 30)

/* What an encoder returns when the room is too small: the block is then stored. */
#define TN_DEFLATE_NO_ROOM 0

#endif
