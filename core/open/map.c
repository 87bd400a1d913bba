/* SPDX-License-Identifier: MIT */
/* map.c - the stored bytes of a tensor without a copy, and advice about them. */
#include "open/map.h"
#include "open/reading.h"
#include "source/mapping.h"
#include "source/scan.h"
#include <sys/mman.h>

/* Where the bytes of a tensor lie in a root: a file, memory or a reader. */
struct stored {
    struct tn_source *root, *source;
    uint64_t offset, length;
    bool sums_first; /* a checksum has to be compared before */
};

static tenon_status
check_index (const tenon_file *file, uint64_t index, tenon_error *error)
{
    if (index < file->catalog->count)
        return TENON_OK;
    return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                    (unsigned long long) index, (unsigned long long) file->catalog->count);
}

/* Fails unless the bytes of the tensor are a range of a root, and, without `strides`, are packed. Sets the
 * tensor of the error in any case. */
static tenon_status
find_stored (const tenon_file *file, uint64_t index, bool strides, struct stored *stored, tenon_error *error)
{
    struct tn_catalog *catalog = file->catalog;
    TN_TRY (check_index (file, index, error));
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    struct tn_source *source = catalog->sources[tensor->source];
    TN_TRY (tn_catalog_readable (catalog, tensor, error));
    tn_fail_in (error, NULL, tensor->name);
    *stored = (struct stored){ source->backing, source, source->backing_offset + tensor->offset,
                               tensor->length, false };
    if (!strides && tn_tensor_strides (catalog, tensor))
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET,
                        "its items lie in strides, and not one behind the other");
    if (tensor->length == 0)
        return TENON_OK;
    struct tn_way way = tn_way_to_map (tensor, source);
    if (way.kind == TN_WAY_GRID)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET,
                        "it is stored in chunks, and not in one piece");
    if (way.kind == TN_WAY_SERVED)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET,
                        "the codec makes its bytes when they are asked for");
    if (way.kind != TN_WAY_STORED)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "it is stored through the filter %s",
                        tn_source_filter (source));
    stored->sums_first = way.sums_first;
    return TENON_OK;
}

static uint32_t
alignment_of (const struct tenon_dtype *dtype)
{
    uint32_t alignment = dtype->alignment;
    for (uint32_t i = 0; alignment == 0 && i < dtype->swap_count; i++)
        alignment = TN_MAX (alignment, dtype->swap[i].size);
    return alignment ? alignment : 1;
}

/* The checks of mapped bytes before they are handed out: alignment and, if it is wanted, the checksum. */
static tenon_status
check_mapped (tenon_file *file, uint64_t index, const struct stored *stored, const void *data,
              tenon_error *error)
{
    const struct tn_tensor *tensor = tn_catalog_tensor (file->catalog, index);
    uint32_t alignment = alignment_of (tn_catalog_dtype (file->catalog, tensor->dtype));
    if (stored->sums_first)
        TN_TRY (tn_scan_all (file->context, stored->source, NULL, NULL, error));
    if (!file->unaligned && (uintptr_t) data % alignment != 0)
        return tn_fail (
            error, TENON_E_NOT_MAPPABLE, stored->offset,
            "it does not lie at a multiple of %u (the flag TENON_OPEN_UNALIGNED maps it all the same)",
            alignment);
    return TENON_OK;
}

/* The address of an empty tensor, which has no bytes. */
static const char nothing[64] __attribute__ ((aligned (64))) = { 0 };

static tenon_status
map_stored (tenon_file *file, uint64_t index, const struct stored *stored, const void **data,
            tenon_error *error)
{
    const char *why;
    const uint8_t *base = tn_source_map (stored->root, &why);
    if (!base)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    TN_TRY (check_mapped (file, index, stored, base + stored->offset, error));
    *data = base + stored->offset;
    return TENON_OK;
}

static tenon_status
map_tensor (tenon_file *file, uint64_t index, const void **data, uint64_t *size, tenon_error *error)
{
    struct stored stored;
    TN_TRY (find_stored (file, index, false, &stored, error));
    if (stored.length == 0) {
        *data = nothing;
        return TENON_OK;
    }
    TN_TRY (map_stored (file, index, &stored, data, error));
    *size = stored.length;
    return TENON_OK;
}

tenon_status
tn_map_items (tenon_file *file, uint64_t index, const uint8_t **item, struct tn_mapping **mapping,
              tenon_error *error)
{
    struct stored stored;
    const void *data = nothing;
    TN_TRY (find_stored (file, index, true, &stored, error));
    if (stored.length > 0)
        TN_TRY (map_stored (file, index, &stored, &data, error));
    *item = data;
    *mapping = stored.length > 0 && stored.root->mapping ? tn_mapping_keep (stored.root->mapping) : NULL;
    return TENON_OK;
}

TENON_API tenon_status
tenon_map (tenon_file *file, uint64_t index, const void **data, uint64_t *size, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, file, "file") || !TN_GIVEN (&mine, data, "data") || !TN_GIVEN (&mine, size, "size"))
        return tn_reading_end (file, error, &mine);
    *data = NULL;
    *size = 0;
    map_tensor (file, index, data, size, &mine);
    return tn_reading_end (file, error, &mine);
}

/* ---- copies on write ---- */

tenon_status
tn_map_private (tenon_file *file, uint64_t index, void **data, uint64_t *size, tenon_memory **memory,
                tenon_error *error)
{
    struct stored stored;
    const char *why;
    TN_TRY (find_stored (file, index, false, &stored, error));
    tenon_memory *pages = calloc (1, sizeof *pages);
    if (!pages)
        return tn_fail_memory (error);
    void *found = stored.length > 0 ? tn_source_map_copy (stored.root, stored.offset, stored.length,
                                                          &pages->base, &pages->size, &why)
                                    : (void *) (uintptr_t) nothing;
    if (!found) {
        free (pages);
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    }
    if (check_mapped (file, index, &stored, found, error) < 0) {
        tenon_memory_free (pages);
        return error->status;
    }
    *data = found;
    *size = stored.length;
    *memory = pages;
    return TENON_OK;
}

TENON_API tenon_status
tenon_map_private (tenon_file *file, uint64_t index, void **data, uint64_t *size, tenon_memory **memory,
                   tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_memory *pages = NULL;
    if (memory)
        *memory = NULL;
    if (!TN_GIVEN (&mine, file, "file") || !TN_GIVEN (&mine, data, "data") || !TN_GIVEN (&mine, size, "size"))
        return tn_reading_end (file, error, &mine);
    *data = NULL;
    *size = 0;
    if (tn_map_private (file, index, data, size, &pages, &mine) == TENON_OK)
        tn_file_hand_over (file, pages, memory);
    return tn_reading_end (file, error, &mine);
}

/* ---- advice ---- */

/* The range of the outermost file that reading a tensor takes bytes from: its own, or those of the outermost
 * member that has to be decoded. */
static void
find_outermost (const struct tn_catalog *catalog, const struct tn_tensor *tensor, struct stored *range)
{
    struct tn_source *source = catalog->sources[tensor->source];
    tn_tensor_range (catalog, tensor, &range->offset, &range->length);
    for (; source->kind == TN_SOURCE_PART; source = source->parent) {
        if (source->pipeline)
            range->offset = 0, range->length = source->stored;
        range->offset += source->offset;
    }
    range->root = source;
}

/* Ranges with less than this between them are one: it is about what the system reads ahead. */
#define ADVISED_GAP (64u << 10)

static tenon_status
advise_tensors (const tenon_file *file, const uint64_t *indexes, uint64_t count, bool need,
                tenon_error *error)
{
    const struct tn_catalog *catalog = file->catalog;
    struct stored all = { 0 };
    for (uint64_t i = 0; i < count; i++)
        TN_TRY (check_index (file, indexes ? indexes[i] : i, error));
    for (uint64_t i = 0; i < count; i++) {
        struct stored range = { 0 };
        const struct tn_tensor *tensor = tn_catalog_tensor (catalog, indexes ? indexes[i] : i);
        if (tensor->storage != TENON_EXTENT || tn_catalog_fault (catalog, tensor))
            continue;
        find_outermost (catalog, tensor, &range);
        uint64_t end = all.offset + all.length;
        if (range.root == all.root && range.offset >= all.offset && range.offset <= end + ADVISED_GAP) {
            all.length = TN_MAX (end, range.offset + range.length) - all.offset;
            continue;
        }
        if (all.root)
            tn_source_advise (all.root, all.offset, all.length, need);
        all = range;
    }
    if (all.root)
        tn_source_advise (all.root, all.offset, all.length, need);
    return TENON_OK;
}

TENON_API tenon_status
tenon_advise (tenon_file *file, const uint64_t *indexes, uint64_t count, uint32_t advice, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, file, "file"))
        return tn_reading_end (file, error, &mine);
    if (advice != TENON_ADVISE_WILL_NEED && advice != TENON_ADVISE_DONT_NEED)
        tn_fail (&mine, TENON_E_MISUSE, TN_NO_OFFSET, "there is no advice %u", advice);
    else
        advise_tensors (file, indexes, count, advice == TENON_ADVISE_WILL_NEED, &mine);
    return tn_reading_end (file, error, &mine);
}
