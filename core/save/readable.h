/* SPDX-License-Identifier: MIT */
/* readable.h - what a plan takes from files and cannot save: tensors that cannot be read, and what lies
 * beside the tensors of a file. */
#ifndef TN_READABLE_H
#define TN_READABLE_H
#include "plan/plan.h"

/* Refuses a plan that has tensors that cannot be read, and reports all of them. With `skip` *plan becomes one
 * without them, each of which is a loss, and *made is that plan, which the caller frees before the other. */
tenon_status tn_plan_readable (tenon_plan **plan, tenon_plan **made, bool skip, tenon_report *report,
                               uint64_t *losses, tenon_error *error);
/* Reports what the files of the plan's tensors hold beside them. */
void tn_plan_tell_losses (const tenon_plan *plan, tenon_report *report, uint64_t *losses);

#endif
