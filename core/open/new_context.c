/* SPDX-License-Identifier: MIT */
/* new_context.c - makes contexts, with the services that plugins get and the processes that isolate them. */
#include "codec/host.h"
#include "context/config_check.h"
#include "context/registry.h"
#include "isolate/sandbox.h"
#include "isolate/zygote.h"

/* Prepares what [core] isolate asks for. Without it nothing is opened that was to be isolated. */
static tenon_status
begin_isolation (tenon_context *context, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    bool wanted = context->isolate == TN_ISOLATE_YES;
    const char *why = "";
    for (uint64_t i = 0; i < registry->plugin_count && context->isolate == TN_ISOLATE_THIRD_PARTY; i++)
        wanted = wanted || !registry->plugins[i]->own;
    if (!wanted)
        return TENON_OK;
    if (!tn_sandbox_exists (&why))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "isolation is not available here ([core] isolate): %s", why);
    context->zygote = tn_zygote_new (context, context->limits[TENON_LIMIT_ISOLATED_MEMORY],
                                     context->limits[TENON_LIMIT_ISOLATED_SECONDS]);
    return context->zygote ? TENON_OK : tn_fail_memory (error);
}

/* Here, since the services that a context offers to plugins need all rooms below. */
TENON_API tenon_status
tenon_context_new (tenon_context **context, const tenon_context_options *options, tenon_error *error)
{
    tenon_error failure = TENON_ERROR_INIT;
    if (!TN_GIVEN (&failure, context, "context"))
        return tn_error_out (error, &failure);
    *context = NULL;
    if (tn_context_make (context, options, &tn_host, &failure) == TENON_OK
        && begin_isolation (*context, &failure) < 0) {
        tenon_context_free (*context);
        *context = NULL;
    }
    return tn_error_out (error, &failure);
}

TENON_API tenon_status
tenon_config_check (const tenon_context_options *options, const char *const *files, tenon_report **report,
                    tenon_error *error)
{
    tenon_error failure = TENON_ERROR_INIT;
    tenon_context_options copy;
    tenon_report *found = NULL;
    if (tn_context_options (&copy, options, &failure) == TENON_OK)
        tn_config_find_faults (&copy, files, &tn_host, &found, &failure);
    if (report)
        *report = found;
    else
        tenon_report_free (found);
    return tn_error_out (error, &failure);
}
