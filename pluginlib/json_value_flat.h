/* SPDX-License-Identifier: MIT */
/* json_value_flat.h - values of a known type without values in them. */
#ifndef JSON_VALUE_FLAT_H
#define JSON_VALUE_FLAT_H

#include <stdint.h>

struct tenon_call;
struct tenon_json;
struct tenon_json_out;
struct tenon_value;

#pragma GCC visibility push(hidden)

/* The width of an integer type in bits; 8 for a bool. */
uint32_t tenon_json_integer_bits (uint32_t type);

/* True for a map, and for an array whose items are values: a mixed array, and an array of arrays. */
int32_t tenon_json_has_values (const struct tenon_value *value);

/* Both return like tenon_json_take_value. `words`: 1: the strings "NaN", "Infinity" and "-Infinity" are
 * floats. */

/* A value of value->type, a scalar or a string, that begins with `token`. */
int32_t tenon_json_take_scalar (struct tenon_call *call, struct tenon_json *json, int32_t token,
                                uint32_t words, struct tenon_value *value);

/* The items and the ] of an array whose [ has come, of array->item_type, a scalar or a string. */
int32_t tenon_json_take_flat (struct tenon_call *call, struct tenon_json *json, uint32_t words,
                              struct tenon_value *array);

/* Writes a scalar or a string. */
void tenon_json_put_scalar (struct tenon_json_out *out, const struct tenon_value *value);

/* Of the `count` entries of a map, a key and a value each, one stays for each key: at the place of the first,
 * with the value of the last. In linear time, whatever the keys are. *count is then the number of those.
 * TENON_E_MEMORY: the host has recorded the failure. */
int32_t tenon_json_join_keys (struct tenon_call *call, struct tenon_value *items, uint64_t *count);

#pragma GCC visibility pop
#endif
