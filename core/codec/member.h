/* SPDX-License-Identifier: MIT */
/* member.h - a member of a container: what a codec asks for, and what became of it. */
#ifndef TN_MEMBER_H
#define TN_MEMBER_H
#include "codec/write.h"
#include "sink/encode_sink.h"

/* A member that a codec asks for, checked. */
struct tn_member_spec {
    uint64_t first, count; /* tensors of the writer that it is asked of */
    uint64_t codec;
    const struct tn_filter *filter;
    int32_t level;
    bool sums;
    uint64_t block_size;
    uint64_t announced; /* members like this one that are asked for next */
};
/* About how many decoded bytes it has: those of its tensors, and some for headers. */
uint64_t tn_member_size (const struct tn_writer *outer, const struct tn_member_spec *wanted);
/* Lets the member's codec write into the stage. `inner` says where losses, progress and what is done are
 * counted; the rest of it is set here. */
tenon_status tn_member_write (struct tn_session *session, const struct tn_writer *outer,
                              struct tn_writer *inner, const struct tn_member_spec *wanted,
                              struct tn_encode_sink *stage);

/* What became of a member; `ends` is the caller's to free. */
struct tn_member_result {
    uint64_t stored, size, block_size, block_count;
    uint64_t *ends;
    uint32_t crc;
};
void tn_member_result_fill (struct tn_member_result *made, struct tn_encode_sink *stage);

#endif
