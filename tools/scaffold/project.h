/* SPDX-License-Identifier: MIT */
/* project.h - the project that tenon new-plugin makes: what it is, and its files. */
#ifndef SCAFFOLD_PROJECT_H
#define SCAFFOLD_PROJECT_H
#include "memory.h"

/* What the plugin is; each row of the table of files is for some of these. */
enum scaffold_kind { SCAFFOLD_CODEC = 1, SCAFFOLD_FILTER = 2, SCAFFOLD_ARCHIVE = 4, SCAFFOLD_DTYPE = 8 };

struct scaffold {
    const char *name;              /* of the plugin */
    const char *const *extensions; /* NULL-terminated, at least one */
    enum scaffold_kind kind;
    bool cxx;
    const char *author, *license, *folder;
};

/* A file of the project: its path in the folder, and its bytes. */
struct scaffold_file {
    char *path, *bytes;
    size_t size;
};
struct scaffold_files {
    struct scaffold_file *items;
    size_t count;
};

/* "codec", "filter" ... */
const char *scaffold_kind_name (enum scaffold_kind kind);
/* Makes the files, in memory. */
struct scaffold_files scaffold_make (const struct scaffold *scaffold);
/* Makes the folder with the files. False, after a message, if it exists or something cannot be written; then
 * no file stays. */
bool scaffold_write (const struct scaffold *scaffold, const struct scaffold_files *files);
void scaffold_free (struct scaffold_files *files);
#endif
