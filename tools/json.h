/* SPDX-License-Identifier: MIT */
/* json.h - output in JSON. Every value is printed by json-c; what is long (tensors, arrays) is made,
   printed and let go item by item, so that memory * does not grow with it. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H
#include "tool.h"
#include <json-c/json.h>

json_object *json_new (void);
/* Adds to an object. They take over the value; NULL is null. */
void json_add (json_object *object, const char *key, json_object *value);
void json_add_text (json_object *object, const char *key, const char *text);
void json_add_size (json_object *object, const char *key, uint64_t number);
void json_add_flag (json_object *object, const char *key, bool flag);
/* A string, or, when it is no UTF-8, {"base64": "..."}. */
json_object *json_text (const char *text, size_t length);
/* A string for the key of an object: what is no UTF-8 is escaped as \xNN. */
json_object *json_key (const char *text, size_t length);
/* A number, or one of the strings "NaN" "Infinity" "-Infinity". */
json_object *json_number (double number);
json_object *json_shape (const uint64_t *shape, uint32_t rank);
/* {"status", "message"} of a failure. */
json_object *json_failure (const tenon_error *error);
/* [{"subject", "file", "message"}] of the entries of one kind; NULL when there are none. */
json_object *json_notes (const tenon_report *report, uint32_t kind);
/* Prints a value, and lets it go. */
void json_print (json_object *value);

/* Several objects, one after the other: an array, or without brackets when there can be only one. */
struct json_stream {
    bool array, begun;
};
struct json_stream json_begin (bool array);
/* Call it before each object. */
void json_next (struct json_stream *stream);
void json_end (struct json_stream *stream);

/* ---- metadata (value.c) ---- */

/* "u32", "string", "array:f32" */
void value_type_name (const tenon_context *context, const struct tenon_value *value, char text[64]);
/* Prints a metadata value of a file; arrays item by item. */
tenon_status value_print_json (const tenon_file *file, const struct tenon_value *value, tenon_error *error);
/* The same for people; unless `full`, arrays are abbreviated, and strings are cut to so many letters. */
tenon_status value_print_text (const tenon_file *file, const struct tenon_value *value, bool full,
                               size_t letters, tenon_error *error);
#endif
