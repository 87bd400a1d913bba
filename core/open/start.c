/* SPDX-License-Identifier: MIT */
/* start.c - a context with all services behind it. */
#include "codec/host.h"
#include "context/context.h"

TENON_API tenon_status
tenon_context_new (tenon_context **context, const tenon_context_options *options, tenon_error *error)
{
    tenon_error failure = TENON_ERROR_INIT;
    if (!context)
        return TENON_E_MISUSE;
    *context = NULL;
    (void) tn_context_make (context, options, &tn_host, &failure);
    return tn_error_out (error, &failure);
}
