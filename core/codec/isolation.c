/* SPDX-License-Identifier: MIT */
/* isolation.c - the program's side of isolation: orders to the child of a root, whose messages
 * isolation_replay.c does to the catalog. */
#include "codec/isolation.h"
#include "codec/isolated.h"
#include "codec/isolation_answers.h"
#include "codec/isolation_locate.h"
#include "codec/isolation_replay.h"
#include "codec/keys.h"
#include "codec/wire.h"

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
    if (tn_isolation_next (channel, source, session->catalog) != TN_SAYS_DONE)
        tn_channel_refuse (channel);
    tenon_status status = tn_wire_get_error (channel, session->error);
    if (status == TENON_OK)
        tn_channel_get (channel, contents, session->context->registry.codec_count * sizeof *contents);
    return channel->end == TN_CHANNEL_OPEN ? status
                                           : tn_isolation_fail (session->context, child, session->error);
}

/* ---- describing ---- */

/* Sends a root that the child does not have yet. */
static void
order_root (struct tn_child *child, struct tn_source *root)
{
    if (root->number < child->sources)
        return;
    tn_channel_put_u32 (&child->channel, TN_ORDER_ROOT);
    tn_isolation_put_root (&child->channel, root);
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
        return tn_isolation_replay (call, TN_SAYS_LOCATED, &later);
    if (session->depth > 0)
        return tn_isolation_replay (call, TN_SAYS_LISTED, &later);
    struct tn_source *root = tn_call_source (call, 0);
    tn_channel_begin_answer (channel);
    order_root (child, root);
    tn_channel_put_u32 (channel, TN_ORDER_LIST);
    tn_channel_put_u32 (channel, root->number);
    tn_channel_put_u64 (channel, call->number);
    tn_channel_flush (channel);
    tenon_status status = tn_isolation_replay (call, TN_SAYS_LISTED, session->error);
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
        return tn_isolation_replay (call, TN_SAYS_INCLUDED, session->error);
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
    tenon_status status = tn_isolation_replay (call, TN_SAYS_DONE, session->error);
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
    if (tn_isolation_next (channel, catalog->sources[0], catalog) != TN_SAYS_DONE)
        tn_channel_refuse (channel);
    tenon_status status = tn_wire_get_error (channel, error);
    if (status == TENON_OK)
        tn_channel_get (channel, to, size);
    if (channel->end != TN_CHANNEL_OPEN)
        status = tn_isolation_fail (catalog->context, child, error);
    pthread_mutex_unlock (&child->lock);
    return status;
}

/* tn_proxy.open */
static tenon_status
open_isolated (struct tn_call *call, const char *key, uint64_t length)
{
    struct tn_session *session = call->session;
    struct tn_channel *channel = &session->child->channel;
    tn_channel_begin_answer (channel);
    tn_channel_put_u32 (channel, TN_ORDER_OPEN);
    tn_channel_put_u32 (channel, call->keys->source->number);
    tn_channel_put_u64 (channel, call->keys->told);
    tn_channel_put_text (channel, key, length);
    tn_channel_flush (channel);
    return tn_isolation_replay (call, TN_SAYS_DONE, session->error);
}

static const struct tn_proxy proxy = { run_isolated, list_isolated,  open_isolated,
                                       ask_contents, serve_isolated, &tn_locating_apart };

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

static bool
ask_to_stop (void *user)
{
    return tn_budget_ask (((struct tn_session *) user)->budget) < 0;
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
        channel->longest = tn_isolation_most_bytes (session) + 1;
        put_settings (channel, settings);
        tn_channel_put_u32 (channel, TN_ORDER_ROOT);
        tn_isolation_put_root (channel, root);
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
