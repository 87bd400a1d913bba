/* version.c - which library is running. */
#include "base/common.h"

TENON_API const char *
tenon_version (void)
{
    return PACKAGE_VERSION;
}
