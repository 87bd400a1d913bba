/* SPDX-License-Identifier: MIT */
/* reading.h - opening a sample in each of the ways that the library has. */
#ifndef CHECK_READING_H
#define CHECK_READING_H
#include "check/catalog.h"
#include "check/check.h"

/* Bytes of a file, and of data of its tensors, that the steps read again and again; of larger ones less is
 * checked. */
#define READING_MOST ((uint64_t) 64 << 20)

enum reading_way {
    READING_PATH,   /* mapped, if the library maps it */
    READING_NO_MAP, /* read */
    READING_FD,
    READING_MEMORY,
    READING_PART,   /* of longer memory */
    READING_READER, /* through callbacks */
    READING_WAYS
};
/* "opened in memory" */
const char *reading_words (enum reading_way way);

struct reading_bytes {
    uint8_t *bytes;
    uint64_t size;
};
/* Reads a file of at most READING_MOST bytes. False: it is a folder, larger, or cannot be read. The caller
 * frees it with reading_forget. */
bool reading_load (const char *path, struct reading_bytes *bytes);
void reading_forget (struct reading_bytes *bytes);
void bytes_clean (struct reading_bytes *bytes); /* for CLEAN (bytes) */
/* A copy of the bytes that begins where nothing was before. reading_spoil makes it unusable for good: what
 * touches it later crashes. NULL: no memory. */
uint8_t *reading_place (const struct reading_bytes *bytes);
void reading_spoil (uint8_t *place, uint64_t size);

/* The name of a file without its folders. */
const char *reading_name (const char *path);
/* True if the file is all that its catalog is made of: there are no files beside it. */
bool reading_is_alone (const tenon_file *file, const char *path);
/* Opens a sample in one way and takes its catalog, or that of the failure. `bytes` are those of the sample,
 * for the ways that do not name it. */
void reading_catalog (tenon_context *context, const struct check_sample *sample,
                      const struct reading_bytes *bytes, enum reading_way way, unsigned what,
                      struct catalog *catalog);
/* The number of samples. */
uint64_t reading_count (const struct check *check);
/* Seconds of a clock that only goes forward. */
double reading_clock (void);
#endif
