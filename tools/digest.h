/* SPDX-License-Identifier: MIT */
/* digest.h - digests of tensors, and lists of them. */
#ifndef TOOL_DIGEST_H
#define TOOL_DIGEST_H
#include "common.h"

#define DIGEST_ROOM 72 /* "sha256:" and 64 digits */

/* The digest over dtype name, NUL, rank, dims, data; the exact bytes are in tenon-hash(1). */
tenon_status digest_tensor (const tenon_context *context, tenon_file *file, uint64_t index,
                            char digest[DIGEST_ROOM], tenon_error *error);
struct digest_list {
    struct digest_line {
        char *name;
        char digest[DIGEST_ROOM];
        bool found; /* the file has it */
    } * lines;      /* sorted by name */
    size_t count, room;
};
/* Reads what tenon hash has printed for one file. Empty lines and lines that begin with '#' are skipped.
 * False after a message. */
bool digest_list_read (struct digest_list *list, const char *path);
struct digest_line *digest_list_find (struct digest_list *list, const char *name);
void digest_list_clean (struct digest_list *list);
#endif
