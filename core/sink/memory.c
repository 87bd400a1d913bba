/* SPDX-License-Identifier: MIT */
/* memory.c - a sink that keeps its bytes in memory: pages of their own, which move to a larger place without
 * a copy where the system can. */
#include "sink/memory.h"
#include <sys/mman.h>
#include <unistd.h>

#define LEAST_MAPPED ((uint64_t) 1 << 16)
/* From this size on the system may give huge pages, which are faster to get. */
#define HUGE_PAGE ((uint64_t) 2 << 20)

struct memory_sink {
    struct tn_sink sink;
    uint8_t *base; /* NULL: nothing is mapped */
    uint64_t mapped;
};

static uint64_t
whole_pages (uint64_t size)
{
    long asked = sysconf (_SC_PAGESIZE);
    uint64_t page = asked > 0 ? (uint64_t) asked : 4096;
    return (size + page - 1) / page * page;
}

/* NULL: no memory. */
static uint8_t *
map_pages (uint64_t size)
{
    if (size > SIZE_MAX)
        return NULL;
    void *base = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_PAGE)
        madvise (base, size, MADV_HUGEPAGE);
#endif
    return base;
}

/* NULL: no memory; the old place stays. */
static uint8_t *
move_pages (const struct memory_sink *to, uint64_t size)
{
#ifdef MREMAP_MAYMOVE
    if (size > SIZE_MAX)
        return NULL;
    void *base = mremap (to->base, to->mapped, size, MREMAP_MAYMOVE);
    return base == MAP_FAILED ? NULL : base;
#else
    uint8_t *base = map_pages (size);
    if (base) {
        memcpy (base, to->base, to->sink.position);
        munmap (to->base, to->mapped);
    }
    return base;
#endif
}

/* Doubles the room, or takes only as much as is needed if memory is short. */
static tenon_status
grow_mapping (struct memory_sink *to, uint64_t length, tenon_error *error)
{
    uint64_t need = to->sink.position + length; /* below 2^63 */
    if (need <= to->mapped)
        return TENON_OK;
    uint64_t room = whole_pages (TN_MAX (need, 2 * to->mapped));
    uint8_t *base = move_pages (to, room);
    if (!base && room > whole_pages (need))
        base = move_pages (to, room = whole_pages (need));
    if (!base) {
        tn_fail_in (error, to->sink.name, NULL);
        return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "%llu bytes of memory could not be allocated",
                        (unsigned long long) need);
    }
    to->base = base;
    to->mapped = room;
    return TENON_OK;
}

static tenon_status
keep_bytes (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct memory_sink *to = (struct memory_sink *) sink;
    TN_TRY (grow_mapping (to, length, error));
    memcpy (to->base + sink->position, bytes, length);
    return TENON_OK;
}

/* Without a buffer between. */
static tenon_status
keep_from_file (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    struct memory_sink *to = (struct memory_sink *) sink;
    TN_TRY (grow_mapping (to, length, error));
    return tn_read_all (fd, offset, to->base + sink->position, length, error);
}

static tenon_status
change_bytes (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    (void) error;
    memcpy (((struct memory_sink *) sink)->base + position, bytes, length);
    return TENON_OK;
}

struct tn_sink *
tn_memory_sink_new (const char *name, uint64_t expected)
{
    struct memory_sink *to = malloc (sizeof *to);
    if (!to)
        return NULL;
    to->sink = (struct tn_sink){ .name = name,
                                 .fd = -1,
                                 .seekable = true,
                                 .write = keep_bytes,
                                 .copy = keep_from_file,
                                 .patch = change_bytes };
    /* a guess that the system does not grant is left out */
    to->mapped = whole_pages (TN_MAX (TN_MIN (expected, (uint64_t) INT64_MAX / 2), LEAST_MAPPED));
    to->base = map_pages (to->mapped);
    if (!to->base)
        to->base = map_pages (to->mapped = whole_pages (LEAST_MAPPED));
    if (!to->base) {
        free (to);
        return NULL;
    }
    return &to->sink;
}

void
tn_memory_sink_take (struct tn_sink *sink, void **base, uint64_t *mapped)
{
    struct memory_sink *to = (struct memory_sink *) sink;
    uint64_t used = whole_pages (TN_MAX (sink->position, 1));
    if (used < to->mapped && munmap (to->base + used, to->mapped - used) == 0)
        to->mapped = used;
    *base = to->base;
    *mapped = to->mapped;
    to->base = NULL;
}

void
tn_memory_sink_free (struct tn_sink *sink)
{
    struct memory_sink *to = (struct memory_sink *) sink;
    if (to && to->base)
        munmap (to->base, to->mapped);
    free (to);
}
