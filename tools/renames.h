/* SPDX-License-Identifier: MIT */
/* renames.h - new names of tensors: convert --rename. */
#ifndef TOOL_RENAMES_H
#define TOOL_RENAMES_H
#include "memory.h"

struct renames {
    struct rename {
        uint64_t index; /* of the tensor */
        const char *name;
        bool used;
    } * items;
    size_t count;
};
/* False after a message. */
bool renames_parse (const tenon_file *file, const char *path, const struct text_list *texts,
                    struct renames *renames);
/* The new name of a tensor, which counts as used; NULL: it has none. */
const char *renames_find (struct renames *renames, uint64_t index);
/* A name that was not used is an error: false after a message. */
bool renames_all_used (const struct renames *renames, const tenon_file *file);
void renames_clean (struct renames *renames);
#endif
