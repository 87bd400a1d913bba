/* SPDX-License-Identifier: MIT */
/* saving_target.c - chooses the codec of a save, and the name of its file or folder. */
#include "base/io.h"
#include "codec/recognise.h"
#include "context/cause.h"
#include "save/readable.h"
#include "save/saving.h"
#include <stdio.h>
#include <sys/stat.h>

/* No codec has the extension of the path. */
static TN_OWN_FRAME tenon_status
fail_extension (struct tn_saving *saving, const char *path, const char *name)
{
    const struct tn_registry *registry = &saving->context->registry;
    char cause[TN_CAUSE_ROOM];
    struct stat about;
    if (stat (path, &about) == 0 && S_ISDIR (about.st_mode))
        return tn_fail (
            saving->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
            "it is a folder, and its name has the extension of no codec that writes folders; name "
            "a file in it, or the format");
    if (tn_cause_find (saving->context, name, strlen (name), NULL, cause))
        return tn_fail (saving->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
                        "no codec writes files with this extension: %s", cause);
    char known[300] = "";
    size_t end = 0;
    for (uint64_t i = 0; i < registry->codec_count && end < sizeof known - 40; i++)
        if (registry->codecs[i]->table.write && !tn_codec_is_hidden (registry->codecs[i])
            && registry->codecs[i]->extensions[0])
            end += (size_t) snprintf (known + end, sizeof known - end, " .%s",
                                      registry->codecs[i]->extensions[0]);
    return tn_fail (saving->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
                    "no codec writes files with this extension (there are%s); name the format",
                    known[0] ? known : " none");
}

/* Finds the codec whose extension the path has: the longest, then the one of the highest priority. */
static tenon_status
codec_of_path (struct tn_saving *saving, const char *path)
{
    const struct tn_registry *registry = &saving->context->registry;
    const char *name = tn_path_name (path);
    size_t longest = 0;
    uint64_t rival = UINT64_MAX;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        size_t length = codec->table.write && !tn_codec_is_hidden (codec)
                            ? tn_keyed_extension (saving->context, codec, name, strlen (name))
                            : 0;
        if (length == 0 || length < longest)
            continue;
        if (length == longest && codec->priority < registry->codecs[saving->codec]->priority)
            continue;
        rival = length == longest && codec->priority == registry->codecs[saving->codec]->priority
                    ? saving->codec
                    : UINT64_MAX;
        longest = length;
        saving->codec = i;
    }
    if (rival != UINT64_MAX)
        return tn_fail (saving->error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                        "%s and %s both write files with this extension; name the format",
                        registry->codecs[rival]->table.id, registry->codecs[saving->codec]->table.id);
    return longest > 0 ? TENON_OK : fail_extension (saving, path, name);
}

/* The name of the target without its extension. The shards of the index of a variant,
 * NAME.tree.index.half.json, are named NAME.half. */
static tenon_status
name_target (struct tn_saving *saving, const struct tn_codec *codec)
{
    const char *name = tn_path_name (saving->path), *variant = NULL;
    size_t length = strlen (name), extension = tn_extension_length (codec, name, length), variant_length = 0;
    if (saving->store.archive > 0) { /* NAME.tree.zip */
        size_t outer =
            tn_extension_length (saving->context->registry.codecs[saving->store.archive - 1], name, length);
        extension = tn_extension_length (codec, name, length - outer - 1);
        extension = extension > 0 ? extension + outer + 1 : outer;
    }
    size_t stem =
        tn_describes_index (codec) ? tn_index_stem (codec, name, length, &variant, &variant_length) : 0;
    saving->index = stem > 0;
    if (stem == 0)
        stem = extension > 0 && extension + 1 < length ? length - extension - 1 : length;
    saving->extension = stem < length ? name + stem + 1 : name + length;
    saving->extension_length = saving->index ? strcspn (saving->extension, ".") : strlen (saving->extension);
    saving->name = tn_format ("%.*s%s%.*s", (int) stem, name, variant ? "." : "", (int) variant_length,
                              variant ? variant : "");
    return saving->name ? TENON_OK : tn_fail_memory (saving->error);
}

/* The extension that is appended to a name that has none of the codec's; NULL: none is. A device, FIFO,
 * socket or terminal has the name that it has. */
static const char *
missing_extension (const struct tn_saving *saving, const struct tn_codec *codec, const char *path)
{
    const char *name = tn_path_name (path);
    struct stat there;
    if (!saving->options.format || (saving->options.flags & TENON_SAVE_EXACT_NAME)
        || saving->store.archive > 0 || tn_extension_length (codec, name, strlen (name)) > 0)
        return NULL;
    if (stat (path, &there) == 0 && !S_ISREG (there.st_mode) && !S_ISDIR (there.st_mode))
        return NULL;
    return codec->extensions[0];
}

tenon_status
tn_saving_choose (struct tn_saving *saving, const char *given)
{
    /* a '/' at the end says that a folder is meant: a codec of files refuses its name later */
    size_t end = strlen (given);
    while (end > 1 && given[end - 1] == '/')
        end--;
    TN_FREE char *path = tn_strndup (given, end);
    if (!path)
        return tn_fail_memory (saving->error);
    const bool slash = given[end] != 0;
    if (!saving->options.format)
        TN_TRY (codec_of_path (saving, path));
    else
        TN_TRY (tn_codec_find (saving->context, saving->options.format, TN_TO_WRITE, &saving->codec,
                               saving->error));
    const struct tn_codec *codec = saving->context->registry.codecs[saving->codec];
    tn_store_target_choose (saving->context, codec, tn_path_name (path), &saving->store);
    const char *extension = slash ? NULL : missing_extension (saving, codec, path);
    saving->path = tn_concat (saving->store.folder ? path : given, extension ? "." : "",
                              extension ? extension : "", (char *) NULL);
    if (!saving->path)
        return tn_fail_memory (saving->error);
    TN_TRY (name_target (saving, codec));
    TN_TRY (tn_overlay_read (saving->context, saving->options.settings, &saving->overlay, saving->error));
    tn_plan_tell_losses (saving->plan, saving->report, &saving->losses);
    TN_TRY (tn_plan_readable (&saving->plan, &saving->readable,
                              saving->options.flags & TENON_SAVE_SKIP_UNREADABLE, saving->report,
                              &saving->losses, saving->error));
    if (!(saving->options.flags & TENON_SAVE_CARRY))
        return TENON_OK;
    const struct tenon_codec *storing;
    TN_TRY (tn_storing_codec (saving->context, &saving->overlay, saving->codec, &storing, saving->error));
    return tn_carry_begin (&saving->carry, &saving->plan, &codec->table, storing, saving->report,
                           &saving->losses, saving->error);
}
