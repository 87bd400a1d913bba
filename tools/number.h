/* SPDX-License-Identifier: MIT */
/* number.h - numbers as text. */
#ifndef TOOL_NUMBER_H
#define TOOL_NUMBER_H
#include "common.h"

#define NUMBER_ROOM 40

/* The fewest digits that read back as the same number. number_float is for numbers that came from an f32. */
void number_double (char text[NUMBER_ROOM], double number);
void number_float (char text[NUMBER_ROOM], float number);
/* Bytes: "1.5 MiB" */
void number_human (char text[NUMBER_ROOM], uint64_t bytes);
/* "tensor" or "tensors" */
const char *plural (uint64_t count, const char *one, const char *many);
#endif
