/* SPDX-License-Identifier: MIT */
/* registry_copy.c - checks and copies the tables of a plugin, whatever the size of its structs. */
#include "context/registry_copy.h"
#include "context/config.h"
#include "context/option.h"
#include "kernels/checksum.h"
#include <stdio.h>
#include <strings.h>

tenon_status
tn_plugin_reject (char *why, tenon_status status, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    vsnprintf (why, TN_WHY_ROOM, format, list);
    va_end (list);
    return status;
}

static tenon_status
reject_id (char *why, const char *what, const char *text, const char *rule)
{
    return tn_plugin_reject (why, TENON_E_MISUSE, "%s '%.60s': 1 to %d of %s are expected", what,
                             text ? text : "(null)", TN_LONGEST_ID, rule);
}

bool
tn_is_extension (const char *text)
{
    size_t length = strlen (text);
    for (const char *p = text; *p; p++)
        if ((unsigned char) *p <= ' ' || *p == 0x7f || *p == '/' || *p == ',' || (*p >= 'A' && *p <= 'Z'))
            return false;
    return length > 0 && length <= TN_LONGEST_ID && text[0] != '.';
}

static tenon_status
check_flags (uint32_t flags, const char *what, char *why)
{
    if (flags & TENON_FLAGS_MUST_KNOW)
        return tn_plugin_reject (
            why, TENON_E_UNSUPPORTED,
            "%s has the flags 0x%08x, which this version does not know and must not ignore", what,
            (unsigned) (flags & TENON_FLAGS_MUST_KNOW));
    return TENON_OK;
}

static tenon_status
reject_struct (char *why, const char *what, const void *table)
{
    uint32_t size;
    memcpy (&size, table, sizeof size);
    return tn_plugin_reject (why, TENON_E_MISUSE, "the struct_size of %s is %u, too small for any version",
                             what, (unsigned) size);
}

/* ---- plugin ---- */

void
tn_plugin_free (struct tn_plugin *plugin)
{
    if (!plugin)
        return;
    free (plugin->name);
    free (plugin->file);
    free (plugin);
}

tenon_status
tn_plugin_copy (const struct tenon_plugin *from, struct tn_plugin *to, char *why)
{
    struct tenon_plugin *table = &to->table;
    if (!tn_copy_struct (table, sizeof *table, from, TN_UP_TO (struct tenon_plugin, codecs)))
        return reject_struct (why, "the plugin's table", from);
    if (table->min_host_minor > TENON_ABI_MINOR)
        return tn_plugin_reject (why, TENON_E_UNSUPPORTED,
                                 "wants minor %u of the plugin interface and this is %d",
                                 (unsigned) table->min_host_minor, TENON_ABI_MINOR);
    TN_TRY (check_flags (table->flags, "the plugin", why));
    if (!tn_is_plugin_name (table->name))
        return reject_id (why, "the plugin's name", table->name, "letters, digits, - and _");
    table->version = table->version ? table->version : "";
    table->license = table->license ? table->license : "";
    table->summary = table->summary ? table->summary : "";
    return TENON_OK;
}

/* ---- options ---- */

static tenon_status
copy_option (const struct tenon_option *from, uint32_t stride, struct tenon_option *to, char *why)
{
    tenon_error error = TENON_ERROR_INIT;
    struct tenon_setting setting;
    if (!tn_copy_struct (to, sizeof *to, from, TN_UP_TO (struct tenon_option, choices))
        || from->struct_size > stride)
        return reject_struct (why, "an option", from);
    if (!tn_is_id (to->name, TN_LOWER "_."))
        return reject_id (why, "option", to->name, "a-z, 0-9, _ and .");
    if (tn_config_is_codec_key (to->name))
        return tn_plugin_reject (why, TENON_E_MISUSE, "option %s: every codec has that key already",
                                 to->name);
    TN_TRY (check_flags (to->flags, to->name, why));
    if (to->type < TENON_OPTION_BOOL || to->type > TENON_OPTION_FILTER)
        return tn_plugin_reject (why, TENON_E_UNSUPPORTED, "option %s has the unknown type %u", to->name,
                                 (unsigned) to->type);
    if ((to->type == TENON_OPTION_CHOICE && !to->choices)
        || (to->type >= TENON_OPTION_CHOICE && to->choices && !*to->choices))
        return tn_plugin_reject (why, TENON_E_MISUSE, "option %s has nothing to choose from", to->name);
    if (!(to->least <= to->most)) /* also if one of them is NaN */
        return tn_plugin_reject (why, TENON_E_MISUSE, "option %s: its range is empty", to->name);
    if (!to->value)
        return tn_plugin_reject (why, TENON_E_MISUSE, "option %s has no default", to->name);
    if (tn_option_parse (to, NULL, to->value, "default", &setting, &error) < 0)
        return tn_plugin_reject (why, TENON_E_MISUSE, "%.200s", error.message);
    to->help = to->help ? to->help : "";
    return TENON_OK;
}

static tenon_status
copy_options (const struct tenon_codec *from, struct tn_codec *to, char *why)
{
    uint32_t count = to->table.option_count, stride = to->table.option_size;
    to->table.options = NULL;
    to->table.option_count = 0;
    to->table.option_size = sizeof (struct tenon_option);
    if (count == 0)
        return TENON_OK;
    if (!from->options || stride < TN_UP_TO (struct tenon_option, choices) || count > TN_MOST_ITEMS)
        return tn_plugin_reject (why, TENON_E_MISUSE, "it announces %u options of %u bytes", (unsigned) count,
                                 (unsigned) stride);
    struct tenon_option *options = calloc (count, sizeof *options);
    to->table.options = options;
    if (!options)
        return tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        const void *option = (const char *) from->options + (size_t) i * stride;
        TN_TRY (copy_option (option, stride, &options[i], why));
        for (uint32_t j = 0; j < i; j++)
            if (strcmp (options[i].name, options[j].name) == 0)
                return tn_plugin_reject (why, TENON_E_MISUSE, "it has two options named %s", options[i].name);
        to->table.option_count++;
    }
    return TENON_OK;
}

/* 1 + the number of the option that a field of the codec's table names; 0: it names none. */
static tenon_status
find_option (const struct tn_codec *codec, const char *name, const char *field, uint32_t *number, char *why)
{
    uint32_t i = 0;
    *number = 0;
    if (!name)
        return TENON_OK;
    while (i < codec->table.option_count && strcmp (codec->table.options[i].name, name) != 0)
        i++;
    if (i == codec->table.option_count)
        return tn_plugin_reject (why, TENON_E_MISUSE, "%s is '%.80s', which is no option of it", field, name);
    *number = i + 1;
    return TENON_OK;
}

static tenon_status
find_options (struct tn_codec *codec, char *why)
{
    TN_TRY (find_option (codec, codec->table.member_option, "member_option", &codec->member_option, why));
    if (!codec->table.default_dtypes != !codec->table.dtypes_option)
        return tn_plugin_reject (why, TENON_E_MISUSE, "default_dtypes and dtypes_option need each other");
    return find_option (codec, codec->table.dtypes_option, "dtypes_option", &codec->dtypes_option, why);
}

/* ---- codec ---- */

tenon_status
tn_codec_own_extensions (struct tn_codec *codec, tenon_error *error)
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
    tn_codec_end_letters (codec);
    return TENON_OK;
}

void
tn_codec_free (struct tn_codec *codec)
{
    if (!codec)
        return;
    free ((void *) (uintptr_t) codec->table.magics);
    free ((void *) (uintptr_t) codec->table.options);
    free (codec->extensions);
    free (codec->settings);
    free (codec->section);
    free (codec->filter_words);
    free (codec);
}

static tenon_status
copy_magics (const struct tenon_codec *from, struct tn_codec *to, char *why)
{
    uint32_t count = to->table.magic_count, stride = to->table.magic_size;
    to->table.magics = NULL;
    to->table.magic_size = sizeof (struct tenon_magic);
    if (count == 0)
        return TENON_OK;
    if (!from->magics || stride < sizeof (struct tenon_magic) || count > TN_MOST_ITEMS)
        return tn_plugin_reject (why, TENON_E_MISUSE, "it announces %u magics of %u bytes", (unsigned) count,
                                 (unsigned) stride);
    struct tenon_magic *magics = calloc (count, sizeof *magics);
    to->table.magics = magics;
    if (!magics)
        return tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        memcpy (&magics[i], (const char *) from->magics + (size_t) i * stride, sizeof magics[i]);
        if (!magics[i].bytes || magics[i].length == 0 || magics[i].length > TN_LONGEST_MAGIC)
            return tn_plugin_reject (why, TENON_E_MISUSE, "its magic %u has %u bytes, 1 to %d are expected",
                                     (unsigned) i, (unsigned) magics[i].length, TN_LONGEST_MAGIC);
    }
    return TENON_OK;
}

static tenon_status
check_extensions (const char *const *extensions, char *why)
{
    for (uint32_t i = 0; extensions && extensions[i]; i++) {
        if (i >= TN_MOST_ITEMS)
            return tn_plugin_reject (why, TENON_E_MISUSE, "the list of its extensions has no end");
        if (!tn_is_extension (extensions[i]))
            return tn_plugin_reject (
                why, TENON_E_MISUSE,
                "extension '%.60s': lower case, without the dot before it and '/', is expected",
                extensions[i]);
    }
    return TENON_OK;
}

static tenon_status
check_shard_names (const struct tenon_codec *table, char *why)
{
    TN_TRY (check_flags (table->shard_flags, "what it says of its sets", why));
    if ((table->shard_flags & TENON_SHARDS_FIRST_OPENS) && !(table->shard_flags & TENON_SHARDS_NUMBERED))
        return tn_plugin_reject (why, TENON_E_MISUSE,
                                 "the first shard opens all, but its sets are not numbered");
    if (table->set_index && !tn_is_extension (table->set_index))
        return tn_plugin_reject (why, TENON_E_MISUSE, "the extension of its index is '%.60s'",
                                 table->set_index);
    return TENON_OK;
}

static tenon_status
check_store (const struct tenon_codec *table, char *why)
{
    if (!table->root_keys && (table->archive || (table->flags & TENON_CODEC_ARCHIVED)))
        return tn_plugin_reject (why, TENON_E_MISUSE,
                                 "it names an archive, or is TENON_CODEC_ARCHIVED, but has no root keys");
    if ((table->flags & TENON_CODEC_HIDDEN)
        && (table->root_keys || table->archive_functions || table->shard_flags || table->set_index))
        return tn_plugin_reject (why, TENON_E_MISUSE,
                                 "it is hidden, so it cannot have root keys, members or sets");
    if (table->root_keys && table->archive_functions)
        return tn_plugin_reject (why, TENON_E_MISUSE, "it is a codec of archives, and has root keys");
    if (table->archive && !tn_is_id (table->archive, TN_LOWER "_-"))
        return reject_id (why, "archive", table->archive, "a-z, 0-9, _ and -");
    for (uint32_t i = 0; table->root_keys && table->root_keys[i]; i++)
        if (i >= TN_MOST_ITEMS || strlen (table->root_keys[i]) > 255)
            return tn_plugin_reject (why, TENON_E_MISUSE,
                                     "the list of its root keys has no end, or one has more than 255 bytes");
    return TENON_OK;
}

static tenon_status
check_filters (const char *const *filters, char *why)
{
    for (uint32_t i = 0; filters && filters[i]; i++)
        if (i >= TN_MOST_ITEMS || !tn_is_id (filters[i], TN_FILTER_LETTERS))
            return tn_plugin_reject (
                why, TENON_E_MISUSE,
                "the list of its members' filters does not end in NULL, or has ids that no filter can have");
    return TENON_OK;
}

/* Functions that a codec of archives does not have stay NULL. */
static tenon_status
copy_archive (struct tn_codec *to, char *why)
{
    const struct tenon_archive *from = to->table.archive_functions;
    if (!from)
        return TENON_OK;
    to->table.archive_functions = &to->archive;
    if (!tn_copy_struct (&to->archive, sizeof to->archive, from, TN_UP_TO (struct tenon_archive, finish)))
        return reject_struct (why, "its functions for archives", from);
    TN_TRY (check_flags (to->archive.flags, "its table of functions for archives", why));
    if (!tn_sum_knows (to->archive.check))
        return tn_plugin_reject (why, TENON_E_UNSUPPORTED, "its archives have the unknown checksum %u",
                                 to->archive.check);
    TN_TRY (check_filters (to->archive.filters, why));
    if (!to->table.describe)
        return tn_plugin_reject (why, TENON_E_MISUSE, "it lists no members: describe is missing");
    if (!to->archive.begin_entry != !to->archive.finish || !to->archive.end_entry != !to->archive.finish)
        return tn_plugin_reject (why, TENON_E_MISUSE, "begin_entry, end_entry and finish need each other");
    return TENON_OK;
}

static tenon_status
check_codec_table (struct tn_codec *codec, char *why)
{
    struct tenon_codec *table = &codec->table;
    for (enum tn_section kind = 0; kind < TN_SECTIONS; kind++)
        if (strcmp (table->id, tn_section_names[kind]) == 0)
            return tn_plugin_reject (why, TENON_E_MISUSE, "the id is reserved for the configuration");
    TN_TRY (check_flags (table->flags, "it", why));
    if (!table->describe && !table->write)
        return tn_plugin_reject (why, TENON_E_MISUSE, "it can neither read nor write");
    if (table->metadata > TENON_METADATA_NESTED)
        return tn_plugin_reject (why, TENON_E_UNSUPPORTED, "it keeps metadata in the unknown way %u",
                                 (unsigned) table->metadata);
    TN_TRY (check_shard_names (table, why));
    TN_TRY (check_store (table, why));
    table->label = table->label ? table->label : table->id;
    return check_extensions (table->extensions, why);
}

tenon_status
tn_codec_copy (const struct tenon_codec *from, struct tn_codec *to, char *why)
{
    char words[TN_WHY_ROOM] = "";
    if (!tn_copy_struct (&to->table, sizeof to->table, from, TN_UP_TO (struct tenon_codec, describe))) {
        to->table = (struct tenon_codec){ 0 };
        return reject_struct (why, "a codec", from);
    }
    /* freeing `to` must not free the plugin's memory */
    to->table.magics = NULL;
    to->table.options = NULL;
    /* no '.', which ends the codec's id in CODEC.KEY=VALUE */
    if (!tn_is_id (to->table.id, TN_LOWER "_-"))
        return reject_id (why, "codec", to->table.id, "a-z, 0-9, _ and -");
    tenon_status status = check_codec_table (to, words);
    if (status == TENON_OK)
        status = copy_archive (to, words);
    if (status == TENON_OK)
        status = copy_magics (from, to, words);
    if (status == TENON_OK)
        status = copy_options (from, to, words);
    if (status == TENON_OK)
        status = find_options (to, words);
    to->letters = UINT32_MAX; /* until the extensions are set */
    to->usual = to->table;
    to->usual.dtypes = to->table.default_dtypes;
    if (status == TENON_OK && !(to->section = tn_concat ("codec ", to->table.id, NULL)))
        status = tn_plugin_reject (words, TENON_E_MEMORY, "out of memory");
    return status == TENON_OK ? status
                              : tn_plugin_reject (why, status, "codec %s: %.200s", to->table.id, words);
}

/* ---- filter ---- */

tenon_status
tn_filter_copy (const struct tenon_filter *from, struct tn_filter *to, char *why)
{
    struct tenon_filter *table = &to->table;
    if (!tn_copy_struct (table, sizeof *table, from, TN_UP_TO (struct tenon_filter, decode)))
        return reject_struct (why, "a filter", from);
    if (!tn_is_id (table->id, TN_FILTER_LETTERS))
        return reject_id (why, "filter", table->id, "a-z, 0-9, _ . / and -");
    if (strcmp (table->id, TN_NO_FILTER) == 0)
        return tn_plugin_reject (why, TENON_E_MISUSE, "filter %s: this id means 'no filter'", table->id);
    TN_TRY (check_flags (table->flags, table->id, why));
    if (!table->open || !table->close)
        return tn_plugin_reject (why, TENON_E_MISUSE, "filter %s: open or close is missing", table->id);
    if (!table->encode != !table->bound)
        return tn_plugin_reject (why, TENON_E_MISUSE, "filter %s: encode and bound need each other",
                                 table->id);
    if (!table->step != !table->reset)
        return tn_plugin_reject (why, TENON_E_MISUSE, "filter %s: step and reset need each other", table->id);
    if (!table->decode && !table->step)
        return tn_plugin_reject (
            why, TENON_E_MISUSE,
            "filter %s: it has neither decode nor step, so nothing could read what it makes", table->id);
    if (table->least_level > table->default_level || table->default_level > table->most_level)
        return tn_plugin_reject (
            why, TENON_E_MISUSE, "filter %s: its default level %d is not between %d and %d", table->id,
            (int) table->default_level, (int) table->least_level, (int) table->most_level);
    table->label = table->label ? table->label : table->id;
    return TENON_OK;
}

/* ---- dtype ---- */

void
tn_dtype_free (struct tn_dtype *dtype)
{
    if (!dtype)
        return;
    free ((void *) (uintptr_t) dtype->table.swap);
    free (dtype);
}

static tenon_status
copy_swap (const struct tenon_dtype *from, struct tenon_dtype *to, char *why)
{
    uint32_t count = to->swap_count, stride = to->swap_size;
    to->swap_size = sizeof (struct tenon_swap_field);
    if (count == 0)
        return TENON_OK;
    if (!from->swap || stride < sizeof (struct tenon_swap_field) || count > TN_MOST_ITEMS)
        return tn_plugin_reject (why, TENON_E_MISUSE, "dtype %s: it announces %u swap fields of %u bytes",
                                 to->name, (unsigned) count, (unsigned) stride);
    struct tenon_swap_field *fields = calloc (count, sizeof *fields);
    to->swap = fields;
    if (!fields)
        return tn_plugin_reject (why, TENON_E_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        struct tenon_swap_field *field = &fields[i];
        memcpy (field, (const char *) from->swap + (size_t) i * stride, sizeof *field);
        bool is_width =
            field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8 || field->size == 16;
        if (!is_width || (uint64_t) field->size * field->count > to->block_bytes
            || field->offset > to->block_bytes - (uint64_t) field->size * field->count)
            return tn_plugin_reject (
                why, TENON_E_MISUSE,
                "dtype %s: swap field %u (%u of %u bytes from %u) is not inside its block", to->name,
                (unsigned) i, (unsigned) field->count, (unsigned) field->size, (unsigned) field->offset);
    }
    return TENON_OK;
}

tenon_status
tn_dtype_copy (const struct tenon_dtype *from, struct tn_dtype *to, char *why)
{
    struct tenon_dtype *table = &to->table;
    if (!tn_copy_struct (table, sizeof *table, from, TN_UP_TO (struct tenon_dtype, block_bytes))) {
        *table = (struct tenon_dtype){ 0 };
        return reject_struct (why, "a dtype", from);
    }
    table->swap = NULL; /* until it is copied: see tn_codec_copy */
    if (!tn_is_id (table->name, TN_LOWER "_.-"))
        return reject_id (why, "dtype", table->name, "a-z, 0-9, _ . and -");
    TN_TRY (check_flags (table->flags, table->name, why));
    if (table->kind != TENON_KIND_BLOCK)
        return tn_plugin_reject (why, TENON_E_MISUSE, "dtype %s is of kind %u: plugins register blocks only",
                                 table->name, (unsigned) table->kind);
    if (table->block_items == 0 || table->block_bytes == 0 || table->block_items > TN_LARGEST_BLOCK
        || table->block_bytes > TN_LARGEST_BLOCK)
        return tn_plugin_reject (why, TENON_E_MISUSE, "dtype %s: a block of %llu items in %llu bytes",
                                 table->name, (unsigned long long) table->block_items,
                                 (unsigned long long) table->block_bytes);
    if (table->alignment & (table->alignment - 1))
        return tn_plugin_reject (why, TENON_E_MISUSE, "dtype %s: its alignment %u is no power of two",
                                 table->name, (unsigned) table->alignment);
    return copy_swap (from, table, why);
}
