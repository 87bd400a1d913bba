/* SPDX-License-Identifier: MIT */
/* extension.c - the extension of a file's name. */
#include "context/context.h"
#include <strings.h>

/* The bit of the last letter; capitals have that of small ones. */
static uint32_t
end_letter (const char *text, uint64_t length)
{
    return length > 0 ? (uint32_t) 1 << ((unsigned char) text[length - 1] & 31) : 0;
}

void
tn_codec_end_letters (struct tn_codec *codec)
{
    const char *index = codec->table.set_index;
    codec->letters = index ? end_letter (index, strlen (index)) : 0;
    for (char *const *extension = codec->extensions; extension && *extension; extension++)
        codec->letters |= end_letter (*extension, strlen (*extension));
}

size_t
tn_extension_length (const struct tn_codec *codec, const char *name, uint64_t length)
{
    size_t longest = 0;
    if (!(codec->letters & end_letter (name, length))) /* most codecs, for each of a million members */
        return 0;
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
