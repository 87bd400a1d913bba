/* SPDX-License-Identifier: MIT */
/* json.c - output in JSON, through json-c. */
#include "json.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "output.h"
#include "report.h"
#include "terminal.h"
#include "text.h"
#include <math.h>
#include <nettle/base64.h>

/* json-c fails only when memory runs out. */
static json_object *
must_exist (json_object *value)
{
    if (!value)
        get_memory (NULL, SIZE_MAX, 1); /* ends the program, with a message */
    return value;
}

/* The value as it is printed. It lives as long as the value. */
static const char *
json_string (json_object *value, size_t *length)
{
    const char *text = json_object_to_json_string_length (
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, length);
    if (!text)
        must_exist (NULL);
    return text;
}

json_object *
json_new (void)
{
    return must_exist (json_object_new_object ());
}

void
json_add (json_object *object, const char *key, json_object *value)
{
    if (json_object_object_add (object, key, value) != 0)
        must_exist (NULL);
}

void
json_add_text (json_object *object, const char *key, const char *text)
{
    json_add (object, key, text ? json_text (text, strlen (text)) : NULL);
}

void
json_add_size (json_object *object, const char *key, uint64_t number)
{
    json_add (object, key, must_exist (json_object_new_uint64 (number)));
}

void
json_add_flag (json_object *object, const char *key, bool flag)
{
    json_add (object, key, must_exist (json_object_new_boolean (flag)));
}

json_object *
json_text (const char *text, size_t length)
{
    if (length <= INT32_MAX && text_is_utf8 (text, length))
        return must_exist (json_object_new_string_len (text, (int) length));
    char *encoded = get_memory (NULL, BASE64_ENCODE_RAW_LENGTH (length) + 1, 1);
    base64_encode_raw (encoded, length, (const uint8_t *) text);
    encoded[BASE64_ENCODE_RAW_LENGTH (length)] = 0;
    json_object *object = json_new ();
    json_add (object, "base64", must_exist (json_object_new_string (encoded)));
    free (encoded);
    return object;
}

json_object *
json_key (const char *text, size_t length)
{
    if (text_is_utf8 (text, length))
        return json_text (text, length);
    char *escaped = shown (text, length);
    json_object *value = json_text (escaped, strlen (escaped));
    free (escaped);
    return value;
}

/* The number as JSON writes it. */
static const char *
number_text (char text[NUMBER_ROOM], double number)
{
    if (isnan (number))
        return "\"NaN\"";
    if (isinf (number))
        return number < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    number_double (text, number);
    if (!strpbrk (text, ".e")) /* stays a floating-point number for readers that tell the two apart */
        strcat (text, ".0");
    return text;
}

json_object *
json_number (double number)
{
    char room[NUMBER_ROOM];
    const char *text = number_text (room, number);
    if (*text == '"')
        return must_exist (json_object_new_string_len (text + 1, (int) strlen (text) - 2));
    return must_exist (json_object_new_double_s (number, text));
}

json_object *
json_array (void)
{
    return must_exist (json_object_new_array ());
}

void
json_append (json_object *array, json_object *value)
{
    if (json_object_array_add (array, value) != 0)
        must_exist (NULL);
}

json_object *
json_shape (const uint64_t *shape, uint32_t rank)
{
    json_object *array = must_exist (json_object_new_array_ext (rank ? (int) rank : 1));
    for (uint32_t i = 0; i < rank; i++)
        json_append (array, must_exist (json_object_new_uint64 (shape[i])));
    return array;
}

void
json_append_all (json_object *array, json_object *more)
{
    for (size_t i = 0; more && i < json_object_array_length (more); i++)
        json_append (array, json_object_get (json_object_array_get_idx (more, i)));
    json_object_put (more);
}

json_object *
json_failure (const tenon_error *error)
{
    json_object *object = json_new ();
    CLEAN (text)
    char *message = command_words (*error->message ? error->message : tenon_status_text (error->status));
    CLEAN (text) char *advice = failure_advice (error);
    json_add_text (object, "status", tenon_status_name (error->status));
    json_add_text (object, "message", message);
    json_add (object, "errno", error->system ? must_exist (json_object_new_int (error->system)) : NULL);
    json_add_text (object, "advice", *advice ? advice : NULL);
    return object;
}

json_object *
json_notes (const tenon_report *report, uint32_t kind)
{
    json_object *array = NULL;
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, kind, &i, &entry);) {
        json_object *object = json_new ();
        json_add_text (object, "subject", entry.subject);
        json_add_text (object, "file", entry.file);
        CLEAN (text) char *message = command_words (entry.message);
        json_add_text (object, "message", message);
        if (entry.status < 0)
            json_add_text (object, "status", tenon_status_name (entry.status));
        array = array ? array : json_array ();
        json_append (array, object);
    }
    return array;
}

/* ---- without objects ---- */

void
json_put_number (struct line *line, double number)
{
    char room[NUMBER_ROOM];
    line_word (line, number_text (room, number));
}

void
json_put_strides (struct line *line, const int64_t *strides, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++) {
        line_word (line, i ? "," : "[");
        line_integer (line, strides[i]);
    }
    line_word (line, rank ? "]" : "[]");
}

/* The escape of a byte that a string cannot hold, in json-c's way. */
static void
put_escape (struct line *line, unsigned char byte)
{
    static const char letters[] = "\b\n\r\t\f\"\\", words[] = "bnrtf\"\\";
    const char *letter = byte ? strchr (letters, byte) : NULL;
    char text[8] = { '\\', letter ? words[letter - letters] : 0 };
    if (!letter)
        snprintf (text, sizeof text, "\\u%04x", (unsigned) byte);
    line_word (line, text);
}

void
json_put_text (struct line *line, const char *text, size_t length)
{
    size_t plain = text_plain_length (text, length);
    if (length > INT32_MAX || (plain < length && !text_is_utf8 (text + plain, length - plain))) {
        json_object *object = json_text (text, length);
        size_t size;
        const char *all = json_string (object, &size);
        line_add (line, all, size);
        json_object_put (object);
        return;
    }
    line_add (line, "\"", 1);
    while (length > 0) {
        line_add (line, text, plain);
        text += plain, length -= plain;
        if (length > 0) {
            bool held = (unsigned char) *text >= ' ' && *text != '"' && *text != '\\';
            if (held)
                line_add (line, text, 1);
            else
                put_escape (line, (unsigned char) *text);
            text++, length--;
        }
        plain = text_plain_length (text, length);
    }
    line_add (line, "\"", 1);
}

void
json_put_key (struct line *line, const char *text, size_t length)
{
    if (text_is_utf8 (text, length)) {
        json_put_text (line, text, length);
        return;
    }
    CLEAN (text) char *escaped = shown (text, length);
    json_put_text (line, escaped, strlen (escaped));
}

/* ---- printing ---- */

/* A terminal gets hidden characters as \uXXXX. All text but that between quotes is ASCII, so what is written
 * is the same value; and a pipe, whose reader is a program, gets UTF-8. */
static void
write_shown (const char *text, size_t length)
{
    while (length > 0) {
        uint32_t point = 0;
        size_t plain = text_shown_length (text, length), bytes;
        output_write (text, plain);
        text += plain, length -= plain;
        if (length == 0)
            break;
        bytes = text_first_point (text, length, &point);
        char escaped[16];
        if (point > 0xffff)
            snprintf (escaped, sizeof escaped, "\\u%04x\\u%04x", 0xd7c0 + (unsigned) (point >> 10),
                      0xdc00 + (unsigned) (point & 0x3ff));
        else
            snprintf (escaped, sizeof escaped, "\\u%04x", (unsigned) point);
        output_write (escaped, strlen (escaped));
        text += bytes, length -= bytes;
    }
}

static void
write_json (const char *text, size_t length)
{
    if (terminal_is_output ())
        write_shown (text, length);
    else
        output_write (text, length);
}

void
json_print_put (struct line *line)
{
    if (line->length > 0)
        write_json (line->text, line->length);
    line->length = 0;
}

void
json_print (json_object *value)
{
    size_t length;
    const char *text = json_string (value, &length);
    write_json (text, length);
    json_object_put (value);
}

void
json_print_line (json_object *value)
{
    json_print (value);
    output_write ("\n", 1);
}

struct json_stream
json_begin (bool array)
{
    if (array)
        output_write ("[", 1);
    return (struct json_stream){ array, false };
}

void
json_next (struct json_stream *stream)
{
    if (stream->begun)
        output_write (",\n", 2);
    stream->begun = true;
}

void
json_end (struct json_stream *stream)
{
    if (stream->array)
        output_write ("]", 1);
    output_write ("\n", 1);
}
