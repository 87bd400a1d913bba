/* SPDX-License-Identifier: MIT */
/* file.h - an open file. */
#ifndef TN_FILE_H
#define TN_FILE_H
#include "catalog/catalog.h"

struct tenon_memory {
    struct tenon_memory *next; /* of the same file */
    void *base;                /* mapped; NULL: only the arena */
    uint64_t size;
    struct tn_arena arena; /* strings of metadata */
};

struct tenon_file {
    tenon_context *context;
    struct tn_catalog *catalog;
    tenon_report *report;
    char *path;
    uint64_t codec;
    uint64_t parts; /* files of a set that were opened by their numbers; 1: it is one file */
    bool unaligned; /* tenon_map hands out what is not aligned */
    uint64_t elements, nbytes;
    pthread_mutex_t lock;        /* of memory */
    struct tenon_memory *memory; /* goes with the file */
};

#endif
