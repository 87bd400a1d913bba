/* SPDX-License-Identifier: MIT */
/* loans.h - tensors that other libraries lent to a plan, and get back when it is freed. */
#ifndef TN_LOANS_H
#define TN_LOANS_H
#include "plan/plan.h"

/* Makes room for one more loan, so that taking it cannot fail. */
tenon_status tn_plan_expect_loan (tenon_plan *plan, tenon_error *error);
void tn_plan_take_loan (tenon_plan *plan, void *object, void (*give_back) (void *object));
/* Called when the plan is freed, and has no tensor left. */
void tn_plan_return_loans (tenon_plan *plan);

#endif
