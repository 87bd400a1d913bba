/* SPDX-License-Identifier: MIT */
/* grid.h - how a tensor is stored in chunks, and where one of them is.
 *
 * A locator asks a codec for chunks of one tensor, one after the other; one thread at a time uses it. The
 * room codec, which is above this one, sets the functions. */
#ifndef TN_GRID_H
#define TN_GRID_H
#include "context/pipeline.h"
#include "source/source.h"

struct tn_catalog;
struct tn_tensor;
struct tn_locator;
struct tn_locators;

struct tn_grid {
    const uint64_t *chunk_shape; /* `rank` dims */
    const uint32_t *order;       /* as in struct tenon_grid; NULL: C, or by the flags of the tensor Fortran */
    const struct tn_pipeline *pipeline; /* NULL: chunks are stored as they are */
    const uint8_t *fill;                /* one item, in the byte order of the tensor; NULL: zeros */
    uint64_t chunk_bytes;               /* of a chunk with all its items, decoded; no overflow */
    uint32_t flags;                     /* TENON_GRID_CLIPPED, TENON_GRID_NO_FILL */
};

struct tn_chunk {
    bool missing;             /* all items are fill; nothing else counts */
    uint32_t skipped;         /* bit i: step i of the pipeline was left out */
    struct tn_source *source; /* that its stored bytes lie in … */
    uint64_t offset, stored;  /* … here, which is inside of it */
    uint32_t check, check_value;
    const char *key; /* of the store, for messages; "" without one, and of a chunk that is missing */
};

struct tn_locating {
    /* Gets a locator: one that the catalog kept, or a new one. */
    tenon_status (*begin) (struct tn_catalog *catalog, const struct tn_tensor *tensor,
                           struct tn_locator **locator, tenon_error *error);
    /* Finds a chunk. What `found` points to is valid until the locator has found TN_LOCATED_AT_ONCE more
     * chunks, or is ended. */
    tenon_status (*find) (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found,
                          tenon_error *error);
    /* Gives a locator back, on any thread; NULL is fine. */
    void (*end) (struct tn_locator *locator);
    /* Frees the locators that a catalog keeps. */
    void (*forget) (struct tn_catalog *catalog);
};
#define TN_LOCATED_AT_ONCE 64u

#endif
