/* SPDX-License-Identifier: MIT */
/* registry.c - adds the codecs, filters and dtypes of plugins to a context. */
#include "context/registry.h"
#include "context/registry_copy.h"

struct mark {
    uint64_t codecs, filters, dtypes;
};

/* Removes all that was registered after the mark, when a plugin turns out to be wrong. */
static void
forget_since (struct tn_registry *registry, struct mark mark)
{
    while (registry->codec_count > mark.codecs)
        tn_codec_free (registry->codecs[--registry->codec_count]);
    while (registry->filter_count > mark.filters)
        free (registry->filters[--registry->filter_count]);
    while (registry->dtype_count > mark.dtypes)
        tn_dtype_free (registry->dtypes[--registry->dtype_count]);
}

static const char *
owner_name (const struct tn_plugin *plugin)
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
        return tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    }
    registry->codecs[registry->codec_count++] = codec;
    codec->plugin = plugin;
    TN_TRY (tn_codec_copy (table, codec, why));
    for (uint64_t i = 0; i + 1 < registry->codec_count; i++)
        if (strcmp (registry->codecs[i]->table.id, codec->table.id) == 0)
            return tn_plugin_reject (why, TENON_E_EXISTS, "codec %s: plugin %s has that id already",
                                     codec->table.id, owner_name (registry->codecs[i]->plugin));
    return TENON_OK;
}

static tenon_status
add_filter (tenon_context *context, const struct tenon_filter *table, const struct tn_plugin *plugin,
            char *why)
{
    struct tn_registry *registry = &context->registry;
    struct tn_filter *filter = calloc (1, sizeof *filter);
    if (!filter
        || !tn_grow (&registry->filters, &registry->filter_room, registry->filter_count, sizeof (void *))) {
        free (filter);
        return tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    }
    filter->number = registry->filter_count;
    filter->limits = context->limits;
    registry->filters[registry->filter_count++] = filter;
    filter->plugin = plugin;
    TN_TRY (tn_filter_copy (table, filter, why));
    for (uint64_t i = 0; i + 1 < registry->filter_count; i++)
        if (strcmp (registry->filters[i]->table.id, filter->table.id) == 0)
            return tn_plugin_reject (why, TENON_E_EXISTS, "filter %s: plugin %s has that id already",
                                     filter->table.id, owner_name (registry->filters[i]->plugin));
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
        return tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    }
    tenon_status status = tn_dtype_copy (table, dtype, why);
    uint32_t taken = status == TENON_OK ? tn_dtype_find (context, dtype->table.name) : TENON_NONE;
    if (taken != TENON_NONE)
        status = tn_plugin_reject (why, TENON_E_EXISTS, "dtype %s: %s%s has that name already",
                                   dtype->table.name, taken < TENON_DTYPE_FIXED ? "the " : "plugin ",
                                   owner_name (taken < TENON_DTYPE_FIXED
                                                   ? NULL
                                                   : registry->dtypes[taken - TENON_DTYPE_DYNAMIC]->plugin));
    if (status < 0) {
        tn_dtype_free (dtype);
        return status;
    }
    dtype->plugin = plugin;
    registry->dtypes[registry->dtype_count++] = dtype;
    return TENON_OK;
}

/* Length of a NULL-terminated list; -1: it is too long to have an end. */
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
add_tables (tenon_context *context, const struct tn_plugin *plugin, char *why)
{
    const struct tenon_plugin *table = &plugin->table;
    int codecs = list_length (table->codecs), filters = list_length (table->filters),
        dtypes = list_length (table->dtypes);
    if (codecs < 0 || filters < 0 || dtypes < 0)
        return tn_plugin_reject (why, TENON_E_MISUSE, "a list in its table has no end");
    if (codecs + filters + dtypes == 0)
        return tn_plugin_reject (why, TENON_E_MISUSE, "it registers nothing");
    for (int i = 0; i < dtypes; i++)
        TN_TRY (add_dtype (context, table->dtypes[i], plugin, why));
    for (int i = 0; i < filters; i++)
        TN_TRY (add_filter (context, table->filters[i], plugin, why));
    for (int i = 0; i < codecs; i++)
        TN_TRY (add_codec (&context->registry, table->codecs[i], plugin, why));
    return TENON_OK;
}

/* True if a plugin of this name is built with the library, and this one has the library's version. */
static bool
is_own (const struct tn_plugin *plugin)
{
    static const char names[] = " " TENON_OWN_PLUGINS " ";
    size_t length = strlen (plugin->name);
    for (const char *at = names; (at = strstr (at, plugin->name)); at++)
        if (at > names && at[-1] == ' ' && at[length] == ' ')
            return plugin->table.version && strcmp (plugin->table.version, PACKAGE_VERSION) == 0;
    return false;
}

tenon_status
tn_registry_drop (struct tn_registry *registry, struct tn_codec *codec, const char *why, tenon_error *error)
{
    struct tn_dropped *dropped;
    char *copy = strdup (why);
    if (!copy
        || !tn_grow (&registry->dropped, &registry->dropped_room, registry->dropped_count, sizeof *dropped)) {
        free (copy);
        tn_codec_free (codec);
        return tn_fail_memory (error);
    }
    registry->dropped[registry->dropped_count++] = (struct tn_dropped){ codec, copy };
    return TENON_OK;
}

/* Of a plugin that is refused: files with the extensions of its codecs, as far as those were right, are told
 * why. */
static TN_OWN_FRAME void
keep_refused (struct tn_registry *registry, struct mark mark, const char *name, const char *why)
{
    tenon_error ignored = TENON_ERROR_INIT;
    while (registry->codec_count > mark.codecs) {
        struct tn_codec *codec = registry->codecs[--registry->codec_count];
        TN_FREE char *words = tn_concat ("of the plugin ", name, " is not in use: refused: ", why, NULL);
        codec->plugin = NULL;
        if (!codec->section || !words || tn_codec_own_extensions (codec, &ignored) < 0)
            tn_codec_free (codec);
        else
            tn_registry_drop (registry, codec, words, &ignored);
    }
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
        status = tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    if (status == TENON_OK)
        status = tn_plugin_copy (table, plugin, why);
    if (status == TENON_OK && strcmp (plugin->table.name, name) != 0)
        status = tn_plugin_reject (
            why, TENON_E_MISUSE,
            "it calls itself '%s', its file or its section is called '%s', which must be the same",
            plugin->table.name, name);
    if (status == TENON_OK)
        status = add_tables (context, plugin, why);
    if (status < 0) {
        if (status != TENON_E_MEMORY)
            keep_refused (registry, mark, name, why);
        forget_since (registry, mark);
        tn_plugin_free (plugin);
        return status;
    }
    plugin->table.name = plugin->name;
    plugin->own = !file || is_own (plugin);
    plugin->number = registry->plugin_count;
    registry->plugins[registry->plugin_count++] = plugin;
    return TENON_OK;
}

static void
free_dropped (struct tn_registry *registry)
{
    for (uint64_t i = 0; i < registry->dropped_count; i++) {
        tn_codec_free (registry->dropped[i].codec);
        free (registry->dropped[i].why);
    }
    free (registry->dropped);
    registry->dropped = NULL;
    registry->dropped_count = registry->dropped_room = 0;
}

void
tn_registry_free (struct tn_registry *registry)
{
    forget_since (registry, (struct mark){ 0, 0, 0 });
    free_dropped (registry);
    while (registry->plugin_count > 0)
        tn_plugin_free (registry->plugins[--registry->plugin_count]);
    free (registry->codecs);
    free (registry->filters);
    free (registry->dtypes);
    free (registry->plugins);
    free (registry->filter_words);
    memset (registry, 0, sizeof *registry);
}
