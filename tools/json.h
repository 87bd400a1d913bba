/* SPDX-License-Identifier: MIT */
/* json.h - output in JSON. Tensors and items of arrays, of which there may be a million, are put together as
 * text, in json-c's form; json-c makes and prints the other values. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H
#include "line.h"
#include <json-c/json.h>

/* These end the program when memory runs out. */
json_object *json_new (void);
json_object *json_array (void);
/* Add to an object, and take the value over. NULL is null. */
void json_add (json_object *object, const char *key, json_object *value);
void json_add_text (json_object *object, const char *key, const char *text);
void json_add_size (json_object *object, const char *key, uint64_t number);
void json_add_flag (json_object *object, const char *key, bool flag);
/* Adds to an array, and takes the value over. */
void json_append (json_object *array, json_object *value);
/* Moves the values of another array, which may be NULL, and frees that. */
void json_append_all (json_object *array, json_object *more);
/* A string; {"base64": "..."} when it is not UTF-8. */
json_object *json_text (const char *text, size_t length);
/* A string for the key of an object: bytes that are not UTF-8 are escaped as \xNN. */
json_object *json_key (const char *text, size_t length);
/* A number, or one of the strings "NaN" "Infinity" "-Infinity". */
json_object *json_number (double number);
json_object *json_shape (const uint64_t *shape, uint32_t rank);
/* {"status", "message", "errno", "advice"} of a failure; errno and advice are null when there are none. */
json_object *json_failure (const tenon_error *error);
/* [{"subject", "file", "message"}] of the entries of one kind; NULL when there are none. */
json_object *json_notes (const tenon_report *report, uint32_t kind);
/* Add to a line what json_print prints of json_text, json_key and json_number, or strides. Values of
 * which there may be a million are put together like this, since an object for each costs far more. */
void json_put_text (struct line *line, const char *text, size_t length);
void json_put_key (struct line *line, const char *text, size_t length);
void json_put_strides (struct line *line, const int64_t *strides, uint32_t rank);
void json_put_number (struct line *line, double number);
/* Prints them, and empties the line. */
void json_print_put (struct line *line);
/* Prints a value and frees it. */
void json_print (json_object *value);
/* Prints a value, a line end, and frees it. */
void json_print_line (json_object *value);

/* Several objects, one after the other: an array, or without brackets when there can be only one. */
struct json_stream {
    bool array, begun;
};
struct json_stream json_begin (bool array);
/* Call it before each object. */
void json_next (struct json_stream *stream);
void json_end (struct json_stream *stream);
#endif
