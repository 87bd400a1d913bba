/* SPDX-License-Identifier: MIT */
/* entries.c - the entries of a plan, and the catalogs of files that it keeps. */
#include "plan/entries.h"
#include "transfer/request.h"

struct tn_plan_mark
tn_plan_mark (const tenon_plan *plan)
{
    const struct tn_catalog *own = plan->own;
    return (struct tn_plan_mark){ .tensors = own->count,
                                  .sources = own->source_count,
                                  .remarks = own->remark_count,
                                  .dtypes = own->dtype_count,
                                  .unnamed = plan->unnamed,
                                  .unreadable = plan->unreadable,
                                  .memory = tn_arena_mark (&own->arena) };
}

void
tn_plan_take_back (tenon_plan *plan, const struct tn_plan_mark *mark)
{
    struct tn_catalog *own = plan->own;
    bool entered = own->entered > mark->tensors;
    own->unreadable -= plan->unreadable - mark->unreadable;
    own->count = plan->count = mark->tensors;
    own->remark_count = mark->remarks;
    plan->unnamed = mark->unnamed;
    plan->unreadable = mark->unreadable;
    while (own->source_count > mark->sources)
        tn_source_free (own->sources[--own->source_count]);
    if (entered)
        tn_catalog_renumber (own);
    if (own->dtype_count == mark->dtypes)
        tn_arena_release (&own->arena, mark->memory);
}

tenon_status
tn_plan_settle (tenon_plan *plan, const struct tn_plan_mark *mark, tenon_error *error)
{
    if (error->status < 0 || tn_catalog_enter_names (plan->own, error) < 0)
        tn_plan_take_back (plan, mark);
    return error->status;
}

struct tn_kept *
tn_plan_keep (tenon_plan *plan, struct tn_catalog *catalog, tenon_error *error)
{
    for (uint64_t i = plan->kept_count; i-- > 0;)
        if (plan->kept[i].catalog == catalog)
            return &plan->kept[i];
    bool *losses =
        catalog->omission_count > 0 ? calloc (catalog->omission_count, sizeof *plan->kept->losses) : NULL;
    if ((catalog->omission_count > 0 && !losses)
        || !tn_grow (&plan->kept, &plan->kept_room, plan->kept_count, sizeof *plan->kept)) {
        free (losses);
        tn_fail_memory (error);
        return NULL;
    }
    plan->kept[plan->kept_count] = (struct tn_kept){ tn_catalog_keep (catalog), losses };
    return &plan->kept[plan->kept_count++];
}

void
tn_kept_count_losses (const struct tn_kept *kept, const struct tn_tensor *tensor)
{
    const struct tn_catalog *catalog = kept->catalog;
    if (!kept->losses)
        return;
    uint32_t own = tensor->remark > 0 ? catalog->remarks[tensor->remark - 1].loss : 0;
    uint32_t common = tensor->description < catalog->description_count
                          ? catalog->descriptions[tensor->description].loss
                          : 0;
    for (; own > 0; own = catalog->omissions[own - 1].next)
        kept->losses[own - 1] = true;
    for (; common > 0 && !kept->losses[common - 1]; common = catalog->omissions[common - 1].next)
        kept->losses[common - 1] = true;
}

tenon_status
tn_plan_enter (tenon_plan *plan, const char *name, uint64_t name_length, const struct tn_tensor *entry,
               const struct tn_origin *origin, const struct tn_remark *fault, tenon_error *error)
{
    struct tn_catalog *own = plan->own;
    uint32_t rank = entry->rank;
    struct tn_tensor *slot = tn_catalog_slot (own);
    uint64_t *dims = rank ? tn_arena_get (&own->arena, rank * sizeof *dims, false) : NULL;
    char *text = tn_arena_text (&own->arena, name, name_length);
    if (!slot || !text || (rank && !dims)
        || !tn_grow (&plan->origins, &plan->room, plan->count, sizeof *origin))
        return tn_fail_memory (error);
    if (rank)
        memcpy (dims, entry->shape, rank * sizeof *dims);
    slot->name = text;
    slot->name_length = (uint32_t) name_length;
    slot->shape = dims;
    slot->rank = (uint16_t) rank;
    slot->dtype = entry->dtype;
    slot->flags = entry->flags & (TENON_FORTRAN | TENON_BIG_ENDIAN | TENON_NO_SHAPE);
    slot->length = entry->length;
    if (fault)
        TN_TRY (tn_catalog_spoil (own, slot, fault->status, fault->dtype, fault->why, error));
    plan->origins[plan->count++] = *origin;
    plan->unreadable += fault != NULL;
    return tn_catalog_commit_later (own, 0, error);
}

tenon_status
tn_plan_check_name (const char *name, uint64_t name_length, tenon_error *error)
{
    if (!name || name_length == 0 || name_length > UINT32_MAX / 2 || !tn_utf8 (name, name_length))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tensor's name must be valid UTF-8, not empty and without NUL; it is '%s'",
                        TN_SHOW_SOME (name ? name : "", name ? TN_MIN (name_length, 200) : 0));
    return TENON_OK;
}

tenon_status
tn_plan_fail_in (tenon_error *error, const char *name, uint64_t name_length)
{
    char shown[sizeof error->tensor];
    uint64_t length = TN_MIN (name_length, sizeof shown - 1);
    memcpy (shown, name, length);
    shown[length] = 0;
    tn_fail_in (error, NULL, shown);
    return error->status;
}

tenon_status
tn_plan_make_tally (tenon_plan *plan, const struct tenon_dtype *source, uint32_t from,
                    const struct tenon_dtype *target, uint32_t to, struct tn_tally **result,
                    tenon_error *error)
{
    struct tn_tally *tally = *result = tn_arena_get (&plan->own->arena, sizeof *tally, true);
    if (!tally)
        return tn_fail_memory (error);
    tally->from = tn_dtype_label (source);
    tally->to = tn_dtype_label (target);
    tally->integers = to >= TENON_BOOL && to <= TENON_I64;
    tally->counts = target->kind == TENON_KIND_BLOCK
                    || tn_cast_may_lose (source->kind == TENON_KIND_BLOCK ? TENON_F32 : from, to);
    return TENON_OK;
}

tenon_status
tn_plan_add_entry (tenon_plan *plan, const char *name, uint64_t name_length, uint32_t dtype, uint32_t rank,
                   const uint64_t *shape, uint32_t flags, const struct tn_origin *origin, tenon_error *error)
{
    const struct tenon_dtype *info = tn_catalog_dtype (plan->own, dtype);
    struct tn_tensor entry = { .shape = shape, .dtype = dtype };
    uint64_t elements;
    TN_TRY (tn_plan_check_name (name, name_length, error));
    if (!info || dtype == TENON_NONE)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u", dtype);
    if (rank > TN_MAX_RANK || (rank > 0 && !shape))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "it has %u dims, at most 64 are possible", rank);
    TN_TRY (tn_shape_bytes (info, rank, shape, &elements, &entry.length, error));
    entry.rank = (uint16_t) rank;
    entry.flags = (uint8_t) (flags & (TENON_FORTRAN | TENON_BIG_ENDIAN));
    return tn_plan_enter (plan, name, name_length, &entry, origin, NULL, error);
}
