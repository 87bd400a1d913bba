/* SPDX-License-Identifier: MIT */
/* describe.c - runs a codec over a source. */
#include "codec/describe.h"
#include "codec/call.h"
#include "codec/serve.h"

tenon_status
tn_describe (struct tn_session *session, uint32_t source, uint64_t codec, const char *prefix,
             const char *metadata_prefix, uint32_t include_flags)
{
    struct tn_catalog *catalog = session->catalog;
    struct tn_call call;
    const struct tn_codec *entry = session->context->registry.codecs[codec];
    if (!entry->table.describe)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the codec %s only writes",
                        entry->table.id);
    if (!tn_grow (&catalog->descriptions, &catalog->description_room, catalog->description_count,
                  sizeof (struct tn_description)))
        return tn_fail_memory (session->error);
    catalog->serve = tn_serve;
    tn_call_begin (&call, session, TN_CALL_DESCRIBE, codec);
    call.description = (uint32_t) catalog->description_count;
    call.prefix = prefix;
    call.metadata_prefix = metadata_prefix;
    call.include_flags = include_flags;
    struct tn_description *description = &catalog->descriptions[catalog->description_count++];
    *description = (struct tn_description){ .codec = codec, .first = source, .count = 1 };
    struct tn_mark mark = tn_arena_mark (&session->arena);
    session->depth++;
    tenon_status status = tn_call_end (&call, entry->table.describe (&call.public));
    session->depth--;
    tn_arena_release (&session->arena, mark);
    if (status < 0)
        tn_source_fail_in (catalog->sources[source], session->error);
    return status;
}
