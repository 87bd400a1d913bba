/* SPDX-License-Identifier: MIT */
/* kit.h - shared by the ABI tests: a folder for each test, contexts with chosen plugins, files laid out
 * byte for byte, and questions that end in an assertion. These tests know <tenon/tenon.h> only, like
 * applications. */
#ifndef KIT_H
#define KIT_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

#define KIT_INIT(variable)                                                                                   \
    (memset (&(variable), 0, sizeof (variable)), (variable).struct_size = sizeof (variable))

/* ---- the test's folder (checked fixture) ---- */

extern tenon_context *kit; /* of kit_plugins; freed with the folder */
extern tenon_error kit_error;
void kit_setup (void);
void kit_teardown (void);
/* The path of NAME in the folder. The last sixteen results stay valid. */
const char *kit_path (const char *name);
void kit_save (const char *name, const void *bytes, size_t size);
/* All of a file, in memory that is not freed. */
const uint8_t *kit_load (const char *name, size_t *size);
int kit_exists (const char *name);
/* The number of files in the folder, without the folder of plugins. */
unsigned kit_count_files (void);

/* ---- contexts ---- */

/* Copies a plugin that was built for the tests to plugins/NAME.so in the folder. */
void kit_copy (const char *plugin, const char *name);
/* The plugin zip of this tree, unless the library has it. */
void kit_copy_zip (void);
/* Makes `kit`, a context of these plugins ("toyraw toybox") and settings ("a=b c=d", or NULL) only. */
void kit_plugins (const char *plugins, const char *settings);
/* Like kit_plugins, with the plugins that lie in the folder's plugins/. Returns the status. */
tenon_status kit_context (const char *settings);
/* The verdict on a plugin; NULL: there is none. */
const tenon_report_entry *kit_verdict (const char *plugin);

/* ---- bytes ---- */

struct bytes {
    uint8_t data[65536];
    size_t size;
};
void kit_put (struct bytes *bytes, const void *from, size_t size);
void kit_text (struct bytes *bytes, const char *text);
/* Little-endian, `width` bytes. */
void kit_le (struct bytes *bytes, uint64_t number, unsigned width);
void kit_be (struct bytes *bytes, uint64_t number, unsigned width);
/* A little-endian u16 length and the text, like toyraw's names and keys. */
void kit_name (struct bytes *bytes, const char *text);
void kit_f32 (struct bytes *bytes, float number);
/* Zeros up to a size. */
void kit_pad (struct bytes *bytes, size_t size);
/* The head of a little-endian toyraw file, and an entry for a tensor. */
void kit_raw_head (struct bytes *bytes, uint32_t tensors, uint32_t metadata, uint64_t data);
void kit_raw_tensor (struct bytes *bytes, const char *name, const char *dtype, uint32_t flags, unsigned rank,
                     const uint64_t *shape, uint64_t offset, uint64_t length);
/* An entry for a string of the metadata. */
void kit_raw_string (struct bytes *bytes, const char *key, const char *text, size_t length);
#define KIT_AUTO UINT64_MAX
#define KIT_SHAPE(...)                                                                                       \
    (const uint64_t[])                                                                                       \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
/* Writes these bytes to a file of the folder. */
void kit_file (const char *name, const struct bytes *bytes);
/* Writes a toyraw file with one tensor, u8 [] of one item, and the metadata "author", a u8. */
void kit_shard (const char *file, const char *tensor, uint8_t item, uint8_t author);
/* Fails, and names the first difference, unless `found` has exactly the bytes that are wanted. `what` is
 * named. */
void kit_same (const char *what, const uint8_t *found, size_t found_size, const uint8_t *wanted,
               size_t wanted_size);
/* The same of a file. */
void kit_same_file (const char *name, const struct bytes *bytes);

/* ---- asking ---- */

/* Fails unless the message contains `words`; "…" in them stands for any text. */
void kit_said (const char *message, const char *words);
/* Checks the last failure, which is in kit_error. */
void kit_failed (tenon_status status, tenon_status expected, const char *words);
/* Opens a file of the folder. Settings as in kit_plugins. format NULL: the codec that recognises the file. */
tenon_file *kit_open (const char *name, const char *format, const char *settings);
void kit_open_fails (const char *name, const char *format, const char *settings, tenon_status status,
                     const char *words);
tenon_tensor_info kit_tensor (tenon_file *file, const char *name);
/* Reads all of a tensor, packed, in C order, little-endian, cast to a dtype ("": its own), and compares it
 * with these bytes. */
void kit_data (tenon_file *file, const char *name, const char *dtype, const void *bytes, size_t size);
/* Expects that reading the tensor fails. */
void kit_data_fails (tenon_file *file, const char *name, const char *dtype, tenon_status status,
                     const char *words);
/* Fails unless a tensor has this dtype (NULL: any) and this shape. */
void kit_is_shaped (tenon_file *file, const char *name, const char *dtype, unsigned rank,
                    const uint64_t *shape);
struct tenon_value kit_value (tenon_file *file, const char *key);
/* True if a report has an entry of this kind with these words. */
int kit_reported (const tenon_report *report, uint32_t kind, const char *words);

/* ---- saving ---- */

/* A plan with one array: "x", u8 [4], 1, 2, 3, 4. */
tenon_plan *kit_plan (void);
void kit_add (tenon_plan *plan, const char *name, const char *dtype, uint32_t flags, unsigned rank,
              const uint64_t *shape, const void *data, size_t size);
/* Saves to a file of the folder; report may be NULL. */
tenon_status kit_write (tenon_plan *plan, const char *name, const char *format, const char *settings,
                        tenon_report **report);

/* An empty plan of a context of these plugins only. */
tenon_plan *kit_empty_plan (const char *plugins);
/* A plan of all that a file has. */
tenon_plan *kit_plan_of (tenon_file *file);
/* Sets metadata from text. */
void kit_set_text (tenon_plan *plan, const char *key, const char *type, const char *text);
/* Saves the plan to a toyraw file, frees it, and opens the file. */
tenon_file *kit_reopen (tenon_plan *plan);

/* ---- main ---- */

/* Adds a case, whose tests have the fixture, to the suite. */
TCase *kit_case (Suite *suite, const char *name);
/* Runs the cases that `fill_suite` adds to a suite; returns the program's exit status. */
int kit_main (const char *name, void (*fill_suite) (Suite *suite));

#endif
