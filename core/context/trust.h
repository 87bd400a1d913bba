/* SPDX-License-Identifier: MIT */
/* trust.h - who can change a file: checks of plugins and configurations before they are used. */
#ifndef TN_TRUST_H
#define TN_TRUST_H
#include "base/base.h"
#include <sys/stat.h>

#define TN_TRUST_ROOM 512

/* Whom this process trusts. Filled as it goes: begin with `secure` alone. */
struct tn_trust {
    bool secure;      /* a setuid program: the owners of libtenon are not trusted */
    bool has_library; /* `library` is known */
    bool asked;       /* `device` is known */
    uid_t library;    /* a user who could replace libtenon */
    dev_t device;     /* its file system has no NFSv4 lists */
};

/* Follows a path and its links as realpath does, and judges each folder and link on the way; the file at its
 * end is judged by tn_trust_file. Returns 0, or an errno if it leads nowhere. *real, which the caller frees,
 * and *status are those of the file. `why` is "", or says what is not trusted: others could change what the
 * path leads to. `sticky`: the last folder may be one where others can add files, like /tmp. */
int tn_trust_path (struct tn_trust *trust, const char *path, bool sticky, char **real, struct stat *status,
                   char why[TN_TRUST_ROOM]);

/* True if only trusted users can change the file. False: `why` says who else can. */
bool tn_trust_file (struct tn_trust *trust, int fd, const struct stat *status, char why[TN_TRUST_ROOM]);

/* The file that this code was mapped from: libtenon, or the program or library that it was linked into. Its
 * meaning must not depend on the working directory: NULL for a relative name, or if the system does not tell.
 */
const char *tn_trust_library (void);

/* True if the file has all bytes that its program headers announce. The dynamic linker maps them unchecked,
 * and crashes on a truncated file, such as an interrupted copy leaves. Files that are not ELF files for this
 * machine pass: dlopen reports them. */
bool tn_elf_is_complete (int fd, off_t size);
/* The machine that an ELF file was made for, in words, if it is another one than this; else NULL. dlopen says
 * only that there is no such file. */
const char *tn_elf_other_machine (int fd);

#endif
