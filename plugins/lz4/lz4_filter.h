/* SPDX-License-Identifier: MIT */
/* lz4_filter.h - the filter. */
#ifndef LZ4_FILTER_H
#define LZ4_FILTER_H
#include <tenon/plugin.h>

extern const struct tenon_filter tenon_lz4;

#endif
