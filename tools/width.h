/* SPDX-License-Identifier: MIT */
/* width.h - the columns of a character on a terminal. */
#ifndef TOOL_WIDTH_H
#define TOOL_WIDTH_H
#include "common.h"

/* 0: it is drawn over the one before it; 2: ideographs, emoji and others of that size; else 1. */
unsigned point_width (uint32_t point);
#endif
