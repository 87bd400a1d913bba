/* SPDX-License-Identifier: MIT */
/* isolation.c - the program's side of isolation: asks the child of a root, and does to the catalog what the
 * codecs in the child called, through the same services and so with the same checks. */
#include "codec/isolation.h"
#include "base/report.h"
#include "codec/archive.h"
#include "codec/folder_keys.h"
#include "codec/host.h"
#include "codec/isolated.h"
#include "codec/recognise.h"
#include "codec/wire.h"

/* ---- failures ---- */

/* The channel has ended: says why, and which plugin it was. */
static tenon_status
fail_child (const tenon_context *context, struct tn_child *child, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    uint32_t plugin = tn_child_running (child);
    return tn_child_fail (child, plugin < registry->plugin_count ? registry->plugins[plugin]->name : NULL,
                          error);
}

/* ---- roots and questions ---- */

/* So many sources of a file may be sent to the child with their descriptors. */
#define MOST_SENT 8u

static bool
ask_to_stop (void *user)
{
    return tn_budget_ask (((struct tn_session *) user)->budget) < 0;
}

static void
put_root (struct tn_channel *channel, struct tn_source *source)
{
    /* the child has no more descriptors than the program: of the many files of a set it asks for bytes */
    bool is_file =
        source->kind == TN_SOURCE_FD && !source->is_folder && (!source->pooled || source->number < MOST_SENT);
    tenon_error ignored = TENON_ERROR_INIT;
    int fd = is_file ? tn_source_take_fd (source, &ignored) : -1;
    is_file = fd >= 0;
    tn_channel_put_u32 (channel, is_file);
    tn_channel_put_u32 (channel, source->is_folder);
    tn_channel_put_u64 (channel, source->size);
    tn_channel_put_text (channel, source->name, source->name_length);
    tn_channel_put_text (channel, source->path, source->path ? strlen (source->path) : 0);
    if (is_file) {
        tn_channel_put_descriptor (channel, fd);
        tn_source_give_fd (source);
    }
}

/* Bytes of a root that is no file, or that was sent without its descriptor. */
static void
answer_bytes (struct tn_channel *channel, struct tn_source *root, const struct tn_catalog *catalog)
{
    static const uint8_t none[1];
    uint64_t number = tn_channel_get_u64 (channel);
    uint64_t offset = tn_channel_get_u64 (channel), length = tn_channel_get_u64 (channel);
    if (number != root->number && catalog && number < catalog->source_count)
        root = catalog->sources[number];
    if (number != root->number || (root->kind == TN_SOURCE_FD && !root->pooled)
        || root->kind == TN_SOURCE_PART || length > TN_WIRE_PIECE || offset > root->size
        || length > root->size - offset) {
        tn_channel_refuse (channel);
        return;
    }
    tenon_error ignored = TENON_ERROR_INIT;
    TN_FREE uint8_t *bytes = malloc (length + 1);
    tenon_status status = bytes ? TENON_OK : TENON_E_MEMORY;
    if (status == TENON_OK)
        status = root->kind == TN_SOURCE_READER
                     ? root->reader.read_at (root->reader.user, offset, bytes, length)
                     : tn_source_read (root, offset, bytes, length, &ignored);
    tn_channel_put_u32 (channel, (uint32_t) status);
    tn_channel_put (channel, bytes ? bytes : none, status < 0 ? 0 : length);
    tn_channel_flush (channel);
}

static void
answer_progress (struct tn_channel *channel)
{
    tn_channel_put_u32 (channel, channel->stop && channel->stop (channel->user));
    tn_channel_flush (channel);
}

/* The next message that is no question about bytes or progress; 0: the channel has ended. */
static uint32_t
next_message (struct tn_channel *channel, struct tn_source *root, const struct tn_catalog *catalog)
{
    for (;;) {
        uint32_t says = tn_channel_get_u32 (channel);
        if (says == TN_SAYS_BYTES) {
            uint64_t paused = tn_channel_pause (channel);
            answer_bytes (channel, root, catalog);
            tn_channel_go_on (channel, paused);
        } else if (says == TN_SAYS_PROGRESS)
            answer_progress (channel);
        else
            return channel->end == TN_CHANNEL_OPEN ? says : 0;
    }
}

/* ---- recognising ---- */

static tenon_status
ask_contents (struct tn_session *session, struct tn_source *source, bool all, uint32_t *contents)
{
    struct tn_child *child = session->child;
    struct tn_channel *channel = &child->channel;
    tn_channel_begin_answer (channel);
    tn_channel_put_u32 (channel, TN_ORDER_RECOGNISE);
    tn_channel_put_u32 (channel, all);
    tn_channel_flush (channel);
    if (next_message (channel, source, session->catalog) != TN_SAYS_DONE)
        tn_channel_refuse (channel);
    tenon_status status = tn_wire_get_error (channel, session->error);
    if (status == TENON_OK)
        tn_channel_get (channel, contents, session->context->registry.codec_count * sizeof *contents);
    return channel->end == TN_CHANNEL_OPEN ? status : fail_child (session->context, child, session->error);
}

/* ---- what a codec in the child called ---- */

static uint64_t
most_bytes (const struct tn_session *session)
{
    const uint64_t *limits = session->context->limits;
    return TN_MAX (limits[TENON_LIMIT_HEADER_BYTES], limits[TENON_LIMIT_METADATA_BYTES]);
}

static tenon_status
replay_dtype (struct tn_call *call, struct tn_channel *channel)
{
    uint32_t number;
    struct tenon_dtype *dtype =
        tn_wire_get_dtype (channel, &call->session->arena, most_bytes (call->session));
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
    const char *dtype = tn_wire_get_text (channel, &session->arena, most_bytes (session));
    const char *why = tn_wire_get_text (channel, &session->arena, most_bytes (session));
    return channel->end == TN_CHANNEL_OPEN ? tn_host_skip_tensor (&call->public, &tensor, reason, dtype, why)
                                           : TENON_OK;
}

static tenon_status
replay_metadata (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_arena *arena = &call->session->arena;
    uint64_t length, most = most_bytes (call->session);
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
    struct tenon_part *part = tn_wire_get_part (channel, &call->session->arena, most_bytes (call->session));
    uint32_t theirs = tn_channel_get_u32 (channel);
    if (!part || channel->end != TN_CHANNEL_OPEN)
        return TENON_OK;
    TN_TRY (tn_host_add_part (&call->public, part, &number));
    if (number != theirs)
        tn_channel_refuse (channel);
    return TENON_OK;
}

/* A codec does not learn that a note was refused, and one that only notes would go on for ever. */
static tenon_status
replay_note (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_arena *arena = &call->session->arena;
    uint32_t kind = tn_channel_get_u32 (channel);
    const char *item = tn_wire_get_text (channel, arena, most_bytes (call->session));
    const char *message = tn_wire_get_text (channel, arena, most_bytes (call->session));
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
    const char *prefix = tn_wire_get_text (channel, &session->arena, most_bytes (session));
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
            put_root (channel, source);
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
    const char *prefix = tn_wire_get_text (channel, &session->arena, most_bytes (session));
    uint64_t next = tn_channel_get_u64 (channel);
    uint32_t count = 0;
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
        status = tn_host_next_key (&call->public, prefix, prefix ? strlen (prefix) : 0, key);
        next = key->next;
        count += status == TENON_OK;
    }
    tn_channel_go_on (channel, paused);
    TN_TRY (session->error->status);
    send_keys (channel, keys, count);
    return TENON_OK;
}

/* The child lists an archive; a failure comes again, as that of the include. */
static tenon_status
replay_list (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_session *session = call->session;
    uint32_t number = tn_channel_get_u32 (channel), flags = tn_channel_get_u32 (channel);
    uint64_t codec = tn_channel_get_u64 (channel);
    const char *prefix;
    if (codec >= session->context->registry.codec_count
        || !session->context->registry.codecs[codec]->table.archive_functions)
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
    if (next_message (channel, session->catalog->sources[0], session->catalog) != TN_SAYS_OPENED
        || tn_channel_get_u32 (channel) != (uint32_t) status || tn_channel_get_u32 (channel) != number)
        tn_channel_refuse (channel);
    return TENON_OK;
}

static tenon_status
replay_skip_part (struct tn_call *call, struct tn_channel *channel)
{
    struct tn_arena *arena = &call->session->arena;
    struct tenon_part *part = tn_wire_get_part (channel, arena, most_bytes (call->session));
    tenon_status reason = (tenon_status) tn_channel_get_u32 (channel);
    const char *why = tn_wire_get_text (channel, arena, most_bytes (call->session));
    return part && channel->end == TN_CHANNEL_OPEN ? tn_host_skip_part (&call->public, part, reason, why)
                                                   : TENON_OK;
}

#define MESSAGES_PER_CHECK 1024u

/* Messages up to the one that ends this codec's function, with its failure. */
static tenon_status
replay_messages (struct tn_call *call, uint32_t last, tenon_error *failure)
{
    struct tn_session *session = call->session;
    struct tn_channel *channel = &session->child->channel;
    tenon_status status = TENON_OK;
    for (uint64_t count = 1; status == TENON_OK && channel->end == TN_CHANNEL_OPEN; count++) {
        if (count % MESSAGES_PER_CHECK == 0)
            tn_channel_check (channel);
        struct tn_mark mark = tn_arena_mark (&session->arena);
        uint32_t says = next_message (channel, session->catalog->sources[0], session->catalog);
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
    return status < 0 ? status : fail_child (session->context, session->child, session->error);
}

/* ---- describing ---- */

/* Sends a root that the child does not have yet. */
static void
order_root (struct tn_child *child, struct tn_source *root)
{
    if (root->number < child->sources)
        return;
    tn_channel_put_u32 (&child->channel, TN_ORDER_ROOT);
    put_root (&child->channel, root);
}

/* tn_proxy.list. Of a root the failure is that of the open; of others it comes again. */
static tenon_status
list_isolated (struct tn_call *call, bool one)
{
    struct tn_session *session = call->session;
    struct tn_child *child = session->child;
    struct tn_channel *channel = &child->channel;
    tenon_error later = TENON_ERROR_INIT;
    if (one)
        return replay_messages (call, TN_SAYS_LOCATED, &later);
    if (session->depth > 0)
        return replay_messages (call, TN_SAYS_LISTED, &later);
    struct tn_source *root = tn_call_source (call, 0);
    tn_channel_begin_answer (channel);
    order_root (child, root);
    tn_channel_put_u32 (channel, TN_ORDER_LIST);
    tn_channel_put_u32 (channel, root->number);
    tn_channel_put_u64 (channel, call->number);
    tn_channel_flush (channel);
    tenon_status status = replay_messages (call, TN_SAYS_LISTED, session->error);
    child->sources = session->catalog->source_count;
    return status;
}

/* tn_proxy.run. A root is described in the child; what it includes there arrives as messages. */
static tenon_status
run_isolated (struct tn_call *call)
{
    struct tn_session *session = call->session;
    struct tn_child *child = session->child;
    struct tn_channel *channel = &child->channel;
    if (session->depth > 1)
        return replay_messages (call, TN_SAYS_INCLUDED, session->error);
    struct tn_source *root = tn_call_source (call, 0);
    tn_channel_begin_answer (channel);
    order_root (child, root);
    tn_channel_put_u32 (channel, TN_ORDER_DESCRIBE);
    tn_channel_put_u32 (channel, root->number);
    tn_channel_put_u32 (channel, call->include_flags);
    tn_channel_put_u64 (channel, call->number);
    tn_channel_put_u64 (channel, session->shard.number);
    tn_channel_put_u64 (channel, session->shard.count);
    tn_channel_put_u64 (channel, session->shard.tensors);
    tn_channel_put_u32 (channel, session->shard.whole);
    tn_channel_put_u32 (channel, session->shard.incomplete);
    tn_channel_flush (channel);
    tenon_status status = replay_messages (call, TN_SAYS_DONE, session->error);
    child->sources = session->catalog->source_count;
    return status;
}

/* tn_proxy.serve: `serve` of a catalog whose codecs ran in a child, which is kept. */
static tenon_status
serve_isolated (struct tn_catalog *catalog, const struct tn_tensor *tensor, const struct tenon_region *region,
                void *to, uint64_t size, tenon_error *error)
{
    struct tn_child *child = catalog->sources[0]->child;
    struct tn_channel *channel = &child->channel;
    const struct tn_description *description = &catalog->descriptions[tensor->description];
    struct tenon_tensor theirs;
    if (!tn_child_is_own (child))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, TN_CHILD_OF_OTHERS);
    tn_call_show_tensor (catalog, tensor, tn_description_sources (description), description->count, &theirs);
    pthread_mutex_lock (&child->lock);
    tn_channel_begin_answer (channel);
    tn_channel_put_u32 (channel, TN_ORDER_READ);
    tn_channel_put_u32 (channel, tensor->description);
    tn_channel_put_u64 (channel, size);
    tn_wire_put_tensor (channel, &theirs);
    tn_channel_put (channel, region->start, region->rank * sizeof *region->start);
    tn_channel_put (channel, region->count, region->rank * sizeof *region->count);
    tn_channel_put (channel, region->step, region->rank * sizeof *region->step);
    tn_channel_flush (channel);
    if (next_message (channel, catalog->sources[0], catalog) != TN_SAYS_DONE)
        tn_channel_refuse (channel);
    tenon_status status = tn_wire_get_error (channel, error);
    if (status == TENON_OK)
        tn_channel_get (channel, to, size);
    if (channel->end != TN_CHANNEL_OPEN)
        status = fail_child (catalog->context, child, error);
    pthread_mutex_unlock (&child->lock);
    return status;
}

static const struct tn_proxy proxy = { run_isolated, list_isolated, ask_contents, serve_isolated };

/* ---- the child of a root ---- */

static void
put_settings (struct tn_channel *channel, const char *const *settings)
{
    uint32_t count = 0;
    while (settings && settings[count])
        count++;
    tn_channel_put_u32 (channel, count);
    for (uint32_t i = 0; i < count; i++)
        tn_channel_put_text (channel, settings[i], strlen (settings[i]));
}

tenon_status
tn_isolation_begin (struct tn_session *session, struct tn_source *root, const char *const *settings)
{
    tenon_context *context = session->context;
    if (!context->zygote)
        return TENON_OK;
    if (!root->child) {
        TN_TRY (tn_child_new (context->zygote, tn_isolated_main, &root->child, session->error));
        struct tn_channel *channel = &root->child->channel;
        channel->longest = most_bytes (session) + 1;
        put_settings (channel, settings);
        tn_channel_put_u32 (channel, TN_ORDER_ROOT);
        put_root (channel, root);
        root->child->sources = 1;
    }
    session->proxy = &proxy;
    session->child = root->child;
    session->child->channel.stop = ask_to_stop;
    session->child->channel.user = session;
    return TENON_OK;
}

void
tn_isolation_end (struct tn_session *session, struct tn_source *root)
{
    if (!root->child)
        return;
    root->child->channel.stop = NULL;
    if (!session->catalog || session->catalog->serves)
        return;
    tn_child_free (root->child);
    root->child = NULL;
}
