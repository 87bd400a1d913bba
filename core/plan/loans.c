/* SPDX-License-Identifier: MIT */
/* loans.c - tensors that other libraries lent to a plan. */
#include "plan/loans.h"

tenon_status
tn_plan_expect_loan (tenon_plan *plan, tenon_error *error)
{
    return tn_grow (&plan->loans, &plan->loan_room, plan->loan_count, sizeof *plan->loans)
               ? TENON_OK
               : tn_fail_memory (error);
}

void
tn_plan_take_loan (tenon_plan *plan, void *object, void (*give_back) (void *object))
{
    plan->loans[plan->loan_count++] = (struct tn_loan){ object, give_back };
}

void
tn_plan_return_loans (tenon_plan *plan)
{
    for (uint64_t i = 0; i < plan->loan_count; i++)
        plan->loans[i].give_back (plan->loans[i].object);
    free (plan->loans);
}
