/* SPDX-License-Identifier: MIT */
/* elf_file.h - what an ELF shared object says about itself, without loading it. */
#ifndef CHECK_ELF_FILE_H
#define CHECK_ELF_FILE_H
#include "common.h"

struct elf_file {
    const unsigned char *bytes;
    size_t size;
};
struct elf_symbol {
    const char *name;
    uint64_t value, size; /* value: its address in the file's own count */
    bool defined, weak, global, visible;
    bool data; /* a variable */
};
/* False: it is not an ELF shared object for this kind of machine, or this system has no ELF. */
bool elf_open (const char *path, struct elf_file *elf);
void elf_close (struct elf_file *elf);
/* The next symbol from *index on, of those of the dynamic linker or of all that were not stripped; moves
 * *index behind it. False: there is none. */
bool elf_symbol (const struct elf_file *elf, bool dynamic, uint64_t *index, struct elf_symbol *symbol);

/* True if the file checks its memory, or counts what it runs: not all that it calls and changes is its
 * own. */
bool elf_is_instrumented (const struct elf_file *elf);

/* What is wrong with its segments. */
enum elf_fault {
    ELF_WRITABLE_CODE,    /* a segment that is both writable and executable */
    ELF_EXECUTABLE_STACK, /* it needs an executable stack */
    ELF_TEXT_RELOCATIONS, /* loading it changes its code */
    ELF_FAULTS
};
bool elf_has_fault (const struct elf_file *elf, enum elf_fault fault);
/* The value of the first entry of the dynamic section that is a text with this tag (DT_RUNPATH …), from
 * *index on. NULL: there is none. */
enum elf_text { ELF_RPATH, ELF_RUNPATH, ELF_NEEDED };
const char *elf_text (const struct elf_file *elf, enum elf_text which, uint64_t *index);
#endif
