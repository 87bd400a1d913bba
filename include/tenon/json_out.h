/* SPDX-License-Identifier: MIT */
/* tenon/json_out.h - writing JSON into memory. In libtenonplugin.a, like <tenon/json.h>, which includes it.
 *
 *     char text[64];
 *     struct tenon_json_out out = { .bytes = text, .room = sizeof text };
 *     tenon_json_put_text (&out, "{\"shape\":[");
 *     tenon_json_put_u64 (&out, dim);
 *     tenon_json_put_text (&out, "]}");
 *     if (out.status < 0)
 *         …
 *
 * The caller writes the punctuation. Functions that write return nothing: the first failure stays in
 * `status`. Threads: a struct tenon_json_out belongs to one thread at a time. */
#ifndef TENON_JSON_OUT_H
#define TENON_JSON_OUT_H

#include <string.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(hidden)

/* The destination. It begins as zero, with `bytes` and `room`, or with `grow`, or with neither: then it
 * counts. */
struct tenon_json_out {
    char *bytes;     /* the text written so far; the caller's or grow's. NULL if `room` is 0 */
    uint64_t room;   /* bytes at `bytes` */
    uint64_t length; /* bytes written. Without grow it goes on beyond `room`: the room that all would need */
    /* Makes room for `more` bytes behind `length`: enlarges `bytes`, or takes its contents and sets `length`
     * to 0. Returns a negative status on failure. NULL: `room` is all there is */
    tenon_status (*grow) (struct tenon_json_out *out, uint64_t more);
    void *user;          /* grow's own */
    tenon_status status; /* the first failure. TENON_E_LIMIT: too little room. With grow, nothing is written
                            after it */
    uint32_t reserved;
};

/* Bytes as they are. */
void tenon_json_put (struct tenon_json_out *out, const void *bytes, uint64_t length);

static inline void
tenon_json_put_text (struct tenon_json_out *out, const char *text)
{
    tenon_json_put (out, text, strlen (text));
}

/* The text between the quotes of a string, or a piece of it. Only characters that must be escaped are: with a
 * letter if there is one, else as \u00xx in lower case. The bytes should be UTF-8, see tenon_json_is_utf8. */
void tenon_json_put_escaped (struct tenon_json_out *out, const void *text, uint64_t length);

/* A string with its quotes. */
void tenon_json_put_string (struct tenon_json_out *out, const void *text, uint64_t length);

void tenon_json_put_u64 (struct tenon_json_out *out, uint64_t value);
void tenon_json_put_i64 (struct tenon_json_out *out, int64_t value);

/* A short decimal that reads as the same number, with a point or an exponent in every locale. JSON has
 * neither infinities nor NaN: the status becomes TENON_E_UNSUPPORTED. */
void tenon_json_put_f64 (struct tenon_json_out *out, double value);
void tenon_json_put_f32 (struct tenon_json_out *out, float value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
