/* SPDX-License-Identifier: MIT */
/* json_string.h - characters of strings: what the parser and json_string.c share. */
#ifndef JSON_STRING_H
#define JSON_STRING_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* The length of the well-formed UTF-8 sequence at `at` < `end`, 1 … 4 bytes; 0 if there is none (Unicode 15,
 * table 3-7). */
uint32_t tenon_json_utf8 (const uint8_t *at, const uint8_t *end);

/* The number that the four hexadecimal digits at `at` make; 65536 if there are no four. */
uint32_t tenon_json_hex (const uint8_t *at, const uint8_t *end);

#pragma GCC visibility pop
#endif
