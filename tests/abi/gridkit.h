/* SPDX-License-Identifier: MIT */
/* gridkit.h - files and stores of the plugin toygrid, which has the format: tensors in chunks, cut and
 * encoded here by the rules, without the plugin. */
#ifndef GRIDKIT_H
#define GRIDKIT_H
#include "kit.h"

enum { GRID_DIMS = 8, GRID_STEPS = 4 };
/* Where chunks are. */
enum { GRID_TABLE, GRID_KEYS, GRID_SHARDS, GRID_SHARDS_OPENED };
/* What `tweak` may change. */
struct grid_entry {
    uint32_t flags, skipped; /* TENON_CHUNK_MISSING is 1 */
    uint64_t offset, stored;
    uint32_t check, sum;
};

struct grid_spec {
    const char *name, *dtype;
    unsigned item;       /* bytes */
    uint32_t flags;      /* TENON_FORTRAN, TENON_BIG_ENDIAN */
    uint32_t grid_flags; /* 1: TENON_GRID_CLIPPED */
    unsigned rank;
    uint64_t shape[GRID_DIMS], chunk[GRID_DIMS];
    const uint32_t *order; /* NULL: none is stated */
    const void *fill;      /* an item as it is stored, also around the edges; NULL: zeros, not stated */
    /* of these filters: toyrot, toyxor, zlib; none has a setup */
    const char *steps[GRID_STEPS + 1];
    unsigned where;
    const char *prefix; /* of keys */
    char separator;
    uint64_t per_shard[GRID_DIMS];
    unsigned bare;  /* 1: the header is all: no chunks are cut, and a table is at 0 */
    unsigned check; /* 1: entries of tables have the CRC-32 of the decoded chunk */
    /* 1: the chunk is missing; NULL: none is */
    int (*missing) (const uint64_t *chunk);
    /* steps that are left out for the chunk; NULL: none */
    uint32_t (*skipped) (const uint64_t *chunk);
    /* changes an entry of a table before it is written; NULL: no */
    void (*tweak) (const uint64_t *chunk, struct grid_entry *entry);
};

/* Begins a file, or a store. */
void grid_begin (void);
/* Adds a tensor of this data: packed, C order, little-endian. The data stay valid until it is saved. */
void grid_add (const struct grid_spec *spec, const void *data);
/* Writes the file; all tensors are GRID_TABLE. Returns its size. */
size_t grid_save (const char *name);
/* Writes a folder: toygrid.index, and the keys. */
void grid_save_folder (const char *name);
/* Writes an archive of the plugin pack. `how`: 0 or 16, see there. */
void grid_save_pack (const char *name, unsigned how);

/* The number of chunks in a dim. */
uint64_t grid_count (const struct grid_spec *spec, unsigned dim);
/* One chunk as it is stored, in memory that the caller frees. `sum`: of the decoded bytes; NULL: not wanted.
 */
uint8_t *grid_encode (const struct grid_spec *spec, const void *data, const uint64_t *chunk, size_t *size,
                      uint32_t *sum);

#endif
