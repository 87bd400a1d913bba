/* SPDX-License-Identifier: MIT */
/* json_value_type.h - types of metadata values: what reading and writing them share. */
#ifndef JSON_VALUE_TYPE_H
#define JSON_VALUE_TYPE_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* The width of an integer type in bits; 8 for a bool. */
uint32_t tenon_json_integer_bits (uint32_t type);

#pragma GCC visibility pop
#endif
