/* SPDX-License-Identifier: MIT */
/* context.c - contexts with the plugin that is checked. */
#include "check.h"
#include "memory.h"
#include "report.h"
#include "tool.h"

/* plugin.NAME.path=FILE: the file is used in place of a plugin of that name that is built in. A file of
 * another name, such as NAME.so.1, is used by its link. */
static char *
path_setting (const struct check *check)
{
    const char *base = strrchr (check->file, '/') + 1;
    size_t length = strlen (check->plugin);
    bool named = strncmp (base, check->plugin, length) == 0 && strcmp (base + length, ".so") == 0;
    size_t room = 2 * length + strlen (check->plugin_path) + strlen (check->file) + 32;
    char *text = get_memory (NULL, room, 1);
    if (named)
        snprintf (text, room, "plugin.%s.path=%s", check->plugin, check->file);
    else
        snprintf (text, room, "plugin.%s.path=%s/%s.so", check->plugin, check->plugin_path, check->plugin);
    return text;
}

/* The verdict on the plugin, if it is used. A finding if it is not. */
static bool
is_used (struct check *check, const tenon_context *context)
{
    const tenon_report *report = tenon_context_report (context);
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_VERDICT, &i, &entry);)
        if (strcmp (entry.subject, check->plugin) == 0 && !check->file == !*entry.file) {
            if (!entry.chosen)
                check_found (check, RULE_LOADS, "", "%s", entry.message);
            return entry.chosen;
        }
    check_found (check, RULE_LOADS, "", "the library does not find it");
    return false;
}

tenon_context *
check_context (struct check *check, const char *const *settings)
{
    CLEAN (text) char *own = check->file ? path_setting (check) : NULL;
    struct text_list all = { 0 };
    if (own)
        list_add (&all, own);
    for (size_t i = 0; i < tool.settings.count; i++)
        list_add (&all, tool.settings.items[i]);
    for (; settings && *settings; settings++)
        list_add (&all, *settings);
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = all.items,
                                      .plugin_path = tool.plugin_path };
    tenon_context *context = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = tenon_context_new (&context, &options, &error);
    list_free (&all);
    if (status < 0) {
        check_found (check, RULE_LOADS, "", "%s", error.message);
        return NULL;
    }
    if (is_used (check, context))
        return context;
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

bool
check_has_filter (const struct check *check, const tenon_context *context)
{
    for (uint64_t i = 0; i < tenon_filter_count (context); i++) {
        tenon_filter_info info = { .struct_size = sizeof info };
        if (tenon_filter_get (context, i, &info) == TENON_OK && strcmp (info.plugin, check->plugin) == 0)
            return true;
    }
    return false;
}

char *
check_path (const struct check *check, const char *format, ...)
{
    char name[512];
    va_list list;
    va_start (list, format);
    vsnprintf (name, sizeof name, format, list);
    va_end (list);
    size_t room = strlen (check->work) + strlen (name) + 2;
    char *path = get_memory (NULL, room, 1);
    snprintf (path, room, "%s/%s", check->work, name);
    return path;
}
