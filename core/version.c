/* version.c - which library is running. */
#include "common.h"

TENON_API const char *
tenon_version (void)
{
    return PACKAGE_VERSION;
}
