/* SPDX-License-Identifier: MIT */
/* trust.h - checks of a plugin's file before it is loaded. */
#ifndef TN_TRUST_H
#define TN_TRUST_H
#include "base/base.h"
#include <sys/stat.h>

#define TN_TRUST_ROOM 200

struct tn_trust {
    bool secure;   /* a setuid program: the owner of libtenon is not trusted */
    bool asked;    /* `library` is known */
    uid_t library; /* owner of the file of libtenon; 0 when it cannot be found out */
};

/* True if only users that this process must trust anyway can change the file or folder of that status. False:
 * `why` names a user that can. `what` names it in the message: "the file", "its folder". */
bool tn_is_trusted (struct tn_trust *trust, const struct stat *status, const char *what,
                    char why[TN_TRUST_ROOM]);

/* True if the file has all bytes that its program headers announce. The dynamic linker maps them unchecked,
 * and crashes on a truncated file, such as an interrupted copy leaves. Files that are not ELF files for this
 * machine pass: dlopen reports them. */
bool tn_elf_is_complete (int fd, off_t size);

#endif
