/* SPDX-License-Identifier: MIT */
/* extension.c - the extension of a file's name. */
#include "context/context.h"
#include <strings.h>

size_t
tn_extension_length (const struct tn_codec *codec, const char *name, uint64_t length)
{
    size_t longest = 0;
    for (char *const *extension = codec->extensions; extension && *extension; extension++) {
        size_t size = strlen (*extension);
        if (size + 1 <= length && size > longest && name[length - size - 1] == '.'
            && strncasecmp (name + length - size, *extension, size) == 0)
            longest = size;
    }
    const char *variant;
    size_t ignored, stem = 0;
    if (longest == 0 && tn_describes_index (codec))
        stem = tn_index_stem (codec, name, length, &variant, &ignored);
    return stem > 0 ? length - stem - 1 : longest;
}
