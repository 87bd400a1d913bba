/* SPDX-License-Identifier: MIT */
/* member.c - writes a member of a container with another codec. */
#include "codec/member.h"

/* About how many bytes a member has beside its data. */
#define HEADERS 4096u

uint64_t
tn_member_size (const struct tn_writer *outer, const struct tn_member_spec *spec)
{
    uint64_t size = HEADERS;
    for (uint64_t i = 0; i < spec->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (outer->plan->own, outer->first + spec->first + i);
        if (tn_add (size, tensor->length, &size))
            return UINT64_MAX;
    }
    return size;
}

tenon_status
tn_member_write (struct tn_session *session, const struct tn_writer *outer, struct tn_writer *inner,
                 const struct tn_member_spec *spec, struct tn_encode_sink *encode_sink)
{
    inner->plan = outer->plan;
    inner->first = outer->first + spec->first;
    inner->count = spec->count;
    inner->sink = &encode_sink->sink;
    inner->one_file = inner->is_member = true;
    inner->dry =
        outer->dry && (outer->measures || (!encode_sink->encoder && encode_sink->check == TENON_CHECK_NONE));
    inner->measures = outer->measures;
    inner->name = spec->count ? tn_catalog_tensor (outer->plan->own, inner->first)->name : "";
    inner->name_length = strlen (inner->name);
    session->depth++;
    tenon_status status = tn_write (session, inner, spec->codec);
    session->depth--;
    if (status == TENON_OK)
        status = tn_encode_sink_finish (encode_sink, session->error);
    if (status < 0 && spec->count == 1)
        tn_fail_in (session->error, NULL, inner->name);
    return status;
}

void
tn_member_result_fill (struct tn_member_result *result, struct tn_encode_sink *encode_sink)
{
    *result = (struct tn_member_result){ .stored = encode_sink->outer->position - encode_sink->base,
                                         .size = encode_sink->sink.position,
                                         .block_size = !encode_sink->encoder
                                                           ? 0
                                                           : TN_MIN (encode_sink->block_size,
                                                                     TN_MAX (encode_sink->sink.position, 1)),
                                         .block_count = encode_sink->block_count,
                                         .ends = encode_sink->block_ends,
                                         .sum = encode_sink->sum };
    encode_sink->block_ends = NULL;
}
