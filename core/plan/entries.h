/* SPDX-License-Identifier: MIT */
/* entries.h - the entries of a plan, and the catalogs of files that it keeps. */
#ifndef TN_ENTRIES_H
#define TN_ENTRIES_H
#include "plan/plan.h"

/* Keeps a catalog as long as the plan. NULL: no memory. */
struct tn_kept *tn_plan_keep (tenon_plan *plan, struct tn_catalog *catalog, tenon_error *error);
/* Counts the losses on a tensor, and those on the source that it was included from. */
void tn_kept_count_losses (const struct tn_kept *kept, const struct tn_tensor *tensor);
/* Checks the name of a tensor that is added; failures that follow are those of that tensor. */
tenon_status tn_plan_check_name (const char *name, uint64_t name_length, tenon_error *error);
/* Adds an entry of this dtype, shape and length, and beside it the tensor's origin. `fault`: the reason why
 * the tensor cannot be read; NULL: it can. */
tenon_status tn_plan_enter (tenon_plan *plan, const char *name, uint64_t name_length,
                            const struct tn_tensor *entry, const struct tn_origin *origin,
                            const struct tn_remark *fault, tenon_error *error);
/* Checks an entry that codecs see, and adds it. */
tenon_status tn_plan_add_entry (tenon_plan *plan, const char *name, uint64_t name_length, uint32_t dtype,
                                uint32_t rank, const uint64_t *shape, uint32_t flags,
                                const struct tn_origin *origin, tenon_error *error);

#endif
