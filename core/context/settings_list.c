/* SPDX-License-Identifier: MIT */
/* settings_list.c - the list of settings: adding to it, finding in it. */
#include "context/settings.h"

static void
entry_free (struct tn_entry *entry)
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
        entry_free (&settings->entries[i]);
    free (settings->entries);
    memset (settings, 0, sizeof *settings);
}

tenon_status
tn_settings_add (struct tn_settings *settings, const char *section, const char *key, const char *value,
                 const char *origin, uint32_t layer, tenon_error *error)
{
    struct tn_entry entry = { .layer = layer };
    if (!tn_grow (&settings->entries, &settings->room, settings->count, sizeof entry))
        return tn_fail_memory (error);
    entry.section = strdup (section);
    entry.key = key ? strdup (key) : NULL;
    entry.value = value ? strdup (value) : NULL;
    entry.origin = strdup (origin);
    if (!entry.section || (key && !entry.key) || (value && !entry.value) || !entry.origin) {
        entry_free (&entry);
        return tn_fail_memory (error);
    }
    settings->entries[settings->count++] = entry;
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
