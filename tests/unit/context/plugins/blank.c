/* SPDX-License-Identifier: MIT */
/* blank.c - a shared object that is no plugin. */
#include <tenon/plugin.h>

TENON_EXPORT int tenon_is_not_in_here (void);

int
tenon_is_not_in_here (void)
{
    return 0;
}
