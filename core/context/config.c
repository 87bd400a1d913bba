/* SPDX-License-Identifier: MIT */
/* config.c - the keys of the core and of plugins, what to think of unknown ones, and the effective
 * configuration as a list. */
#include "context/context.h"
#include <stdio.h>

#define OPTION(type, name, value, least, most, help)                                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, NULL, help, least, most, 0, 0                       \
    }

enum { CORE_PLUGIN_PATH, CORE_THREADS, CORE_MAP, CORE_KEYS };
static const struct tenon_option core_keys[CORE_KEYS] = {
    [CORE_PLUGIN_PATH] = OPTION (TENON_OPTION_TEXT, "plugin_path", TENON_PLUGINDIR, 0, 0,
                                 "a folder in which plugins are looked for, absolute; may be repeated"),
    [CORE_THREADS] = OPTION (TENON_OPTION_INTEGER, "threads", "0", 0, 4096,
                             "threads that work at once; 0: one a processor"),
    [CORE_MAP] = OPTION (TENON_OPTION_BOOL, "map", "yes", 0, 0, "whether files may be mapped into memory"),
};
static const struct tenon_option save_keys[] = {
    OPTION (TENON_OPTION_BOOL, "durable", "yes", 0, 0, "whether a save waits until the disk has it"),
};
enum { PLUGIN_ENABLED, PLUGIN_PATH, PLUGIN_KEYS };
static const struct tenon_option plugin_keys[PLUGIN_KEYS] = {
    [PLUGIN_ENABLED] = OPTION (TENON_OPTION_BOOL, "enabled", "yes", 0, 0, "whether the plugin is loaded"),
    [PLUGIN_PATH] = OPTION (TENON_OPTION_TEXT, "path", "", 0, 0,
                            "the plugin's file, absolute; empty: the first that is found"),
};
const struct tenon_option tn_codec_keys[TN_CODEC_KEYS] = {
    [TN_CODEC_ENABLED] = OPTION (TENON_OPTION_BOOL, "enabled", "yes", 0, 0, "whether the codec is used"),
    [TN_CODEC_PRIORITY] = OPTION (TENON_OPTION_INTEGER, "priority", "0", -1000000, 1000000,
                                  "the higher one wins when two codecs claim a file equally"),
    [TN_CODEC_EXTENSIONS] =
        OPTION (TENON_OPTION_TEXT, "extensions", "", 0, 0,
                "endings of file names, the first is appended when saving; instead of the codec's own"),
};

/* ---- applying ---- */

static tenon_status
setting_of (tenon_context *context, const char *section, const struct tenon_option *option,
            struct tenon_setting *setting, tenon_error *error)
{
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, option->name);
    return tn_option_parse (option, section, entry ? entry->value : option->value,
                            entry ? entry->origin : "default", setting, error);
}

static tenon_status
check_absolute (const struct tn_entry *entry, const char *what, tenon_error *error)
{
    if (entry->value[0] == '/')
        return TENON_OK;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                    "%s: [%s] %s = '%s': expected is the absolute path of a %s", entry->origin,
                    entry->section, entry->key, entry->value, what);
}

tenon_status
tn_config_apply (tenon_context *context, uint64_t *threads, tenon_error *error)
{
    struct tenon_setting setting;
    const struct tn_settings *settings = &context->settings;
    for (uint32_t i = 0; i < TENON_LIMITS; i++) {
        TN_TRY (setting_of (context, "limits", &tn_limit_options[i], &setting, error));
        context->limits[i] = (uint64_t) setting.integer;
    }
    TN_TRY (setting_of (context, "core", &core_keys[CORE_THREADS], &setting, error));
    *threads = (uint64_t) setting.integer;
    TN_TRY (setting_of (context, "core", &core_keys[CORE_MAP], &setting, error));
    context->map = setting.integer != 0;
    TN_TRY (setting_of (context, "save", &save_keys[0], &setting, error));
    context->durable = setting.integer != 0;
    if (tn_settings_find (&context->settings, "core", "plugin_path"))
        for (uint64_t i = 0; i < settings->count; i++) {
            const struct tn_entry *entry = &settings->entries[i];
            if (entry->key && strcmp (entry->section, "core") == 0 && strcmp (entry->key, "plugin_path") == 0)
                TN_TRY (check_absolute (entry, "folder", error));
        }
    return TENON_OK;
}

tenon_status
tn_config_wish (tenon_context *context, const char *name, struct tn_wish *wish, tenon_error *error)
{
    struct tenon_setting enabled;
    char section[8 + TN_LONGEST_ID + 1];
    memset (wish, 0, sizeof *wish);
    if (snprintf (section, sizeof section, "plugin %s", name) >= (int) sizeof section)
        return TENON_OK; /* inih would not hold it either */
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, "enabled");
    if (entry) {
        TN_TRY (tn_option_parse (&plugin_keys[PLUGIN_ENABLED], section, entry->value, entry->origin, &enabled,
                                 error));
        wish->disabled = enabled.integer ? NULL : entry;
    }
    wish->path = tn_settings_find (&context->settings, section, "path");
    if (wish->path && !wish->path->value[0])
        wish->path = NULL;
    return wish->path ? check_absolute (wish->path, "file", error) : TENON_OK;
}

/* ---- checking ---- */

tenon_status
tn_config_unknown (const struct tn_entry *entry, const char *const *keys, uint64_t count, tenon_error *error)
{
    char room[TN_HINT_ROOM];
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s] has no key '%s'%s", entry->origin,
                    entry->section, entry->key, tn_hint (room, entry->key, keys, count));
}

static tenon_status
unknown_of (const struct tn_entry *entry, const struct tenon_option *options, uint32_t count,
            tenon_error *error)
{
    const char *keys[TENON_LIMITS + CORE_KEYS];
    for (uint32_t i = 0; i < count; i++)
        keys[i] = options[i].name;
    return tn_config_unknown (entry, keys, count, error);
}

static tenon_status
unknown_section (const tenon_context *context, const struct tn_entry *entry, tenon_error *error)
{
    static const char *const sections[] = { "core", "limits", "save", "plugin", "codec" };
    char room[TN_HINT_ROOM];
    /* "codec" without an id, and the id, or the plugin's name, without "codec" */
    for (uint64_t i = 0; i < context->registry.codec_count; i++)
        if (strcmp (entry->section, context->registry.codecs[i]->table.id) == 0)
            return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                            "%s: there is no section [%s]; did you mean [codec %s]?", entry->origin,
                            entry->section, entry->section);
    return tn_fail (
        error, TENON_E_CONFIG, TN_NO_OFFSET,
        "%s: there is no section [%s]; there are [core], [limits], [save], [plugin NAME] and [codec ID]%s",
        entry->origin, entry->section, tn_hint (room, entry->section, sections, TN_COUNT (sections)));
}

/* A setting for a codec that is not there: a note in a file, where it may be there tomorrow, an error in
 * what was just typed. */
static tenon_status
absent_codec (const tenon_context *context, const struct tn_entry *entry, const char *id, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    char room[TN_HINT_ROOM];
    TN_FREE const char **ids = calloc (registry->codec_count + 4, sizeof *ids);
    if (!ids)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < registry->codec_count; i++)
        ids[i] = registry->codecs[i]->table.id;
    memcpy (ids + registry->codec_count, (const char *[]){ "core", "limits", "save", "plugin" },
            4 * sizeof *ids);
    bool is_typed = entry->layer == TN_LAYER_PROGRAM;
    const char *hint = tn_hint (room, id, ids, registry->codec_count + (is_typed ? 4 : 0));
    if (is_typed)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                        "%s: %s.%s: there is no section and no codec '%s'%s", entry->origin, id, entry->key,
                        id, hint);
    if (!entry->key)
        tn_report_add (context->report, TENON_NOTE, TENON_OK, 0, id, "", "%s: no codec '%s' is in use%s",
                       entry->origin, id, hint);
    return TENON_OK;
}

static tenon_status
absent_plugin (tenon_context *context, const struct tn_entry *entry, const char *name, tenon_error *error)
{
    struct tn_wish wish;
    if (entry->key && strcmp (entry->key, "enabled") != 0 && strcmp (entry->key, "path") != 0)
        return unknown_of (entry, plugin_keys, PLUGIN_KEYS, error);
    if (!tn_is_plugin_name (name))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s]: no plugin can have that name",
                        entry->origin, entry->section);
    if (!entry->key)
        tn_report_add (context->report, TENON_NOTE, TENON_OK, 0, name, "", "%s: no plugin '%s' was found",
                       entry->origin, name);
    /* its values are looked at, so that they are right when it comes */
    return tn_config_wish (context, name, &wish, error);
}

/* Pointer to what follows `kind` and a blank; NULL: the section is of another kind. */
static const char *
name_in (const char *section, const char *kind)
{
    size_t length = strlen (kind);
    return strncmp (section, kind, length) == 0 && section[length] == ' ' && section[length + 1]
               ? section + length + 1
               : NULL;
}

static tenon_status
check_entry (tenon_context *context, const struct tn_entry *entry, tenon_error *error)
{
    const char *name;
    if (strcmp (entry->section, "core") == 0)
        return entry->key ? unknown_of (entry, core_keys, CORE_KEYS, error) : TENON_OK;
    if (strcmp (entry->section, "limits") == 0)
        return entry->key ? unknown_of (entry, tn_limit_options, TENON_LIMITS, error) : TENON_OK;
    if (strcmp (entry->section, "save") == 0)
        return entry->key ? unknown_of (entry, save_keys, TN_COUNT (save_keys), error) : TENON_OK;
    if ((name = name_in (entry->section, "plugin")) != NULL)
        return absent_plugin (context, entry, name, error);
    if ((name = name_in (entry->section, "codec")) != NULL)
        return absent_codec (context, entry, name, error);
    return unknown_section (context, entry, error);
}

tenon_status
tn_config_check (tenon_context *context, tenon_error *error)
{
    for (uint64_t i = 0; i < context->settings.count; i++)
        if (!context->settings.entries[i].known)
            TN_TRY (check_entry (context, &context->settings.entries[i], error));
    return TENON_OK;
}

/* ---- the list ---- */

const char *
tn_config_keep (tenon_context *context, char *text, tenon_error *error)
{
    if (!text
        || !tn_grow (&context->texts, &context->text_room, context->text_count, sizeof *context->texts)) {
        free (text);
        (void) tn_fail_memory (error);
        return NULL;
    }
    return context->texts[context->text_count++] = text;
}

static tenon_status
list (tenon_context *context, const char *section, const struct tenon_option *option, const char *value,
      const char *origin, tenon_error *error)
{
    if (!tn_grow (&context->config, &context->config_room, context->config_count, sizeof *context->config))
        return tn_fail_memory (error);
    context->config[context->config_count++] = (tenon_config_entry){
        sizeof *context->config, option->type, section, option->name, value, origin, option->help
    };
    return TENON_OK;
}

/* The effective value of a key, as it was typed. */
static tenon_status
list_key (tenon_context *context, const char *section, const struct tenon_option *option, tenon_error *error)
{
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, option->name);
    return list (context, section, option, entry ? entry->value : option->value,
                 entry ? entry->origin : "default", error);
}

static tenon_status
list_codec (tenon_context *context, const struct tn_codec *codec, tenon_error *error)
{
    const struct tn_entry *entry = tn_settings_find (&context->settings, codec->section, "extensions");
    size_t length = 1;
    for (char *const *word = codec->extensions; *word; word++)
        length += strlen (*word) + 1;
    char *joined = malloc (length);
    if (joined) {
        char *end = joined;
        *end = 0;
        for (char *const *word = codec->extensions; *word; word++)
            end += sprintf (end, "%s%s", end == joined ? "" : " ", *word);
    }
    const char *extensions = tn_config_keep (context, joined, error);
    if (!extensions)
        return error->status;
    TN_TRY (list_key (context, codec->section, &tn_codec_keys[TN_CODEC_ENABLED], error));
    TN_TRY (list_key (context, codec->section, &tn_codec_keys[TN_CODEC_PRIORITY], error));
    TN_TRY (list (context, codec->section, &tn_codec_keys[TN_CODEC_EXTENSIONS], extensions,
                  entry ? entry->origin : "default", error));
    for (uint32_t i = 0; i < codec->table.option_count; i++)
        TN_TRY (list (context, codec->section, &codec->table.options[i], codec->settings[i].text,
                      codec->settings[i].origin, error));
    return TENON_OK;
}

static bool
is_listed (const tenon_context *context, const char *section, const char *key)
{
    for (uint64_t i = 0; i < context->config_count; i++)
        if (strcmp (context->config[i].section, section) == 0 && strcmp (context->config[i].key, key) == 0)
            return true;
    return false;
}

/* What is set for plugins, or codecs, that are not in use. */
static tenon_status
list_absent (tenon_context *context, const char *kind, const struct tenon_option *known, uint32_t count,
             tenon_error *error)
{
    for (uint64_t i = 0; i < context->settings.count; i++) {
        const struct tn_entry *entry = &context->settings.entries[i];
        if (!entry->key || !name_in (entry->section, kind) || is_listed (context, entry->section, entry->key))
            continue;
        struct tenon_option option = OPTION (TENON_OPTION_TEXT, entry->key, "", 0, 0, "");
        for (uint32_t j = 0; j < count; j++)
            if (strcmp (known[j].name, entry->key) == 0)
                option = known[j];
        TN_TRY (list_key (context, entry->section, &option, error));
    }
    return TENON_OK;
}

tenon_status
tn_config_list (tenon_context *context, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    for (uint64_t i = 0; i < context->folder_count; i++)
        TN_TRY (list (context, "core", &core_keys[CORE_PLUGIN_PATH], context->folders[i].path,
                      context->folders[i].origin, error));
    TN_TRY (list_key (context, "core", &core_keys[CORE_THREADS], error));
    TN_TRY (list_key (context, "core", &core_keys[CORE_MAP], error));
    for (uint32_t i = 0; i < TENON_LIMITS; i++)
        TN_TRY (list_key (context, "limits", &tn_limit_options[i], error));
    TN_TRY (list_key (context, "save", &save_keys[0], error));
    for (uint64_t i = 0; i < registry->plugin_count; i++) {
        const char *section =
            tn_config_keep (context, tn_concat ("plugin ", registry->plugins[i]->name, NULL), error);
        if (!section)
            return error->status;
        TN_TRY (list_key (context, section, &plugin_keys[PLUGIN_ENABLED], error));
        TN_TRY (list_key (context, section, &plugin_keys[PLUGIN_PATH], error));
    }
    TN_TRY (list_absent (context, "plugin", plugin_keys, PLUGIN_KEYS, error));
    for (uint64_t i = 0; i < registry->codec_count; i++)
        TN_TRY (list_codec (context, registry->codecs[i], error));
    return list_absent (context, "codec", tn_codec_keys, TN_CODEC_KEYS, error);
}

TENON_API uint64_t
tenon_config_count (const tenon_context *context)
{
    return context ? context->config_count : 0;
}

TENON_API tenon_status
tenon_config_get (const tenon_context *context, uint64_t index, tenon_config_entry *entry)
{
    if (!context || !entry)
        return TENON_E_MISUSE;
    if (index >= context->config_count)
        return TENON_E_NOT_FOUND;
    return tn_fill_struct (entry, &context->config[index], sizeof *entry) ? TENON_OK : TENON_E_MISUSE;
}
