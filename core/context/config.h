/* SPDX-License-Identifier: MIT */
/* config.h - the keys of the configuration: their values in a context, unknown ones, and the list of all. */
#ifndef TN_CONFIG_H
#define TN_CONFIG_H
#include "context/context.h"

/* The keys of the core, in the order of the list; every plugin and every codec has those of its kind of
 * section. */
enum tn_key_number {
    TN_KEY_PLUGIN_PATH,
    TN_KEY_THREADS,
    TN_KEY_MAP,
    TN_KEY_ISOLATE,
    TN_KEY_PINNED_ONLY,
    TN_KEY_LIMITS, /* the first of TENON_LIMITS */
    TN_KEY_DURABLE = TN_KEY_LIMITS + TENON_LIMITS,
    TN_KEY_LOCK,
    TN_KEY_LOCK_WAIT,
    TN_KEY_PLUGIN_ENABLED,
    TN_KEY_PLUGIN_FILE,
    TN_KEY_PLUGIN_SHA256,
    TN_KEY_CODEC_ENABLED,
    TN_KEY_CODEC_PRIORITY,
    TN_KEY_CODEC_EXTENSIONS,
    TN_KEY_SIGNATURE_NAME, /* up to TN_KEY_SIGNATURE_ENABLED */
    TN_KEY_SIGNATURE_BYTES,
    TN_KEY_SIGNATURE_TEXT,
    TN_KEY_SIGNATURE_ALSO,
    TN_KEY_SIGNATURE_ADVICE,
    TN_KEY_SIGNATURE_PLUGIN,
    TN_KEY_SIGNATURE_EXTENSION,
    TN_KEY_SIGNATURE_ENABLED,
    TN_KEYS
};
/* The most bytes that are kept of a message about a wrong setting. */
#define TN_CONFIG_WORDS 500u

struct tn_key {
    enum tn_section section;
    struct tenon_option option;
    size_t target; /* offset in a context of the bool or uint64_t that takes the value; 0: none */
};
extern const struct tn_key tn_keys[TN_KEYS];

/* Gives the keys that have a target their effective values. */
tenon_status tn_config_apply (tenon_context *context, tenon_error *error);
/* The effective value of a key of a section, its default included. */
tenon_status tn_config_setting (tenon_context *context, const char *section,
                                const struct tenon_option *option, struct tenon_setting *setting,
                                tenon_error *error);
/* [plugin NAME] enabled, path and sha256; NULL: not set. */
struct tn_plugin_config {
    const struct tn_entry *disabled; /* set only when `enabled` says no */
    const struct tn_entry *path;
    const struct tn_entry *pin;
    /* what is wrong in its section of a file: the plugin is not loaded. "" nothing is */
    char wrong[TN_CONFIG_WORDS];
};
/* A wrong setting of the program is TENON_E_CONFIG. */
tenon_status tn_config_plugin (tenon_context *context, const char *name, struct tn_plugin_config *config,
                               tenon_error *error);
/* [plugin NAME] sha256, or NULL: not set. */
const struct tn_entry *tn_config_pin (tenon_context *context, const char *name);
/* Notes that a plugin or codec (`what`) is not used because of a wrong setting, of which `words` tell. */
void tn_config_note_wrong (const tenon_context *context, const char *subject, const char *words,
                           const char *what);
/* True if every codec has this key, so that no option may have its name. */
bool tn_config_is_codec_key (const char *key);

/* After the plugins are loaded: an unknown section is an error that names the nearest one; a plugin or codec
 * that is not in use is a note. */
tenon_status tn_config_check (tenon_context *context, tenon_error *error);
/* The steps of checks, for config_check.c. */
const struct tn_key *tn_config_key (enum tn_section kind, const char *name);
tenon_status tn_config_unknown_section (const tenon_context *context, const struct tn_entry *entry,
                                        tenon_error *error);
tenon_status tn_config_absolute (const struct tn_entry *entry, const char *what, tenon_error *error);
tenon_status tn_config_plugin_entry (const struct tn_entry *entry, tenon_error *error);
/* An unknown key of a section of a known kind, which may have more keys, the `count` options of a codec. */
tenon_status tn_config_unknown_key (const struct tn_entry *entry, const struct tenon_option *more,
                                    uint32_t count, tenon_error *error);

/* Makes the list for tenon_config_get. */
tenon_status tn_config_list (tenon_context *context, tenon_error *error);
/* Keeps a text as long as the context, which owns it from now on, also on failure. NULL (also for NULL): no
 * memory, which is recorded. */
const char *tn_config_keep (tenon_context *context, char *text, tenon_error *error);

#endif
