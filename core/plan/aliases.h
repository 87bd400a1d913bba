/* SPDX-License-Identifier: MIT */
/* aliases.h - tensors of a plan that are the same bytes, so that a format can share them. */
#ifndef TN_ALIASES_H
#define TN_ALIASES_H
#include "plan/plan.h"

/* Sets `twin` of all origins of the plan. */
tenon_status tn_plan_find_aliases (tenon_plan *plan, tenon_error *error);
/* Adds a note for each tensor that was written although it has the bytes of an earlier one. done[i]: the
 * codec put tensor number i. */
void tn_plan_tell_twice (const tenon_plan *plan, const bool *done, tenon_report *report);
/* Adds a note if tensors that are not the same share bytes of a file, as views of one storage do: each is
 * written with bytes of its own. */
tenon_status tn_plan_tell_shared (const tenon_plan *plan, tenon_report *report, tenon_error *error);

#endif
