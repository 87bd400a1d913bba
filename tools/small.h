/* SPDX-License-Identifier: MIT */
/* small.h - floating-point numbers of 16 bits and fewer, whose digits C does not know. */
#ifndef TOOL_SMALL_H
#define TOOL_SMALL_H
#include "number.h"

/* How many bits an item has; 0: the dtype is no such number. */
unsigned small_bits (uint32_t dtype);
double small_decode (uint32_t dtype, uint64_t bits);
/* The fewest digits that are nearer to this number than to any other of the dtype; with 8 bits or fewer,
   those of the f32. */
void small_text (char text[NUMBER_ROOM], uint32_t dtype, double number);
#endif
