/* SPDX-License-Identifier: MIT */
/* version.c - which library is running. */
#include "base/base.h"

TENON_API const char *
tenon_version (void)
{
    return PACKAGE_VERSION;
}
