/* SPDX-License-Identifier: MIT */
/* step_tables.c - the tables of the plugin, beyond what the library insists on: texts for people, names that
 * others have, options. */
#include "check.h"
#include "memory.h"
#include "report.h"

/* Items for each codec. */
#define ITEMS_OF_CODEC 1000
#define FIRST_FILTER 900000

/* The ids of tenon's own formats and filters, and the plugins that have them: docs/registry.md. */
static const struct own_id {
    const char *id, *plugin;
} own_ids[] = {
    { "gguf", "gguf" },
    { "npy", "npy" },
    { "npz", "npz" },
    { "pt", "pt" },
    { "pt-legacy", "pt" },
    { "zarr", "zarr" },
    { "zip", "zip" },
    { "safetensors", "safetensors" },
    { "deflate", "deflate" },
    { "gzip", "deflate" },
    { "zlib", "deflate" },
    { "blosc", "blosc" },
    { "bzip2", "bzip2" },
    { "crc32c", "crc32c" },
    { "delta", "delta" },
    { "lz4", "lz4" },
    { "shuffle", "shuffle" },
    { "zstd", "zstd" },
    { "bitshuffle", "shuffle" },
    { "xz", "xz" },
    { "lzma", "xz" },
};

/* A text for people: a line, without a full stop. */
static void
check_text (struct check *check, const char *subject, const char *what, const char *text)
{
    check_counted (check);
    size_t length = text ? strlen (text) : 0;
    if (length == 0)
        check_found (check, RULE_TEXTS, subject, "it has no %s", what);
    else if (strpbrk (text, "\n\t\r"))
        check_found (check, RULE_TEXTS, subject, "its %s is more than one line", what);
    else if (text[0] == ' ' || text[length - 1] == ' ')
        check_found (check, RULE_TEXTS, subject, "its %s has a blank at an end", what);
    else if (text[length - 1] == '.' && strcmp (what, "version") != 0)
        check_found (check, RULE_TEXTS, subject, "its %s ends with a full stop", what);
}

static void
check_id (struct check *check, const char *kind, const char *id)
{
    char subject[160];
    snprintf (subject, sizeof subject, "%s %s", kind, id);
    check_counted (check);
    for (size_t i = 0; i < COUNT_OF (own_ids); i++)
        if (strcmp (own_ids[i].id, id) == 0 && strcmp (own_ids[i].plugin, check->plugin) != 0)
            check_found (check, RULE_IDS, subject, "this id is that of tenon's plugin %s", own_ids[i].plugin);
}

/* Another plugin that cannot be used beside this one. */
static void
check_neighbours (struct check *check, const tenon_context *context)
{
    const tenon_report *report = tenon_context_report (context);
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_VERDICT, &i, &entry);) {
        check_counted (check);
        char words[160];
        snprintf (words, sizeof words, "plugin %s has that", check->plugin);
        if (entry.status == TENON_E_EXISTS && strcmp (entry.subject, check->plugin) != 0
            && strstr (entry.message, words))
            check_found (check, RULE_IDS, entry.subject, "this plugin is no longer loaded: %s",
                         entry.message);
    }
}

/* ---- codecs ---- */

/* The codec of another plugin that has the extension; NULL: none. */
static const char *
other_codec (const struct check *check, const tenon_context *context, const char *extension)
{
    tenon_codec_info info = { .struct_size = sizeof info };
    for (uint64_t i = 0; tenon_codec_get (context, i, &info) == TENON_OK; i++)
        for (const char *const *theirs = info.extensions; theirs && *theirs; theirs++)
            if (strcmp (*theirs, extension) == 0 && strcmp (info.plugin, check->plugin) != 0)
                return info.id;
    return NULL;
}

static void
check_extensions (struct check *check, const tenon_context *context, const tenon_codec_info *codec)
{
    const char *const *extensions = codec->extensions;
    if (!(codec->flags & TENON_IS_HIDDEN) && (codec->flags & TENON_CAN_WRITE)) {
        check_counted (check);
        if (!extensions || !extensions[0])
            check_found (check, RULE_EXTENSIONS, codec->id,
                         "it writes, but has no extension by which a name could ask for it");
    }
    for (size_t i = 0; extensions && extensions[i]; i++) {
        const char *other = other_codec (check, context, extensions[i]);
        check_counted (check);
        if (other)
            check_found (check, RULE_EXTENSIONS, codec->id, "its extension %s is that of %s, too",
                         extensions[i], other);
        for (size_t j = 0; j < i; j++)
            if (strcmp (extensions[i], extensions[j]) == 0)
                check_found (check, RULE_EXTENSIONS, codec->id, "it has the extension %s twice",
                             extensions[i]);
    }
}

/* The default, given as a setting. */
static void
check_default (struct check *check, const char *codec, const struct tenon_option *option)
{
    char subject[256];
    snprintf (subject, sizeof subject, "%s.%s", codec, option->name);
    size_t room = strlen (subject) + strlen (option->value) + 2;
    CLEAN (text) char *setting = get_memory (NULL, room, 1);
    snprintf (setting, room, "%s=%s", subject, option->value);
    const char *settings[] = { setting, NULL };
    tenon_context_free (check_context (check, settings));
}

static void
check_option (struct check *check, const tenon_codec_info *codec, const struct tenon_option *option)
{
    char subject[256];
    snprintf (subject, sizeof subject, "option %s.%s", codec->id, option->name);
    check_text (check, subject, "help", option->help);
    check_counted (check);
    if (option->flags == TENON_OPTION_FOR_WRITING && !(codec->flags & TENON_CAN_WRITE)
        && !(codec->flags & TENON_CAN_ARCHIVE))
        check_found (check, RULE_OPTIONS, subject, "it is for writing, and %s does not write", codec->id);
    if (option->flags == TENON_OPTION_FOR_READING && !(codec->flags & TENON_CAN_READ)
        && !(codec->flags & TENON_CAN_ARCHIVE))
        check_found (check, RULE_OPTIONS, subject, "it is for reading, and %s does not read", codec->id);
    if (option->type == TENON_OPTION_CHOICE && option->choices && !strchr (option->choices, ' '))
        check_found (check, RULE_OPTIONS, subject, "it has only one choice, %s", option->choices);
    check_default (check, codec->id, option);
}

static void
check_codec (struct check *check, const tenon_context *context, uint64_t from, uint64_t index)
{
    uint64_t number = 1 + index * ITEMS_OF_CODEC;
    tenon_codec_info codec = { .struct_size = sizeof codec };
    tenon_codec_get (context, index, &codec);
    if (check_item (check, from, number, "reading the table of %s", codec.id)) {
        check_id (check, "codec", codec.id);
        check_text (check, codec.id, "label", codec.label);
        check_extensions (check, context, &codec);
    }
    for (uint64_t i = 0; i < codec.option_count; i++) {
        struct tenon_option option = { .struct_size = sizeof option };
        if (check_item (check, from, number + 1 + i, "reading option %u of %s", (unsigned) i, codec.id)
            && tenon_codec_option (context, index, i, &option, NULL) == TENON_OK)
            check_option (check, &codec, &option);
    }
}

/* ---- filters ---- */

static void
check_filter (struct check *check, const tenon_filter_info *filter)
{
    char subject[160];
    snprintf (subject, sizeof subject, "filter %s", filter->id);
    check_id (check, "filter", filter->id);
    check_text (check, subject, "label", filter->label);
    check_counted (check);
    if (filter->default_level < filter->least_level || filter->default_level > filter->most_level)
        check_found (check, RULE_OPTIONS, subject, "its default level %d is not one of its levels, %d to %d",
                     (int) filter->default_level, (int) filter->least_level, (int) filter->most_level);
}

static void
run_tables (struct check *check, uint64_t from)
{
    bool begins = check_item (check, from, 0, "loading the plugin");
    tenon_context *context = check_context (check, NULL);
    if (!context)
        return;
    if (begins)
        check_neighbours (check, context);
    tenon_codec_info codec;
    uint64_t first = 0;
    if (begins && check_next_codec (check, context, &first, &codec)) {
        check_text (check, "", "version", codec.plugin_version);
        check_text (check, "", "license", codec.plugin_license);
        check_text (check, "", "summary", codec.plugin_summary);
    }
    for (uint64_t i = 0; check_next_codec (check, context, &i, &codec);)
        check_codec (check, context, from, i - 1);
    for (uint64_t i = 0; i < tenon_filter_count (context); i++) {
        tenon_filter_info filter = { .struct_size = sizeof filter };
        if (tenon_filter_get (context, i, &filter) == TENON_OK && strcmp (filter.plugin, check->plugin) == 0
            && check_item (check, from, FIRST_FILTER + i, "reading the table of the filter %s", filter.id))
            check_filter (check, &filter);
    }
    tenon_context_free (context);
}

const struct check_step check_tables_step = { "tables",
                                              "its ids, texts and options are ones that people can use",
                                              run_tables };
