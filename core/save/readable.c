/* SPDX-License-Identifier: MIT */
/* readable.c - what a plan takes from files and cannot save. */
#include "save/readable.h"
#include "base/report.h"

/* The reason why tensor number `index` cannot be read; NULL: it can. */
static const struct tn_remark *
fault_of (const tenon_plan *plan, uint64_t index)
{
    return tn_catalog_fault (plan->origins[index].catalog, plan->origins[index].tensor);
}

/* Reports it, and records the first as the failure. */
static void
refuse_tensor (const tenon_plan *plan, uint64_t index, tenon_report *report, tenon_error *error)
{
    const struct tn_remark *fault = fault_of (plan, index);
    const char *name = tn_catalog_tensor (plan->own, index)->name;
    tenon_error place = TENON_ERROR_INIT;
    tn_source_fail_in (tn_origin_source (&plan->origins[index]), &place);
    tn_report_unreadable (report, fault->status, name, place.file, fault->why);
    if (error->status < 0)
        return;
    memcpy (error->file, place.file, sizeof error->file);
    tn_fail_in (error, NULL, name);
    if (plan->unreadable == 1)
        tn_fail (error, fault->status, TN_NO_OFFSET, "it cannot be read, and therefore not saved: %s",
                 fault->why);
    else
        tn_fail (error, fault->status, TN_NO_OFFSET,
                 "it cannot be read, and therefore not saved, nor can %llu more tensor%s: %s",
                 (unsigned long long) (plan->unreadable - 1), plan->unreadable == 2 ? "" : "s", fault->why);
    tn_advise (error,
               "TENON_SAVE_SKIP_UNREADABLE leaves out what cannot be read, tenon_plan_add_from chooses the "
               "other tensors");
}

/* A plan of the tensors that can be read. It has memory of the other one. */
static tenon_status
copy_readable (tenon_plan *to, const tenon_plan *from, tenon_error *error)
{
    uint32_t number;
    for (uint64_t i = 0; i < from->own->dtype_count; i++) /* added in this order they keep their numbers */
        TN_TRY (tn_catalog_add_dtype (to->own, from->own->dtypes[i], &number, error));
    for (uint64_t i = 0; i < from->count; i++) {
        if (fault_of (from, i))
            continue;
        struct tn_tensor *slot = tn_catalog_slot (to->own);
        if (!slot || !tn_grow (&to->origins, &to->room, to->count, sizeof *to->origins))
            return tn_fail_memory (error);
        *slot = *tn_catalog_tensor (from->own, i);
        TN_TRY (tn_catalog_commit (to->own, error));
        to->origins[to->count++] = from->origins[i];
    }
    return tn_plan_copy_metadata (to, from, error);
}

tenon_status
tn_plan_readable (tenon_plan **plan, tenon_plan **made, bool skip, tenon_report *report, uint64_t *losses,
                  tenon_error *error)
{
    const tenon_plan *from = *plan;
    for (uint64_t i = 0; from->unreadable > 0 && i < from->count; i++) {
        const struct tn_remark *fault = fault_of (from, i);
        if (fault && !skip)
            refuse_tensor (from, i, report, error);
        else if (fault) {
            ++*losses;
            tn_report_add (report, TENON_LOSS, TENON_OK, 0, tn_catalog_tensor (from->own, i)->name, "",
                           "it cannot be read, and is left out: %s", fault->why);
        }
    }
    if (error->status < 0 || from->unreadable == 0)
        return error->status;
    TN_TRY (tenon_plan_new (from->context, made, NULL) < 0 ? tn_fail_memory (error) : TENON_OK);
    *plan = *made;
    return copy_readable (*made, from, error);
}

void
tn_plan_tell_losses (const tenon_plan *plan, tenon_report *report, uint64_t *losses)
{
    for (uint64_t k = 0; k < plan->kept_count; k++) {
        const struct tn_kept *kept = &plan->kept[k];
        for (uint64_t i = 0; kept->losses && i < kept->catalog->omission_count; i++) {
            const struct tn_omission *loss = &kept->catalog->omissions[i];
            if (!kept->losses[i])
                continue;
            ++*losses;
            tn_report_add (report, TENON_LOSS, TENON_OK, 0, loss->subject, loss->file, "%s", loss->message);
        }
    }
}
