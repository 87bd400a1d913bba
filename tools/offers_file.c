/* SPDX-License-Identifier: MIT */
/* offers_file.c - what may stand at a place of the command line: what a context knows, and what a file holds.
 */
#include "codecs.h"
#include "library.h"
#include "line.h"
#include "offers.h"
#include <sys/stat.h>

tenon_context *
offers_context (struct offers *offers)
{
    if (!offers->context)
        offers->context = context_new ();
    return offers->context;
}

/* The first argument, if it is a file or a folder that can be read: a pipe or a device would be waited for,
 * or used up. */
static const tenon_file *
first_file (struct offers *offers)
{
    struct stat about;
    if (offers->file)
        return offers->file;
    if (offers->arguments.count == 0)
        return NULL;
    const char *path = offers->arguments.items[0];
    if (stat (path, &about) < 0 || !(S_ISREG (about.st_mode) || S_ISDIR (about.st_mode)))
        return NULL;
    tenon_context *context = offers_context (offers);
    tenon_error error = TENON_ERROR_INIT;
    if (!context || file_open (context, path, offers->from, &offers->file, &error) < 0)
        return NULL;
    return offers->file;
}

static void
offer_with_tail (struct offers *offers, const char *name, const char *tail, const char *about)
{
    size_t length = strlen (name);
    CLEAN (text) char *text = get_memory (NULL, length + strlen (tail) + 1, 1);
    memcpy (text, name, length);
    strcpy (text + length, tail);
    offer (offers, text, about);
}

void
offer_tensors (struct offers *offers, const char *tail)
{
    offers_begin (offers, "words", NULL, 0);
    const tenon_file *file = first_file (offers);
    for (uint64_t i = 0; file && i < tenon_count (file); i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (strlen (info.name) != info.name_length)
            continue;
        struct line about = { 0 };
        line_word (&about, info.dtype_name);
        line_word (&about, " ");
        line_shape (&about, info.shape, info.rank);
        line_add (&about, "", 1);
        offer_with_tail (offers, info.name, tail, about.text);
        line_clean (&about);
    }
}

void
offer_metadata (struct offers *offers, const char *tail)
{
    offers_begin (offers, "words", NULL, 0);
    const tenon_file *file = first_file (offers);
    tenon_metadata_info info;
    for (uint64_t i = 0; file && metadata_get (file, i, &info); i++)
        if (strlen (info.key) == info.key_length)
            offer_with_tail (offers, info.key, tail, NULL);
}

static void
offer_dtypes_of (struct offers *offers, bool plain)
{
    offers_begin (offers, "words", NULL, 0);
    tenon_context *context = offers_context (offers);
    for (uint32_t id = TENON_NONE; context && (id = tenon_dtype_next (context, id)) != TENON_NONE;) {
        struct tenon_dtype dtype = { .struct_size = sizeof dtype };
        if (tenon_dtype_get (context, NULL, id, &dtype) == TENON_OK && dtype.name
            && (plain ? dtype.kind == TENON_KIND_PLAIN : dtype_writes (&dtype)))
            offer (offers, dtype.name, NULL);
    }
}

void
offer_dtypes (struct offers *offers)
{
    offer_dtypes_of (offers, false);
}

void
offer_value_types (struct offers *offers)
{
    static const char array[] = "array:";
    if (strncmp (offers->typed + offers->start, array, sizeof array - 1) == 0)
        offers->start += sizeof array - 1;
    else
        offer (offers, "json", NULL);
    offer (offers, "string", NULL);
    offer_dtypes_of (offers, true);
}

void
offer_formats (struct offers *offers, bool all)
{
    offers_begin (offers, "words", NULL, 0);
    tenon_context *context = offers_context (offers);
    for (uint64_t i = 0; context && i < tenon_codec_count (context); i++) {
        tenon_codec_info info = codec_get (context, i);
        if (all || !(info.flags & TENON_IS_HIDDEN))
            offer (offers, info.id, info.label);
    }
    for (uint64_t i = 0; context && all && i < tenon_filter_count (context); i++) {
        tenon_filter_info info = { .struct_size = sizeof info };
        if (tenon_filter_get (context, i, &info) == TENON_OK)
            offer (offers, info.id, info.label);
    }
}

void
offer_keys (struct offers *offers, const char *tail)
{
    offers_begin (offers, "words", NULL, 0);
    tenon_context *context = offers_context (offers);
    for (uint64_t i = 0; context && i < tenon_config_count (context); i++) {
        tenon_config_entry entry = { .struct_size = sizeof entry };
        if (tenon_config_get (context, i, &entry) < 0)
            continue;
        CLEAN (text) char *key = config_key (&entry);
        offer_with_tail (offers, key, tail, entry.help);
    }
}

/* True if this choice of a filter can be taken: "none", or a filter that is in use. */
static bool
filter_usable (const tenon_context *context, const char *id)
{
    tenon_filter_info info = { .struct_size = sizeof info };
    for (uint64_t i = 0; i < tenon_filter_count (context); i++)
        if (tenon_filter_get (context, i, &info) == TENON_OK && strcmp (info.id, id) == 0)
            return true;
    return strcmp (id, "none") == 0;
}

/* The words of an option of a codec, with a blank between. */
static void
offer_option_words (struct offers *offers, const struct tenon_option *option)
{
    offers_begin (offers, "words", NULL, 0);
    const char *words = option->choices ? option->choices : "";
    for (size_t length; *words; words += length + (words[length] == ' ')) {
        length = strcspn (words, " ");
        CLEAN (text) char *word = copy_text (words, length);
        if (option->type != TENON_OPTION_FILTER || filter_usable (offers->context, word))
            offer (offers, word, NULL);
    }
}

/* The definition of the option of a codec that -o calls by this key. */
static bool
find_option (const tenon_context *context, const char *key, size_t length, struct tenon_option *option)
{
    const char *dot = memchr (key, '.', length);
    size_t id_length = dot ? (size_t) (dot - key) : length;
    for (uint64_t codec = 0; dot && codec < tenon_codec_count (context); codec++) {
        tenon_codec_info info = codec_get (context, codec);
        if (strlen (info.id) != id_length || memcmp (info.id, key, id_length) != 0)
            continue;
        for (uint64_t i = 0; i < info.option_count; i++) {
            struct tenon_setting setting = { .struct_size = sizeof setting };
            *option = codec_option (context, codec, i, &setting);
            if (strlen (option->name) == length - id_length - 1
                && memcmp (option->name, dot + 1, length - id_length - 1) == 0)
                return true;
        }
    }
    return false;
}

/* The type of an entry of the configuration; 0: there is none of this key. */
static uint32_t
entry_type (const tenon_context *context, const char *key, size_t length)
{
    for (uint64_t i = 0; i < tenon_config_count (context); i++) {
        tenon_config_entry entry = { .struct_size = sizeof entry };
        if (tenon_config_get (context, i, &entry) < 0)
            continue;
        CLEAN (text) char *name = config_key (&entry);
        if (strlen (name) == length && memcmp (name, key, length) == 0)
            return entry.type;
    }
    return 0;
}

bool
offer_settings (struct offers *offers, const char *key, size_t length)
{
    tenon_context *context = offers_context (offers);
    if (!context)
        return false;
    struct tenon_option option;
    bool known = find_option (context, key, length, &option);
    uint32_t type = known ? option.type : entry_type (context, key, length);
    if (type == TENON_OPTION_BOOL)
        offer_choices (offers, "yes|no");
    else if (known && option.choices)
        offer_option_words (offers, &option);
    return offers->begun;
}
