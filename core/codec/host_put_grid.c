/* SPDX-License-Identifier: MIT */
/* host_put_grid.c - writes the chunks of a tensor of the plan. */
#include "codec/host.h"

tenon_status
tn_host_put_grid (struct tenon_call *public, const struct tenon_grid_put *put)
{
    struct tn_call *call = (struct tn_call *) public;
    (void) put;
    TN_TRY (TN_CALL_MAY (call, put_grid));
    return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "the codec %s puts chunks, which this version does not write", call->codec->table.id);
}
