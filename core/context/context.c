/* SPDX-License-Identifier: MIT */
/* context.c - making and freeing a context. */
#include "context/context.h"
#include "base/environment.h"
#include "base/report.h"
#include "context/config.h"
#include "context/debug.h"
#include "context/hash_key.h"
#include "context/loader.h"
#include "context/registry.h"
#include "context/settings_read.h"
#include "context/signatures.h"

static tenon_status
fill_context (tenon_context *context, const tenon_context_options *options, tenon_error *error)
{
    TN_TRY (tn_settings_read (&context->settings, options, context->installed.configuration, context->secure,
                              context->report, error));
    TN_TRY (tn_config_apply (context, error));
    if (options->flags & TENON_CONTEXT_ISOLATE)
        context->isolate = TN_ISOLATE_YES;
    else if (options->flags & TENON_CONTEXT_ISOLATE_THIRD_PARTY)
        context->isolate = TN_MAX (context->isolate, (uint64_t) TN_ISOLATE_THIRD_PARTY);
    TN_TRY (tn_loader_run (context, options, error));
    TN_TRY (tn_codecs_configure (context, error));
    TN_TRY (tn_config_check (context, error));
    TN_TRY (tn_signatures_check (context, error));
    TN_TRY (tn_config_list (context, error));
    context->pool = tn_pool_new (context->threads);
    return context->pool ? TENON_OK : tn_fail_memory (error);
}

tenon_status
tn_context_options (tenon_context_options *copy, const tenon_context_options *options, tenon_error *error)
{
    *copy = (tenon_context_options){ .struct_size = sizeof *copy };
    if (options && !tn_copy_struct (copy, sizeof *copy, options, offsetof (tenon_context_options, settings)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the struct_size of the context's options is not set");
    uint32_t known = TENON_CONTEXT_ISOLATE | TENON_CONTEXT_ISOLATE_THIRD_PARTY;
    if (copy->flags & TENON_FLAGS_MUST_KNOW & ~known)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the context's options have flags that this version does not know: 0x%08x",
                        (unsigned) (copy->flags & TENON_FLAGS_MUST_KNOW & ~known));
    return TENON_OK;
}

tenon_status
tn_context_begin (tenon_context **made, const tenon_context_options *options, const struct tenon_host *host,
                  tenon_error *error)
{
    tenon_context *context = *made = calloc (1, sizeof *context);
    if (!context)
        return tn_fail_memory (error);
    context->host = host;
    tenon_status status =
        options->flags & TENON_CONTEXT_NO_ENVIRONMENT ? TENON_OK : tn_debug_begin (&context->debug, error);
    if (status < 0) {
        free (context);
        *made = NULL;
        return status;
    }
    tn_hash_key_make (&context->hash_key, context);
    context->secure = tn_is_privileged ();
    context->report = tn_report_new ();
    context->origin = strdup (options->origin ? options->origin : "the program");
    context->signatures = tn_signature_table_new ();
    status = tn_installed_find (&context->installed, context->secure, error);
    if (status == TENON_OK && context->report && context->origin && context->signatures) {
        context->settings.signatures = tn_signature_settings (context->signatures);
        return TENON_OK;
    }
    tenon_context_free (context);
    *made = NULL;
    return tn_fail_memory (error);
}

tenon_status
tn_context_make (tenon_context **made, const tenon_context_options *options, const struct tenon_host *host,
                 tenon_error *error)
{
    tenon_context_options copy;
    tenon_context *context;
    TN_TRY (tn_context_options (&copy, options, error));
    TN_TRY (tn_context_begin (&context, &copy, host, error));
    tenon_status status = fill_context (context, &copy, error);
    if (status == TENON_OK)
        *made = context;
    else
        tenon_context_free (context);
    return status;
}

TENON_API void
tenon_context_free (tenon_context *context)
{
    if (!context)
        return;
    tn_zygote_free (context->zygote);
    tn_pool_free (context->pool);
    tn_registry_free (&context->registry);
    tn_settings_free (&context->settings);
    tn_signature_table_free (context->signatures);
    tenon_report_free (context->report);
    for (uint64_t i = 0; i < context->text_count; i++)
        free (context->texts[i]);
    free (context->texts);
    free (context->folders);
    free (context->config);
    free (context->origin);
    tn_installed_free (&context->installed);
    tn_debug_end (context->debug);
    free (context);
}

tenon_context *
tn_context_tune (tenon_context *context, uint64_t threads, uint64_t memory, bool durable)
{
    tenon_context *tuned = calloc (1, sizeof *tuned);
    if (!tuned)
        return NULL;
    memcpy (tuned, context, offsetof (struct tenon_context, pipelines));
    tuned->tuned_from = context;
    tuned->durable = durable;
    if (memory > 0)
        tuned->limits[TENON_LIMIT_MEMORY] = memory;
    if (threads > 0 && !(tuned->pool = tn_pool_new (threads))) {
        free (tuned);
        return NULL;
    }
    return tuned;
}

void
tn_context_untune (tenon_context *tuned)
{
    if (tuned && tuned->pool != tuned->tuned_from->pool)
        tn_pool_free (tuned->pool);
    free (tuned);
}

TENON_API const tenon_report *
tenon_context_report (const tenon_context *context)
{
    return context ? context->report : NULL;
}

TENON_API uint64_t
tenon_limit (const tenon_context *context, uint32_t limit)
{
    return context && limit < TENON_LIMITS ? context->limits[limit] : 0;
}
