/* SPDX-License-Identifier: MIT */
/* call_read.c - reads bytes for a codec: the services read_at and view. */
#include "base/report.h"
#include "codec/host.h"
#include "codec/wire.h"
#include "codec/write.h"
#include "kernels/checksum.h"
#include "source/decoder.h"
#include "source/scan.h"
#include <stdio.h>

/* A longer read is done in pieces, so that it can be stopped. */
#define READ_AT_ONCE ((uint64_t) 16 << 20)

static tenon_status
read_through (struct tn_call *call, struct tn_source *source, uint64_t offset, void *to, uint64_t length)
{
    tenon_error *error = call->session->error;
    bool done;
    TN_TRY (tn_budget_work (call->session->budget, TN_WORK_READ + length));
    source = tn_source_plain (source);
    TN_TRY (tn_readahead_read (call->session->readahead, source, offset, to, length, &done, error));
    if (done)
        return TENON_OK;
    if (!call->decoders && !(call->decoders = calloc (TN_CALL_DECODERS, sizeof *call->decoders)))
        return tn_fail_memory (error);
    for (unsigned i = 0; i < TN_CALL_DECODERS; i++)
        call->decoders[i].budget = call->session->budget;
    unsigned i = 0;
    while (i < TN_CALL_DECODERS && call->decoders[i].source != source)
        i++;
    if (i == TN_CALL_DECODERS)
        i = call->next_decoder++ % TN_CALL_DECODERS;
    struct tn_catalog *catalog = call->session->catalog;
    if (tn_call_writes (call) && call->writer->old) /* whose sources they are */
        catalog = (struct tn_catalog *) (uintptr_t) call->writer->old;
    TN_TRY (tn_unpack_when_due (call->session->context, &catalog->store, source,
                                tn_decoder_cost (&call->decoders[i], source, offset, length), true, error));
    if (tn_source_plain (source) != source)
        return tn_source_read (tn_source_plain (source), offset, to, length, error);
    return tn_decoder_read (&call->decoders[i], source, offset, to, length, error);
}

/* Counts what was read of a part. When that is all, in whatever pieces, its checksum is compared. While a
 * file is described, a wrong one is a flaw: it may be that of a member of which nothing is ever used. */
static tenon_status
account_read (struct tn_call *call, struct tn_source *source, uint64_t length)
{
    struct tn_session *session = call->session;
    tenon_error sum;
    if (source->kind != TN_SOURCE_PART) /* this runs for each field of a header */
        return TENON_OK;
    tn_error_clear (&sum);
    if (tn_scan_account (session->context, source, length, false, &sum) == TENON_OK
        || call->state == TN_CALL_PROBE)
        return TENON_OK;
    if (!tn_call_describes (call))
        *session->error = sum;
    else if (session->channel) {
        tn_channel_put_u32 (session->channel, TN_SAYS_FLAW);
        tn_wire_put_error (session->channel, &sum);
    } else if (session->report)
        tn_report_flaw (session->report, &sum);
    return session->error->status;
}

tenon_status
tn_call_read (struct tn_call *call, struct tn_source *source, uint64_t offset, void *to, uint64_t length)
{
    bool inside = offset <= source->size && length <= source->size - offset;
    for (; inside && length > READ_AT_ONCE; length -= READ_AT_ONCE) {
        TN_TRY (read_through (call, source, offset, to, READ_AT_ONCE));
        TN_TRY (account_read (call, source, READ_AT_ONCE));
        offset += READ_AT_ONCE, to = (uint8_t *) to + READ_AT_ONCE;
    }
    TN_TRY (read_through (call, source, offset, to, length));
    return account_read (call, source, length);
}

/* True if one call reads all of a part that the codec itself chose: it will use what it reads. */
static bool
is_whole_part (const struct tn_call *call, uint32_t number, const struct tn_source *source, uint64_t offset,
               uint64_t length)
{
    return tn_call_describes (call) && number > 0 && source->kind == TN_SOURCE_PART
           && source->check != TENON_CHECK_NONE && offset == 0 && length == source->size;
}

/* Reads all of it, and compares its checksum. */
static tenon_status
read_whole_part (struct tn_call *call, struct tn_source *source, uint8_t *to)
{
    struct tn_session *session = call->session;
    uint32_t sum = tn_sum_begin (source->check);
    for (uint64_t at = 0, piece; at < source->size; at += piece) {
        piece = TN_MIN (source->size - at, READ_AT_ONCE);
        TN_TRY (read_through (call, source, at, to + at, piece));
        sum = tn_sum_add (source->check, sum, to + at, piece);
    }
    TN_TRY (tn_source_compare (source, sum, session->error));
    return account_read (call, source, source->size); /* in what it lies in */
}

/* Makes of a checksum that is wrong an answer: a codec may do without the part. */
static tenon_status
answer_checksum (struct tn_call *call, const struct tn_source *source)
{
    tenon_error *error = call->session->error;
    char member[80];
    if (error->status != TENON_E_CHECKSUM)
        return error->status;
    tn_escape (member, sizeof member, source->name, TN_MIN (source->name_length, 60));
    call->pending = TENON_E_CHECKSUM;
    call->pending_source = NULL;
    snprintf (call->pending_words, sizeof call->pending_words, "member '%s': %.100s", member, error->message);
    tn_error_clear (error);
    return TENON_E_CHECKSUM;
}

tenon_status
tn_host_read_at (struct tenon_call *public, uint32_t number, uint64_t offset, void *to, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return call->session->error->status;
    if (!is_whole_part (call, number, source, offset, length))
        return tn_call_read (call, source, offset, to, length);
    TN_TRY (call->session->error->status);
    return read_whole_part (call, source, to) < 0 ? answer_checksum (call, source) : TENON_OK;
}

const void *
tn_host_view (struct tenon_call *public, uint32_t number, uint64_t offset, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return NULL;
    /* No memory for bytes that the file does not have: this read fails and says why. */
    if (offset > source->size || length > source->size - offset) {
        tn_call_read (call, source, offset, NULL, length);
        return NULL;
    }
    uint64_t most = session->context->limits[TENON_LIMIT_HEADER_BYTES];
    if (length > most || session->arena.used > most - length)
        return tn_host_scratch (public, length);
    void *copy = tn_arena_get (&session->arena, length, false);
    if (!copy) {
        tn_fail_memory (session->error);
        return NULL;
    }
    tenon_status status = is_whole_part (call, number, source, offset, length)
                              ? read_whole_part (call, source, copy)
                              : tn_call_read (call, source, offset, copy, length);
    return status < 0 ? NULL : copy;
}
