/* SPDX-License-Identifier: MIT */
/* version.c - the version of the library, which configure.ac and <tenon/library.h> both state. */
#include "base/base.h"
#include <tenon/library.h>

_Static_assert(TENON_VERSION == TENON_CONFIGURED_VERSION,
               "the versions of configure.ac and <tenon/library.h> differ");

TENON_API const char *
tenon_version (void)
{
    return TENON_VERSION_STRING;
}

TENON_API uint32_t
tenon_version_number (void)
{
    return TENON_VERSION;
}
