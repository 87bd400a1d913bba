/* SPDX-License-Identifier: MIT */
/* codec_settings.c - the settings of codecs in a context, and those of one open or save over them. */
#include "base/nearest.h"
#include "base/report.h"
#include "context/cause.h"
#include "context/config.h"
#include "context/filter_option.h"
#include "context/option.h"
#include "context/registry.h"
#include "context/registry_copy.h"
#include <stdio.h>

/* ---- of a context ---- */

/* The words of a setting, separated by blanks or commas: a NULL-terminated list in one block of memory. */
static tenon_status
split_extensions (const struct tenon_setting *setting, char ***list, tenon_error *error)
{
    size_t length = strlen (setting->text), count = 0;
    char **words = malloc ((length / 2 + 2) * sizeof *words + length + 1), *copy;
    if (!words)
        return tn_fail_memory (error);
    copy = (char *) (words + length / 2 + 2);
    memcpy (copy, setting->text, length + 1);
    for (char *word = copy; *word;) {
        word += strspn (word, " \t,");
        word += *word == '.';
        if (!*word)
            break;
        size_t size = strcspn (word, " \t,");
        bool last = !word[size];
        word[size] = 0;
        if (!tn_is_extension (word)) {
            tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                     "%s: extensions: '%s' is none: expected are lower case and no '/'", setting->origin,
                     TN_SHOW (word));
            free (words);
            return error->status;
        }
        words[count++] = word;
        word += size + !last;
    }
    words[count] = NULL;
    *list = words;
    return TENON_OK;
}

tenon_status
tn_codec_check_extensions (const struct tn_entry *entry, tenon_error *error)
{
    const struct tenon_setting setting = { .text = entry->value, .origin = entry->origin };
    char **words = NULL;
    tenon_status status = split_extensions (&setting, &words, error);
    free (words);
    return status;
}

/* What the entries make of the extensions, in their order: each replaces those before it, or adds to them. */
static char *
collect_extensions (const tenon_context *context, const struct tn_codec *codec)
{
    const struct tn_settings *settings = &context->settings;
    char *text = NULL;
    bool good = tn_add_word (&text, "");
    for (const char *const *own = codec->table.extensions; good && own && *own; own++)
        good = tn_add_word (&text, *own);
    for (uint64_t i = 0; i < settings->count && good; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (!entry->key || strcmp (entry->section, codec->section) != 0
            || strcmp (entry->key, tn_keys[TN_KEY_CODEC_EXTENSIONS].option.name) != 0)
            continue;
        if (!entry->more)
            text[0] = 0;
        good = tn_add_word (&text, entry->value);
    }
    if (!good)
        free (text);
    return good ? text : NULL;
}

static tenon_status
configure_extensions (tenon_context *context, struct tn_codec *codec, struct tenon_setting *setting,
                      tenon_error *error)
{
    if (!tn_settings_find (&context->settings, codec->section, "extensions"))
        return tn_codec_own_extensions (codec, error);
    TN_FREE char *text = collect_extensions (context, codec);
    if (!text)
        return tn_fail_memory (error);
    setting->text = text;
    TN_TRY (split_extensions (setting, &codec->extensions, error));
    tn_codec_end_letters (codec);
    return TENON_OK;
}

/* Keys of a codec's section that are neither its options nor those that all codecs have. */
static tenon_status
check_keys (const tenon_context *context, const struct tn_codec *codec, const struct tn_entry **wrong,
            tenon_error *error)
{
    const struct tn_settings *settings = &context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = *wrong = &settings->entries[i];
        if (!entry->known && entry->key && strcmp (entry->section, codec->section) == 0)
            return tn_config_unknown_key (entry, codec->table.options, codec->table.option_count, error);
    }
    return TENON_OK;
}

/* The effective value of an option. *wrong is the entry that fails. */
static tenon_status
take_setting (tenon_context *context, const struct tn_codec *codec, const struct tenon_option *option,
              struct tenon_setting *setting, const struct tn_entry **wrong, tenon_error *error)
{
    *wrong = tn_settings_find (&context->settings, codec->section, option->name);
    return tn_config_setting (context, codec->section, option, setting, error);
}

static tenon_status
configure_codec (tenon_context *context, struct tn_codec *codec, struct tenon_setting *enabled,
                 const struct tn_entry **wrong, tenon_error *error)
{
    struct tenon_setting priority, extensions;
    TN_TRY (take_setting (context, codec, &tn_keys[TN_KEY_CODEC_ENABLED].option, enabled, wrong, error));
    TN_TRY (take_setting (context, codec, &tn_keys[TN_KEY_CODEC_PRIORITY].option, &priority, wrong, error));
    TN_TRY (
        take_setting (context, codec, &tn_keys[TN_KEY_CODEC_EXTENSIONS].option, &extensions, wrong, error));
    codec->priority = priority.integer;
    TN_TRY (configure_extensions (context, codec, &extensions, error));
    codec->settings = calloc (codec->table.option_count + 1, sizeof *codec->settings);
    if (!codec->settings)
        return tn_fail_memory (error);
    for (uint32_t i = 0; i < codec->table.option_count; i++) {
        const struct tenon_option *option = &codec->table.options[i];
        TN_TRY (take_setting (context, codec, option, &codec->settings[i], wrong, error));
        /* a file may name a filter that this machine does not have, and such members can still be read */
        if (*wrong && (*wrong)->layer == TN_LAYER_PROGRAM)
            TN_TRY (tn_filter_option_check (context, option, codec->section, &codec->settings[i], error));
    }
    return check_keys (context, codec, wrong, error);
}

/* The codec is not used. */
static TN_OWN_FRAME tenon_status
drop_codec (tenon_context *context, struct tn_codec *codec, const char *what, const char *place,
            tenon_error *error)
{
    char why[TN_CAUSE_ROOM];
    snprintf (why, sizeof why, "%s%s", what, place);
    tn_report_add (context->report, TENON_VERDICT, TENON_E_CONFIG, 0, codec->plugin->name,
                   codec->plugin->file, "codec %s %s", codec->table.id, why);
    return tn_registry_drop (&context->registry, codec, why, error);
}

/* Configures a codec; *kept: it is used. One wrong setting in a file stops one codec, not every program. */
static TN_OWN_FRAME tenon_status
settle_codec (tenon_context *context, struct tn_codec *codec, bool *kept, tenon_error *error)
{
    struct tenon_setting enabled = { .integer = 1 };
    const struct tn_entry *wrong = NULL;
    tenon_error fault = TENON_ERROR_INIT;
    *kept = true;
    if (configure_codec (context, codec, &enabled, &wrong, &fault) == TENON_OK) {
        *kept = enabled.integer != 0;
        return *kept ? TENON_OK : drop_codec (context, codec, "is disabled at ", enabled.origin, error);
    }
    if (fault.status != TENON_E_CONFIG || !wrong || wrong->layer == TN_LAYER_PROGRAM)
        return tn_fail (error, fault.status, TN_NO_OFFSET, "%s", fault.message);
    *kept = false;
    tn_config_note_wrong (context, codec->table.id, fault.message, "codec");
    if (!codec->extensions)
        TN_TRY (tn_codec_own_extensions (codec, error)); /* by which the file that asks for it is known */
    return drop_codec (context, codec, "is not used: ", fault.message, error);
}

tenon_status
tn_codecs_configure (tenon_context *context, tenon_error *error)
{
    struct tn_registry *registry = &context->registry;
    uint64_t used = 0;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        struct tn_codec *codec = registry->codecs[i];
        bool kept = true;
        if (error->status == TENON_OK)
            settle_codec (context, codec, &kept, error);
        if (kept)
            registry->codecs[used++] = codec;
    }
    registry->codec_count = used;
    return error->status;
}

/* ---- of one open or save ---- */

/* The number of the codec with that id; codec_count: there is none. */
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

static TN_OWN_FRAME tenon_status
unknown_codec (const tenon_context *context, const char *id, const char *origin, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    char room[TN_HINT_ROOM], cause[TN_CAUSE_ROOM];
    if (tn_cause_of_word (context, id, cause))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: there is no codec '%s': %s", origin,
                        TN_SHOW (id), cause);
    for (enum tn_section kind = 0; kind < TN_SECTION_CODEC; kind++)
        if (strcmp (id, tn_section_names[kind]) == 0)
            return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                            "%s: %s.…: is set for the whole context, not for one file", origin, id);
    TN_FREE const char **ids = calloc (registry->codec_count + 1, sizeof *ids);
    if (!ids)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < registry->codec_count; i++)
        ids[i] = registry->codecs[i]->table.id;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: there is no codec '%s'%s", origin, TN_SHOW (id),
                    tn_hint (room, id, ids, registry->codec_count));
}

static tenon_status
unknown_option (const struct tn_codec *codec, const char *key, const char *origin, tenon_error *error)
{
    char room[TN_HINT_ROOM];
    if (tn_config_is_codec_key (key))
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                        "%s: %s.%s is set for the whole context, not for one file", origin, codec->table.id,
                        key);
    TN_FREE const char **keys = calloc (codec->table.option_count + 1, sizeof *keys);
    if (!keys)
        return tn_fail_memory (error);
    for (uint32_t i = 0; i < codec->table.option_count; i++)
        keys[i] = codec->table.options[i].name;
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: codec %s has no option '%s'%s", origin,
                    codec->table.id, TN_SHOW (key), tn_hint (room, key, keys, codec->table.option_count));
}

static tenon_status
add_setting (const tenon_context *context, struct tn_overlay *overlay, uint64_t codec, const char *key,
             const char *value, tenon_error *error)
{
    const struct tn_codec *table = context->registry.codecs[codec];
    const char *origin = context->origin;
    struct tn_overlay_entry entry = { .codec = codec };
    while (entry.option < table->table.option_count
           && strcmp (table->table.options[entry.option].name, key) != 0)
        entry.option++;
    if (entry.option == table->table.option_count)
        return unknown_option (table, key, origin, error);
    if (!tn_grow (&overlay->entries, &overlay->room, overlay->count, sizeof entry)
        || !(entry.text = strdup (value)))
        return tn_fail_memory (error);
    const struct tenon_option *option = &table->table.options[entry.option];
    if (tn_option_parse (option, table->section, entry.text, origin, &entry.setting, error) == TENON_OK)
        tn_filter_option_check (context, option, table->section, &entry.setting, error);
    if (error->status < 0)
        free (entry.text);
    else
        overlay->entries[overlay->count++] = entry;
    return error->status;
}

static tenon_status
read_overlay_word (const tenon_context *context, const char *word, struct tn_overlay *overlay,
                   tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    const char *begin = strncmp (word, "codec.", 6) == 0 ? word + 6 : word, *equals = strchr (begin, '=');
    const char *dot = equals ? memchr (begin, '.', (size_t) (equals - begin)) : NULL;
    if (!dot || dot == begin || dot + 1 == equals)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: '%s': CODEC.KEY=VALUE is expected",
                        context->origin, TN_SHOW (word));
    uint64_t codec = find_codec (registry, begin, (size_t) (dot - begin));
    TN_FREE char *id = tn_strndup (begin, (size_t) (dot - begin));
    TN_FREE char *key = tn_strndup (dot + 1, (size_t) (equals - dot - 1));
    if (!id || !key)
        return tn_fail_memory (error);
    if (codec == registry->codec_count)
        return unknown_codec (context, id, context->origin, error);
    return add_setting (context, overlay, codec, key, equals + 1, error);
}

tenon_status
tn_overlay_read (const tenon_context *context, const char *const *settings, struct tn_overlay *overlay,
                 tenon_error *error)
{
    tenon_status status = TENON_OK;
    for (const char *const *word = settings; status == TENON_OK && word && *word; word++)
        status = read_overlay_word (context, *word, overlay, error);
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
