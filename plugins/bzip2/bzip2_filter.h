/* SPDX-License-Identifier: MIT */
/* bzip2_filter.h - the filter. */
#ifndef BZIP2_FILTER_H
#define BZIP2_FILTER_H
#include <tenon/plugin.h>

extern const struct tenon_filter tenon_bzip2;

#endif
