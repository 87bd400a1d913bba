/* SPDX-License-Identifier: MIT */
/* overlay.c - "CODEC.KEY=VALUE" settings of one open or one save, over the context's values. */
#include "context/context.h"
#include <stdio.h>

/* The codec of that id; `count` of them: there is none. */
static uint64_t
find_codec (const struct tn_registry *registry, const char *id, size_t length)
{
    uint64_t i = 0;
    while (i < registry->codec_count
           && (strlen (registry->codecs[i]->table.id) != length
               || memcmp (registry->codecs[i]->table.id, id, length) != 0))
        i++;
    return i;
}

static tenon_status
unknown_codec (const struct tn_registry *registry, const char *id, const char *origin, tenon_error *error)
{
    static const char *const of_context[] = { "core", "limits", "save", "plugin" };
    char room[TN_HINT_ROOM];
    for (size_t i = 0; i < TN_COUNT (of_context); i++)
        if (strcmp (id, of_context[i]) == 0)
            return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                            "%s: %s.…: is set for the whole context, not for one file", origin, id);
    TN_FREE const char **ids = calloc (registry->codec_count + 1, sizeof *ids);
    if (!ids)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < registry->codec_count; i++)
        ids[i] = registry->codecs[i]->table.id;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: there is no codec '%s'%s", origin, id,
                    tn_hint (room, id, ids, registry->codec_count));
}

static tenon_status
unknown_option (const struct tn_codec *codec, const char *key, const char *origin, tenon_error *error)
{
    char room[TN_HINT_ROOM];
    for (uint32_t i = 0; i < TN_CODEC_KEYS; i++)
        if (strcmp (key, tn_codec_keys[i].name) == 0)
            return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                            "%s: %s.%s is set for the whole context, not for one file", origin,
                            codec->table.id, key);
    TN_FREE const char **keys = calloc (codec->table.option_count + 1, sizeof *keys);
    if (!keys)
        return tn_fail_memory (error);
    for (uint32_t i = 0; i < codec->table.option_count; i++)
        keys[i] = codec->table.options[i].name;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: codec %s has no option '%s'%s", origin,
                    codec->table.id, key, tn_hint (room, key, keys, codec->table.option_count));
}

static tenon_status
add (struct tn_overlay *overlay, uint64_t codec, const struct tn_codec *table, const char *key,
     const char *value, const char *origin, tenon_error *error)
{
    struct tn_overlay_entry entry = { .codec = codec };
    while (entry.option < table->table.option_count
           && strcmp (table->table.options[entry.option].name, key) != 0)
        entry.option++;
    if (entry.option == table->table.option_count)
        return unknown_option (table, key, origin, error);
    if (!tn_grow (&overlay->entries, &overlay->room, overlay->count, sizeof entry)
        || !(entry.text = strdup (value)))
        return tn_fail_memory (error);
    tenon_status status = tn_option_parse (&table->table.options[entry.option], table->section, entry.text,
                                           origin, &entry.setting, error);
    if (status < 0)
        free (entry.text);
    else
        overlay->entries[overlay->count++] = entry;
    return status;
}

static tenon_status
read_word (const tenon_context *context, const char *word, struct tn_overlay *overlay, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    const char *begin = strncmp (word, "codec.", 6) == 0 ? word + 6 : word, *equals = strchr (begin, '=');
    const char *dot = equals ? memchr (begin, '.', (size_t) (equals - begin)) : NULL;
    if (!dot || dot == begin || dot + 1 == equals)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: '%s': CODEC.KEY=VALUE is expected",
                        context->origin, word);
    uint64_t codec = find_codec (registry, begin, (size_t) (dot - begin));
    TN_FREE char *id = tn_strndup (begin, (size_t) (dot - begin));
    TN_FREE char *key = tn_strndup (dot + 1, (size_t) (equals - dot - 1));
    if (!id || !key)
        return tn_fail_memory (error);
    if (codec == registry->codec_count)
        return unknown_codec (registry, id, context->origin, error);
    return add (overlay, codec, registry->codecs[codec], key, equals + 1, context->origin, error);
}

tenon_status
tn_overlay_read (const tenon_context *context, const char *const *settings, struct tn_overlay *overlay,
                 tenon_error *error)
{
    tenon_status status = TENON_OK;
    for (const char *const *word = settings; status == TENON_OK && word && *word; word++)
        status = read_word (context, *word, overlay, error);
    if (status < 0)
        tn_overlay_free (overlay);
    return status;
}

void
tn_overlay_free (struct tn_overlay *overlay)
{
    for (uint64_t i = 0; i < overlay->count; i++)
        free (overlay->entries[i].text);
    free (overlay->entries);
    memset (overlay, 0, sizeof *overlay);
}

bool
tn_overlay_get (const tenon_context *context, const struct tn_overlay *overlay, uint64_t codec,
                uint64_t option, struct tenon_setting *setting)
{
    const struct tn_registry *registry = &context->registry;
    if (codec >= registry->codec_count || option >= registry->codecs[codec]->table.option_count)
        return false;
    *setting = registry->codecs[codec]->settings[option];
    for (uint64_t i = 0; overlay && i < overlay->count; i++)
        if (overlay->entries[i].codec == codec && overlay->entries[i].option == option)
            *setting = overlay->entries[i].setting; /* a later one wins */
    return true;
}
