/* SPDX-License-Identifier: MIT */
/* catalog.h - what a file holds, as texts that can be compared. */
#ifndef CHECK_CATALOG_H
#define CHECK_CATALOG_H
#include "common.h"

/* What is taken of a file. */
enum {
    CATALOG_TENSORS = 1,  /* names, dtypes, shapes, and with which status a tensor is unreadable */
    CATALOG_METADATA = 2, /* keys, and values with their types */
    CATALOG_DATA = 4,     /* a digest of the data of each tensor: C order, little-endian */
    /* the codec, and how the tensors are stored: byte order, order of axes, offsets, chunks, filters,
     * strides. It stays when the same bytes are opened again, but not when they are converted */
    CATALOG_LAYOUT = 8,
    CATALOG_NOTES = 16, /* notes, losses, and why a tensor is unreadable */
    CATALOG_ALL = 31
};

/* One thing that a file says: the dtype (aspect) of the tensor "x" (subject) is "f32" (text). */
struct catalog_entry {
    char *subject; /* a tensor, a key, "the file" or "the notes"; it is escaped */
    const char *aspect;
    char *text; /* of a long text the beginning, its size and a digest */
};
struct catalog {
    struct catalog_entry *entries; /* in the order of the file: tensors, then metadata, then notes */
    size_t count, room;
};

/* Takes the catalog of an open file; `what` is CATALOG_*. Data and values that cannot be read are entries
 * with the status in place of them, so this does not fail. catalog_free frees it. */
void catalog_take (struct catalog *catalog, const tenon_context *context, tenon_file *file, unsigned what);
/* The catalog of a file that could not be opened: the status, and with `message` the words. */
void catalog_take_failure (struct catalog *catalog, const tenon_error *error, bool message);
void catalog_free (struct catalog *catalog);
void catalog_clean (struct catalog *catalog); /* for CLEAN (catalog) */

/* Bytes of the words of a difference. */
#define CATALOG_WORDS 1024
/* True if they differ. Then `words` tells the first difference: "tensor "x": the dtype is f32, expected f64".
 * `any_order`: tensors may stand in another order, and so may keys. */
bool catalog_differs (const struct catalog *expected, const struct catalog *found, bool any_order,
                      char words[CATALOG_WORDS]);
#endif
