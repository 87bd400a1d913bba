/* SPDX-License-Identifier: MIT */
/* tree_target.c - targets that are folders. */
#include "save/tree_target.h"
#include "catalog/file.h"
#include "codec/keys.h"
#include "source/file_pool.h"
#include "source/listing.h"

void
tn_store_target_choose (const tenon_context *context, const struct tn_codec *codec, const char *name,
                        struct tn_store_target *target)
{
    const struct tn_registry *registry = &context->registry;
    *target = (struct tn_store_target){ .folder = false };
    if (!tn_is_keyed (codec) || codec->table.archive || (codec->table.flags & TENON_CODEC_ARCHIVED))
        return;
    for (uint64_t i = 0; i < registry->codec_count && target->archive == 0; i++)
        if (registry->codecs[i]->table.archive_functions
            && tn_extension_length (registry->codecs[i], name, strlen (name)) > 0)
            target->archive = i + 1;
    target->folder = target->archive == 0;
}

/* ---- what a save may remove ---- */

static int
compare_texts (const void *one, const void *other)
{
    return strcmp (*(const char *const *) one, *(const char *const *) other);
}

/* The keys that the codec opened, in the order of a listing. NULL: no memory. */
static const char **
list_own_keys (const tenon_file *file, uint64_t *count)
{
    const struct tn_catalog *catalog = file->catalog;
    const char **keys = malloc ((catalog->source_count + 1) * sizeof *keys);
    *count = 0;
    for (uint64_t i = 1; keys && i < catalog->source_count; i++)
        if (catalog->sources[i]->kind != TN_SOURCE_PART)
            keys[(*count)++] = catalog->sources[i]->name;
    if (keys)
        qsort (keys, (size_t) *count, sizeof *keys, compare_texts);
    return keys;
}

/* True if the codec claimed the key for a chunk of what it described in the folder. */
static bool
is_claimed (const struct tn_catalog *catalog, const struct tn_listed *entry)
{
    for (uint64_t i = 0; i < catalog->description_count; i++) {
        const struct tn_description *description = &catalog->descriptions[i];
        if (description->claims && catalog->sources[tn_description_sources (description)[0]]->is_folder
            && tn_claims_have (description->claims, entry->key, entry->length))
            return true;
    }
    return false;
}

/* Compares what lies in the folder with the codec's own keys; both have one order. */
static tenon_status
find_foreign (const struct tn_listing *listing, const struct tn_catalog *catalog, const char *const *own,
              uint64_t own_count, const char *codec, tenon_error *error)
{
    uint64_t at = 0, foreign = 0, first = 0;
    for (uint64_t i = 0; i < listing->count; i++) {
        const char *key = listing->entries[i].key;
        while (at < own_count && strcmp (own[at], key) < 0)
            at++;
        if ((at == own_count || strcmp (own[at], key) != 0) && !is_claimed (catalog, &listing->entries[i])
            && foreign++ == 0)
            first = i;
    }
    if (foreign == 0)
        return TENON_OK;
    const struct tn_listed *one = &listing->entries[first];
    (void) tn_fail (error, TENON_E_EXISTS, TN_NO_OFFSET,
                    "the folder would be removed with %llu file%s that the codec %s does not use: '%s'%s",
                    (unsigned long long) foreign, foreign == 1 ? "" : "s", codec,
                    TN_SHOW_SOME (one->key, TN_MIN (one->length, 200)), foreign == 1 ? "" : ", …");
    return tn_advise (error, "move %s elsewhere, or save to another name", foreign == 1 ? "it" : "them");
}

static tenon_status
judge_keys (const struct tn_tree_judge *judge, const tenon_file *file, tenon_error *error)
{
    const tenon_context *context = judge->context;
    struct tn_listing listing;
    struct tn_budget budget;
    uint64_t count;
    TN_FREE const char **own = list_own_keys (file, &count);
    if (!own)
        return tn_fail_memory (error);
    tn_budget_begin (&budget, context->limits, NULL, error);
    struct tn_listing_options all = {
        .prefix = "", .most = context->limits[TENON_LIMIT_MEMBERS], .no_sizes = true, .budget = &budget
    };
    tenon_status status = tn_listing_make (&listing, tn_file_pool_folder (file->catalog->files), &all, error);
    if (status == TENON_OK)
        status = find_foreign (&listing, file->catalog, own, count,
                               context->registry.codecs[judge->codec]->table.id, error);
    tn_listing_free (&listing, &budget);
    return status;
}

/* The words of a public function's failure, without the path that it begins with. */
static const char *
words_behind (const tenon_error *error, const char *path)
{
    size_t length = strlen (path);
    bool begins =
        strncmp (error->message, path, length) == 0 && strncmp (error->message + length, ": ", 2) == 0;
    return error->message + (begins ? length + 2 : 0);
}

tenon_status
tn_tree_may_replace (const struct tn_tree_judge *judge, const char *path, tenon_error *error)
{
    const struct tenon_codec *codec = &judge->context->registry.codecs[judge->codec]->table;
    tenon_error why = TENON_ERROR_INIT;
    tenon_open_options options = { .struct_size = sizeof options, .format = codec->id };
    options.flags = TENON_OPEN_NO_MAP;
    tenon_file *file;
    if (tenon_open (judge->context, path, &options, &file, &why) == TENON_OK) {
        tenon_status status = judge_keys (judge, file, error);
        tenon_close (file);
        return status;
    }
    if (why.status == TENON_E_MEMORY)
        return tn_fail_memory (error);
    (void) tn_fail (
        error, TENON_E_EXISTS, TN_NO_OFFSET,
        "the codec %s cannot read the folder that it would replace, so files in it could be lost (%s)",
        codec->id, words_behind (&why, path));
    return tn_advise (error, "remove the folder, or save to another name");
}
