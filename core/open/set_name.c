/* SPDX-License-Identifier: MIT */
/* set_name.c - takes the names of shards apart, and makes those of the other files of their set. */
#include "open/set_name.h"

#define LEAST_DIGITS 5u
#define MOST_DIGITS 18u /* fits 64 bits */

bool
tn_is_index (const struct tn_codec *codec, const char *name)
{
    const char *variant;
    size_t length;
    return tn_index_stem (codec, name, strlen (name), &variant, &length) > 0;
}

/* The number that ends at `end`, written as %05llu does, so that a set's names can be made from one of them.
 * Where it begins; 0: there is none. */
static size_t
number_before (const char *name, size_t end, uint64_t *number)
{
    size_t begin = end;
    uint64_t unit = 1;
    *number = 0;
    while (begin > 0 && end - begin < MOST_DIGITS && name[begin - 1] >= '0' && name[begin - 1] <= '9') {
        *number += unit * (uint64_t) (name[--begin] - '0');
        unit *= 10;
    }
    size_t digits = end - begin;
    return digits < LEAST_DIGITS || (digits > LEAST_DIGITS && name[begin] == '0') ? 0 : begin;
}

/* Reads the numbers that end at `end`. */
static bool
numbers_before (const char *name, size_t end, struct tn_shard_name *shard)
{
    size_t count = number_before (name, end, &shard->count);
    if (count < 4 || memcmp (name + count - 4, "-of-", 4) != 0)
        return false;
    size_t number = number_before (name, count - 4, &shard->number);
    if (number < 2 || name[number - 1] != '-')
        return false;
    shard->stem = number - 1;
    shard->extension = name + end;
    return shard->number >= 1 && shard->number <= shard->count;
}

bool
tn_is_shard (const struct tn_codec *codec, const char *name, struct tn_shard_name *shard)
{
    if (!(codec->table.shard_flags & TENON_SHARDS_NUMBERED) || tn_is_index (codec, name))
        return false;
    size_t length = strlen (name), extension = tn_extension_length (codec, name, length);
    if (extension == 0)
        return false;
    size_t end = length - extension - 1, before = end;
    if (numbers_before (name, end, shard))
        return true;
    while (before > 0 && name[before - 1] != '.')
        before--;
    return before > 1 && before < end && numbers_before (name, before - 1, shard);
}

char *
tn_shard_name (const char *directory, const char *name, const struct tn_shard_name *shard, uint64_t number)
{
    return tn_format ("%s%.*s-%05llu-of-%05llu%s", directory, (int) shard->stem, name,
                      (unsigned long long) number, (unsigned long long) shard->count, shard->extension);
}

struct variant {
    const char *stem, *word; /* word NULL: none */
    size_t stem_length, length;
};

/* With the usual extension, and with that of the shard if it is another one. */
static tenon_status
hand_out (const struct tn_codec *codec, const struct variant *variant, const char *extension,
          tn_each_set_name *each, void *user, tenon_error *error)
{
    TN_FREE char *usual =
        tn_index_name (codec, variant->stem, variant->stem_length, NULL, variant->word, variant->length);
    TN_FREE char *other =
        tn_index_name (codec, variant->stem, variant->stem_length, extension, variant->word, variant->length);
    if (!usual || !other)
        return tn_fail_memory (error);
    TN_TRY (each (user, usual, error));
    return strcmp (usual, other) == 0 ? TENON_OK : each (user, other, error);
}

tenon_status
tn_index_names (const struct tn_codec *codec, const char *name, const struct tn_shard_name *shard,
                tn_each_set_name *each, void *user, tenon_error *error)
{
    if (!codec->table.set_index)
        return TENON_OK;
    size_t length = strlen (shard->extension), last = tn_extension_length (codec, name, strlen (name));
    const char *extension = shard->extension + length - last;
    struct variant variant = { .stem = name, .stem_length = shard->stem };
    TN_TRY (hand_out (codec, &variant, extension, each, user, error));
    if (length > last + 1) { /* NAME-00001-of-00003.half.tree */
        variant.word = shard->extension + 1;
        variant.length = length - last - 2;
        return hand_out (codec, &variant, extension, each, user, error);
    }
    size_t dot = shard->stem;
    while (dot > 0 && name[dot - 1] != '.')
        dot--;
    if (dot < 2 || dot == shard->stem)
        return TENON_OK;
    variant.word = name + dot; /* NAME.half-00001-of-00003.tree */
    variant.length = shard->stem - dot;
    variant.stem_length = dot - 1;
    return hand_out (codec, &variant, extension, each, user, error);
}

tenon_status
tn_set_names (const tenon_context *context, const char *name, tn_each_set_name *each, void *user,
              tenon_error *error)
{
    struct tn_shard_name shard;
    TN_TRY (each (user, name, error));
    for (uint64_t i = 0; i < context->registry.codec_count; i++) {
        const struct tn_codec *codec = context->registry.codecs[i];
        if (!tn_is_shard (codec, name, &shard))
            continue;
        TN_FREE char *first = tn_shard_name ("", name, &shard, 1);
        if (!first)
            return tn_fail_memory (error);
        TN_TRY (tn_index_names (codec, name, &shard, each, user, error));
        TN_TRY (each (user, first, error));
    }
    return TENON_OK;
}
