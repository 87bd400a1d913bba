/* SPDX-License-Identifier: MIT */
/* file.h - an open file. The room open makes it; it lies here since plans have tensors of files, and plan
 * comes before open. */
#ifndef TN_FILE_H
#define TN_FILE_H
#include "catalog/catalog.h"

struct tenon_memory {
    struct tenon_memory *next; /* of the same file */
    void *base;                /* mapped; NULL: the arena alone, or the slab */
    uint64_t size;
    struct tn_memory_slab *slab; /* of which it is a member, and which it uses; NULL: none */
    struct tn_arena arena;       /* strings of metadata */
};

/* Pages that several memories use, which lie here, too. The last one that is freed frees all. */
struct tn_memory_slab {
    _Atomic uint64_t users;
    void *base;
    uint64_t size;
    struct tenon_memory members[];
};

struct tenon_file {
    tenon_context *context;
    struct tn_catalog *catalog;
    tenon_report *report;
    char *path;
    uint64_t codec;
    uint64_t shard_count; /* shards that were opened by their numbers; 1: a single file */
    bool unaligned;       /* tenon_map hands out tensors that are not aligned to their items */
    uint64_t elements, nbytes;
    pthread_mutex_t lock;        /* of `memory` */
    struct tenon_memory *memory; /* freed with the file */
};

/* The caller gets the memory in `result`; or, if that is NULL, the file keeps it. */
void tn_file_hand_over (tenon_file *file, tenon_memory *memory, tenon_memory **result);

#endif
