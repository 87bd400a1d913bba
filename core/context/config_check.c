/* SPDX-License-Identifier: MIT */
/* config_check.c - finds all faults of a configuration.
 *
 * A context is made as tenon_context_new makes one, but each entry is checked by itself, those included that
 * a later one overrides, and what is wrong is noted and taken out: so the next step finds nothing wrong in
 * it. */
#include "context/config_check.h"
#include "base/report.h"
#include "context/config.h"
#include "context/filter_option.h"
#include "context/loader.h"
#include "context/option.h"
#include "context/registry.h"
#include "context/settings_read.h"
#include "context/signatures.h"

static tenon_status
check_value (const tenon_context *context, const struct tn_entry *entry, const struct tenon_option *option,
             tenon_error *error)
{
    struct tenon_setting setting;
    TN_TRY (tn_option_parse (option, entry->section, entry->value, entry->origin, &setting, error));
    return tn_filter_option_check (context, option, entry->section, &setting, error);
}

static bool
is_extensions (const struct tn_entry *entry)
{
    return tn_config_key (TN_SECTION_CODEC, entry->key) == &tn_keys[TN_KEY_CODEC_EXTENSIONS];
}

/* An entry of a codec that is registered; one that is not may have any key. */
static tenon_status
check_codec_entry (const tenon_context *context, const struct tn_entry *entry, const char *id,
                   tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    const struct tn_key *key = tn_config_key (TN_SECTION_CODEC, entry->key);
    if (key == &tn_keys[TN_KEY_CODEC_EXTENSIONS])
        return tn_codec_check_extensions (entry, error);
    if (key)
        return check_value (context, entry, &key->option, error);
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tenon_codec *codec = &registry->codecs[i]->table;
        if (strcmp (codec->id, id) != 0)
            continue;
        for (uint32_t k = 0; k < codec->option_count; k++)
            if (strcmp (codec->options[k].name, entry->key) == 0)
                return check_value (context, entry, &codec->options[k], error);
        return tn_config_unknown_key (entry, codec->options, codec->option_count, error);
    }
    return TENON_OK;
}

/* Checks one entry by itself, whether it has an effect or not. That of an unregistered codec passes. */
static tenon_status
check_entry (const tenon_context *context, const struct tn_entry *entry, tenon_error *error)
{
    const char *name;
    enum tn_section kind = tn_section_kind (entry->section, &name);
    if (kind == TN_SECTIONS)
        return tn_config_unknown_section (context, entry, error);
    if (kind == TN_SECTION_PLUGIN && !tn_is_plugin_name (name))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s]: no plugin can have that name",
                        entry->origin, TN_SHOW (entry->section));
    if (!entry->key)
        return TENON_OK;
    if (entry->more && (kind != TN_SECTION_CODEC || !is_extensions (entry)))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: %s is no list that += could add to",
                        entry->origin, TN_SHOW (entry->key));
    if (kind == TN_SECTION_PLUGIN)
        return tn_config_plugin_entry (entry, error);
    if (kind == TN_SECTION_CODEC)
        return check_codec_entry (context, entry, name, error);
    const struct tn_key *key = tn_config_key (kind, entry->key);
    if (!key)
        return tn_config_unknown_key (entry, NULL, 0, error);
    return key == &tn_keys[TN_KEY_PLUGIN_PATH] ? tn_config_absolute (entry, "folder", error)
                                               : check_value (context, entry, &key->option, error);
}

/* Notes the faults of entries, of sections [codec ID] or of all others, and takes them out. */
static tenon_status
sift_entries (tenon_context *context, bool codecs, tenon_error *error)
{
    struct tn_settings *settings = &context->settings;
    const char *name;
    uint64_t kept = 0;
    for (uint64_t i = 0; i < settings->count; i++) {
        struct tn_entry entry = settings->entries[i];
        enum tn_section kind = tn_section_kind (entry.section, &name);
        bool good = true;
        if ((kind == TN_SECTION_CODEC) == codecs && error->status == TENON_OK) {
            /* an unknown section is told once, by its headline */
            if (kind != TN_SECTIONS || !entry.key || entry.layer == TN_LAYER_PROGRAM)
                check_entry (context, &entry, error);
            good = error->status == TENON_OK && kind != TN_SECTIONS;
            tn_settings_fault (settings, error);
        }
        if (good)
            settings->entries[kept++] = entry;
        else
            tn_entry_free (&entry);
    }
    settings->count = kept;
    return error->status;
}

static tenon_status
find_all (tenon_context *context, const tenon_context_options *options, const char *const *files,
          tenon_error *error)
{
    struct tn_settings *settings = &context->settings;
    settings->faults = context->report;
    TN_TRY (files ? tn_settings_read_named (settings, files, options, context->secure, context->report, error)
                  : tn_settings_read (settings, options, context->installed.configuration, context->secure,
                                      context->report, error));
    TN_TRY (sift_entries (context, false, error));
    TN_TRY (tn_config_apply (context, error));
    TN_TRY (tn_loader_run (context, options, error));
    TN_TRY (sift_entries (context, true, error));
    TN_TRY (tn_codecs_configure (context, error));
    tn_config_check (context, error);
    TN_TRY (tn_settings_fault (settings, error)); /* an absent codec in the program's settings */
    tn_signatures_check (context, error);
    return tn_settings_fault (settings, error);
}

/* The first fault becomes the failure. */
static tenon_status
fail_first (const tenon_report *report, tenon_error *error)
{
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        if (tenon_report_get (report, i, &entry) < 0 || entry.kind != TENON_NOTE || entry.status == TENON_OK)
            continue;
        tn_fail_in (error, entry.file[0] ? entry.file : NULL, NULL);
        return tn_fail (error, entry.status, TN_NO_OFFSET, "%s", entry.message);
    }
    return TENON_OK;
}

tenon_status
tn_config_find_faults (const tenon_context_options *options, const char *const *files,
                       const struct tenon_host *host, tenon_report **report, tenon_error *error)
{
    tenon_context *context;
    TN_TRY (tn_context_begin (&context, options, host, error));
    find_all (context, options, files, error);
    *report = context->report;
    context->report = NULL;
    tenon_context_free (context);
    return error->status < 0 ? error->status : fail_first (*report, error);
}
