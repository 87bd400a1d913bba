/* SPDX-License-Identifier: MIT */
/* trust.h - what a plugin's file must be before it is loaded (trust.c). */
#ifndef TN_TRUST_H
#define TN_TRUST_H
#include "base/base.h"
#include <sys/stat.h>

#define TN_TRUST_ROOM 200

struct tn_trust {
    bool secure;   /* a setuid program: the owner of the library counts for nothing */
    bool asked;    /* is `library` known? */
    uid_t library; /* owner of the file that holds libtenon; 0 when that cannot be told */
};

/* Could somebody whom this process need not trust change it? False: `why` says who. `what` names the thing:
 * "the file", "its folder". */
bool tn_is_trusted (struct tn_trust *trust, const struct stat *status, const char *what,
                    char why[TN_TRUST_ROOM]);

/* Does the file hold all that its program headers announce? The dynamic linker maps what they say, and dies
 * of a file that was cut, as by a copy that was broken off. What is no ELF file of this machine's kind
 * passes: dlopen has words for it. */
bool tn_elf_is_complete (int fd, off_t size);

#endif
