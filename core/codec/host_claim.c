/* SPDX-License-Identifier: MIT */
/* host_claim.c - keys that belong to a store, though describe does not open them. */
#include "codec/host.h"

tenon_status
tn_host_claim_keys (struct tenon_call *public, const struct tenon_claim *claim)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_claim ours;
    TN_TRY (TN_CALL_MAY (call, claim_keys));
    if (!tn_copy_struct (&ours, sizeof ours, claim, sizeof ours) || !call->keys)
        return tn_call_misuse (call, call->keys ? "a struct tenon_claim has a wrong struct_size"
                                                : "it claims keys, but describes no store");
    return tn_budget_work (call->session->budget, TN_WORK_LOOKUP + ours.prefix_length);
}
