/* SPDX-License-Identifier: MIT */
/* registry.c - what plugins registered: adding to it, configuring it, finding in it. */
#include "context/registry_copy.h"
#include "kernels/deflate.h"
#include <stdio.h>
#include <strings.h>

/* ---- adding ---- */

struct mark {
    uint64_t codecs, filters, dtypes;
};

/* Forgets what a plugin had registered before it turned out to be wrong. */
static void
go_back (struct tn_registry *registry, struct mark mark)
{
    while (registry->codec_count > mark.codecs)
        tn_free_codec (registry->codecs[--registry->codec_count]);
    while (registry->filter_count > mark.filters)
        free (registry->filters[--registry->filter_count]);
    while (registry->dtype_count > mark.dtypes)
        tn_free_dtype (registry->dtypes[--registry->dtype_count]);
}

static const char *
owner (const struct tn_plugin *plugin)
{
    return plugin ? plugin->name : "core";
}

static tenon_status
add_codec (struct tn_registry *registry, const struct tenon_codec *table, const struct tn_plugin *plugin,
           char *why)
{
    struct tn_codec *codec = calloc (1, sizeof *codec);
    if (!codec
        || !tn_grow (&registry->codecs, &registry->codec_room, registry->codec_count, sizeof (void *))) {
        free (codec);
        return tn_refuse (why, TENON_E_MEMORY, "out of memory");
    }
    registry->codecs[registry->codec_count++] = codec;
    codec->plugin = plugin;
    TN_TRY (tn_copy_codec (table, codec, why));
    for (uint64_t i = 0; i + 1 < registry->codec_count; i++)
        if (strcmp (registry->codecs[i]->table.id, codec->table.id) == 0)
            return tn_refuse (why, TENON_E_EXISTS, "codec %s: plugin %s has that id already", codec->table.id,
                              owner (registry->codecs[i]->plugin));
    return TENON_OK;
}

static tenon_status
add_filter (struct tn_registry *registry, const struct tenon_filter *table, const struct tn_plugin *plugin,
            char *why)
{
    struct tn_filter *filter = calloc (1, sizeof *filter);
    if (!filter
        || !tn_grow (&registry->filters, &registry->filter_room, registry->filter_count, sizeof (void *))) {
        free (filter);
        return tn_refuse (why, TENON_E_MEMORY, "out of memory");
    }
    registry->filters[registry->filter_count++] = filter;
    filter->plugin = plugin;
    TN_TRY (tn_copy_filter (table, filter, why));
    for (uint64_t i = 0; i + 1 < registry->filter_count; i++)
        if (strcmp (registry->filters[i]->table.id, filter->table.id) == 0)
            return tn_refuse (why, TENON_E_EXISTS, "filter %s: %s%s has that id already", filter->table.id,
                              registry->filters[i]->plugin ? "plugin " : "the ",
                              owner (registry->filters[i]->plugin));
    return TENON_OK;
}

static tenon_status
add_dtype (tenon_context *context, const struct tenon_dtype *table, const struct tn_plugin *plugin, char *why)
{
    struct tn_registry *registry = &context->registry;
    struct tn_dtype *dtype = calloc (1, sizeof *dtype);
    if (!dtype
        || !tn_grow (&registry->dtypes, &registry->dtype_room, registry->dtype_count, sizeof (void *))) {
        free (dtype);
        return tn_refuse (why, TENON_E_MEMORY, "out of memory");
    }
    tenon_status status = tn_copy_dtype (table, dtype, why);
    uint32_t taken = status == TENON_OK ? tn_dtype_find (context, dtype->table.name) : TENON_NONE;
    if (taken != TENON_NONE)
        status = tn_refuse (
            why, TENON_E_EXISTS, "dtype %s: %s%s has that name already", dtype->table.name,
            taken < TENON_DTYPE_FIXED ? "the " : "plugin ",
            owner (taken < TENON_DTYPE_FIXED ? NULL : registry->dtypes[taken - TENON_DTYPE_DYNAMIC]->plugin));
    if (status < 0) {
        tn_free_dtype (dtype);
        return status;
    }
    dtype->plugin = plugin;
    registry->dtypes[registry->dtype_count++] = dtype;
    return TENON_OK;
}

/* How many a NULL-terminated list has; -1: more than any list has. */
static int
list_length (const void *list)
{
    const void *const *items = list;
    for (int i = 0; i < (int) TN_MOST_ITEMS; i++)
        if (!items || !items[i])
            return i;
    return -1;
}

static tenon_status
add_all (tenon_context *context, const struct tn_plugin *plugin, char *why)
{
    const struct tenon_plugin *table = &plugin->table;
    int codecs = list_length (table->codecs), filters = list_length (table->filters),
        dtypes = list_length (table->dtypes);
    if (codecs < 0 || filters < 0 || dtypes < 0)
        return tn_refuse (why, TENON_E_MISUSE, "a list in its table has no end");
    if (codecs + filters + dtypes == 0)
        return tn_refuse (why, TENON_E_MISUSE, "it registers nothing");
    for (int i = 0; i < dtypes; i++)
        TN_TRY (add_dtype (context, table->dtypes[i], plugin, why));
    for (int i = 0; i < filters; i++)
        TN_TRY (add_filter (&context->registry, table->filters[i], plugin, why));
    for (int i = 0; i < codecs; i++)
        TN_TRY (add_codec (&context->registry, table->codecs[i], plugin, why));
    return TENON_OK;
}

tenon_status
tn_registry_add (tenon_context *context, const struct tenon_plugin *table, const char *name, const char *file,
                 char why[TN_WHY_ROOM])
{
    struct tn_registry *registry = &context->registry;
    struct mark mark = { registry->codec_count, registry->filter_count, registry->dtype_count };
    struct tn_plugin *plugin = calloc (1, sizeof *plugin);
    why[0] = 0;
    if (plugin) {
        plugin->name = strdup (name);
        plugin->file = file ? strdup (file) : NULL;
    }
    tenon_status status = TENON_OK;
    if (!plugin || !plugin->name || (file && !plugin->file)
        || !tn_grow (&registry->plugins, &registry->plugin_room, registry->plugin_count, sizeof (void *)))
        status = tn_refuse (why, TENON_E_MEMORY, "out of memory");
    if (status == TENON_OK)
        status = tn_copy_plugin (table, plugin, why);
    if (status == TENON_OK)
        status = add_all (context, plugin, why);
    if (status < 0) {
        go_back (registry, mark);
        tn_free_plugin (plugin);
        return status;
    }
    plugin->table.name = plugin->name;
    registry->plugins[registry->plugin_count++] = plugin;
    return TENON_OK;
}

void
tn_registry_free (struct tn_registry *registry)
{
    go_back (registry, (struct mark){ 0, 0, 0 });
    while (registry->plugin_count > 0)
        tn_free_plugin (registry->plugins[--registry->plugin_count]);
    free (registry->codecs);
    free (registry->filters);
    free (registry->dtypes);
    free (registry->plugins);
    memset (registry, 0, sizeof *registry);
}

tenon_status
tn_registry_begin (tenon_context *context, tenon_error *error)
{
    char why[TN_WHY_ROOM] = "";
    tenon_status status = add_filter (&context->registry, &tn_deflate, NULL, why);
    return status == TENON_OK ? status : tn_fail (error, status, TN_NO_OFFSET, "%s", why);
}

/* ---- configuring ---- */

/* The words of `text`, which blanks or commas separate, as a NULL-terminated list in one block of memory. */
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
                     word);
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

static tenon_status
copy_extensions (struct tn_codec *codec, tenon_error *error)
{
    const char *const *theirs = codec->table.extensions;
    size_t count = 0, bytes = 0;
    for (; theirs && theirs[count]; count++)
        bytes += strlen (theirs[count]) + 1;
    char **words = malloc ((count + 1) * sizeof *words + bytes), *text;
    if (!words)
        return tn_fail_memory (error);
    text = (char *) (words + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen (theirs[i]) + 1;
        words[i] = memcpy (text, theirs[i], size);
        text += size;
    }
    words[count] = NULL;
    codec->extensions = words;
    return TENON_OK;
}

/* The effective value of one key. */
static tenon_status
setting_of (tenon_context *context, const struct tn_codec *codec, const struct tenon_option *option,
            struct tenon_setting *setting, tenon_error *error)
{
    const struct tn_entry *entry = tn_settings_find (&context->settings, codec->section, option->name);
    return tn_option_parse (option, codec->section, entry ? entry->value : option->value,
                            entry ? entry->origin : "default", setting, error);
}

/* Keys of a codec's section that are neither its options nor those that all codecs have. */
static tenon_status
check_keys (const tenon_context *context, const struct tn_codec *codec, tenon_error *error)
{
    const struct tn_settings *settings = &context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (entry->known || !entry->key || strcmp (entry->section, codec->section) != 0)
            continue;
        uint64_t count = 0;
        TN_FREE const char **keys = calloc (codec->table.option_count + TN_CODEC_KEYS, sizeof *keys);
        if (!keys)
            return tn_fail_memory (error);
        for (uint32_t j = 0; j < TN_CODEC_KEYS; j++)
            keys[count++] = tn_codec_keys[j].name;
        for (uint32_t j = 0; j < codec->table.option_count; j++)
            keys[count++] = codec->table.options[j].name;
        return tn_config_unknown (entry, keys, count, error);
    }
    return TENON_OK;
}

static tenon_status
configure (tenon_context *context, struct tn_codec *codec, struct tenon_setting *enabled, tenon_error *error)
{
    struct tenon_setting priority, extensions;
    TN_TRY (setting_of (context, codec, &tn_codec_keys[TN_CODEC_ENABLED], enabled, error));
    TN_TRY (setting_of (context, codec, &tn_codec_keys[TN_CODEC_PRIORITY], &priority, error));
    TN_TRY (setting_of (context, codec, &tn_codec_keys[TN_CODEC_EXTENSIONS], &extensions, error));
    codec->priority = priority.integer;
    TN_TRY (tn_settings_find (&context->settings, codec->section, "extensions")
                ? split_extensions (&extensions, &codec->extensions, error)
                : copy_extensions (codec, error));
    codec->settings = calloc (codec->table.option_count + 1, sizeof *codec->settings);
    if (!codec->settings)
        return tn_fail_memory (error);
    for (uint32_t i = 0; i < codec->table.option_count; i++)
        TN_TRY (setting_of (context, codec, &codec->table.options[i], &codec->settings[i], error));
    return check_keys (context, codec, error);
}

tenon_status
tn_registry_configure (tenon_context *context, tenon_error *error)
{
    struct tn_registry *registry = &context->registry;
    uint64_t kept = 0;
    tenon_status status = TENON_OK;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        struct tn_codec *codec = registry->codecs[i];
        struct tenon_setting enabled = { .integer = 1 };
        if (status == TENON_OK)
            status = configure (context, codec, &enabled, error);
        if (enabled.integer) {
            registry->codecs[kept++] = codec;
            continue;
        }
        tn_report_add (context->report, TENON_VERDICT, TENON_E_CONFIG, 0, codec->plugin->name,
                       codec->plugin->file, "codec %s is disabled at %s", codec->table.id, enabled.origin);
        tn_free_codec (codec);
    }
    registry->codec_count = kept;
    return status;
}

/* ---- finding ---- */

const struct tn_filter *
tn_filter_find (const tenon_context *context, const char *id)
{
    for (uint64_t i = 0; i < context->registry.filter_count; i++)
        if (strcmp (context->registry.filters[i]->table.id, id) == 0)
            return context->registry.filters[i];
    return NULL;
}

static bool
has_extension (const struct tn_codec *codec, const char *word)
{
    for (char *const *extension = codec->extensions; extension && *extension; extension++)
        if (strcmp (*extension, word) == 0)
            return true;
    return false;
}

/* "there is no codec …", with the nearest id or extension. */
static tenon_status
not_found (const struct tn_registry *registry, const char *word, tenon_error *error)
{
    char room[TN_HINT_ROOM];
    uint64_t count = 0, most = 0;
    for (uint64_t i = 0; i < registry->codec_count; i++, most++)
        for (char *const *extension = registry->codecs[i]->extensions; extension && *extension; extension++)
            most++;
    TN_FREE const char **words = calloc (most + 1, sizeof *words);
    if (!words)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        words[count++] = registry->codecs[i]->table.id;
        for (char *const *extension = registry->codecs[i]->extensions; extension && *extension; extension++)
            words[count++] = *extension;
    }
    return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
                    "there is no codec '%s', and none with that extension%s", word,
                    tn_hint (room, word, words, count));
}

tenon_status
tn_codec_find (const tenon_context *context, const char *word, enum tn_purpose purpose, uint64_t *found,
               tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    const struct tn_codec *best = NULL, *rival = NULL;
    for (uint64_t i = 0; i < registry->codec_count; i++)
        if (strcmp (registry->codecs[i]->table.id, word) == 0) {
            *found = i;
            return TENON_OK;
        }
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        /* a codec that cannot do what is wanted is no rival to one that can */
        bool able = purpose == TN_TO_READ ? codec->table.describe != NULL : codec->table.write != NULL;
        if (!able || !has_extension (codec, word) || (best && codec->priority < best->priority))
            continue;
        rival = best && codec->priority == best->priority ? best : NULL;
        best = codec;
        *found = i;
    }
    if (!best)
        return not_found (registry, word, error);
    if (rival)
        return tn_fail (
            error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
            "the codecs %s and %s both have the extension '%s': name one, or set priority in [codec %s]",
            rival->table.id, best->table.id, word, best->table.id);
    return TENON_OK;
}

size_t
tn_extension_length (const struct tn_codec *codec, const char *name, uint64_t length)
{
    size_t longest = 0;
    for (char *const *extension = codec->extensions; extension && *extension; extension++) {
        size_t size = strlen (*extension);
        if (size + 1 <= length && size > longest && name[length - size - 1] == '.'
            && strncasecmp (name + length - size, *extension, size) == 0)
            longest = size;
    }
    return longest;
}
