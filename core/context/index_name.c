/* SPDX-License-Identifier: MIT */
/* index_name.c - the names of indexes of sets.
 *
 * A codec says how they end: "tree.index.json", say. Of the words of such an end the first may be one of the
 * codec's extensions; then any of those that are configured may stand for it. Before the last word a variant
 * may stand: NAME.tree.index.half.json is an index of another version of the tensors. */
#include "context/context.h"
#include <strings.h>

/* The length of what a name has before ".WORD" at its end; 0: it does not end so, or has nothing before. */
static size_t
before_word (const char *name, size_t length, const char *word, size_t size)
{
    return length > size + 1 && name[length - size - 1] == '.'
                   && strncasecmp (name + length - size, word, size) == 0
               ? length - size - 1
               : 0;
}

/* The end of index names without the extension that it begins with: "index.json". `extension`: whether it
 * begins with one. */
static const char *
words_of_index (const struct tn_codec *codec, bool *extension)
{
    const char *words = codec->table.set_index;
    *extension = false;
    for (const char *const *own = codec->table.extensions; own && *own; own++) {
        size_t size = strlen (*own);
        if (strncmp (words, *own, size) == 0 && words[size] == '.' && strchr (words + size + 1, '.')) {
            *extension = true;
            return words + size + 1;
        }
    }
    return words;
}

/* The length of what a name of `length` bytes has before the extension of a file of tensors; 0: nothing. */
static size_t
before_extension (const struct tn_codec *codec, const char *name, size_t length)
{
    size_t left = 0;
    for (const char *const *own = codec->table.extensions; own && *own && !left; own++)
        left = before_word (name, length, *own, strlen (*own));
    for (char *const *other = codec->extensions; other && *other && !left; other++)
        left = before_word (name, length, *other, strlen (*other));
    return left;
}

size_t
tn_index_stem (const struct tn_codec *codec, const char *name, size_t length, const char **variant,
               size_t *variant_length)
{
    *variant = NULL;
    *variant_length = 0;
    if (!codec->table.set_index)
        return 0;
    bool extension;
    const char *words = words_of_index (codec, &extension), *last = strrchr (words, '.');
    size_t stem = before_word (name, length, words, strlen (words));
    if (stem > 0)
        return extension ? before_extension (codec, name, stem) : stem;
    size_t end = last ? before_word (name, length, last + 1, strlen (last + 1)) : 0, begin = end;
    while (begin > 0 && name[begin - 1] != '.')
        begin--;
    stem = begin > 1 && begin < end ? before_word (name, begin - 1, words, (size_t) (last - words)) : 0;
    if (stem > 0 && extension)
        stem = before_extension (codec, name, stem);
    if (stem > 0) {
        *variant = name + begin;
        *variant_length = end - begin;
    }
    return stem;
}

bool
tn_describes_index (const struct tn_codec *codec)
{
    for (const char *const *own = codec->table.extensions; own && *own && codec->table.set_index; own++)
        if (strcmp (*own, codec->table.set_index) == 0)
            return true;
    return false;
}

char *
tn_index_name (const struct tn_codec *codec, const char *stem, size_t stem_length, const char *extension,
               const char *variant, size_t variant_length)
{
    bool begins;
    const char *words = words_of_index (codec, &begins), *last = strrchr (words, '.');
    size_t own = begins ? strlen (codec->table.set_index) - strlen (words) - 1 : 0;
    size_t first = variant && last ? (size_t) (last - words) : strlen (words);
    if (!begins)
        extension = "";
    else if (!extension)
        extension = codec->table.set_index;
    else
        own = strlen (extension);
    return tn_format ("%.*s.%.*s%s%.*s%s%.*s%s", (int) stem_length, stem, (int) own, extension,
                      begins ? "." : "", (int) first, words, variant ? "." : "", (int) variant_length,
                      variant ? variant : "", variant && last ? last : "");
}
