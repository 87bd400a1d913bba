/* SPDX-License-Identifier: MIT */
/* tree_target.c - targets that are folders. */
#include "save/tree_target.h"
#include "codec/keyed.h"
#include "source/open_key.h"

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

tenon_status
tn_tree_may_replace (struct tn_tree_judge *judge, const char *path, tenon_error *error)
{
    const struct tenon_codec *codec = &judge->context->registry.codecs[judge->codec]->table;
    struct tn_source *source;
    struct tn_budget budget;
    bool known;
    TN_TRY (tn_source_open_folder (path, &source, error));
    tn_budget_begin (&budget, judge->context->limits, NULL, error);
    struct tn_session session = {
        .context = judge->context, .error = error, .budget = &budget, .arena.budget = &budget
    };
    tenon_status status = tn_keys_know_folder (&session, source, judge->codec, &known);
    tn_arena_free (&session.arena);
    tn_source_free (source);
    TN_TRY (status);
    if (known)
        return TENON_OK;
    (void) tn_fail (error, TENON_E_EXISTS, TN_NO_OFFSET,
                    "it is a folder of other files, none of which the codec %s knows as one of its own (%s), "
                    "and would be replaced with all that is in it",
                    codec->id, codec->root_keys[0]);
    return tn_advise (error, "remove the folder, or save to another name");
}
