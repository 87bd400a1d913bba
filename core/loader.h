/* loader.h - whom a plugin file must belong to before it is loaded (trust.c). */
#ifndef TN_LOADER_H
#define TN_LOADER_H
#include "common.h"
#include <sys/stat.h>

#define TN_TRUST_ROOM 200

struct tn_trust {
    bool secure;      /* a setuid program: the owner of the library counts for nothing */
    bool asked;       /* is `library` known? */
    uid_t library;    /* owner of the file that holds libtenon; 0 when that cannot be told */
};

/* Could somebody whom this process need not trust change it? False: `why` says who. `what` names the thing: "the file", "its folder". */
bool tn_trust (struct tn_trust *trust, const struct stat *status, const char *what, char why[TN_TRUST_ROOM]);

#endif
