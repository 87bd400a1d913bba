/* SPDX-License-Identifier: MIT */
/* value.h - metadata values, as JSON and as text. */
#ifndef TOOL_VALUE_H
#define TOOL_VALUE_H
#include "common.h"

/* "u32", "string", "array:f32" */
void value_type_name (const tenon_context *context, const struct tenon_value *value, char text[64]);
/* Prints a metadata value of a file; arrays item by item. */
tenon_status value_print_json (const tenon_file *file, const struct tenon_value *value, tenon_error *error);
/* Likewise as text. Unless `full`, arrays are abbreviated and strings are cut to `letters` bytes, never
 * inside of a letter. */
tenon_status value_print_text (const tenon_file *file, const struct tenon_value *value, bool full,
                               size_t letters, tenon_error *error);
#endif
