/* SPDX-License-Identifier: MIT */
/* member.c - writing a member of a container with another codec. */
#include "codec/member.h"

/* What headers take beside the data, more or less. */
#define HEADERS 4096u

uint64_t
tn_member_size (const struct tn_writer *outer, const struct tn_member_spec *wanted)
{
    uint64_t size = HEADERS;
    for (uint64_t i = 0; i < wanted->count; i++) {
        const struct tn_tensor *tensor =
            tn_catalog_tensor (outer->plan->own, outer->first + wanted->first + i);
        if (tn_add (size, tensor->length, &size))
            return UINT64_MAX;
    }
    return size;
}

tenon_status
tn_member_write (struct tn_session *session, const struct tn_writer *outer, struct tn_writer *inner,
                 const struct tn_member_spec *wanted, struct tn_encode_sink *stage)
{
    inner->plan = outer->plan;
    inner->first = outer->first + wanted->first;
    inner->count = wanted->count;
    inner->sink = &stage->sink;
    inner->one_file = inner->is_member = true;
    inner->dry = outer->dry && !stage->encoder && !stage->sums;
    inner->name = wanted->count ? tn_catalog_tensor (outer->plan->own, inner->first)->name : "";
    inner->name_length = strlen (inner->name);
    session->depth++;
    tenon_status status = tn_write (session, inner, wanted->codec);
    session->depth--;
    if (status == TENON_OK)
        status = tn_encode_sink_finish (stage, session->error);
    if (status < 0 && wanted->count == 1)
        tn_fail_in (session->error, NULL, inner->name);
    return status;
}

void
tn_member_result_fill (struct tn_member_result *made, struct tn_encode_sink *stage)
{
    *made = (struct tn_member_result){ .stored = stage->outer->position - stage->base,
                                       .size = stage->sink.position,
                                       .block_size = stage->encoder ? stage->block_size : 0,
                                       .block_count = stage->block_count,
                                       .ends = stage->block_ends,
                                       .crc = stage->crc };
    stage->block_ends = NULL;
}
