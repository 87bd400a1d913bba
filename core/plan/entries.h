/* SPDX-License-Identifier: MIT */
/* entries.h - the entries of a plan, and the catalogs of files that it keeps. */
#ifndef TN_ENTRIES_H
#define TN_ENTRIES_H
#include "plan/plan.h"

/* The tensors that a plan has, before others are added. */
struct tn_plan_mark {
    uint64_t tensors, sources, remarks, dtypes, unnamed, unreadable;
    struct tn_mark memory;
};
struct tn_plan_mark tn_plan_mark (const tenon_plan *plan);
/* After they were added: enters their names. If that, or what was done before, failed (error->status), it
 * takes them back, and the plan is as it was. */
tenon_status tn_plan_settle (tenon_plan *plan, const struct tn_plan_mark *mark, tenon_error *error);

/* Takes back what was added since. */
void tn_plan_take_back (tenon_plan *plan, const struct tn_plan_mark *mark);

/* Keeps a catalog as long as the plan. NULL: no memory. */
struct tn_kept *tn_plan_keep (tenon_plan *plan, struct tn_catalog *catalog, tenon_error *error);
/* Counts the losses on a tensor, and those on the source that it was included from. */
void tn_kept_count_losses (const struct tn_kept *kept, const struct tn_tensor *tensor);
/* Checks the name of a tensor that is added. */
tenon_status tn_plan_check_name (const char *name, uint64_t name_length, tenon_error *error);
/* The failure is that of the tensor of this name, which need not end in NUL. Returns its status. */
tenon_status tn_plan_fail_in (tenon_error *error, const char *name, uint64_t name_length);
/* Makes the tally of a cast. `from` and `to` are numbers of `source` and `target`. */
tenon_status tn_plan_make_tally (tenon_plan *plan, const struct tenon_dtype *source, uint32_t from,
                                 const struct tenon_dtype *target, uint32_t to, struct tn_tally **result,
                                 tenon_error *error);
/* Adds an entry of this dtype, shape and length, and beside it the tensor's origin. `fault`: the reason why
 * the tensor cannot be read; NULL: it can. Names are entered some at a time (tn_catalog_commit_later): the
 * caller calls tn_plan_settle in the end. */
tenon_status tn_plan_enter (tenon_plan *plan, const char *name, uint64_t name_length,
                            const struct tn_tensor *entry, const struct tn_origin *origin,
                            const struct tn_remark *fault, tenon_error *error);
/* Checks an entry that codecs see, and adds it. */
tenon_status tn_plan_add_entry (tenon_plan *plan, const char *name, uint64_t name_length, uint32_t dtype,
                                uint32_t rank, const uint64_t *shape, uint32_t flags,
                                const struct tn_origin *origin, tenon_error *error);

#endif
