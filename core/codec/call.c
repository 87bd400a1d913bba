/* SPDX-License-Identifier: MIT */
/* call.c - begins and ends the run of a codec function; the services that every codec function may call. */
#include "codec/call.h"
#include "base/report.h"
#include "codec/rules.h"
#include "codec/wire.h"
#include "codec/write.h"
#include "context/filter_option.h"
#include "kernels/checksum.h"
#include "source/decoder.h"
#include "source/scan.h"
#include <stdio.h>

/* Decoders that a call keeps. */
#define DECODERS 4u
/* A longer read is done in pieces, so that it can be stopped. */
#define READ_AT_ONCE ((uint64_t) 16 << 20)

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
    for (unsigned i = 0; call->decoders && i < DECODERS; i++)
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
    if (error->status == TENON_OK && result < 0 && result == call->pending)
        return tn_fail (error, result, TN_NO_OFFSET, "%s", call->pending_words);
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
tn_call_source (struct tn_call *call, uint32_t number)
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
    if (!call->decoders && !(call->decoders = calloc (DECODERS, sizeof *call->decoders)))
        return tn_fail_memory (error);
    for (unsigned i = 0; i < DECODERS; i++)
        call->decoders[i].budget = call->session->budget;
    unsigned i = 0;
    while (i < DECODERS && call->decoders[i].source != source)
        i++;
    if (i == DECODERS)
        i = call->next_decoder++ % DECODERS;
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
    snprintf (call->pending_words, sizeof call->pending_words, "member '%s': %.100s", member, error->message);
    tn_error_clear (error);
    return TENON_E_CHECKSUM;
}

/* ---- services ---- */

void
tn_host_fail (struct tenon_call *public, int32_t status, uint32_t number, uint64_t offset,
              const char *message)
{
    struct tn_call *call = (struct tn_call *) public;
    /* A name that occurs twice, among those that are not entered yet, is the earlier failure. */
    if (tn_call_describes (call))
        tn_catalog_enter_names (call->session->catalog, call->session->error);
    if (tn_call_describes (call) || call->state == TN_CALL_READ) {
        struct tn_source *source = tn_call_source (call, number);
        if (source)
            tn_source_fail_in (source, call->session->error);
    }
    char shown[sizeof call->session->error->message];
    tn_escape (shown, sizeof shown, message ? message : "", message ? strlen (message) : 0);
    tn_fail_text (call->session->error, status, offset, "%s", shown);
}

/* A loss that describe tells becomes one of saves. Its item is a name as the codec gives it, without the
 * prefix. */
static void
note_omission (struct tn_call *call, const char *item, const struct tn_source *source, const char *message)
{
    struct tn_session *session = call->session;
    const char *prefix = call->prefix ? call->prefix : "";
    const char *file = source->path ? source->path : source->name;
    TN_FREE char *subject = item ? tn_concat (prefix, item, (char *) NULL) : NULL;
    if (item && !subject)
        tn_fail_memory (session->error);
    else
        tn_catalog_add_omission (session->catalog, subject ? subject : "", file, message,
                                 call->archive ? call->losing : call->description,
                                 call->archive ? source->kind == TN_SOURCE_PART : session->depth > 1,
                                 session->error);
}

void
tn_host_note (struct tenon_call *public, uint32_t kind, const char *item, const char *message)
{
    struct tn_call *call = (struct tn_call *) public;
    if (call->session->error->status < 0)
        return; /* the failure is told, not what its codec makes of it */
    struct tn_source *source = tn_call_describes (call) ? tn_call_source (call, 0) : NULL;
    tn_budget_work (call->session->budget, TN_WORK_NOTE);
    char shown[1024];
    tn_escape (shown, sizeof shown, message ? message : "", message ? strlen (message) : 0);
    bool flaw = kind == (TENON_NOTE | TENON_FLAW) && tn_call_describes (call);
    if (flaw)
        kind = TENON_NOTE;
    if (kind == TENON_LOSS && tn_call_writes (call))
        ++*call->writer->losses;
    if (kind == TENON_LOSS && tn_call_describes (call)) {
        kind = TENON_NOTE;
        note_omission (call, item, source, shown);
    }
    if (call->session->report && (kind == TENON_NOTE || kind == TENON_LOSS))
        tn_report_add (call->session->report, kind, flaw ? TENON_E_MALFORMED : TENON_OK, 0, item,
                       source ? (source->path ? source->path : source->name) : "", "%s", shown);
}

int32_t
tn_host_cancelled (struct tenon_call *public)
{
    return tn_budget_ask (((struct tn_call *) public)->session->budget) < 0;
}

tenon_status
tn_host_work (struct tenon_call *public, uint64_t amount)
{
    return tn_budget_work (((struct tn_call *) public)->session->budget, amount);
}

void *
tn_host_scratch (struct tenon_call *public, uint64_t size)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    uint64_t limit = session->context->limits[TENON_LIMIT_HEADER_BYTES];
    if (size > limit || session->arena.used > limit - size) {
        tn_fail_text (
            session->error, TENON_E_LIMIT, TN_NO_OFFSET,
            "the header needs more than %llu bytes of memory; raise header_bytes in [limits] to read it",
            (unsigned long long) limit);
        return NULL;
    }
    void *memory = tn_arena_get (&session->arena, size, true);
    if (!memory)
        tn_fail_memory (session->error);
    return memory;
}

tenon_status
tn_host_option (struct tenon_call *public, uint32_t index, struct tenon_setting *setting)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_setting found;
    memset (&found, 0, sizeof found);
    if (!tn_overlay_get (call->session->context, call->session->overlay, call->number, index, &found))
        return tn_call_misuse (call, "it has no option of the number that it asked for");
    TN_TRY (tn_filter_option_check (call->session->context, &call->codec->table.options[index],
                                    call->codec->section, &found, call->session->error));
    found.struct_size = sizeof found;
    return tn_call_reply (call, setting, &found, sizeof found);
}

uint64_t
tn_host_limit (struct tenon_call *public, uint32_t number)
{
    return number < TENON_LIMITS ? ((struct tn_call *) public)->session->context->limits[number] : 0;
}

uint32_t
tn_host_dtype_find (struct tenon_call *public, const char *name)
{
    return name ? tn_dtype_find (((struct tn_call *) public)->session->context, name) : TENON_NONE;
}

tenon_status
tn_host_dtype_info (struct tenon_call *public, uint32_t dtype, struct tenon_dtype *info)
{
    struct tn_call *call = (struct tn_call *) public;
    const struct tenon_dtype *found = call->session->catalog
                                          ? tn_catalog_dtype (call->session->catalog, dtype)
                                          : tn_dtype_get (call->session->context, dtype);
    if (!found)
        return tn_call_misuse (call, "there is no dtype of the number that it gave");
    return tn_call_reply (call, info, found, sizeof *found);
}

tenon_status
tn_host_source_info (struct tenon_call *public, uint32_t number, struct tenon_source_info *info)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return call->session->error->status;
    struct tenon_source_info found = { sizeof found, 0, source->size, source->name, source->name_length };
    return tn_call_reply (call, info, &found, sizeof found);
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

tenon_status
tn_host_checksum (struct tenon_call *public, uint32_t kind, const uint64_t *before, const void *bytes,
                  uint64_t length, uint64_t *sum)
{
    struct tn_call *call = (struct tn_call *) public;
    if (!sum || (!bytes && length > 0))
        return tn_call_misuse (call, "it asks for the checksum of bytes at NULL, or has no room for it");
    if (kind == TENON_CHECK_NONE || !tn_sum_knows (kind))
        return tn_call_answer_check (call, kind);
    *sum = tn_sum_add (kind, before ? (uint32_t) *before : tn_sum_begin (kind), bytes, length);
    return call->session->error->status;
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

/* In write, source numbers in values are the plan's. */
tenon_status
tn_call_array_source (struct tn_call *call, const struct tenon_value *array, struct tn_source **source)
{
    *source = NULL;
    if (array->type != TENON_ARRAY || array->source == TENON_NO_SOURCE)
        return TENON_OK;
    if (!tn_call_writes (call))
        *source = tn_call_source (call, array->source);
    else if (array->source < call->session->metadata_source_count)
        *source = call->session->metadata_sources[array->source];
    return *source ? TENON_OK : tn_call_misuse (call, "there is no source of the number that it gave");
}

tenon_status
tn_host_items (struct tenon_call *public, const struct tenon_value *array, uint64_t first, uint64_t n,
               struct tenon_value *found)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tn_source *source;
    TN_TRY (TN_CALL_MAY (call, items));
    TN_TRY (tn_call_array_source (call, array, &source));
    return tn_value_items (source, array, first, n, found, &session->arena,
                           session->context->limits[TENON_LIMIT_METADATA_BYTES], session->budget,
                           session->error);
}

tenon_status
tn_host_each_item (struct tenon_call *public, const struct tenon_value *array,
                   tenon_status (*visit) (void *user, const struct tenon_value *item), void *user)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tn_source *source;
    TN_TRY (TN_CALL_MAY (call, each_item));
    if (array->type != TENON_ARRAY)
        return tn_call_misuse (call, "each_item takes arrays");
    TN_TRY (tn_call_array_source (call, array, &source));
    return tn_value_each (source, array, visit, user, session->context->limits[TENON_LIMIT_METADATA_BYTES],
                          session->budget, session->error);
}

const char *
tn_host_answer (struct tenon_call *public)
{
    struct tn_call *call = (struct tn_call *) public;
    if (tn_rule_allows (TN_SERVICE_answer, call->state))
        return call->pending_words;
    tn_call_refuse (call, TN_SERVICE_answer);
    return "";
}

uint64_t
tn_host_hash (struct tenon_call *public, const void *bytes, uint64_t length)
{
    return tn_hash (&((struct tn_call *) public)->session->context->hash_key, bytes, length);
}
