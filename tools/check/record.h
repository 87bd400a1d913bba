/* SPDX-License-Identifier: MIT */
/* record.h - what a file holds, by names and digests, so that two files can be compared. */
#ifndef CHECK_RECORD_H
#define CHECK_RECORD_H
#include "check/check.h"

/* Digests: FNV-1a with 64 bits. Different data of a plugin that is wrong have the same one by chance only. */
#define DIGEST_START 0xcbf29ce484222325u
uint64_t digest_bytes (uint64_t digest, const void *bytes, uint64_t size);
uint64_t digest_number (uint64_t digest, uint64_t number);
/* A file, or a folder with all that is in it: names and bytes. False: it cannot be read. */
bool digest_path (const char *path, uint64_t *digest);

/* A tensor, or an entry of the metadata. */
struct record_item {
    char *name;
    char what[200]; /* dtype and shape, or the type of the value */
    uint64_t digest;
    bool metadata;
    bool unreadable; /* its data have no digest */
};
struct record {
    struct record_item *items; /* in the order of the file, tensors first */
    size_t count, room, tensors;
};
/* All of a file. A negative status: of which tensor or entry is in the error. */
tenon_status record_file (tenon_context *context, tenon_file *file, struct record *record,
                          tenon_error *error);
/* Adds an item, whose name is copied. */
struct record_item *record_add (struct record *record, const char *name, bool metadata);
/* "f32 [2,3]" */
void record_shape (char *text, size_t room, const char *dtype, uint32_t rank, const uint64_t *shape);
/* The digest of a value of a file; of a value in memory, whose arrays are packed: NULL. */
tenon_status record_value (tenon_file *file, const struct tenon_value *value, uint64_t *digest,
                           tenon_error *error);
/* Adds an entry of the metadata. `file` NULL: the value is in memory. */
tenon_status record_metadata (struct record *record, tenon_context *context, tenon_file *file,
                              const char *key, const struct tenon_value *value, tenon_error *error);
void record_clean (struct record *record);

/* The rules that a difference breaks. */
struct record_rules {
    enum check_rule tensors, data, metadata;
};
/* Tells the differences of what was saved and what was read back, at most three, but for those that `losses`,
 * the report of the save, calls a loss, and for tensors that `notes`, that of opening the file, tells of.
 * NAMELESS: a single tensor may have another name if a loss tells of it, or RENAMED, since its name was that
 * of a file. ORDERED: the order counts, too. MORE: the second may have more metadata. */
enum { RECORD_NAMELESS = 1, RECORD_ORDERED = 2, RECORD_MORE = 4, RECORD_RENAMED = 8 };
bool record_same (struct check *check, const struct record_rules *rules, const char *subject,
                  const struct record *before, const struct record *after, const tenon_report *losses,
                  const tenon_report *notes, unsigned flags);
#endif
