/* SPDX-License-Identifier: MIT */
/* copies.h - copies of samples, whose files are damaged one after the other. */
#ifndef CHECK_COPIES_H
#define CHECK_COPIES_H
#include "check/reading.h"
#include "memory.h"

/* Files of a sample that are damaged. */
#define COPY_FILES 32

/* A sample that is one file is opened in memory; a tree, or a file with others beside it, is copied. */
struct copy {
    const struct check_sample *sample;
    bool in_memory;
    char *path;              /* of the copy, as it is opened; of the sample itself if it is in memory */
    char *folder;            /* that the files are in; NULL: in memory */
    char *names[COPY_FILES]; /* of the files, in that folder; in memory: one, that of the sample */
    size_t count;
    uint64_t left_out; /* files beyond these */
};
/* Makes a copy of a sample in the folder of the work. False: it cannot be opened, or is too large; the reason
 * is left out of the report by the caller. */
bool copy_make (struct copy *copy, struct check *check, tenon_context *context,
                const struct check_sample *sample, uint64_t number);
void copy_free (struct copy *copy);
/* The bytes of file `index`. False: it is larger than READING_MOST, or gone. */
bool copy_load (const struct copy *copy, size_t index, struct reading_bytes *bytes);
/* Opens the sample with other bytes for file `index`. `bytes` must stay until the file is closed. */
tenon_status copy_open (const struct copy *copy, tenon_context *context, const char *format, size_t index,
                        const void *bytes, uint64_t size, tenon_file **file, tenon_error *error);
/* Gives file `index` its bytes back. */
void copy_restore (const struct copy *copy, size_t index, const struct reading_bytes *bytes);
#endif
