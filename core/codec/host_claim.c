/* SPDX-License-Identifier: MIT */
/* host_claim.c - the keys of a store that chunks may have: those that describe opens, and those that it
 * claims. */
#include "codec/folder_keys.h"
#include "codec/host.h"

static struct tn_claims *
need_claims (struct tn_call *call)
{
    struct tn_session *session = call->session;
    struct tn_description *description = &session->catalog->descriptions[call->description];
    if (!description->claims
        && !(description->claims = tn_claims_new (&session->context->hash_key, session->budget)))
        tn_fail_memory (session->error);
    return description->claims;
}

static tenon_status
check_claim (struct tn_call *call, const struct tenon_claim *claim)
{
    if (claim->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s claims keys with flags %#x that this version does not know",
                        call->codec->table.id, claim->flags);
    if (claim->rank > 64 || (claim->rank > 0 && !claim->count))
        return tn_call_misuse (call, "it claims keys with more than 64 numbers, or without their counts");
    if (!claim->prefix && claim->prefix_length > 0)
        return tn_call_misuse (call, "it claims keys with a prefix of NULL");
    if (claim->rank > 1
        && (claim->separator <= ' ' || claim->separator > '~'
            || (claim->separator >= '0' && claim->separator <= '9')))
        return tn_call_misuse (call, "it claims keys whose separator is a digit, or no sign of ASCII");
    if (claim->prefix_length > TN_LONGEST_CLAIM || !tn_utf8 (claim->prefix, claim->prefix_length))
        return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "the keys of chunks would begin with text that is too long, or no valid UTF-8");
    return TENON_OK;
}

tenon_status
tn_host_claim_keys (struct tenon_call *public, const struct tenon_claim *claim)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tn_arena *arena = &session->catalog->arena;
    struct tenon_claim ours;
    TN_TRY (TN_CALL_MAY (call, claim_keys));
    if (!call->keys)
        return tn_call_misuse (call, "it claims keys, but describes no store");
    if (!tn_copy_struct (&ours, sizeof ours, claim, TN_UP_TO (struct tenon_claim, separator)))
        return tn_call_misuse (call, "a struct tenon_claim has a wrong struct_size");
    TN_TRY (check_claim (call, &ours));
    uint64_t size = ours.rank * sizeof *ours.count;
    TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP + ours.prefix_length + size));
    struct tn_claims *claims = need_claims (call);
    const char *prefix = tn_arena_text (arena, ours.prefix ? ours.prefix : "", ours.prefix_length);
    uint64_t *count = tn_arena_get (arena, size + !size, false);
    if (!claims || !prefix || !count)
        return tn_fail_memory (session->error);
    if (size > 0)
        memcpy (count, ours.count, size);
    struct tn_claim added = { .prefix = prefix,
                              .count = count,
                              .prefix_length = (uint32_t) ours.prefix_length,
                              .rank = ours.rank,
                              .separator = (char) ours.separator };
    return tn_claims_add (claims, &added, session->budget) ? TENON_OK : tn_fail_memory (session->error);
}

tenon_status
tn_call_enter_key (struct tn_call *call, const char *key, uint64_t length, struct tn_source *source,
                   tenon_status status)
{
    struct tn_session *session = call->session;
    struct tn_arena *arena = &session->catalog->arena;
    if (!call->codec->table.locate_chunk || (!source && status == TENON_E_NOT_FOUND))
        return TENON_OK;
    struct tn_claims *claims = need_claims (call);
    struct tn_opened_key opened = { .key = source ? source->name : tn_arena_text (arena, key, length),
                                    .length = length,
                                    .source = source,
                                    .status = status,
                                    .why = NULL };
    if (status < 0)
        opened.why = tn_arena_text (arena, call->pending_words, strlen (call->pending_words));
    return claims && opened.key && (status == TENON_OK || opened.why)
                   && tn_claims_enter (claims, &opened, session->budget)
               ? TENON_OK
               : tn_fail_memory (session->error);
}

tenon_status
tn_call_open_claimed (struct tn_call *call)
{
    struct tn_session *session = call->session;
    const struct tn_claims *claims = session->catalog->descriptions[call->description].claims;
    struct tenon_key key = { .struct_size = sizeof key };
    uint32_t ignored;
    if (!call->keys || tn_keys_are_folder (call->keys) || !claims || claims->count == 0)
        return TENON_OK;
    while (call->keys->kind->next (call->keys, "", 0, &key)) {
        TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP + key.length));
        if (!tn_claims_have (claims, key.key, key.length))
            continue;
        call->public.host->open_key (&call->public, key.key, key.length, &ignored);
        TN_TRY (session->error->status);
    }
    return session->error->status;
}
