/* SPDX-License-Identifier: MIT */
/* casts.h - tells what the casts of a save have changed. */
#ifndef TN_CASTS_H
#define TN_CASTS_H
#include "plan/plan.h"

/* Before the tensors are written: nothing is counted yet. */
void tn_casts_begin (tenon_plan *plan, bool saturate, tenon_error *error);
/* Adds a note for each pair of dtypes, and a loss for each tensor that lost more than its last digits, which
 * are counted in *losses. */
void tn_casts_tell (const tenon_plan *plan, tenon_report *report, uint64_t *losses);

#endif
