/* SPDX-License-Identifier: MIT */
/* hash.h - digests of tensors, and lists of them. */
#ifndef TOOL_HASH_H
#define TOOL_HASH_H
#include "json.h"

#define HASH_ROOM 72 /* "sha256:" and 64 digits */

/* The digest over dtype name, NUL, rank, dims, data; the exact bytes are in tenon-hash(1). */
tenon_status hash_tensor (const tenon_context *context, tenon_file *file, uint64_t index,
                          char digest[HASH_ROOM], tenon_error *error);
/* A name in a line: '\' is doubled, what is no printable UTF-8 becomes \n, \t, \r or \xNN. */
char *hash_escape (const char *name);

struct hash_list {
    struct hash_line {
        char *name;
        char digest[HASH_ROOM];
        bool found; /* the file has it */
    } * lines;      /* sorted by name */
    size_t count, room;
};
/* Reads what tenon hash has printed for one file; empty lines and those that begin with '#' are skipped.
   False after a message. */
bool hash_list_read (struct hash_list *list, const char *path);
struct hash_line *hash_list_find (struct hash_list *list, const char *name);
void hash_list_clean (struct hash_list *list);
#endif
