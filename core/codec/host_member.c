/* SPDX-License-Identifier: MIT */
/* host_member.c - the service that writes a member of a container. */
#include "codec/archive_write.h"
#include "codec/batch.h"
#include "codec/host.h"
#include "context/cause.h"
#include "kernels/checksum.h"

static tenon_status
check_member (struct tn_call *call, const struct tn_writer *outer, const struct tenon_member *member,
              struct tn_member_spec *spec)
{
    struct tn_session *session = call->session;
    if (member->first > outer->count || member->count > outer->count - member->first || !member->codec)
        return tn_call_misuse (call, "a member has tensors that the plan does not have, or no codec");
    if (member->flags & TENON_FLAGS_MUST_KNOW)
        return tn_call_misuse (call, "a member has flags that this version does not know");
    *spec = (struct tn_member_spec){ .first = member->first,
                                     .count = member->count,
                                     .check = member->check,
                                     .block_size = member->block_size,
                                     .announced = member->announced };
    if (member->count > 0 && member->announced > (outer->count - member->first) / member->count - 1)
        return tn_call_misuse (call, "a member announces others of tensors that the plan does not have");
    if (member->step_count > 0) {
        const char *missing;
        if (outer->measures)
            return tn_writer_cannot_measure (call, member->steps ? member->steps->filter : "");
        tenon_status status =
            tn_pipeline_make (session->context, &session->arena, member->steps, member->step_size,
                              member->step_count, &call->pipeline, &missing, session->error);
        if (status == TENON_E_NOT_FOUND)
            return tn_cause_fail_filter (session->context, missing, session->error);
        TN_TRY (status);
        spec->pipeline = call->pipeline;
    }
    TN_TRY (tn_codec_find (session->context, member->codec, TN_TO_WRITE, &spec->codec, session->error));
    return tn_call_check_depth (call, "members", "write");
}

/* Writes the member into the sink of the container. */
static tenon_status
write_member (struct tn_call *call, struct tn_writer *outer, const struct tn_member_spec *spec,
              struct tn_encoder *encoder, uint64_t block_size, struct tn_member_result *written)
{
    struct tn_session *session = call->session;
    struct tn_encode_sink encode_sink;
    struct tn_writer inner = { .in_batch = outer->in_batch,
                               .done = outer->done,
                               .done_first = outer->done_first,
                               .losses = outer->losses,
                               .is_begun = outer->is_begun,
                               .meter = outer->meter };
    tn_encode_sink_open (&encode_sink, session->context, outer->sink, spec->check);
    if (encoder)
        tn_encode_sink_filter (&encode_sink, encoder, block_size, tn_member_size (outer, spec), false, 0);
    encode_sink.meter = outer->meter;
    tenon_status status = tn_member_write (session, outer, &inner, spec, &encode_sink);
    if (status == TENON_OK)
        tn_member_result_fill (written, &encode_sink);
    tn_encode_sink_close (&encode_sink);
    return status;
}

static tenon_status
put_filtered (struct tn_call *call, struct tn_writer *outer, const struct tn_member_spec *spec,
              struct tn_member_result *written)
{
    struct tn_session *session = call->session;
    struct tn_encoder *encoder;
    uint64_t block_size;
    bool found;
    TN_TRY (tn_batch_encoder (call, spec, &encoder));
    TN_TRY (tn_encoder_block_size (encoder, spec->block_size, tn_member_size (outer, spec),
                                   session->context->limits[TENON_LIMIT_MEMORY], &block_size,
                                   session->error));
    TN_TRY (tn_batch_put (call, spec, block_size, written, &found));
    return found ? TENON_OK : write_member (call, outer, spec, encoder, block_size, written);
}

static struct tenon_member_result
to_result (uint64_t offset, const struct tn_member_result *written, const uint64_t *ends)
{
    return (struct tenon_member_result){ .struct_size = sizeof (struct tenon_member_result),
                                         .offset = offset,
                                         .stored = written->stored,
                                         .size = written->size,
                                         .check_value = written->sum,
                                         .block_size = written->block_size,
                                         .block_count = written->block_count,
                                         .block_ends = ends };
}

/* Fills the codec's struct, if it has one. The block ends live as long as the call. */
static tenon_status
tell_result (struct tn_call *call, uint64_t offset, const struct tn_member_result *written,
             struct tenon_member_result *result)
{
    uint64_t *ends = NULL, bytes = written->block_count * sizeof *ends;
    if (!result)
        return TENON_OK;
    if (written->block_count > 0) {
        if (!(ends = tn_arena_get (&call->session->arena, bytes, false)))
            return tn_fail_memory (call->session->error);
        memcpy (ends, written->ends, bytes);
    }
    struct tenon_member_result found = to_result (offset, written, ends);
    return tn_call_reply (call, result, &found, sizeof found);
}

tenon_status
tn_host_put_member (struct tenon_call *public, const struct tenon_member *member,
                    struct tenon_member_result *result)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    struct tenon_member ours;
    struct tn_member_spec spec;
    struct tn_member_result written = { .stored = 0 };
    TN_TRY (TN_CALL_MAY (call, put_member));
    if (!tn_copy_struct (&ours, sizeof ours, member, offsetof (struct tenon_member, block_size)))
        return tn_call_misuse (call, "a struct tenon_member has a wrong struct_size");
    if (!tn_sum_knows (ours.check))
        return tn_call_answer_check (call, ours.check);
    if (!writer->archive != !ours.key)
        return tn_call_misuse (call, ours.key ? "a member has a key, but the codec writes no store"
                                              : "a member of a store has no key");
    if (ours.key && !writer->folder) /* of a folder, the codec alone gets the sum */
        TN_TRY (tn_entries_choose_check (call, &ours.check));
    tenon_status status = check_member (call, writer, &ours, &spec);
    if (status == TENON_OK)
        status = tn_batch_expect (call, &spec);
    if (status == TENON_OK && ours.key)
        status = tn_entries_begin_member (call, &ours);
    uint64_t offset = writer->sink->position;
    if (status == TENON_OK)
        status = spec.pipeline ? put_filtered (call, writer, &spec, &written)
                               : write_member (call, writer, &spec, NULL, 0, &written);
    if (status == TENON_OK)
        status = tell_result (call, offset, &written, result);
    if (status == TENON_OK && ours.key) {
        struct tenon_member_result found = to_result (offset, &written, written.ends);
        status = tn_entries_end_member (call, &found);
    }
    free (written.ends);
    return status;
}
