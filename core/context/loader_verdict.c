/* SPDX-License-Identifier: MIT */
/* loader_verdict.c - registers the tables of plugins, and gives the verdicts that all steps of the loader
 * share. */
#include "context/loader_verdict.h"
#include "context/registry.h"
#include <errno.h>
#include <stdio.h>

/* Appends ", LABEL a b c", the ids of the items that one plugin registered. */
#define LIST_NAMES(text, room, label, items, count, owner, field)                                            \
    do {                                                                                                     \
        bool first_ = true;                                                                                  \
        for (uint64_t i_ = 0; i_ < (count); i_++)                                                            \
            if ((items)[i_]->plugin == (owner)) {                                                            \
                size_t fill_ = strlen (text);                                                                \
                snprintf ((text) + fill_, (room) -fill_, "%s%s %s", first_ && fill_ ? ", " : "",             \
                          first_ ? (label) : "", (items)[i_]->table.field);                                  \
                first_ = false;                                                                              \
            }                                                                                                \
    } while (0)

/* "in use: NAME VERSION (codecs a b, dtypes c)" */
static void
say_in_use (const struct tn_loader *loader, const struct tn_plugin *plugin)
{
    const struct tn_registry *registry = &loader->context->registry;
    char what[600] = "";
    LIST_NAMES (what, sizeof what, "codecs", registry->codecs, registry->codec_count, plugin, id);
    LIST_NAMES (what, sizeof what, "filters", registry->filters, registry->filter_count, plugin, id);
    LIST_NAMES (what, sizeof what, "dtypes", registry->dtypes, registry->dtype_count, plugin, name);
    tn_report_add (loader->context->report, TENON_VERDICT, TENON_OK, 1, plugin->name, plugin->file,
                   "in use: %s%s%s%s (%s)", plugin->name, plugin->table.version[0] ? " " : "",
                   plugin->table.version, plugin->file ? "" : ", built in", what);
}

tenon_status
tn_loader_register (struct tn_loader *loader, const struct tenon_plugin *table, const char *name,
                    const char *file)
{
    tenon_context *context = loader->context;
    char why[TN_WHY_ROOM] = "";
    if (!table) {
        TN_VERDICT (loader, TENON_E_UNSUPPORTED, name, file,
                    "unwilling: its entry function returned no table");
        return TENON_OK;
    }
    tenon_status status = tn_registry_add (context, table, name, file, why);
    if (status == TENON_E_MEMORY)
        return tn_fail_memory (loader->error);
    if (status < 0) {
        TN_VERDICT (loader, status, name, file, "refused: %s", why);
        return TENON_OK;
    }
    const struct tn_plugin *plugin = context->registry.plugins[context->registry.plugin_count - 1];
    say_in_use (loader, plugin);
    return TENON_OK;
}

void
tn_loader_say_wrong (const struct tn_loader *loader, const struct tn_plugin_config *config, const char *name,
                     const char *file)
{
    TN_VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", config->wrong);
    tn_config_note_wrong (loader->context, name, config->wrong, "plugin");
}

tenon_status
tn_loader_say_errno (const struct tn_loader *loader, int number, const char *what, const char *name,
                     const char *file)
{
    tenon_error words = TENON_ERROR_INIT;
    if (number == ENOMEM)
        return tn_fail_memory (loader->error);
    (void) tn_fail_errno (&words, number, what, NULL);
    TN_VERDICT (loader, number == ENOENT || number == ENOTDIR ? TENON_E_NOT_FOUND : TENON_E_IO, name, file,
                "%s", words.message);
    return TENON_OK;
}
