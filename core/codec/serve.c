/* SPDX-License-Identifier: MIT */
/* serve.c - runs the read function of a codec over a region of a served tensor. */
#include "codec/serve.h"
#include "codec/call.h"

tenon_status
tn_serve (struct tn_catalog *catalog, const struct tn_tensor *tensor, const struct tenon_region *region,
          void *to, uint64_t size, tenon_error *error)
{
    const struct tn_description *description = &catalog->descriptions[tensor->description];
    struct tn_session session = {
        .context = catalog->context, .error = error, .overlay = &catalog->overlay, .catalog = catalog
    };
    struct tn_call call;
    tn_call_begin (&call, &session, TN_CALL_READ, description->codec);
    call.sources = tn_description_sources (description);
    call.source_count = description->count;
    struct tenon_tensor theirs;
    tn_call_show_tensor (tensor, call.sources, call.source_count, &theirs);
    const struct tenon_codec *codec = &catalog->context->registry.codecs[description->codec]->table;
    tenon_status status = tn_call_end (&call, codec->read (&call.public, &theirs, region, to, size));
    tn_arena_free (&session.arena);
    return status;
}
