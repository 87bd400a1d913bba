/* SPDX-License-Identifier: MIT */
/* mapping.h - the pages of a file in memory. */
#ifndef TN_MAPPING_H
#define TN_MAPPING_H
#include "source/source.h"

/* All of a file, read-only, as long as it has users: it may outlive its source, and the context. */
struct tn_mapping {
    _Atomic uint64_t users;
    void *base;
    uint64_t size;
};
struct tn_mapping *tn_mapping_keep (struct tn_mapping *mapping);
/* NULL is fine. Any thread may call it. */
void tn_mapping_drop (struct tn_mapping *mapping);

/* Maps a range of a root so that it can be written without changing the file. The caller unmaps *pages, *size
 * bytes. NULL: it cannot be mapped, and *why is the reason. */
void *tn_source_map_copy (struct tn_source *root, uint64_t offset, uint64_t length, void **pages,
                          uint64_t *size, const char **why);
/* Tells the system that a range of a root will be read soon, or no more. The system may ignore it. */
void tn_source_advise (struct tn_source *root, uint64_t offset, uint64_t length, bool need);

#endif
