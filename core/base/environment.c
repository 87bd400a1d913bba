/* SPDX-License-Identifier: MIT */
/* environment.c - the environment, which a program with more rights than its user does not look at. (Not all
 * systems have secure_getenv.) */
#include "base/environment.h"
#include <unistd.h>
#ifdef HAVE_GETAUXVAL
#include <sys/auxv.h>
#endif

bool
tn_is_privileged (void)
{
#ifdef HAVE_GETAUXVAL
    if (getauxval (AT_SECURE) != 0) /* also with file capabilities */
        return true;
#endif
#ifdef HAVE_ISSETUGID
    if (issetugid ())
        return true;
#endif
    return geteuid () != getuid () || getegid () != getgid ();
}

const char *
tn_environment (const char *name)
{
    return tn_is_privileged () ? NULL : getenv (name);
}
