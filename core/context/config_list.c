/* SPDX-License-Identifier: MIT */
/* config_list.c - the list of all keys, their values and origins. */
#include "base/base.h"
#include "context/config.h"
#include "context/registry.h"
#include "context/settings.h"
#include <stdio.h>

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
list_value (tenon_context *context, const char *section, const struct tenon_option *option, const char *value,
            const char *origin, tenon_error *error)
{
    if (!tn_grow (&context->config, &context->config_room, context->config_count, sizeof *context->config))
        return tn_fail_memory (error);
    context->config[context->config_count++] = (tenon_config_entry){
        sizeof *context->config, option->type, section, option->name, value, origin, option->help
    };
    return TENON_OK;
}

/* The effective value of a key, as it was typed; `value` takes the place of what was typed. */
static tenon_status
list_key (tenon_context *context, const char *section, const struct tenon_option *option, const char *value,
          tenon_error *error)
{
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, option->name);
    if (!value)
        value = entry ? entry->value : option->value;
    return list_value (context, section, option, value, entry ? entry->origin : "default", error);
}

/* All keys of a section but plugin_path and extensions, whose values are computed. */
static tenon_status
list_section (tenon_context *context, enum tn_section kind, const char *section, tenon_error *error)
{
    for (uint32_t i = 0; i < TN_KEYS; i++)
        if (tn_keys[i].section == kind && i != TN_KEY_PLUGIN_PATH && i != TN_KEY_CODEC_EXTENSIONS)
            TN_TRY (list_key (context, section, &tn_keys[i].option, NULL, error));
    return TENON_OK;
}

static tenon_status
list_plugin (tenon_context *context, const struct tn_plugin *plugin, tenon_error *error)
{
    const char *section = tn_config_keep (context, tn_concat ("plugin ", plugin->name, NULL), error);
    return section ? list_section (context, TN_SECTION_PLUGIN, section, error) : error->status;
}

static char *
join_words (char *const *words)
{
    size_t length = 1;
    for (char *const *word = words; *word; word++)
        length += strlen (*word) + 1;
    char *joined = malloc (length), *end = joined;
    if (!joined)
        return NULL;
    *end = 0;
    for (char *const *word = words; *word; word++)
        end += sprintf (end, "%s%s", end == joined ? "" : " ", *word);
    return joined;
}

static tenon_status
list_codec (tenon_context *context, const struct tn_codec *codec, tenon_error *error)
{
    const char *extensions = tn_config_keep (context, join_words (codec->extensions), error);
    if (!extensions)
        return error->status;
    TN_TRY (list_section (context, TN_SECTION_CODEC, codec->section, error));
    TN_TRY (list_key (context, codec->section, &tn_keys[TN_KEY_CODEC_EXTENSIONS].option, extensions, error));
    for (uint32_t i = 0; i < codec->table.option_count; i++)
        TN_TRY (list_value (context, codec->section, &codec->table.options[i], codec->settings[i].text,
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

/* The settings of plugins, or codecs, that are not in use. */
static tenon_status
list_absent (tenon_context *context, enum tn_section kind, tenon_error *error)
{
    const char *name;
    for (uint64_t i = 0; i < context->settings.count; i++) {
        const struct tn_entry *entry = &context->settings.entries[i];
        if (!entry->key || tn_section_kind (entry->section, &name) != kind
            || is_listed (context, entry->section, entry->key))
            continue;
        const struct tn_key *known = tn_config_key (kind, entry->key);
        const struct tenon_option unknown = { .type = TENON_OPTION_TEXT, .name = entry->key, .help = "" };
        TN_TRY (list_key (context, entry->section, known ? &known->option : &unknown, NULL, error));
    }
    return TENON_OK;
}

tenon_status
tn_config_list (tenon_context *context, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    for (uint64_t i = 0; i < context->folder_count; i++)
        TN_TRY (list_value (context, tn_section_names[TN_SECTION_CORE], &tn_keys[TN_KEY_PLUGIN_PATH].option,
                            context->folders[i].path, context->folders[i].origin, error));
    for (enum tn_section kind = 0; kind < TN_SECTION_PLUGIN; kind++)
        TN_TRY (list_section (context, kind, tn_section_names[kind], error));
    for (uint64_t i = 0; i < registry->plugin_count; i++)
        TN_TRY (list_plugin (context, registry->plugins[i], error));
    TN_TRY (list_absent (context, TN_SECTION_PLUGIN, error));
    for (uint64_t i = 0; i < registry->codec_count; i++)
        TN_TRY (list_codec (context, registry->codecs[i], error));
    return list_absent (context, TN_SECTION_CODEC, error);
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
    return tn_reply_struct (entry, &context->config[index], sizeof *entry);
}
