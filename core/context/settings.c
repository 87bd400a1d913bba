/* SPDX-License-Identifier: MIT */
/* settings.c - the list of settings: adding to it, finding in it. */
#include "context/settings.h"
#include "base/report.h"

const char *const tn_section_names[TN_SECTIONS] = {
    "core", "limits", "save", "plugin", "codec", "signature"
};

enum tn_section
tn_section_kind (const char *section, const char **name)
{
    for (enum tn_section kind = 0; kind < TN_SECTIONS; kind++) {
        size_t length = strlen (tn_section_names[kind]);
        const char *rest = section + length;
        if (strncmp (section, tn_section_names[kind], length) != 0)
            continue;
        bool is_named = kind >= TN_SECTION_PLUGIN;
        *name = is_named ? rest + 1 : NULL;
        if (is_named ? rest[0] == ' ' && rest[1] : !rest[0])
            return kind;
    }
    return TN_SECTIONS;
}

bool
tn_is_id (const char *text, const char *characters)
{
    size_t length = text ? strspn (text, characters) : 0;
    return length > 0 && length <= TN_LONGEST_ID && text[length] == 0;
}

bool
tn_is_plugin_name (const char *text)
{
    return tn_is_id (text, TN_LOWER TN_UPPER "-_");
}

void
tn_entry_free (struct tn_entry *entry)
{
    free (entry->section);
    free (entry->key);
    free (entry->value);
    free (entry->origin);
}

void
tn_settings_free (struct tn_settings *settings)
{
    for (uint64_t i = 0; i < settings->count; i++)
        tn_entry_free (&settings->entries[i]);
    free (settings->entries);
    memset (settings, 0, sizeof *settings);
}

tenon_status
tn_settings_add (struct tn_settings *settings, const char *section, const char *key, const char *value,
                 const char *origin, uint32_t layer, tenon_error *error)
{
    struct tn_entry entry = { .layer = layer };
    const char *name;
    if (settings->signatures && tn_section_kind (section, &name) == TN_SECTION_SIGNATURE)
        settings = settings->signatures;
    if (!tn_grow (&settings->entries, &settings->room, settings->count, sizeof entry))
        return tn_fail_memory (error);
    size_t length = key ? strlen (key) : 0;
    entry.more = length > 1 && key[length - 1] == '+';
    length -= entry.more;
    while (entry.more && length > 1 && (key[length - 1] == ' ' || key[length - 1] == '\t'))
        length--;
    entry.section = strdup (section);
    entry.key = key ? tn_strndup (key, length) : NULL;
    entry.value = value ? strdup (value) : NULL;
    entry.origin = strdup (origin);
    if (!entry.section || (key && !entry.key) || (value && !entry.value) || !entry.origin) {
        tn_entry_free (&entry);
        return tn_fail_memory (error);
    }
    settings->entries[settings->count++] = entry;
    return TENON_OK;
}

tenon_status
tn_settings_fault (const struct tn_settings *settings, tenon_error *error)
{
    if (!settings->faults || error->status == TENON_OK || error->status == TENON_E_MEMORY)
        return error->status;
    tn_report_add (settings->faults, TENON_NOTE, error->status, 0, "", "", "%s%s%s", error->file,
                   error->file[0] ? ": " : "", error->message);
    tn_error_clear (error);
    return TENON_OK;
}

const struct tn_entry *
tn_settings_find (struct tn_settings *settings, const char *section, const char *key)
{
    const struct tn_entry *found = NULL;
    for (uint64_t i = 0; i < settings->count; i++) {
        struct tn_entry *entry = &settings->entries[i];
        if (strcmp (entry->section, section) != 0)
            continue;
        bool is_it = entry->key && strcmp (entry->key, key) == 0;
        if (is_it || !entry->key)
            entry->known = true;
        if (is_it)
            found = entry;
    }
    return found;
}
