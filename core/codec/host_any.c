/* SPDX-License-Identifier: MIT */
/* host_any.c - the services that every codec function may call, but for reading (call_read.c). */
#include "base/report.h"
#include "codec/host.h"
#include "codec/write.h"
#include "context/filter_option.h"
#include "kernels/checksum.h"

void
tn_host_fail (struct tenon_call *public, int32_t status, uint32_t number, uint64_t offset,
              const char *message)
{
    struct tn_call *call = (struct tn_call *) public;
    /* A name that occurs twice, among those that are not entered yet, is the earlier failure. */
    if (tn_call_describes (call))
        tn_catalog_enter_names (call->session->catalog, call->session->error);
    if (tn_call_describes (call) || call->state == TN_CALL_READ || call->state == TN_CALL_CHUNK) {
        struct tn_source *source = tn_call_source (call, number);
        if (source)
            tn_source_fail_in (source, call->session->error);
    }
    char shown[sizeof call->session->error->message];
    tn_escape (shown, sizeof shown, message ? message : "", message ? strlen (message) : 0);
    tn_fail_text (call->session->error, status, offset, "%s", shown);
}

/* A loss that describe reports becomes a loss of saves. Its item is a name as the codec gives it, without
 * the prefix. */
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
        return; /* the failure is reported, and not what its codec makes of it */
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
