/* SPDX-License-Identifier: MIT */
/* elf_file.c - what an ELF shared object says about itself, without loading it. */
#include "elf_file.h"
#if defined(__has_include)
#if __has_include(<link.h>) && __has_include(<elf.h>)
#define HAS_ELF 1
#endif
#endif

#ifndef HAS_ELF

bool
elf_open (const char *path, struct elf_file *elf)
{
    (void) path;
    *elf = (struct elf_file){ NULL, 0 };
    return false;
}

void
elf_close (struct elf_file *elf)
{
    (void) elf;
}

bool
elf_symbol (const struct elf_file *elf, bool dynamic, uint64_t *index, struct elf_symbol *symbol)
{
    (void) elf, (void) dynamic, (void) index, (void) symbol;
    return false;
}

bool
elf_has_fault (const struct elf_file *elf, enum elf_fault fault)
{
    (void) elf, (void) fault;
    return false;
}

const char *
elf_text (const struct elf_file *elf, enum elf_text which, uint64_t *index)
{
    (void) elf, (void) which, (void) index;
    return NULL;
}

#else

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef ElfW (Ehdr) elf_header;
typedef ElfW (Phdr) elf_segment;
typedef ElfW (Shdr) elf_section;
typedef ElfW (Dyn) elf_entry;
typedef ElfW (Sym) elf_item;

/* Copies bytes, which may have any alignment. False: the file has not so many. */
static bool
copy_bytes (const struct elf_file *elf, uint64_t offset, void *to, size_t size)
{
    if (offset > elf->size || size > elf->size - offset)
        return false;
    memcpy (to, elf->bytes + offset, size);
    return true;
}

bool
elf_open (const char *path, struct elf_file *elf)
{
    struct stat status;
    elf_header header;
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    *elf = (struct elf_file){ NULL, 0 };
    if (fd < 0)
        return false;
    void *bytes = fstat (fd, &status) == 0 && status.st_size > 0
                      ? mmap (NULL, (size_t) status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                      : MAP_FAILED;
    close (fd);
    if (bytes == MAP_FAILED)
        return false;
    *elf = (struct elf_file){ bytes, (size_t) status.st_size };
    if (copy_bytes (elf, 0, &header, sizeof header) && memcmp (header.e_ident, ELFMAG, SELFMAG) == 0
        && header.e_ident[EI_CLASS] == (sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32)
        && header.e_type == ET_DYN)
        return true;
    elf_close (elf);
    return false;
}

void
elf_close (struct elf_file *elf)
{
    if (elf->bytes)
        munmap ((void *) (uintptr_t) elf->bytes, elf->size);
    *elf = (struct elf_file){ NULL, 0 };
}

static bool
find_section (const struct elf_file *elf, uint32_t type, elf_section *found)
{
    elf_header header;
    if (!copy_bytes (elf, 0, &header, sizeof header))
        return false;
    for (unsigned i = 0; i < header.e_shnum; i++)
        if (copy_bytes (elf, header.e_shoff + (uint64_t) i * header.e_shentsize, found, sizeof *found)
            && found->sh_type == type)
            return true;
    return false;
}

/* A text of a table of texts; NULL: it does not end inside of the file. */
static const char *
text_at (const struct elf_file *elf, uint64_t table, uint64_t offset)
{
    if (table > elf->size || offset >= elf->size - table)
        return NULL;
    const unsigned char *text = elf->bytes + table + offset;
    return memchr (text, 0, elf->size - table - offset) ? (const char *) text : NULL;
}

bool
elf_symbol (const struct elf_file *elf, bool dynamic, uint64_t *index, struct elf_symbol *symbol)
{
    elf_header header;
    elf_section symbols, texts;
    elf_item item;
    if (!find_section (elf, dynamic ? SHT_DYNSYM : SHT_SYMTAB, &symbols) || symbols.sh_entsize == 0
        || !copy_bytes (elf, 0, &header, sizeof header)
        || !copy_bytes (elf, header.e_shoff + (uint64_t) symbols.sh_link * header.e_shentsize, &texts,
                        sizeof texts))
        return false;
    while (*index < symbols.sh_size / symbols.sh_entsize) {
        uint64_t offset = symbols.sh_offset + (*index)++ * symbols.sh_entsize;
        if (!copy_bytes (elf, offset, &item, sizeof item))
            return false;
        unsigned bind = item.st_info >> 4, visibility = item.st_other & 3, type = item.st_info & 15;
        const char *name = text_at (elf, texts.sh_offset, item.st_name);
        if (!name || !*name)
            continue;
        *symbol = (struct elf_symbol){ .name = name,
                                       .value = item.st_value,
                                       .size = item.st_size,
                                       .defined = item.st_shndx != SHN_UNDEF && item.st_shndx != SHN_ABS,
                                       .weak = bind == STB_WEAK || bind == STB_GNU_UNIQUE,
                                       .global = bind != STB_LOCAL,
                                       .visible = visibility == STV_DEFAULT || visibility == STV_PROTECTED,
                                       .data = type == STT_OBJECT };
        return true;
    }
    return false;
}

static bool
next_segment (const struct elf_file *elf, unsigned *index, elf_segment *segment)
{
    elf_header header;
    if (!copy_bytes (elf, 0, &header, sizeof header) || *index >= header.e_phnum)
        return false;
    return copy_bytes (elf, header.e_phoff + (uint64_t) (*index)++ * header.e_phentsize, segment,
                       sizeof *segment);
}

/* The next entry of the dynamic section with this tag. */
static bool
next_entry (const struct elf_file *elf, int64_t tag, uint64_t *index, elf_entry *entry)
{
    elf_section dynamic;
    if (!find_section (elf, SHT_DYNAMIC, &dynamic))
        return false;
    while (*index < dynamic.sh_size / sizeof *entry) {
        if (!copy_bytes (elf, dynamic.sh_offset + (*index)++ * sizeof *entry, entry, sizeof *entry)
            || entry->d_tag == DT_NULL)
            return false;
        if (entry->d_tag == tag)
            return true;
    }
    return false;
}

const char *
elf_text (const struct elf_file *elf, enum elf_text which, uint64_t *index)
{
    static const int64_t tags[] = { DT_RPATH, DT_RUNPATH, DT_NEEDED };
    elf_header header;
    elf_section dynamic, texts;
    elf_entry entry;
    if (!find_section (elf, SHT_DYNAMIC, &dynamic) || !copy_bytes (elf, 0, &header, sizeof header)
        || !copy_bytes (elf, header.e_shoff + (uint64_t) dynamic.sh_link * header.e_shentsize, &texts,
                        sizeof texts)
        || !next_entry (elf, tags[which], index, &entry))
        return NULL;
    return text_at (elf, texts.sh_offset, entry.d_un.d_val);
}

static bool
has_text_relocations (const struct elf_file *elf)
{
    elf_entry entry;
    uint64_t index = 0;
    if (next_entry (elf, DT_TEXTREL, &index, &entry))
        return true;
    index = 0;
    return next_entry (elf, DT_FLAGS, &index, &entry) && (entry.d_un.d_val & DF_TEXTREL);
}

bool
elf_has_fault (const struct elf_file *elf, enum elf_fault fault)
{
    elf_segment segment;
    if (fault == ELF_TEXT_RELOCATIONS)
        return has_text_relocations (elf);
    for (unsigned i = 0; next_segment (elf, &i, &segment);)
        if (segment.p_flags & PF_X) {
            if (fault == ELF_WRITABLE_CODE && segment.p_type == PT_LOAD && (segment.p_flags & PF_W))
                return true;
            if (fault == ELF_EXECUTABLE_STACK && segment.p_type == PT_GNU_STACK)
                return true;
        }
    return false;
}

#endif

bool
elf_is_instrumented (const struct elf_file *elf)
{
    struct elf_symbol symbol;
    for (uint64_t i = 0; elf_symbol (elf, true, &i, &symbol);)
        if (strncmp (symbol.name, "__asan_", 7) == 0 || strncmp (symbol.name, "__tsan_", 7) == 0
            || strncmp (symbol.name, "__ubsan_", 8) == 0 || strncmp (symbol.name, "__msan_", 7) == 0)
            return true;
    for (uint64_t i = 0; elf_symbol (elf, false, &i, &symbol);)
        if (strncmp (symbol.name, "__gcov_", 7) == 0 || strncmp (symbol.name, "__llvm_prf", 10) == 0)
            return true;
    return false;
}
