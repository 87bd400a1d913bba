/* SPDX-License-Identifier: MIT */
/* kit.h - for the tests of metadata: files with headers of literal text, values, and checks of both. */
#ifndef KIT_H
#define KIT_H
#include "../../../tests/values.h"
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

extern tenon_context *context;
extern tenon_error error;
extern char path[64]; /* a file for this test */
void setup (void);
void teardown (void);
/* Makes a new context, with a setting ("limits.metadata_entries=5") or NULL. */
void set (const char *setting);

/* ---- files ---- */

/* Opens a file in memory of this header, without tensors. NULL: it does not open, and `error` says why. */
tenon_file *open_header (const char *header, size_t length);
/* Like open_header, of "{\"__metadata__\":{…}}" with this inside. */
tenon_file *open_metadata (const char *inside);
tenon_file *open_path (void);
void close_file (tenon_file *file);
/* True if opening the file left a note with these words; NULL: any note. */
int noted (const tenon_file *file, const char *words);
/* Writes `text` as inside a JSON string, a backslash before each quote and backslash. Returns its end. */
char *quoted (char *to, const char *text);

/* The key of this index. */
const char *key_at (const tenon_file *file, uint64_t index);
/* ---- plans ---- */

tenon_plan *plan_begin (void);
void add (tenon_plan *plan, const char *key, struct tenon_value value);
void add_tensor (tenon_plan *plan, const char *name);
tenon_status save_with (tenon_plan *plan, uint32_t flags, const char *setting);
/* Saves the plan, frees it, and opens the file. */
tenon_file *saved (tenon_plan *plan);
/* Saves the plan, frees it, and compares the header, less its padding, with these words. */
void writes (tenon_plan *plan, const char *header);

int run_suite (Suite *suite);
#endif
