/* SPDX-License-Identifier: MIT */
/* call.c - begins and ends the run of a codec function; the steps that its services have in common. */
#include "codec/call.h"
#include "codec/locate.h"
#include "codec/rules.h"
#include "codec/write.h"
#include "source/decoder.h"
#include <stdio.h>

void
tn_call_begin (struct tn_call *call, struct tn_session *session, enum tn_state state, uint64_t number)
{
    memset (call, 0, sizeof *call);
    call->public.host = session->context->host;
    call->session = session;
    call->state = state;
    call->number = number;
    call->codec = session->context->registry.codecs[number];
}

static void
free_owned (struct tn_call *call)
{
    for (unsigned i = 0; call->decoders && i < TN_CALL_DECODERS; i++)
        tn_decoder_free (&call->decoders[i]);
    free (call->decoders);
    call->decoders = NULL;
    for (unsigned i = call->owned_count; i-- > 0;)
        call->owned[i].release (call->owned[i].it);
    call->owned_count = 0;
}

void
tn_call_free (struct tn_call *call)
{
    free_owned (call);
    tn_rules_end (call);
}

tenon_status
tn_call_judge (struct tn_call *call, tenon_status result)
{
    tenon_error *error = call->session->error;
    char broken[400];
    if (call->handle && tn_rules_leave (call, broken, sizeof broken)) {
        tn_error_clear (error); /* what the codec made of the refusal says less */
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "%s", broken);
    }
    if (error->status == TENON_OK && result < 0 && result == call->pending) {
        if (call->pending_source)
            tn_source_fail_in (call->pending_source, error);
        return tn_fail (error, result, call->pending_source ? call->pending_offset : TN_NO_OFFSET, "%s",
                        call->pending_words);
    }
    if (error->status == TENON_OK && result < 0)
        return tn_fail (error, result, TN_NO_OFFSET, "the codec %s failed without saying why: %s",
                        call->codec->table.id, tenon_status_text (result));
    if (error->status == TENON_OK && result > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the codec %s returned %d, which is neither success nor a failure",
                        call->codec->table.id, (int) result);
    return error->status;
}

tenon_status
tn_call_end (struct tn_call *call, tenon_status result)
{
    free_owned (call);
    result = tn_call_judge (call, result);
    tn_rules_end (call);
    return result;
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
                    call->codec->table.id, words);
}

tenon_status
tn_call_check_depth (struct tn_call *call, const char *what, const char *verb)
{
    const struct tn_session *session = call->session;
    if (session->depth >= TN_MOST_CALLS)
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "%s lie in each other more than %u deep, which no limit allows", what, TN_MOST_CALLS);
    if (session->depth >= session->context->limits[TENON_LIMIT_DEPTH])
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "%s lie in each other %u deep; raise depth in [limits] to %s them, to %u at most",
                        what, session->depth, verb, TN_MOST_CALLS);
    return TENON_OK;
}

tenon_status
tn_call_reply (struct tn_call *call, void *theirs, const void *ours, size_t size)
{
    return tn_fill_struct (theirs, ours, size) ? TENON_OK
                                               : tn_call_misuse (call, "a struct has no struct_size");
}

tenon_status
tn_call_answer (struct tn_call *call, tenon_status status, const char *words)
{
    call->pending = status;
    call->pending_source = NULL;
    snprintf (call->pending_words, sizeof call->pending_words, "%s", words);
    return status;
}

tenon_status
tn_call_answer_check (struct tn_call *call, uint32_t kind)
{
    char words[80];
    snprintf (words, sizeof words, "this version knows no checksum of kind %u", kind);
    return tn_call_answer (call, TENON_E_UNSUPPORTED, words);
}

tenon_status
tn_call_answer_missing (struct tn_call *call, tenon_status status, const char *before, const char *name,
                        uint64_t length, const char *behind)
{
    char shown[120];
    tn_escape (shown, sizeof shown, name, TN_MIN (length, 100));
    call->pending = status;
    call->pending_source = NULL;
    snprintf (call->pending_words, sizeof call->pending_words, "%s'%s'%s", before, shown, behind);
    return status;
}

tenon_status
tn_call_refuse (struct tn_call *call, enum tn_service service)
{
    char words[200];
    tn_rule_words (service, call->state, words, sizeof words);
    return tn_fail (call->session->error, TENON_E_MISUSE, TN_NO_OFFSET, "the codec %s: it called %s %s",
                    call->codec->table.id, tn_rules[service].service, words);
}

void
tn_call_show_tensor (const struct tn_catalog *catalog, const struct tn_tensor *tensor,
                     const uint32_t *sources, uint32_t count, struct tenon_tensor *theirs)
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
                                     .alias_of = TENON_AUTO };
    const struct tn_remark *lay = tn_tensor_strides (catalog, tensor);
    theirs->strides = lay ? lay->strides : NULL;
    if (tensor->served) {
        theirs->offset = tensor->served->offset;
        theirs->place = tensor->served->place;
        theirs->state = tensor->served->size ? tn_served_state (tensor->served) : NULL;
        theirs->state_size = tensor->served->size;
        theirs->chunk_shape = tensor->served->grid ? tensor->served->grid->chunk_shape : NULL;
    }
    /* a source has a number in the run that it was added to, or opened in, and is the first of another */
    if (count == 0)
        return;
    uint32_t opened = sources[0] == tensor->source ? 0 : catalog->sources[tensor->source]->opened;
    if (opened < count && sources[opened] == tensor->source)
        theirs->source = opened;
}

/* ---- sources ---- */

struct tn_source *
tn_call_find_source (struct tn_call *call, uint32_t number)
{
    struct tn_catalog *catalog = call->session->catalog;
    const uint32_t *sources = call->sources;
    uint32_t count = call->source_count;
    if (tn_call_describes (call)) {
        sources = tn_description_sources (&catalog->descriptions[call->description]);
        count = catalog->descriptions[call->description].count;
    } else if (call->state == TN_CALL_PROBE && number == 0)
        return call->source;
    else if (tn_call_writes (call) && call->writer->old && number < call->writer->old->source_count)
        return call->writer->old->sources[number];
    if (number < count)
        return catalog->sources[sources[number]];
    const struct tn_located_file *opened = call->locator ? tn_locator_file (call->locator, number) : NULL;
    if (opened)
        return opened->source;
    tn_call_misuse (call, "there is no source of the number that it gave");
    return NULL;
}

tenon_status
tn_call_number_source (struct tn_call *call, struct tn_source *source, uint32_t *number)
{
    struct tn_session *session = call->session;
    struct tn_description *description = &session->catalog->descriptions[call->description];
    uint64_t room = description->room;
    if (source->opened > 0 && source->opened < description->count
        && description->sources[source->opened] == source->number) {
        *number = source->opened;
        return TENON_OK;
    }
    bool first = description->sources == NULL;
    if (!tn_grow_within (session->budget, &description->sources, &room, description->count,
                         sizeof *description->sources))
        return tn_fail_memory (session->error);
    description->room = (uint32_t) TN_MIN (room, (uint64_t) UINT32_MAX);
    if (first)
        description->sources[0] = description->first;
    *number = source->opened = description->count;
    description->sources[description->count++] = source->number;
    return TENON_OK;
}

/* In write, source numbers in values are the plan's. */
tenon_status
tn_call_array_source (struct tn_call *call, const struct tenon_value *array, struct tn_source **source)
{
    *source = NULL;
    if (!tn_value_is_packed (array) || array->source == TENON_NO_SOURCE)
        return TENON_OK;
    if (!tn_call_writes (call))
        *source = tn_call_source (call, array->source);
    else if (array->source < call->session->metadata_source_count)
        *source = call->session->metadata_sources[array->source];
    return *source ? TENON_OK : tn_call_misuse (call, "there is no source of the number that it gave");
}
