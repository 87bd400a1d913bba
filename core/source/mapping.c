/* SPDX-License-Identifier: MIT */
/* mapping.c - the pages of a file in memory: shared with all who ask, or copies on write. */
#include "source/mapping.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct tn_mapping *
tn_mapping_keep (struct tn_mapping *mapping)
{
    atomic_fetch_add_explicit (&mapping->users, 1, memory_order_relaxed);
    return mapping;
}

void
tn_mapping_drop (struct tn_mapping *mapping)
{
    if (!mapping || atomic_fetch_sub_explicit (&mapping->users, 1, memory_order_acq_rel) > 1)
        return;
    munmap (mapping->base, mapping->size);
    free (mapping);
}

/* Why a root that has no mapping cannot be mapped. */
static const char *
why_unmapped (const struct tn_source *root)
{
    return root->kind == TN_SOURCE_READER ? "it is read through the program's own functions"
           : !root->may_map               ? "mapping is switched off"
                                          : "the system refused to map the file";
}

/* Maps a part of a file with the bytes before it in its first page. The caller holds the lock of the root. */
static const uint8_t *
map_root (struct tn_source *root)
{
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t lead = root->origin % (uint64_t) sysconf (_SC_PAGESIZE), size = root->size + lead;
    struct tn_mapping *mapping = size <= SIZE_MAX ? calloc (1, sizeof *mapping) : NULL;
    int fd = mapping ? tn_source_take_fd (root, &ignored) : -1;
    void *base =
        fd >= 0 ? mmap (NULL, size, PROT_READ, MAP_SHARED, fd, (off_t) (root->origin - lead)) : MAP_FAILED;
    if (fd >= 0)
        tn_source_give_fd (root);
    if (base == MAP_FAILED) {
        free (mapping);
        return NULL;
    }
    mapping->base = base;
    mapping->size = size;
    atomic_init (&mapping->users, 1);
    root->mapping = mapping;
    atomic_store_explicit (&root->base, (const uint8_t *) base + lead, memory_order_release);
    return (const uint8_t *) base + lead;
}

const uint8_t *
tn_source_map (struct tn_source *root, const char **why)
{
    const uint8_t *base = atomic_load_explicit (&root->base, memory_order_acquire);
    *why = why_unmapped (root);
    if (base || root->kind != TN_SOURCE_FD || !root->may_map || root->size == 0)
        return base;
    pthread_mutex_lock (&root->lock);
    base = atomic_load_explicit (&root->base, memory_order_relaxed);
    if (!base)
        base = map_root (root);
    pthread_mutex_unlock (&root->lock);
    return base;
}

void *
tn_source_map_copy (struct tn_source *root, uint64_t offset, uint64_t length, void **pages, uint64_t *size,
                    const char **why)
{
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t page = (uint64_t) sysconf (_SC_PAGESIZE), lead = (root->origin + offset) % page;
    *why = root->kind == TN_SOURCE_MEMORY ? "it lies in memory of the program, which has no pages of a file"
                                          : why_unmapped (root);
    if (root->kind != TN_SOURCE_FD || !root->may_map || length == 0 || length > SIZE_MAX - page)
        return NULL;
    int fd = tn_source_take_fd (root, &ignored);
    if (fd < 0)
        return NULL;
    *size = lead + length;
    *pages =
        mmap (NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t) (root->origin + offset - lead));
    tn_source_give_fd (root);
    return *pages == MAP_FAILED ? NULL : (uint8_t *) *pages + lead;
}

void
tn_source_advise (struct tn_source *root, uint64_t offset, uint64_t length, bool need)
{
    tenon_error ignored = TENON_ERROR_INIT;
    if (root->kind != TN_SOURCE_FD || length == 0)
        return;
    /* pages that are mapped stay in memory for all that posix_fadvise says */
    uint64_t page = (uint64_t) sysconf (_SC_PAGESIZE), lead = (root->origin + offset) % page;
    const uint8_t *base = atomic_load_explicit (&root->base, memory_order_acquire);
    if (base && offset + length <= root->size)
        madvise ((void *) (uintptr_t) (base + offset - lead), length + lead,
                 need ? MADV_WILLNEED : MADV_DONTNEED);
#ifdef POSIX_FADV_WILLNEED
    int fd = tn_source_take_fd (root, &ignored);
    if (fd < 0)
        return;
    posix_fadvise (fd, (off_t) (root->origin + offset), (off_t) length,
                   need ? POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED);
    tn_source_give_fd (root);
#endif
}
