/* SPDX-License-Identifier: MIT */
/* loader.c - finds plugins, loads them, and reports a verdict on every candidate.
 *
 * Order: built-in plugins; plugins whose file the configuration names; then the folders of
 * tenon_context_options.plugin_path, the program's core.plugin_path, TENON_PLUGIN_PATH and [core] plugin_path
 * (later files first), and the folder that was installed with libtenon (installed.c). Within a folder the
 * order is that of the names.
 *
 * Of the candidates with one name the first that can be used is used; later ones are "shadowed". So a broken
 * plugin does not hide one that works, and a file hides a built-in plugin only when [plugin NAME] path says
 * so.
 *
 * Statuses of verdicts:
 *
 *     TENON_OK             in use
 *     TENON_E_CONFIG       disabled, not to be trusted, or another file than the pinned one
 *     TENON_E_EXISTS       its name, or one of its ids, is taken
 *     TENON_E_NOT_FOUND    no such file or folder
 *     TENON_E_IO           it cannot be read, or the system would not load it
 *     TENON_E_MALFORMED    no plugin
 *     TENON_E_TRUNCATED    a file that was cut off
 *     TENON_E_UNSUPPORTED  made for another version, or unwilling
 *     TENON_E_MISUSE       it broke a rule of tenon/plugin.h */
#include "context/loader.h"
#include "context/builtin.h"
#include "context/filter_option.h"
#include "context/loader_file.h"
#include "context/loader_folder.h"
#include "context/registry.h"
#ifdef TENON_NO_DLOPEN
#define CAN_LOAD false
#else
#define CAN_LOAD true
#endif

/* ---- built-in plugins ---- */

static tenon_status
load_builtins (struct tn_loader *loader)
{
    for (const struct tn_builtin *builtin = tn_builtins; builtin->name; builtin++) {
        struct tn_plugin_config config;
        TN_TRY (tn_config_plugin (loader->context, builtin->name, &config, loader->error));
        if (config.wrong[0])
            tn_loader_say_wrong (loader, &config, builtin->name, NULL);
        else if (config.disabled)
            TN_VERDICT (loader, TENON_E_CONFIG, builtin->name, NULL, "built in, disabled at %s",
                        config.disabled->origin);
        else if (config.path && CAN_LOAD)
            TN_VERDICT (loader, TENON_E_CONFIG, builtin->name, NULL,
                        "built in, but %s names a file to be used instead", config.path->origin);
        else if (config.pin)
            TN_VERDICT (loader, TENON_E_CONFIG, builtin->name, NULL,
                        "built in, but %s wants a file with that SHA-256", config.pin->origin);
        else
            TN_TRY (tn_loader_register (loader, builtin->entry (loader->context->host), builtin->name, NULL));
    }
    return TENON_OK;
}

#ifndef TENON_NO_DLOPEN

/* ---- files ---- */

/* Loads the plugins with [plugin NAME] path. */
static tenon_status
load_named (struct tn_loader *loader)
{
    const struct tn_settings *settings = &loader->context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        struct tn_plugin_config config;
        if (!entry->key || strcmp (entry->key, "path") != 0 || strncmp (entry->section, "plugin ", 7) != 0)
            continue;
        const char *name = entry->section + 7;
        if (!tn_is_plugin_name (name)) /* tn_config_check reports it */
            continue;
        TN_TRY (tn_config_plugin (loader->context, name, &config, loader->error));
        if (config.wrong[0])
            tn_loader_say_wrong (loader, &config, name, entry->value);
        if (config.path != entry) /* a later one overrides it */
            continue;
        if (config.disabled)
            TN_VERDICT (loader, TENON_E_CONFIG, name, entry->value, "disabled at %s",
                        config.disabled->origin);
        else
            TN_TRY (tn_loader_load (loader, name, entry->value));
    }
    return TENON_OK;
}

static tenon_status
load_files (struct tn_loader *loader, const tenon_context_options *options)
{
    TN_TRY (load_named (loader));
    return tn_loader_search (loader, options);
}

#else

static tenon_status
load_files (struct tn_loader *loader, const tenon_context_options *options)
{
    const struct tn_settings *settings = &loader->context->settings;
    (void) options;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (entry->key && strcmp (entry->key, "path") == 0 && strncmp (entry->section, "plugin ", 7) == 0)
            TN_VERDICT (loader, TENON_E_UNSUPPORTED, entry->section + 7, entry->value,
                        "not loaded: this libtenon was built with --disable-dlopen");
    }
    return TENON_OK;
}

#endif

tenon_status
tn_loader_run (tenon_context *context, const tenon_context_options *options, tenon_error *error)
{
    struct tn_loader loader = { .context = context, .error = error, .trust = { .secure = context->secure } };
    TN_TRY (load_builtins (&loader));
    TN_TRY (load_files (&loader, options));
    return tn_filter_options_settle (context, error);
}
