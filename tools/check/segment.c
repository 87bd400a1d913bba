/* SPDX-License-Identifier: MIT */
/* segment.c - the variables of the plugin that is loaded, and whether they change. */
#include "segment.h"
#include "memory.h"
#if defined(__has_include)
#if __has_include(<link.h>) && __has_include(<elf.h>)
#define HAS_SEGMENTS 1
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
#endif

#ifdef HAS_SEGMENTS

struct finding_segments {
    struct stat file;
    struct segment_copy *copy;
};

static void
add_part (struct segment_copy *copy, uintptr_t begin, uintptr_t end)
{
    if (begin >= end || copy->count == COUNT_OF (copy->parts))
        return;
    unsigned char *memory = (unsigned char *) begin;
    copy->parts[copy->count] =
        (struct segment_part){ memory, get_memory (NULL, end - begin, 1), end - begin };
    memcpy (copy->parts[copy->count++].copy, memory, end - begin);
}

/* Of a shared object: if it is the plugin, all of its memory that can be written, without what the dynamic
 * linker protects (RELRO). */
static int
look_at_object (struct dl_phdr_info *object, size_t size, void *user)
{
    struct finding_segments *finding = user;
    struct stat status;
    (void) size;
    if (!object->dlpi_name || stat (object->dlpi_name, &status) < 0 || status.st_ino != finding->file.st_ino
        || status.st_dev != finding->file.st_dev)
        return 0;
    uintptr_t relro = 0, relro_end = 0, page = (uintptr_t) sysconf (_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            relro = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
            relro_end = (relro + object->dlpi_phdr[i].p_memsz) & ~(page - 1);
        }
    finding->copy->base = object->dlpi_addr;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW (Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
            continue;
        uintptr_t begin = object->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;
        add_part (finding->copy, begin, relro < end ? relro : end);
        add_part (finding->copy, relro_end > begin ? relro_end : begin, end);
    }
    return 1;
}

bool
segment_take (const char *file, struct segment_copy *copy)
{
    struct finding_segments finding = { .copy = copy };
    *copy = (struct segment_copy){ .count = 0 };
    return stat (file, &finding.file) == 0 && dl_iterate_phdr (look_at_object, &finding) == 1;
}

#else

bool
segment_take (const char *file, struct segment_copy *copy)
{
    (void) file;
    *copy = (struct segment_copy){ .count = 0 };
    return false;
}

#endif

bool
segment_changed (struct segment_copy *copy, uint64_t *address)
{
    bool changed = false;
    for (unsigned i = 0; i < copy->count; i++) {
        struct segment_part *part = &copy->parts[i];
        for (size_t j = 0; j < part->size && !changed; j++)
            if (part->memory[j] != part->copy[j]) {
                changed = true;
                *address = (uint64_t) ((uintptr_t) &part->memory[j] - copy->base);
            }
        memcpy (part->copy, part->memory, part->size);
    }
    return changed;
}

void
segment_free (struct segment_copy *copy)
{
    while (copy->count > 0)
        free (copy->parts[--copy->count].copy);
}
