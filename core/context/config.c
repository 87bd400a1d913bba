/* SPDX-License-Identifier: MIT */
/* config.c - the keys of the configuration: their values in a context, and unknown ones. */
#include "context/config.h"
#include "base/nearest.h"
#include "base/report.h"
#include "context/cause.h"
#include "context/option.h"
#include "context/pin.h"
#include <stdio.h>

#define KEY(number, section, type, name, value, least, most, target, help)                                   \
    [number] = { TN_SECTION_##section,                                                                       \
                 { sizeof (struct tenon_option), TENON_OPTION_##type, name, value, NULL, help, least, most,  \
                   0, 0 },                                                                                   \
                 target }
#define CHOICE(number, section, name, value, choices, target, help)                                          \
    [number] = { TN_SECTION_##section,                                                                       \
                 { sizeof (struct tenon_option), TENON_OPTION_CHOICE, name, value, choices, help, 0, 0, 0,   \
                   0 },                                                                                      \
                 target }
#define TARGET(field) offsetof (struct tenon_context, field)
#define NO_END 9223372036854775807.0
#define BOUNDED_LIMIT(limit, type, name, value, least, most, help)                                           \
    KEY (TN_KEY_LIMITS + (limit), LIMITS, type, name, value, least, most, TARGET (limits[limit]), help)
#define LIMIT(limit, type, name, value, least, help)                                                         \
    BOUNDED_LIMIT (limit, type, name, value, least, NO_END, help)

/* Honest files stay below the default limits, which bound the damage that a hostile file can do. */
const struct tn_key tn_keys[TN_KEYS] = {
    KEY (TN_KEY_PLUGIN_PATH, CORE, TEXT, "plugin_path", TENON_PLUGINDIR, 0, 0, 0,
         "a folder in which plugins are looked for, absolute; may be repeated"),
    KEY (TN_KEY_THREADS, CORE, INTEGER, "threads", "0", 0, 4096, TARGET (threads),
         "threads that work at once; 0: one a processor"),
    CHOICE (
        TN_KEY_ISOLATE, CORE, "isolate", "no", "no third-party yes", TARGET (isolate),
        "which files are described in a process without rights: no; those that the code of a third party may "
        "get to see; or all (yes)"),
    KEY (TN_KEY_PINNED_ONLY, CORE, BOOL, "pinned_only", "no", 0, 0, TARGET (pinned_only),
         "whether plugins are loaded from files only if [plugin NAME] sha256 names them"),
    KEY (TN_KEY_MAP, CORE, BOOL, "map", "yes", 0, 0, TARGET (map), "whether files may be mapped into memory"),
    /* the largest vocabularies that are stored in headers take tens of MiB */
    LIMIT (TENON_LIMIT_HEADER_BYTES, SIZE, "header_bytes", "1GiB", 1,
           "what one codec may read and keep in memory while it describes a file"),
    /* about 1.3 GB of catalog */
    LIMIT (TENON_LIMIT_TENSORS, INTEGER, "tensors", "10000000", 1,
           "tensors in one file, all its shards together"),
    LIMIT (TENON_LIMIT_METADATA_ENTRIES, INTEGER, "metadata_entries", "1000000", 1,
           "metadata keys in one file"),
    LIMIT (TENON_LIMIT_METADATA_BYTES, SIZE, "metadata_bytes", "256MiB", 1,
           "keys, strings and nested arrays of metadata that are kept in memory"),
    BOUNDED_LIMIT (TENON_LIMIT_DEPTH, INTEGER, "depth", "64", 1, TN_MOST_DEPTH,
                   "how deep arrays, JSON and files within files may be nested; files 20 deep at most"),
    LIMIT (TENON_LIMIT_MEMBERS, INTEGER, "members", "10000000", 1, "members and files of one file or folder"),
    LIMIT (TENON_LIMIT_INFLATED_BYTES, SIZE, "inflated_bytes", "1TiB", 1,
           "decoded size of one compressed member, or of a tensor that is made when it is read"),
    /* The filters of the tree make at most 32,768 bytes of one, and that of zeros, so this stops the bombs of
     * other filters and lies in directories, and never an honest member of zeros */
    LIMIT (TENON_LIMIT_INFLATED_RATIO, INTEGER, "inflated_ratio", "33000", 1,
           "decoded size of a compressed member, in multiples of its stored size, beyond 1 MiB; and of all "
           "tensors that are made when they are read, in multiples of the file's size"),
    LIMIT (TENON_LIMIT_MEMORY, SIZE, "memory", "64MiB", 65536,
           "what a conversion may hold in memory at once, beside the catalog"),
    /* each level decodes on top of the others: an archive of archives that is compressed again needs 2 */
    BOUNDED_LIMIT (TENON_LIMIT_ENCODED_DEPTH, INTEGER, "encoded_depth", "4", 1, 16,
                   "compressed members that may lie in each other"),
    LIMIT (TENON_LIMIT_ISOLATED_MEMORY, SIZE, "isolated_memory", "2GiB", 1 << 20,
           "memory that an isolated process may get"),
    LIMIT (TENON_LIMIT_ISOLATED_SECONDS, INTEGER, "isolated_seconds", "60", 0,
           "seconds in which an isolated process has to describe a file, or to answer; 0: any number"),
    LIMIT (TENON_LIMIT_OPEN_MEMORY, SIZE, "open_memory", "4GiB", 65536,
           "memory that opening a file may take, what stays in it included"),
    LIMIT (TENON_LIMIT_OPEN_MEMORY_RATIO, INTEGER, "open_memory_ratio", "32", 1,
           "the same, in multiples of the file's size, beyond 64 MiB"),
    LIMIT (TENON_LIMIT_OPEN_WORK, SIZE, "open_work", "128GiB", 1,
           "work that opening a file may take, in bytes that could be copied meanwhile"),
    LIMIT (TENON_LIMIT_OPEN_WORK_RATIO, INTEGER, "open_work_ratio", "128", 1,
           "the same, in multiples of the file's size, beyond 256 MiB"),
    KEY (TN_KEY_DURABLE, SAVE, BOOL, "durable", "yes", 0, 0, TARGET (durable),
         "whether a save waits until the disk has it"),
    CHOICE (TN_KEY_LOCK, SAVE, "lock", "wait", "wait fail no", TARGET (lock),
            "what a save does while another one holds its file: it waits, or fails; no: it does not look"),
    KEY (TN_KEY_LOCK_WAIT, SAVE, INTEGER, "lock_wait", "3600", 0, 1e9, TARGET (lock_wait),
         "seconds that a save waits for another one before it fails"),
    KEY (TN_KEY_PLUGIN_ENABLED, PLUGIN, BOOL, "enabled", "yes", 0, 0, 0, "whether the plugin is loaded"),
    KEY (TN_KEY_PLUGIN_FILE, PLUGIN, TEXT, "path", "", 0, 0, 0,
         "the plugin's file, absolute; empty: the first that is found"),
    KEY (TN_KEY_PLUGIN_SHA256, PLUGIN, TEXT, "sha256", "", 0, 0, 0,
         "SHA-256 of the files that it may be loaded from, spaces between; empty: any file"),
    KEY (TN_KEY_CODEC_ENABLED, CODEC, BOOL, "enabled", "yes", 0, 0, 0, "whether the codec is used"),
    KEY (TN_KEY_CODEC_PRIORITY, CODEC, INTEGER, "priority", "0", -1000000, 1000000, 0,
         "the higher one wins when two codecs claim a file equally"),
    KEY (TN_KEY_CODEC_EXTENSIONS, CODEC, TEXT, "extensions", "", 0, 0, 0,
         "endings of file names, the first is appended when saving; instead of the codec's own"),
    KEY (TN_KEY_SIGNATURE_NAME, SIGNATURE, TEXT, "name", "", 0, 0, 0, "what such a file is"),
    KEY (TN_KEY_SIGNATURE_BYTES, SIGNATURE, TEXT, "bytes", "", 0, 0, 0,
         "its first bytes, or those behind @N"),
    KEY (TN_KEY_SIGNATURE_TEXT, SIGNATURE, TEXT, "text", "", 0, 0, 0,
         "the text that it begins with after blanks, in capitals or not"),
    KEY (TN_KEY_SIGNATURE_ALSO, SIGNATURE, TEXT, "also", "", 0, 0, 0,
         "bytes that its beginning has, in addition"),
    KEY (TN_KEY_SIGNATURE_ADVICE, SIGNATURE, TEXT, "advice", "", 0, 0, 0, "what helps"),
    KEY (TN_KEY_SIGNATURE_PLUGIN, SIGNATURE, TEXT, "plugin", "", 0, 0, 0, "the plugin that reads it"),
    KEY (TN_KEY_SIGNATURE_EXTENSION, SIGNATURE, TEXT, "extension", "", 0, 0, 0,
         "endings of names that such a file does not contradict"),
    KEY (TN_KEY_SIGNATURE_ENABLED, SIGNATURE, BOOL, "enabled", "yes", 0, 0, 0, "whether it is compared"),
};

const struct tn_key *
tn_config_key (enum tn_section kind, const char *name)
{
    for (uint32_t i = 0; i < TN_KEYS; i++)
        if (tn_keys[i].section == kind && strcmp (tn_keys[i].option.name, name) == 0)
            return &tn_keys[i];
    return NULL;
}

/* ---- the values ---- */

tenon_status
tn_config_setting (tenon_context *context, const char *section, const struct tenon_option *option,
                   struct tenon_setting *setting, tenon_error *error)
{
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, option->name);
    if (entry && entry->more && option != &tn_keys[TN_KEY_CODEC_EXTENSIONS].option)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: %s is no list that += could add to",
                        entry->origin, option->name);
    return tn_option_parse (option, section, entry ? entry->value : option->value,
                            entry ? entry->origin : "default", setting, error);
}

tenon_status
tn_config_absolute (const struct tn_entry *entry, const char *what, tenon_error *error)
{
    if (entry->value[0] == '/')
        return TENON_OK;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                    "%s: [%s] %s = '%s': expected is the absolute path of a %s", entry->origin,
                    TN_SHOW (entry->section), entry->key, TN_SHOW (entry->value), what);
}

tenon_status
tn_config_apply (tenon_context *context, tenon_error *error)
{
    struct tenon_setting setting;
    const struct tn_settings *settings = &context->settings;
    for (uint32_t i = 0; i < TN_KEYS; i++) {
        const struct tn_key *key = &tn_keys[i];
        if (key->target == 0)
            continue;
        TN_TRY (tn_config_setting (context, tn_section_names[key->section], &key->option, &setting, error));
        char *target = (char *) context + key->target;
        if (key->option.type == TENON_OPTION_BOOL)
            *(bool *) target = setting.integer != 0;
        else
            *(uint64_t *) (void *) target = (uint64_t) setting.integer;
    }
    if (tn_settings_find (&context->settings, "core", "plugin_path"))
        for (uint64_t i = 0; i < settings->count; i++) {
            const struct tn_entry *entry = &settings->entries[i];
            if (entry->key && strcmp (entry->section, "core") == 0 && strcmp (entry->key, "plugin_path") == 0)
                TN_TRY (tn_config_absolute (entry, "folder", error));
        }
    return TENON_OK;
}

/* Checks an entry of a section [plugin NAME]. */
tenon_status
tn_config_plugin_entry (const struct tn_entry *entry, tenon_error *error)
{
    struct tenon_setting setting;
    const struct tn_key *key = tn_config_key (TN_SECTION_PLUGIN, entry->key);
    if (!key)
        return tn_config_unknown_key (entry, NULL, 0, error);
    if (key == &tn_keys[TN_KEY_PLUGIN_FILE] && entry->value[0])
        return tn_config_absolute (entry, "file", error);
    if (key == &tn_keys[TN_KEY_PLUGIN_SHA256])
        return tn_pin_parse (entry, error);
    return tn_option_parse (&key->option, entry->section, entry->value, entry->origin, &setting, error);
}

/* The effective values of a section, and keys that no plugin has. *wrong is the entry that fails. */
static tenon_status
check_plugin (tenon_context *context, const char *section, const struct tn_entry **wrong, tenon_error *error)
{
    struct tn_settings *settings = &context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (!entry->key || strcmp (entry->section, section) != 0)
            continue;
        *wrong = entry;
        if (!tn_config_key (TN_SECTION_PLUGIN, entry->key)
            || tn_settings_find (settings, section, entry->key) == entry)
            TN_TRY (tn_config_plugin_entry (entry, error));
    }
    return TENON_OK;
}

tenon_status
tn_config_plugin (tenon_context *context, const char *name, struct tn_plugin_config *config,
                  tenon_error *error)
{
    struct tenon_setting enabled;
    const struct tn_entry *wrong = NULL;
    tenon_error fault = TENON_ERROR_INIT;
    char section[8 + TN_LONGEST_ID + 1];
    memset (config, 0, sizeof *config);
    if (snprintf (section, sizeof section, "plugin %s", name) >= (int) sizeof section)
        return TENON_OK; /* inih holds no such section either */
    if (check_plugin (context, section, &wrong, &fault) < 0) {
        if (fault.status != TENON_E_CONFIG || wrong->layer == TN_LAYER_PROGRAM)
            return tn_fail (error, fault.status, TN_NO_OFFSET, "%s", fault.message);
        snprintf (config->wrong, sizeof config->wrong, "%.*s", (int) sizeof config->wrong - 1, fault.message);
        return TENON_OK;
    }
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, "enabled");
    if (entry) {
        TN_TRY (
            tn_config_setting (context, section, &tn_keys[TN_KEY_PLUGIN_ENABLED].option, &enabled, error));
        config->disabled = enabled.integer ? NULL : entry;
    }
    config->path = tn_settings_find (&context->settings, section, "path");
    if (config->path && !config->path->value[0])
        config->path = NULL;
    config->pin = tn_config_pin (context, name);
    return TENON_OK;
}

const struct tn_entry *
tn_config_pin (tenon_context *context, const char *name)
{
    char section[8 + TN_LONGEST_ID + 1];
    if (snprintf (section, sizeof section, "plugin %s", name) >= (int) sizeof section)
        return NULL;
    const struct tn_entry *entry = tn_settings_find (&context->settings, section, "sha256");
    return entry && entry->value[0] ? entry : NULL;
}

/* True if the report has this note: a plugin may be found in several folders. */
static bool
is_noted (const tenon_report *report, const char *message)
{
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        if (tenon_report_get (report, i, &entry) == TENON_OK && entry.kind == TENON_NOTE
            && strcmp (entry.message, message) == 0)
            return true;
    }
    return false;
}

TN_OWN_FRAME void
tn_config_note_wrong (const tenon_context *context, const char *subject, const char *words, const char *what)
{
    char text[1200], message[1200];
    snprintf (text, sizeof text, "%s: the %s %s is not used", words, what, subject);
    tn_escape_message (message, sizeof message, text);
    if (!is_noted (context->report, message))
        tn_report_add (context->report, TENON_NOTE, TENON_E_CONFIG, 0, "", "", "%s", message);
}

bool
tn_config_is_codec_key (const char *key)
{
    return tn_config_key (TN_SECTION_CODEC, key) != NULL;
}

/* ---- unknown entries ---- */

tenon_status
tn_config_unknown_key (const struct tn_entry *entry, const struct tenon_option *more, uint32_t count,
                       tenon_error *error)
{
    const char *name;
    enum tn_section kind = tn_section_kind (entry->section, &name);
    char room[TN_HINT_ROOM];
    uint64_t known = 0;
    TN_FREE const char **keys = calloc (TN_KEYS + (size_t) count, sizeof *keys);
    if (!keys)
        return tn_fail_memory (error);
    for (uint32_t i = 0; i < TN_KEYS; i++)
        if (tn_keys[i].section == kind)
            keys[known++] = tn_keys[i].option.name;
    for (uint32_t i = 0; i < count; i++)
        keys[known++] = more[i].name;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s] has no key '%s'%s", entry->origin,
                    TN_SHOW (entry->section), TN_SHOW (entry->key), tn_hint (room, entry->key, keys, known));
}

tenon_status
tn_config_unknown_section (const tenon_context *context, const struct tn_entry *entry, tenon_error *error)
{
    char room[TN_HINT_ROOM];
    /* an id without "codec" */
    for (uint64_t i = 0; i < context->registry.codec_count; i++)
        if (strcmp (entry->section, context->registry.codecs[i]->table.id) == 0)
            return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                            "%s: there is no section [%s]; did you mean [codec %s]?", entry->origin,
                            entry->section, entry->section);
    return tn_fail (
        error, TENON_E_CONFIG, TN_NO_OFFSET,
        "%s: there is no section [%s]; there are [core], [limits], [save], [plugin NAME], [codec ID] and "
        "[signature NAME]%s",
        entry->origin, TN_SHOW (entry->section),
        tn_hint (room, entry->section, tn_section_names, TN_SECTIONS));
}

/* A setting for a codec that is not in use: in a file a note, since the codec may be installed later; an
 * error in what the user has just typed. */
static tenon_status
absent_codec (const tenon_context *context, const struct tn_entry *entry, const char *id, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    char room[TN_HINT_ROOM];
    TN_FREE const char **ids = calloc (registry->codec_count + TN_SECTION_CODEC, sizeof *ids);
    if (!ids)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < registry->codec_count; i++)
        ids[i] = registry->codecs[i]->table.id;
    memcpy (ids + registry->codec_count, tn_section_names, TN_SECTION_CODEC * sizeof *ids);
    bool is_typed = entry->layer == TN_LAYER_PROGRAM;
    char cause[TN_CAUSE_ROOM];
    if (is_typed && tn_cause_of_word (context, id, cause))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: %s.%s: there is no codec '%s': %s",
                        entry->origin, TN_SHOW (id), TN_SHOW (entry->key), TN_SHOW (id), cause);
    const char *hint = tn_hint (room, id, ids, registry->codec_count + (is_typed ? TN_SECTION_CODEC : 0));
    if (is_typed)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                        "%s: %s.%s: there is no section and no codec '%s'%s", entry->origin, TN_SHOW (id),
                        TN_SHOW (entry->key), TN_SHOW (id), hint);
    if (!entry->key)
        tn_report_add (context->report, TENON_NOTE, TENON_OK, 0, id, "", "%s: no codec '%s' is in use%s",
                       entry->origin, TN_SHOW (id), hint);
    return TENON_OK;
}

/* The values of a missing plugin are checked, so that they are right when it is installed. */
static TN_OWN_FRAME tenon_status
absent_plugin (tenon_context *context, const struct tn_entry *entry, const char *name, tenon_error *error)
{
    struct tn_plugin_config config;
    if (entry->layer == TN_LAYER_PROGRAM && !tn_is_plugin_name (name))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s]: no plugin can have that name",
                        entry->origin, TN_SHOW (entry->section));
    if (entry->key && entry->layer != TN_LAYER_PROGRAM)
        return TENON_OK; /* its headline is told of */
    TN_TRY (tn_config_plugin (context, name, &config, error));
    if (entry->key)
        return TENON_OK;
    if (!tn_is_plugin_name (name))
        snprintf (config.wrong, sizeof config.wrong, "%s: [%s]: no plugin can have that name", entry->origin,
                  TN_SHOW (entry->section));
    if (config.wrong[0])
        tn_config_note_wrong (context, name, config.wrong, "plugin");
    else
        tn_report_add (context->report, TENON_NOTE, TENON_OK, 0, name, "", "%s: no plugin '%s' was found",
                       entry->origin, TN_SHOW (name));
    return TENON_OK;
}

static tenon_status
check_unknown (tenon_context *context, const struct tn_entry *entry, tenon_error *error)
{
    const char *name;
    switch (tn_section_kind (entry->section, &name)) {
    case TN_SECTION_PLUGIN: return absent_plugin (context, entry, name, error);
    case TN_SECTION_CODEC: return absent_codec (context, entry, name, error);
    case TN_SECTIONS: return tn_config_unknown_section (context, entry, error);
    default: return entry->key ? tn_config_unknown_key (entry, NULL, 0, error) : TENON_OK;
    }
}

tenon_status
tn_config_check (tenon_context *context, tenon_error *error)
{
    for (uint64_t i = 0; i < context->settings.count; i++)
        if (!context->settings.entries[i].known)
            TN_TRY (check_unknown (context, &context->settings.entries[i], error));
    return TENON_OK;
}
