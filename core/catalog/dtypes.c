/* SPDX-License-Identifier: MIT */
/* dtypes.c - the opaque dtypes of a file. */
#include "base/budget.h"
#include "catalog/catalog.h"

/* The words of an opaque dtype, which tell it from others, in one piece: u64 item size, u32 items_as, u32
 * items_flags, family, NUL, text, NUL. A file may have 65,536 opaque dtypes and a million tensors, so dtypes
 * are found by a hash of their words. */
#define WORDS_HEAD (sizeof (uint64_t) + 2 * sizeof (uint32_t))

static uint64_t
words_length (const struct tenon_dtype *dtype)
{
    return WORDS_HEAD + strlen (dtype->family) + strlen (dtype->text) + 2;
}

static void
put_words (char *to, const struct tenon_dtype *dtype)
{
    memcpy (to, &dtype->block_bytes, sizeof dtype->block_bytes);
    memcpy (to + sizeof dtype->block_bytes, &dtype->items_as, sizeof dtype->items_as);
    memcpy (to + WORDS_HEAD - sizeof dtype->items_flags, &dtype->items_flags, sizeof dtype->items_flags);
    to += WORDS_HEAD;
    memcpy (to, dtype->family, strlen (dtype->family) + 1);
    memcpy (to + strlen (dtype->family) + 1, dtype->text, strlen (dtype->text) + 1);
}

static bool
dtype_has_words (const void *owner, uint64_t index, const char *words, uint64_t length)
{
    const struct tenon_dtype *dtype = ((const struct tn_catalog *) owner)->dtypes[index];
    return words_length (dtype) == length && memcmp (dtype->family - WORDS_HEAD, words, length) == 0;
}

/* A copy of a dtype. Its family and text point into a copy of its words. */
static struct tenon_dtype *
copy_dtype (struct tn_catalog *catalog, const struct tenon_dtype *dtype, const char *words, uint64_t length)
{
    struct tenon_dtype *copy = tn_arena_get (&catalog->arena, sizeof *copy, true);
    char *text = copy ? tn_arena_text (&catalog->arena, words, length) : NULL;
    if (!text)
        return NULL;
    copy->struct_size = sizeof *copy;
    copy->kind = TENON_KIND_OPAQUE;
    copy->block_items = 1;
    copy->block_bytes = dtype->block_bytes;
    copy->alignment = dtype->alignment;
    copy->swap_size = sizeof (struct tenon_swap_field);
    copy->family = text + WORDS_HEAD;
    copy->items_as = dtype->items_as;
    copy->items_flags = dtype->items_flags;
    copy->text = copy->family + strlen (copy->family) + 1;
    return copy;
}

static bool
has_valid_items (const struct tenon_dtype *dtype)
{
    if (dtype->items_as == TENON_NONE)
        return dtype->items_flags == 0;
    return dtype->items_as < TENON_DTYPE_FIXED && tn_dtype_fixed[dtype->items_as].block_items == 1
           && tn_dtype_fixed[dtype->items_as].block_bytes == dtype->block_bytes
           && (dtype->items_flags & ~(uint32_t) TENON_BIG_ENDIAN) == 0;
}

tenon_status
tn_catalog_add_dtype (struct tn_catalog *catalog, const struct tenon_dtype *dtype, uint32_t *number,
                      tenon_error *error)
{
    uint64_t first = TENON_DTYPE_DYNAMIC + catalog->context->registry.dtype_count, index;
    if (dtype->kind != TENON_KIND_OPAQUE || !dtype->family || !dtype->family[0] || !dtype->text
        || dtype->block_items > 1 || dtype->block_bytes >= (uint64_t) 1 << 63)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "add_dtype takes opaque dtypes with a family, a text and an item size");
    if (!has_valid_items (dtype))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "items_as must be a fixed dtype with items of the same size");
    uint64_t length = words_length (dtype);
    TN_FREE char *words = malloc (length);
    if (!words)
        return tn_fail_memory (error);
    put_words (words, dtype);
    if (tn_names_find (&catalog->words, catalog, dtype_has_words, words, length, &index)) {
        *number = (uint32_t) (first + index);
        return TENON_OK;
    }
    if (catalog->dtype_count >= 65536)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET, "more than 65536 opaque dtypes in one file");
    struct tenon_dtype *copy = copy_dtype (catalog, dtype, words, length);
    if (!copy
        || !tn_grow_within (catalog->budget, &catalog->dtypes, &catalog->dtype_room, catalog->dtype_count,
                            sizeof (struct tenon_dtype *))
        || tn_names_enter (&catalog->words, catalog, dtype_has_words, words, length, catalog->dtype_count)
               < 0)
        return tn_fail_memory (error);
    *number = (uint32_t) (first + catalog->dtype_count);
    catalog->dtypes[catalog->dtype_count++] = copy;
    return TENON_OK;
}

const struct tenon_dtype *
tn_catalog_dtype (const struct tn_catalog *catalog, uint32_t dtype)
{
    uint64_t first = TENON_DTYPE_DYNAMIC + catalog->context->registry.dtype_count;
    if (dtype < first)
        return tn_dtype_get (catalog->context, dtype);
    return dtype - first < catalog->dtype_count ? catalog->dtypes[dtype - first] : NULL;
}
