/* SPDX-License-Identifier: MIT */
/* version.c - the version of the library. */
#include "base/base.h"

TENON_API const char *
tenon_version (void)
{
    return PACKAGE_VERSION;
}
