/* SPDX-License-Identifier: MIT */
/* json_decimal.h - decimal numbers to doubles and floats, exactly, in every locale. */
#ifndef JSON_DECIMAL_H
#define JSON_DECIMAL_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* The nearest double, or float, ties to even, of a number that
 * the parser accepted, or <tenon/number.h>: any letter begins the exponent. Returns 0, and an
 * infinite value, if the number is beyond the largest. */
int32_t tenon_json_to_f64 (const void *text, uint64_t length, double *value);
int32_t tenon_json_to_f32 (const void *text, uint64_t length, float *value);

#pragma GCC visibility pop
#endif
