/* SPDX-License-Identifier: MIT */
/* small.h - floating-point numbers of 16 bits and fewer, which C cannot print. */
#ifndef TOOL_SMALL_H
#define TOOL_SMALL_H
#include "number.h"

/* The bits of an item; 0: the dtype is no such number. */
unsigned small_bits (uint32_t dtype);
double small_decode (uint32_t dtype, uint64_t bits);
/* The fewest digits that are nearer to this number than to any other number of the dtype. For dtypes of 8
 * bits and fewer they are the digits of the f32. */
void small_text (char text[NUMBER_ROOM], uint32_t dtype, double number);
#endif
