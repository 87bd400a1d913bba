/* SPDX-License-Identifier: MIT */
/* blosc_filter.h - the filter. */
#ifndef BLOSC_FILTER_H
#define BLOSC_FILTER_H
#include <tenon/plugin.h>

extern const struct tenon_filter tenon_blosc;

#endif
