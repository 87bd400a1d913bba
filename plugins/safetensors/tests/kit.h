/* kit.h - for the tests of metadata: files whose headers are written here word by word, values, and what is asked of both. */
#ifndef KIT_H
#define KIT_H
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
/* The context anew, with a setting ("limits.metadata_entries=5") or NULL. */
void set (const char *setting);

/* ---- files ---- */

/* A file of this header, without tensors, in memory; NULL: it does not open, and `error` says why. */
tenon_file *open_header (const char *header, size_t length);
/* The same of "{\"__metadata__\":{…}}" with this inside. */
tenon_file *open_metadata (const char *inside);
tenon_file *open_path (void);
void close_file (tenon_file *file);
/* Did opening it leave a note with these words? NULL: any note. */
int noted (const tenon_file *file, const char *words);
/* `text` as it stands inside a JSON string: a backslash before each quote and backslash. Returns the address behind. */
char *quoted (char *to, const char *text);

/* ---- values ---- */

struct tenon_value value_of (const tenon_file *file, const char *key);
/* The key at this place. */
const char *key_at (const tenon_file *file, uint64_t index);
struct tenon_value number_of (uint32_t type, uint64_t bits);
struct tenon_value string_of (const char *text, uint64_t length);
/* Numbers as little-endian bytes, strings with lengths of u64. */
struct tenon_value array_of (uint32_t type, uint64_t count, const void *bytes, uint64_t length);
struct tenon_value nested_of (const struct tenon_value *items, uint64_t count);
/* Arrays come back as they were given by the functions above. */
void same (const struct tenon_value *found, const struct tenon_value *wanted, const char *where);

/* ---- plans ---- */

tenon_plan *plan_begin (void);
void add (tenon_plan *plan, const char *key, struct tenon_value value);
void add_tensor (tenon_plan *plan, const char *name);
tenon_status save_with (tenon_plan *plan, uint32_t flags, const char *setting);
/* Saves it, frees it, and opens the file. */
tenon_file *saved (tenon_plan *plan);
/* Saves it, frees it, and compares the header less its padding with these words. */
void writes (tenon_plan *plan, const char *header);

int run_suite (Suite *suite);
#endif
