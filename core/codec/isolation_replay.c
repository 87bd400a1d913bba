/* SPDX-License-Identifier: MIT */
/* isolation_replay.c - does to the catalog what codecs in an isolated child called, through the same services
 * and so with the same checks. */
#include "codec/isolation_replay.h"
#include "base/report.h"
#include "codec/archive.h"
#include "codec/folder_keys.h"
#include "codec/host.h"
#include "codec/isolation_answers.h"
#include "codec/recognise.h"
#include "codec/wire.h"

static tenon_status
replay_dtype (struct tn_call *call, struct tn_channel *channel)
{
    uint32_t number;
    struct tenon_dtype *dtype =
        tn_wire_get_dtype (channel, &call->session->arena, tn_isolation_most_bytes (call->session));
    uint32_t theirs = tn_channel_get_u32 (channel);
    if (!dtype || channel->end != TN_CHANNEL_OPEN)
        return TENON_OK;
    TN_TRY (tn_host_add_dtype (&call->public, dtype, &number));
    if (number != theirs)
        tn_channel_refuse (channel);
    return TENON_OK;
}

static tenon_status
replay_tensor (struct tn_call *call, struct tn_channel *channel)
{
    struct tenon_tensor tensor;
    uint64_t shape[64];
    return tn_wire_get_tensor (channel, &tensor, shape, &call->session->arena)
               ? tn_host_add_tensor (&call->public, &tensor)
               : TENON_OK;
}

static tenon_status
replay_skip (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    struct tenon_tensor tensor;
    uint64_t shape[64];
    if (!tn_wire_get_tensor (channel, &tensor, shape, &session->arena))
        return TENON_OK;
    /* the name is valid until the next read */
    const char *name = tensor.name ? tn_arena_text (&session->arena, tensor.name, tensor.name_length) : NULL;
    if (tensor.name && !name)
        return tn_fail_memory (session->error);
    tensor.name = name;
    tenon_status reason = (tenon_status) tn_channel_get_u32 (channel);
    const char *dtype = tn_wire_get_text (channel, &session->arena, tn_isolation_most_bytes (session));
    const char *why = tn_wire_get_text (channel, &session->arena, tn_isolation_most_bytes (session));
    return channel->end == TN_CHANNEL_OPEN ? tn_host_skip_tensor (&call->public, &tensor, reason, dtype, why)
                                           : TENON_OK;
}

static tenon_status
replay_claim (struct tn_call *call, struct tn_channel *channel)
{
    struct tenon_claim claim;
    uint64_t count[64];
    return tn_wire_get_claim (channel, &claim, count) ? tn_host_claim_keys (&call->public, &claim) : TENON_OK;
}

static tenon_status
replay_metadata (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_arena *arena = &call->session->arena;
    uint64_t length, most = tn_isolation_most_bytes (call->session);
    struct tenon_value value;
    const char *text = tn_channel_get_text (channel, &length);
    char *key = text ? tn_arena_text (arena, text, length) : NULL;
    if (!key || !tn_wire_get_value (channel, &value, arena, most))
        return channel->end == TN_CHANNEL_OPEN ? tn_fail_memory (call->session->error) : TENON_OK;
    return tn_host_add_metadata (&call->public, key, length, &value);
}

static tenon_status
replay_part (struct tn_call *call, struct tn_channel *channel)
{
    uint32_t number;
    struct tenon_part *part =
        tn_wire_get_part (channel, &call->session->arena, tn_isolation_most_bytes (call->session));
    uint32_t theirs = tn_channel_get_u32 (channel);
    if (!part || channel->end != TN_CHANNEL_OPEN)
        return TENON_OK;
    TN_TRY (tn_host_add_part (&call->public, part, &number));
    if (number != theirs)
        tn_channel_refuse (channel);
    return TENON_OK;
}

static tenon_status
replay_skip_part (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_arena *arena = &call->session->arena;
    struct tenon_part *part = tn_wire_get_part (channel, arena, tn_isolation_most_bytes (call->session));
    tenon_status reason = (tenon_status) tn_channel_get_u32 (channel);
    const char *why = tn_wire_get_text (channel, arena, tn_isolation_most_bytes (call->session));
    return part && channel->end == TN_CHANNEL_OPEN ? tn_host_skip_part (&call->public, part, reason, why)
                                                   : TENON_OK;
}

/* A codec does not learn that a note was refused, and one that only notes would go on for ever. */
static tenon_status
replay_note (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_arena *arena = &call->session->arena;
    uint32_t kind = tn_channel_get_u32 (channel);
    const char *item = tn_wire_get_text (channel, arena, tn_isolation_most_bytes (call->session));
    const char *message = tn_wire_get_text (channel, arena, tn_isolation_most_bytes (call->session));
    if (channel->end == TN_CHANNEL_OPEN)
        tn_host_note (&call->public, kind, item, message);
    return call->session->budget && call->session->budget->refused ? TENON_E_LIMIT : TENON_OK;
}

static void
replay_flaw (struct tn_call *call, struct tn_channel *channel)
{
    tenon_error flaw = TENON_ERROR_INIT;
    if (tn_wire_get_error (channel, &flaw) < 0 && call->session->report)
        tn_report_flaw (call->session->report, &flaw);
}

static tenon_status
replay_include (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    const struct tn_registry *registry = &session->context->registry;
    uint32_t number = tn_channel_get_u32 (channel), flags = tn_channel_get_u32 (channel),
             named = tn_channel_get_u32 (channel);
    uint64_t codec = tn_channel_get_u64 (channel);
    const char *prefix = tn_wire_get_text (channel, &session->arena, tn_isolation_most_bytes (session));
    if (codec >= registry->codec_count)
        tn_channel_refuse (channel);
    if (channel->end != TN_CHANNEL_OPEN)
        return TENON_OK;
    const struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return session->error->status;
    if (!named)
        tn_recognise_note (session, source, codec);
    struct tenon_include how = { .struct_size = sizeof how,
                                 .flags = flags,
                                 .codec = registry->codecs[codec]->table.id,
                                 .metadata_prefix = prefix };
    return tn_host_include (&call->public, number, &how);
}

/* A source for which the child found no codec. */
static tenon_status
replay_refused (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    const struct tn_catalog *catalog = session->catalog;
    struct tn_inclusion inclusion = { .number = tn_channel_get_u32 (channel),
                                      .how.flags = TENON_INCLUDE_UNREADABLE,
                                      .tensors = catalog->count,
                                      .metadata = catalog->metadata_count,
                                      .metadata_bytes = catalog->metadata_bytes };
    if (!tn_rule_allows (TN_SERVICE_include, call->state))
        tn_channel_refuse (channel);
    if (!(inclusion.source = tn_call_source (call, inclusion.number)))
        return session->error->status;
    if (tn_wire_get_error (channel, session->error) == TENON_OK || channel->end != TN_CHANNEL_OPEN) {
        tn_channel_refuse (channel);
        return TENON_OK;
    }
    return tn_include_forgives (call, &inclusion) ? tn_include_give_up (call, &inclusion)
                                                  : session->error->status;
}

/* The child asks for the file of a key in a folder. One that is missing is no failure. */
static tenon_status
answer_key (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    uint64_t length, before = session->catalog->source_count;
    uint32_t number;
    const char *text = tn_channel_get_text (channel, &length);
    char *key = text ? tn_arena_text (&session->arena, text, length) : NULL;
    if (!key)
        return channel->end == TN_CHANNEL_OPEN ? tn_fail_memory (session->error) : TENON_OK;
    if (call->keys && !tn_keys_are_folder (call->keys)) {
        tn_channel_refuse (channel);
        return TENON_OK;
    }
    uint64_t paused = tn_channel_pause (channel);
    tenon_status status = tn_host_open_key (&call->public, key, length, &number);
    tn_channel_go_on (channel, paused);
    TN_TRY (session->error->status);
    tn_channel_put_u32 (channel, (uint32_t) status);
    if (status < 0)
        tn_channel_put_text (channel, call->pending_words, strlen (call->pending_words));
    else {
        struct tn_source *source = tn_call_source (call, number);
        tn_channel_put_u64 (channel, source->number);
        if (source->number >= before)
            tn_isolation_put_root (channel, source);
    }
    tn_channel_flush (channel);
    return TENON_OK;
}

static void
send_keys (struct tn_channel *channel, const struct tenon_key *keys, uint32_t count)
{
    tn_channel_put_u32 (channel, count);
    for (uint32_t i = 0; i < count; i++) {
        tn_channel_put_text (channel, keys[i].key, keys[i].length);
        tn_channel_put_u32 (channel, keys[i].flags);
        tn_channel_put_u64 (channel, keys[i].size);
        tn_channel_put_u64 (channel, keys[i].next);
    }
    tn_channel_flush (channel);
}

/* The child asks for the next keys of a folder. */
static tenon_status
answer_keys (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    struct tenon_key *keys = tn_arena_get (&session->arena, TN_WIRE_KEYS * sizeof *keys, true);
    const char *prefix = tn_wire_get_text (channel, &session->arena, tn_isolation_most_bytes (session));
    uint64_t next = tn_channel_get_u64 (channel);
    uint32_t how = tn_channel_get_u32 (channel), count = 0;
    if (!call->keys || !tn_keys_are_folder (call->keys))
        tn_channel_refuse (channel);
    if (!keys || channel->end != TN_CHANNEL_OPEN)
        return keys ? TENON_OK : tn_fail_memory (session->error);
    uint64_t paused = tn_channel_pause (channel);
    tenon_status status = TENON_OK;
    while (count < TN_WIRE_KEYS && status == TENON_OK) {
        struct tenon_key *key = &keys[count];
        key->struct_size = sizeof *key;
        key->next = next;
        key->how = how;
        status = tn_host_next_key (&call->public, prefix, prefix ? strlen (prefix) : 0, key);
        next = key->next;
        count += status == TENON_OK;
    }
    tn_channel_go_on (channel, paused);
    TN_TRY (session->error->status);
    send_keys (channel, keys, count);
    return TENON_OK;
}

/* The child lists an archive, to include it; a failure comes again, as that of the include. Source 0, and any
 * source while an archive is listed, are refused: a store in use would be freed for the new one. */
static tenon_status
replay_list (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    uint32_t number = tn_channel_get_u32 (channel), flags = tn_channel_get_u32 (channel);
    uint64_t codec = tn_channel_get_u64 (channel);
    const char *prefix;
    if (codec >= session->context->registry.codec_count
        || !session->context->registry.codecs[codec]->table.archive_functions || number == 0
        || !tn_rule_allows (TN_SERVICE_include, call->state))
        tn_channel_refuse (channel);
    if (channel->end != TN_CHANNEL_OPEN)
        return TENON_OK;
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return session->error->status;
    TN_TRY (tn_include_prefix (call, source, flags, &prefix));
    tn_archive_list (session, source, prefix, codec);
    return session->error->status;
}

/* The child opens a key, and locates its member first if it has not yet. A failure comes again, as that of
 * the codec. */
static tenon_status
replay_open (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    uint64_t length;
    uint32_t number;
    uint64_t told = tn_channel_get_u64 (channel);
    const char *text = tn_channel_get_text (channel, &length);
    char *key = text ? tn_arena_text (&session->arena, text, length) : NULL;
    if (!key)
        return channel->end == TN_CHANNEL_OPEN ? tn_fail_memory (session->error) : TENON_OK;
    if (call->keys)
        call->keys->told = told;
    tenon_status status = tn_host_open_key (&call->public, key, length, &number);
    TN_TRY (session->error->status);
    if (tn_isolation_next (channel, session->catalog->sources[0], session->catalog) != TN_SAYS_OPENED
        || tn_channel_get_u32 (channel) != (uint32_t) status || tn_channel_get_u32 (channel) != number)
        tn_channel_refuse (channel);
    return TENON_OK;
}

#define MESSAGES_PER_CHECK 1024u

tenon_status
tn_isolation_replay (struct tn_call *call, uint32_t last, tenon_error *failure)
{
    struct tn_session *session = call->session;
    struct tn_channel *channel = &session->child->channel;
    tenon_status status = TENON_OK;
    for (uint64_t count = 1; status == TENON_OK && channel->end == TN_CHANNEL_OPEN; count++) {
        if (count % MESSAGES_PER_CHECK == 0)
            tn_channel_check (channel);
        struct tn_mark mark = tn_arena_mark (&session->arena);
        uint32_t says = tn_isolation_next (channel, session->catalog->sources[0], session->catalog);
        if (says == last) {
            status = tn_wire_get_error (channel, failure);
            if (channel->end == TN_CHANNEL_OPEN)
                return status;
        }
        switch (says) {
        case TN_SAYS_EXPECT: {
            uint64_t tensors = tn_channel_get_u64 (channel), metadata = tn_channel_get_u64 (channel);
            tn_host_expect (&call->public, tensors, metadata);
            break;
        }
        case TN_SAYS_DTYPE: status = replay_dtype (call, channel); break;
        case TN_SAYS_TENSOR: status = replay_tensor (call, channel); break;
        case TN_SAYS_SKIP: status = replay_skip (call, channel); break;
        case TN_SAYS_CLAIM: status = replay_claim (call, channel); break;
        case TN_SAYS_METADATA: status = replay_metadata (call, channel); break;
        case TN_SAYS_PART: status = replay_part (call, channel); break;
        case TN_SAYS_NOTE: status = replay_note (call, channel); break;
        case TN_SAYS_FLAW: replay_flaw (call, channel); break;
        case TN_SAYS_INCLUDE: status = replay_include (call, channel); break;
        case TN_SAYS_LIST: status = replay_list (call, channel); break;
        case TN_SAYS_OPEN: status = replay_open (call, channel); break;
        case TN_SAYS_SKIP_PART: status = replay_skip_part (call, channel); break;
        case TN_SAYS_REFUSED: status = replay_refused (call, channel); break;
        case TN_SAYS_KEY: status = answer_key (call, channel); break;
        case TN_SAYS_KEYS: status = answer_keys (call, channel); break;
        default: tn_channel_refuse (channel); break;
        }
        tn_arena_release (&session->arena, mark);
    }
    session->broken = true;
    if (session->error->status < 0)
        return session->error->status;
    return status < 0 ? status : tn_isolation_fail (session->context, session->child, session->error);
}
