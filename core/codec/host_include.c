/* SPDX-License-Identifier: MIT */
/* host_include.c - describes sources with other codecs into the same catalog. */
#include "codec/describe.h"
#include "codec/host.h"
#include "codec/identify.h"
#include "codec/keyed.h"
#include "codec/reach.h"
#include "codec/recognise.h"
#include <stdio.h>

/* "OUTER/" and "KEY" → "OUTER/KEY/" */
static const char *
make_prefix (struct tn_arena *arena, const char *outer, const char *key, uint64_t length)
{
    uint64_t before = outer ? strlen (outer) : 0;
    char *prefix = tn_arena_get (arena, before + length + 2, false);
    if (!prefix)
        return NULL;
    if (before > 0)
        memcpy (prefix, outer, before);
    memcpy (prefix + before, key, length);
    prefix[before + length] = '/';
    prefix[before + length + 1] = 0;
    return prefix;
}

static TN_OWN_FRAME tenon_status
fail_include (struct tn_session *session, struct tn_source *source, tenon_status status)
{
    char words[TN_IDENTIFY_ROOM] = "";
    tn_source_fail_in (source, session->error);
    if (status != TENON_E_UNRECOGNISED || session->error->status < 0)
        return tn_fail (session->error, status, TN_NO_OFFSET, "%s", tenon_status_text (status));
    tn_identify_unknown (session, source, NULL, words);
    return tn_fail (session->error, status, TN_NO_OFFSET, "no codec recognises it%s", words);
}

/* "OUTER/" and "INNER/" → "OUTER/INNER/" */
static const char *
join_prefixes (struct tn_arena *arena, const char *outer, const char *inner)
{
    uint64_t before = outer ? strlen (outer) : 0, length = strlen (inner);
    char *prefix = tn_arena_get (arena, before + length + 1, false);
    if (!prefix)
        return NULL;
    if (before > 0)
        memcpy (prefix, outer, before);
    memcpy (prefix + before, inner, length + 1);
    return prefix;
}

tenon_status
tn_include_choose (struct tn_call *call, uint32_t number, const struct tenon_include *how,
                   struct tn_inclusion *inclusion)
{
    struct tn_session *session = call->session;
    struct tenon_include *ours = &inclusion->how;
    memset (inclusion, 0, sizeof *inclusion);
    call->pending_words[0] = 0;
    inclusion->mark = tn_arena_mark (&session->arena);
    inclusion->number = number;
    inclusion->tensors = session->catalog->count;
    inclusion->metadata = session->catalog->metadata_count;
    inclusion->metadata_bytes = session->catalog->metadata_bytes;
    TN_TRY (TN_CALL_MAY (call, include));
    if (how && !tn_copy_struct (ours, sizeof *ours, how, offsetof (struct tenon_include, codec)))
        return tn_call_misuse (call, "a struct tenon_include has a wrong struct_size");
    if (ours->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s includes a source with flags %#x, which this version does not know",
                        call->codec->table.id, ours->flags);
    struct tn_source *source = inclusion->source = tn_call_source (call, number);
    if (!source)
        return session->error->status;
    if (number == 0)
        return tn_call_misuse (call, "it wants to include the source that it was called for");
    TN_TRY (tn_call_check_depth (call, "sources", "read"));
    TN_TRY (tn_include_prefix (call, source, ours->flags, &inclusion->prefix));
    session->included.number = number;
    session->included.flags = ours->flags;
    tenon_status status = tn_recognise (session, source, ours->codec, &inclusion->codec, true, NULL);
    if (status == TENON_OK && tn_has_store (session->context->registry.codecs[inclusion->codec]))
        status = tn_keys_resolve (session, source, inclusion->prefix, &inclusion->codec, true, NULL);
    inclusion->chosen = status == TENON_OK;
    if (status == TENON_E_UNRECOGNISED
        && (!(ours->flags & TENON_INCLUDE_UNREADABLE) || (ours->flags & TENON_INCLUDE_OTHERS)))
        return tn_call_answer_missing (call, status, "no codec recognises ", source->name,
                                       source->name_length, "");
    return status < 0 ? fail_include (session, source, status) : status;
}

tenon_status
tn_include_prefix (struct tn_call *call, const struct tn_source *source, uint32_t flags, const char **prefix)
{
    struct tn_session *session = call->session;
    *prefix = call->prefix;
    if (flags & TENON_INCLUDE_PREFIX)
        *prefix = make_prefix (&session->arena, call->prefix, source->name, source->name_length);
    return *prefix || !(flags & TENON_INCLUDE_PREFIX) ? TENON_OK : tn_fail_memory (session->error);
}

tenon_status
tn_include_run (struct tn_call *call, const struct tn_inclusion *inclusion)
{
    struct tn_session *session = call->session;
    const char *metadata_prefix = call->metadata_prefix;
    if (inclusion->how.metadata_prefix
        && !(metadata_prefix =
                 join_prefixes (&session->arena, call->metadata_prefix, inclusion->how.metadata_prefix)))
        return tn_fail_memory (session->error);
    return tn_describe (session, inclusion->source->number, inclusion->codec, inclusion->prefix,
                        metadata_prefix,
                        inclusion->how.flags | (call->include_flags & TENON_INCLUDE_NO_METADATA));
}

void
tn_include_end (struct tn_call *call, const struct tn_inclusion *inclusion)
{
    if (inclusion->source && inclusion->source->keys)
        tn_keys_close (call->session, inclusion->source);
    tn_arena_release (&call->session->arena, inclusion->mark);
}

/* ---- sources that cannot be described ---- */

/* True if the failure is that of the source alone, and not of the file, the program or a plugin. */
static bool
is_own_fault (const struct tn_session *session)
{
    const struct tn_catalog *catalog = session->catalog;
    const uint64_t *limits = session->context->limits;
    switch (session->error->status) {
    case TENON_E_MALFORMED: return !catalog->name_twice;
    case TENON_E_TRUNCATED:
    case TENON_E_UNSUPPORTED:
    case TENON_E_CHECKSUM:
    case TENON_E_NOT_FOUND:
    case TENON_E_UNRECOGNISED:
    case TENON_E_AMBIGUOUS: return true;
    case TENON_E_LIMIT: /* what all sources together may have is no matter of one */
        return !(session->budget && session->budget->refused) && catalog->count < limits[TENON_LIMIT_TENSORS]
               && session->members < limits[TENON_LIMIT_MEMBERS];
    default: return false;
    }
}

bool
tn_include_forgives (const struct tn_call *call, const struct tn_inclusion *inclusion)
{
    const struct tn_session *session = call->session;
    return (inclusion->how.flags & TENON_INCLUDE_UNREADABLE) && !session->broken && is_own_fault (session);
}

/* The failure in one line, without the place that the tensor has itself. */
static void
tell_failure (char *to, size_t room, const tenon_error *failure, const struct tn_source *source,
              const char *tensor)
{
    tenon_error own = TENON_ERROR_INIT;
    char place[48] = "";
    tn_source_fail_in (source, &own);
    tn_fail_in (&own, NULL, tensor);
    size_t known = strlen (own.file);
    bool deeper = known > 0 && strncmp (failure->file, own.file, known) == 0
                  && strncmp (failure->file + known, ": ", 2) == 0;
    bool other = failure->tensor[0] && strcmp (failure->tensor, own.tensor) != 0;
    if (failure->offset != TN_NO_OFFSET)
        snprintf (place, sizeof place, " (at byte %llu)", (unsigned long long) failure->offset);
    snprintf (to, room, "%s%s%s%s%s%s%s", deeper ? failure->file + known + 2 : "", deeper ? ": " : "",
              other ? "tensor '" : "", other ? failure->tensor : "", other ? "': " : "", failure->message,
              place);
}

/* Takes the name that the source would give to a tensor without one. */
static tenon_status
stand_in (struct tn_call *call, const struct tn_inclusion *inclusion, const tenon_error *failure)
{
    struct tn_session *session = call->session;
    const struct tn_codec *codec =
        inclusion->chosen ? session->context->registry.codecs[inclusion->codec] : NULL;
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .flags = TENON_NO_SHAPE | TENON_ALIAS,
                                   .source = inclusion->number,
                                   .length = inclusion->source->size };
    char why[sizeof failure->message + 512];
    TN_TRY (tn_call_source_name (session, codec, inclusion->source, &tensor.name, &tensor.name_length));
    tell_failure (why, sizeof why, failure, inclusion->source, tensor.name);
    return tn_call_put_unreadable (call, &tensor, failure->status, "?", why);
}

static tenon_status
spoil_included (struct tn_call *call, const struct tn_inclusion *inclusion, const tenon_error *failure)
{
    struct tn_session *session = call->session;
    struct tn_catalog *catalog = session->catalog;
    char why[sizeof failure->message + 512];
    for (uint64_t i = inclusion->tensors; i < catalog->count; i++) {
        struct tn_tensor *tensor = tn_catalog_tensor (catalog, i);
        if (tn_catalog_fault (catalog, tensor))
            continue;
        TN_TRY (tn_budget_work (session->budget, TN_WORK_NOTE));
        tell_failure (why, sizeof why, failure, inclusion->source, tensor->name);
        TN_TRY (tn_catalog_spoil (catalog, tensor, failure->status, NULL, why, session->error));
        tn_call_report_unreadable (session, tensor);
    }
    return TENON_OK;
}

TN_OWN_FRAME tenon_status
tn_include_give_up (struct tn_call *call, const struct tn_inclusion *inclusion)
{
    struct tn_session *session = call->session;
    struct tn_mark mark = tn_arena_mark (&session->arena);
    tenon_error failure = *session->error;
    tn_error_clear (session->error);
    tell_failure (call->pending_words, sizeof call->pending_words, &failure, inclusion->source, "");
    TN_TRY (tn_catalog_forget_metadata (session->catalog, inclusion->metadata, session->error));
    session->catalog->metadata_bytes = inclusion->metadata_bytes;
    tenon_status status = session->catalog->count > inclusion->tensors
                              ? spoil_included (call, inclusion, &failure)
                              : stand_in (call, inclusion, &failure);
    tn_arena_release (&session->arena, mark);
    return status;
}

tenon_status
tn_host_include (struct tenon_call *public, uint32_t number, const struct tenon_include *how)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_inclusion inclusion;
    tenon_status status = tn_include_choose (call, number, how, &inclusion);
    if (status == TENON_OK)
        status = tn_include_run (call, &inclusion);
    tn_include_end (call, &inclusion);
    return status < 0 && tn_include_forgives (call, &inclusion) ? tn_include_give_up (call, &inclusion)
                                                                : status;
}
