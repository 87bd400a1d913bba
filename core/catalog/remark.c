/* SPDX-License-Identifier: MIT */
/* remark.c - tensors that cannot be read or have strides, and what the file holds beside those of the
 * catalog. A catalog may have a million tensors, of which few need a remark, so that it lies beside them. */
#include "base/budget.h"
#include "catalog/catalog.h"

/* As many as a report holds: it would not show more. */
#define MOST_OMISSIONS 10000

/* The remark of a tensor, which gets an empty one if it has none. NULL: no memory. */
static struct tn_remark *
remark_on (struct tn_catalog *catalog, struct tn_tensor *tensor)
{
    if (tensor->remark == 0) {
        if (!tn_grow_within (catalog->budget, &catalog->remarks, &catalog->remark_room, catalog->remark_count,
                             sizeof *catalog->remarks))
            return NULL;
        catalog->remarks[catalog->remark_count++] = (struct tn_remark){ .status = TENON_OK };
        tensor->remark = (uint32_t) catalog->remark_count;
    }
    return &catalog->remarks[tensor->remark - 1];
}

tenon_status
tn_catalog_spoil (struct tn_catalog *catalog, struct tn_tensor *tensor, tenon_status status,
                  const char *dtype, const char *why, tenon_error *error)
{
    struct tn_arena *arena = &catalog->arena;
    char *words = tn_arena_text (arena, why, strlen (why));
    char *type = dtype ? tn_arena_text (arena, dtype, strlen (dtype)) : NULL;
    struct tn_remark *remark = remark_on (catalog, tensor);
    if (!remark || !words || (dtype && !type))
        return tn_fail_memory (error);
    remark->status = status;
    remark->why = words;
    remark->dtype = type;
    catalog->unreadable++;
    return TENON_OK;
}

tenon_status
tn_catalog_lay (struct tn_catalog *catalog, struct tn_tensor *tensor, const int64_t *strides, uint64_t low,
                uint64_t span, tenon_error *error)
{
    int64_t *copy = tn_arena_get (&catalog->arena, tensor->rank * sizeof *copy, false);
    struct tn_remark *remark = copy ? remark_on (catalog, tensor) : NULL;
    if (!remark)
        return tn_fail_memory (error);
    memcpy (copy, strides, tensor->rank * sizeof *copy);
    remark->strides = copy;
    remark->low = low;
    remark->span = span;
    return TENON_OK;
}

tenon_status
tn_catalog_readable (const struct tn_catalog *catalog, const struct tn_tensor *tensor, tenon_error *error)
{
    const struct tn_remark *fault = tn_catalog_fault (catalog, tensor);
    if (!fault)
        return TENON_OK;
    if (tensor->source < catalog->source_count)
        tn_source_fail_in (catalog->sources[tensor->source], error);
    tn_fail_in (error, NULL, tensor->name);
    return tn_fail (error, fault->status, TN_NO_OFFSET, "%s", fault->why);
}

/* ---- losses ---- */

tenon_status
tn_catalog_add_omission (struct tn_catalog *catalog, const char *subject, const char *file,
                         const char *message, uint32_t description, bool whole, tenon_error *error)
{
    struct tn_arena *arena = &catalog->arena;
    if (catalog->omission_count >= MOST_OMISSIONS)
        return TENON_OK;
    struct tn_omission loss = { .subject = tn_arena_text (arena, subject, strlen (subject)),
                                .file = tn_arena_text (arena, file, strlen (file)),
                                .message = tn_arena_text (arena, message, strlen (message)) };
    if (!loss.subject || !loss.file || !loss.message
        || !tn_grow_within (catalog->budget, &catalog->omissions, &catalog->omission_room,
                            catalog->omission_count, sizeof *catalog->omissions))
        return tn_fail_memory (error);
    uint32_t number = (uint32_t) catalog->omission_count + 1;
    if (whole && !subject[0]) {
        loss.next = catalog->descriptions[description].loss;
        catalog->descriptions[description].loss = number;
    }
    catalog->omissions[catalog->omission_count++] = loss;
    return TENON_OK;
}

tenon_status
tn_catalog_tie_omissions (struct tn_catalog *catalog, tenon_error *error)
{
    uint64_t index;
    for (uint64_t i = 0; i < catalog->omission_count; i++) {
        struct tn_omission *loss = &catalog->omissions[i];
        if (!loss->subject[0] || !tn_catalog_find (catalog, loss->subject, strlen (loss->subject), &index))
            continue;
        struct tn_remark *remark = remark_on (catalog, tn_catalog_tensor (catalog, index));
        if (!remark)
            return tn_fail_memory (error);
        loss->next = remark->loss;
        remark->loss = (uint32_t) i + 1;
    }
    return TENON_OK;
}
