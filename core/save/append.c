/* SPDX-License-Identifier: MIT */
/* append.c - opens the file that a save adds to. It becomes a source of the codec's write; the plan stays as
 * it is. */
#include "save/append.h"
#include <errno.h>
#include <sys/stat.h>

static tenon_status
check_appendable (const tenon_context *context, const tenon_file *file, uint64_t wanted, tenon_error *error)
{
    const struct tenon_codec *codec = &context->registry.codecs[wanted]->table;
    const struct tenon_codec *found = &context->registry.codecs[file->codec]->table;
    const struct tn_source *source = file->catalog->sources[0];
    if (file->shard_count > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "it is the first of a set of %llu files, to which nothing can be added",
                        (unsigned long long) file->shard_count);
    if (found != codec)
        return tn_fail (
            error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "it is a file of the format %s, to which nothing can be added as %s; name that format, "
            "or save to another file",
            found->id, codec->id);
    if (source->kind != TN_SOURCE_FD)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "only a regular file can be added to");
    return TENON_OK;
}

/* Some codecs read more than they recognise, so a file that no codec recognises is opened with the one that
 * will write it. */
static tenon_status
open_target (struct tn_append *append, tenon_context *context, const char *path, uint64_t codec,
             const char *const *settings, const tenon_progress *progress, tenon_error *error)
{
    tenon_error why = TENON_ERROR_INIT;
    tenon_open_options options = { .struct_size = sizeof options,
                                   .settings = settings,
                                   .progress = progress };
    tenon_status status = tenon_open (context, path, &options, &append->file, &why);
    if (status == TENON_E_UNRECOGNISED || status == TENON_E_AMBIGUOUS) {
        why = (tenon_error) TENON_ERROR_INIT;
        options.format = context->registry.codecs[codec]->table.id;
        status = tenon_open (context, path, &options, &append->file, &why);
    }
    if (status < 0) {
        /* the message begins with the path, which the caller adds */
        size_t named = strlen (why.file);
        bool twice = named > 0 && strncmp (why.message, why.file, named) == 0
                     && strncmp (why.message + named, ": ", 2) == 0;
        tn_fail (error, status, TN_NO_OFFSET, "it cannot be added to: %s",
                 why.message + (twice ? named + 2 : 0));
        tn_fail_in (error, path, NULL);
    }
    return status;
}

tenon_status
tn_append_open (struct tn_append *append, const tenon_plan *plan, const char *path, uint64_t codec,
                const char *const *settings, const tenon_progress *progress, tenon_error *error)
{
    tenon_context *context = plan->context;
    const struct tenon_codec *table = &context->registry.codecs[codec]->table;
    struct stat there;
    *append = (struct tn_append){ NULL, NULL };
    if (stat (path, &there) < 0)
        return errno == ENOENT ? TENON_OK : tn_fail_open (error, errno, "cannot be added to", path);
    if (!(table->flags & TENON_CODEC_APPENDS))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "nothing can be added to a file of the format %s; save all of it to a new one",
                        table->id);
    TN_TRY (open_target (append, context, path, codec, settings, progress, error));
    TN_TRY (check_appendable (context, append->file, codec, error));
    if (append->file->catalog->restored)
        return tn_fail (
            error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "it has carried tensors, whose record would have to be made anew; save all of it to a "
            "new file");
    TN_TRY (tenon_plan_new (context, &append->both, error));
    TN_TRY (tenon_plan_add_metadata_from (append->both, append->file, error));
    return tn_plan_copy_metadata (append->both, plan, error);
}

void
tn_append_close (struct tn_append *append)
{
    tenon_plan_free (append->both);
    tenon_close (append->file);
}
