/* SPDX-License-Identifier: MIT */
/* canon.h - texts that are equal exactly if the values are. */
#ifndef CHECK_CANON_H
#define CHECK_CANON_H
#include "line.h"
#include <nettle/sha2.h>

/* A text that grows. Of a long one only the beginning is kept, and a digest. Zeroed, then canon_start. */
struct canon {
    struct line line; /* what is added; canon_flush empties it */
    char *beginning;
    size_t kept;
    uint64_t total; /* bytes so far, without those in the line */
    struct sha256_ctx sha;
};
void canon_start (struct canon *canon);
/* Keeps the line short: to be called now and then. */
void canon_flush (struct canon *canon);
/* A sink of tenon_stream, for canon_digest: `user` is the canon. */
int canon_sink (void *user, const void *data, uint64_t size);
/* The text becomes the digest of what the sink took. */
void canon_digest (struct canon *canon);
/* Adds a metadata value with its type. */
tenon_status canon_value (struct canon *canon, const tenon_context *context, const tenon_file *file,
                          const struct tenon_value *value, tenon_error *error);
/* The text, which the caller frees. Frees the rest. */
char *canon_end (struct canon *canon);
void canon_free (struct canon *canon);
#endif
