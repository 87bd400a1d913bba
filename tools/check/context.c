/* SPDX-License-Identifier: MIT */
/* context.c - contexts with the plugin that is checked. */
#include "check.h"
#include "memory.h"
#include "report.h"

tenon_context *
check_context (struct check *check, const char *const *settings)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings,
                                      .plugin_path = check->plugin_path };
    tenon_context *context = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_context_new (&context, &options, &error) < 0) {
        check_found (check, RULE_LOADS, "", "%s", error.message);
        return NULL;
    }
    const tenon_report *report = tenon_context_report (context);
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_VERDICT, &i, &entry);)
        if (strcmp (entry.subject, check->plugin) == 0) {
            if (entry.chosen)
                return context;
            check_found (check, RULE_LOADS, "", "%s", entry.message);
            break;
        }
    tenon_context_free (context);
    return NULL;
}

bool
check_next_codec (const struct check *check, const tenon_context *context, uint64_t *index,
                  tenon_codec_info *info)
{
    *info = (tenon_codec_info){ .struct_size = sizeof *info };
    while (tenon_codec_get (context, (*index)++, info) == TENON_OK)
        if (strcmp (info->plugin, check->plugin) == 0)
            return true;
    return false;
}

char *
check_path (const struct check *check, const char *format, ...)
{
    char name[256], path[4096];
    va_list list;
    va_start (list, format);
    vsnprintf (name, sizeof name, format, list);
    va_end (list);
    snprintf (path, sizeof path, "%s/%s", check->work, name);
    return copy_text (path, strlen (path));
}
