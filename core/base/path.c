/* SPDX-License-Identifier: MIT */
/* path.c - names of files in paths. */
#include "base/path.h"

const char *
tn_path_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

bool
tn_is_file_name (const char *text, uint64_t length)
{
    bool is_dots = (length == 1 || length == 2) && memcmp (text, "..", length) == 0;
    return length > 0 && length < 256 && !is_dots && !memchr (text, '/', length) && tn_utf8 (text, length);
}
