/* SPDX-License-Identifier: MIT */
/* call.c - begins and ends the run of a codec function, and reads sources for it. */
#include "codec/call.h"
#include "codec/write.h"
#include "source/decoder.h"

/* Decoders that a call keeps. */
#define DECODERS 4u

const struct tn_codec *
tn_call_codec (const struct tn_call *call)
{
    return call->session->context->registry.codecs[call->codec];
}

void
tn_call_begin (struct tn_call *call, struct tn_session *session, enum tn_state state, uint64_t codec)
{
    memset (call, 0, sizeof *call);
    call->public.host = session->context->host;
    call->session = session;
    call->state = state;
    call->codec = codec;
}

tenon_status
tn_call_end (struct tn_call *call, tenon_status result)
{
    tenon_error *error = call->session->error;
    for (unsigned i = 0; call->decoders && i < DECODERS; i++)
        tn_decoder_free (&call->decoders[i]);
    free (call->decoders);
    for (unsigned i = call->owned_count; i-- > 0;)
        call->owned[i].release (call->owned[i].it);
    if (error->status == TENON_OK && result < 0 && result == call->pending)
        return tn_fail (error, result, TN_NO_OFFSET, "%s", call->pending_words);
    if (error->status == TENON_OK && result < 0)
        return tn_fail (error, result, TN_NO_OFFSET, "the codec %s failed without saying why: %s",
                        tn_call_codec (call)->table.id, tenon_status_text (result));
    return error->status;
}

void
tn_call_own (struct tn_call *call, void (*release) (void *), void *it)
{
    call->owned[call->owned_count++] = (struct tn_owned){ release, it };
}

/* ---- the steps of a service ---- */

tenon_status
tn_call_misuse (struct tn_call *call, const char *words)
{
    return tn_fail (call->session->error, TENON_E_MISUSE, TN_NO_OFFSET, "the codec %s: %s",
                    tn_call_codec (call)->table.id, words);
}

tenon_status
tn_call_refuse_state (struct tn_call *call, enum tn_state state)
{
    return tn_call_misuse (call, state == TN_CALL_WRITE
                                     ? "it called a service of write from another function"
                                     : "it called a service of describe from another function");
}

void
tn_call_show_tensor (const struct tn_tensor *tensor, const uint32_t *sources, uint32_t count,
                     struct tenon_tensor *theirs)
{
    *theirs = (struct tenon_tensor){ .struct_size = sizeof *theirs,
                                     .dtype = tensor->dtype,
                                     .name = tensor->name,
                                     .name_length = tensor->name_length,
                                     .shape = tensor->shape,
                                     .rank = tensor->rank,
                                     .flags = tensor->flags,
                                     .storage = tensor->storage,
                                     .source = UINT32_MAX,
                                     .offset = tensor->offset,
                                     .length = tensor->length,
                                     .cookie = tensor->cookie };
    for (uint32_t low = 0, high = count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (sources[middle] == tensor->source) {
            theirs->source = middle;
            break;
        }
        if (sources[middle] < tensor->source)
            low = middle + 1;
        else
            high = middle;
    }
}

/* ---- sources ---- */

struct tn_source *
tn_call_source (struct tn_call *call, uint32_t number)
{
    struct tn_catalog *catalog = call->session->catalog;
    if (call->state == TN_CALL_PROBE && number == 0)
        return call->source;
    if (call->state == TN_CALL_WRITE && call->writer->old && number == 0)
        return call->writer->old;
    const uint32_t *sources = call->sources;
    uint32_t count = call->source_count;
    if (call->state == TN_CALL_DESCRIBE) {
        sources = tn_description_sources (&catalog->descriptions[call->description]);
        count = catalog->descriptions[call->description].count;
    }
    if (number < count)
        return catalog->sources[sources[number]];
    tn_call_misuse (call, "there is no source of the number that it gave");
    return NULL;
}

tenon_status
tn_call_read (struct tn_call *call, struct tn_source *source, uint64_t offset, void *to, uint64_t length)
{
    tenon_error *error = call->session->error;
    bool done;
    TN_TRY (tn_readahead_read (call->session->readahead, source, offset, to, length, &done, error));
    if (done)
        return TENON_OK;
    if (!call->decoders && !(call->decoders = calloc (DECODERS, sizeof *call->decoders)))
        return tn_fail_memory (error);
    unsigned i = 0;
    while (i < DECODERS && call->decoders[i].source != source)
        i++;
    if (i == DECODERS)
        i = call->next_decoder++ % DECODERS;
    return tn_decoder_read (&call->decoders[i], source, offset, to, length, error);
}
