/* SPDX-License-Identifier: MIT */
/* member.h - writes a member of a container with another codec. */
#ifndef TN_MEMBER_H
#define TN_MEMBER_H
#include "codec/write.h"
#include "sink/encode_sink.h"

/* A member that a codec asks for. The values are checked. */
struct tn_member_spec {
    uint64_t first, count; /* tensors of the container's writer */
    uint64_t codec;
    const struct tn_pipeline *pipeline; /* NULL: it is stored as it is */
    uint32_t check;                     /* TENON_CHECK_* */
    uint64_t block_size;
    uint64_t announced; /* members like this one that are asked for next */
};
/* About how many decoded bytes the member has: those of its tensors, and some for headers. */
uint64_t tn_member_size (const struct tn_writer *outer, const struct tn_member_spec *spec);
/* Runs the member's codec over the encode sink. The caller has set what `inner` shares with
 * others: in_batch, done, done_first, losses and meter. tn_member_write sets the rest. */
tenon_status tn_member_write (struct tn_session *session, const struct tn_writer *outer,
                              struct tn_writer *inner, const struct tn_member_spec *spec,
                              struct tn_encode_sink *encode_sink);

/* A member that was written. The caller frees `ends`. */
struct tn_member_result {
    uint64_t stored, size, block_size, block_count;
    uint64_t *ends;
    uint32_t sum;
};
void tn_member_result_fill (struct tn_member_result *result, struct tn_encode_sink *encode_sink);

#endif
