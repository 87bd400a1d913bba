/* SPDX-License-Identifier: MIT */
/* filter_option.c - options of codecs that name a filter. What may be named is known when all plugins are
 * loaded; whether a filter of that name is in use matters only to what would encode by it. */
#include "context/filter_option.h"
#include "context/cause.h"
#include "context/option.h"

/* ---- the choices ---- */

/* "none" and all filters that are in use. */
static bool
list_filters (struct tn_registry *registry)
{
    bool good = tn_add_word (&registry->filter_words, TN_NO_FILTER);
    for (uint64_t i = 0; i < registry->filter_count && good; i++)
        good = tn_add_word (&registry->filter_words, registry->filters[i]->table.id);
    return good;
}

/* The codec of the archives that a codec writes, or that it is itself; NULL: there is none in use. */
static const struct tn_codec *
archive_of (const struct tn_registry *registry, const struct tn_codec *codec)
{
    const char *id = codec->table.archive_functions ? codec->table.id : codec->table.archive;
    for (uint64_t i = 0; id && i < registry->codec_count; i++)
        if (registry->codecs[i]->table.archive_functions && strcmp (registry->codecs[i]->table.id, id) == 0)
            return registry->codecs[i];
    return NULL;
}

/* "none" and the filters of an archive, as codec->filter_words. */
static bool
list_archive (struct tn_codec *codec, const struct tenon_archive *archive)
{
    bool good = tn_add_word (&codec->filter_words, TN_NO_FILTER);
    for (const char *const *filter = archive->filters; good && filter && *filter; filter++)
        good = tn_add_word (&codec->filter_words, *filter);
    return good;
}

static bool
settle_options (const struct tn_registry *registry, struct tn_codec *codec)
{
    const struct tn_codec *archive = archive_of (registry, codec);
    struct tenon_option *options = (struct tenon_option *) (uintptr_t) codec->table.options;
    for (uint32_t i = 0; archive && i < codec->table.option_count; i++) {
        if (options[i].type != TENON_OPTION_FILTER || options[i].choices)
            continue;
        if (!codec->filter_words && !list_archive (codec, &archive->archive))
            return false;
        options[i].choices = codec->filter_words;
    }
    return true;
}

tenon_status
tn_filter_options_settle (tenon_context *context, tenon_error *error)
{
    struct tn_registry *registry = &context->registry;
    bool good = list_filters (registry);
    for (uint64_t i = 0; i < registry->codec_count && good; i++)
        good = settle_options (registry, registry->codecs[i]);
    return good ? TENON_OK : tn_fail_memory (error);
}

/* ---- a value ---- */

static TN_OWN_FRAME tenon_status
fail_missing (const tenon_context *context, const struct tenon_option *option, const char *section,
              const struct tenon_setting *setting, tenon_error *error)
{
    char cause[TN_CAUSE_ROOM] = "no plugin that was found has it";
    tn_cause_of_word (context, setting->text, cause);
    return tn_fail (
        error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s] %s = '%s': there is no filter '%s': %s; in use: %s",
        setting->origin, section, option->name, TN_SHOW (setting->text), TN_SHOW (setting->text), cause,
        context->registry.filter_words + (context->registry.filter_count ? sizeof TN_NO_FILTER : 0));
}

tenon_status
tn_filter_option_check (const tenon_context *context, const struct tenon_option *option, const char *section,
                        const struct tenon_setting *setting, tenon_error *error)
{
    return option->type != TENON_OPTION_FILTER || setting->integer == 0
                   || tn_filter_find (context, setting->text)
               ? TENON_OK
               : fail_missing (context, option, section, setting, error);
}
