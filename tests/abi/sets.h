/* SPDX-License-Identifier: MIT */
/* sets.h - for the tests of sets that the core puts together. */
#ifndef SETS_H
#define SETS_H
#include "kit.h"

/* Writes m-0000N-of-00003.toyraw, with the tensors a, b and c. */
void put_three (void);
/* Opens with these flags; the failure is in kit_error. */
tenon_status open_with (const char *name, uint32_t flags, tenon_file **file);
/* Opens all of a set. */
tenon_file *open_set (const char *name);
void set_fails (const char *name, uint32_t flags, tenon_status expected, const char *words);
/* The path that was opened in the end, and how many tensors are there. */
void is_set (tenon_file *file, const char *name, uint64_t tensors);
/* It lacks shards, which verifying says. Closes it. */
void lacks (tenon_file *file, const char *path, uint64_t tensors, const char *words);
/* The same, of a set that is opened first. */
void set_lacks (const char *name, const char *path, uint64_t tensors, const char *words);
/* Writes an index of these lines. */
void put_index (const char *file, const char *lines);

#endif
