/* SPDX-License-Identifier: MIT */
/* isolated.c - the isolated child. It describes files with a session and a catalog of its own, in which all
 * services work as they do in the program. isolated_services.c tells the program what they did. */
#include "codec/isolated.h"
#include "codec/archive.h"
#include "codec/describe.h"
#include "codec/host.h"
#include "codec/isolated_locate.h"
#include "codec/isolated_questions.h"
#include "codec/isolated_services.h"
#include "codec/keys.h"
#include "codec/recognise.h"
#include "codec/rules.h"
#include "codec/wire.h"

static void
add_root (struct tn_session *session)
{
    struct tn_source *source;
    if (tn_isolated_get_root (session->channel, &session->arena, &source, session->error) < 0)
        return;
    tn_budget_join (session->budget, source->size);
    tn_catalog_add_source (session->catalog, source, session->error);
}

static void
recognise_root (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    bool all = tn_channel_get_u32 (channel);
    uint64_t count = session->context->registry.codec_count;
    TN_FREE uint32_t *contents = calloc (count + 1, sizeof *contents);
    if (!contents)
        tn_fail_memory (session->error);
    else if (session->catalog->source_count > 0)
        tn_recognise_contents (session, session->catalog->sources[0], all, contents);
    tn_channel_put_u32 (channel, TN_SAYS_DONE);
    tn_wire_put_error (channel, session->error);
    if (session->error->status == TENON_OK)
        tn_channel_put (channel, contents, count * sizeof *contents);
}

static void
describe_root (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    uint32_t source = tn_channel_get_u32 (channel), flags = tn_channel_get_u32 (channel);
    uint64_t codec = tn_channel_get_u64 (channel);
    session->shard.number = tn_channel_get_u64 (channel);
    session->shard.count = tn_channel_get_u64 (channel);
    session->shard.tensors = tn_channel_get_u64 (channel);
    session->shard.whole = tn_channel_get_u32 (channel);
    session->shard.incomplete = tn_channel_get_u32 (channel);
    if (channel->end == TN_CHANNEL_OPEN && session->error->status == TENON_OK
        && source < session->catalog->source_count)
        tn_describe (session, source, codec, NULL, NULL, flags);
    tn_channel_put_u32 (channel, TN_SAYS_DONE);
    tn_wire_put_error (channel, session->error);
}

/* Lists an archive, which says TN_SAYS_LISTED at its end. */
static void
list_root (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    uint32_t source = tn_channel_get_u32 (channel);
    uint64_t codec = tn_channel_get_u64 (channel);
    if (channel->end == TN_CHANNEL_OPEN && session->error->status == TENON_OK
        && source < session->catalog->source_count)
        tn_archive_list (session, session->catalog->sources[source], NULL, codec);
    else {
        tn_channel_put_u32 (channel, TN_SAYS_LISTED);
        tn_wire_put_error (channel, session->error);
    }
}

/* Opens a key of an archive that was listed, outside of a codec's describe. */
static void
open_listed (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    uint32_t number = tn_channel_get_u32 (channel), ignored;
    uint64_t told = tn_channel_get_u64 (channel);
    const char *key = tn_wire_get_text (channel, &session->arena, UINT64_MAX);
    struct tn_source *source =
        number < session->catalog->source_count ? session->catalog->sources[number] : NULL;
    if (channel->end == TN_CHANNEL_OPEN && key && source && source->keys) {
        struct tn_call call;
        tn_call_begin (&call, session, TN_CALL_DESCRIBE, session->catalog->descriptions[0].codec);
        call.keys = source->keys;
        call.keys->told = told;
        call.public.host->open_key (&call.public, key, strlen (key), &ignored);
        tn_call_free (&call);
    }
    tn_channel_put_u32 (channel, TN_SAYS_DONE);
    tn_wire_put_error (channel, session->error);
}

static TN_OWN_FRAME void
read_region (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    struct tn_catalog *catalog = session->catalog;
    struct tenon_tensor tensor;
    uint64_t shape[64], region[3][64];
    uint32_t number = tn_channel_get_u32 (channel);
    uint64_t size = tn_channel_get_u64 (channel);
    if (!tn_wire_get_tensor (channel, &tensor, shape, &session->arena))
        return;
    for (int i = 0; i < 3; i++)
        tn_channel_get (channel, region[i], tensor.rank * sizeof region[i][0]);
    TN_FREE char *name = tn_strndup (tensor.name ? tensor.name : "", tensor.name_length);
    TN_FREE void *to = calloc (1, size + 1);
    if (channel->end != TN_CHANNEL_OPEN)
        return;
    tensor.name = name;
    if (!to || !name)
        tn_fail_memory (session->error);
    else {
        const struct tn_description *description = &catalog->descriptions[number];
        struct tn_call call;
        struct tenon_region box = { sizeof box, tensor.rank, region[0], region[1], region[2] };
        tn_call_begin (&call, session, TN_CALL_READ, description->codec);
        call.sources = tn_description_sources (description);
        call.source_count = description->count;
        tn_plugin_enter (session->context->registry.codecs[description->codec]->plugin);
        tn_call_end (&call, call.codec->table.read (tn_call_enter (&call), &tensor, &box, to, size));
    }
    tn_channel_put_u32 (channel, TN_SAYS_DONE);
    tn_wire_put_error (channel, session->error);
    if (session->error->status == TENON_OK)
        tn_channel_put (channel, to, size);
}

static void
serve_orders (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    for (;;) {
        uint32_t order = tn_channel_get_u32 (channel);
        struct tn_mark mark = tn_arena_mark (&session->arena);
        if (channel->end != TN_CHANNEL_OPEN)
            return;
        if (order != TN_ORDER_DESCRIBE) /* which reports the failure of a root */
            *session->error = (tenon_error) TENON_ERROR_INIT;
        switch (order) {
        case TN_ORDER_ROOT: add_root (session); break;
        case TN_ORDER_RECOGNISE: recognise_root (session); break;
        case TN_ORDER_LIST: list_root (session); break;
        case TN_ORDER_OPEN: open_listed (session); break;
        case TN_ORDER_DESCRIBE: describe_root (session); break;
        case TN_ORDER_READ:
            session->budget = NULL; /* the file is open */
            read_region (session);
            break;
        case TN_ORDER_LOCATE:
            session->budget = NULL;
            tn_isolated_locate (session);
            break;
        case TN_ORDER_FORGET: tn_isolated_forget (session); break;
        default: return;
        }
        if (order != TN_ORDER_LIST) /* the call of the archive lives on */
            tn_arena_release (&session->arena, mark);
        if (!tn_channel_flush (channel))
            return;
    }
}

/* The settings of this open. */
static void
get_settings (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    uint32_t count = tn_channel_get_u32 (channel);
    const char **settings = tn_arena_get (&session->arena, (count + 1) * sizeof *settings, true);
    for (uint32_t i = 0; settings && i < count; i++)
        settings[i] = tn_wire_get_text (channel, &session->arena, UINT64_MAX);
    if (settings && count > 0) /* the program reports a failure */
        tn_overlay_read (session->context, settings, &session->catalog->overlay, session->error);
}

void
tn_isolated_main (void *user, struct tn_channel *channel, atomic_uint *running)
{
    tenon_context *context = user;
    struct tenon_host host = tn_host;
    tn_isolated_record (&host);
    /* This process has a context of its own, a copy, without threads and without mappings. */
    context->host = &host;
    context->pool = NULL;
    context->zygote = NULL;
    for (uint64_t i = 0; i < context->registry.plugin_count; i++)
        context->registry.plugins[i]->running = running;
    context->map = false;
    tenon_error error = TENON_ERROR_INIT;
    struct tn_catalog *catalog = tn_catalog_new (context);
    if (!catalog)
        return;
    catalog->names_wait = true;
    catalog->store.no_files = true;
    struct tn_question question = { .channel = channel };
    const tenon_progress progress = { sizeof progress, 0, tn_isolated_ask_progress, &question };
    struct tn_budget budget;
    tn_budget_begin (&budget, context->limits, &progress, &error);
    tn_catalog_set_budget (catalog, &budget);
    struct tn_session session = { .context = context,
                                  .error = &error,
                                  .budget = &budget,
                                  .arena.budget = &budget,
                                  .overlay = &catalog->overlay,
                                  .catalog = catalog,
                                  .channel = channel,
                                  .readahead = tn_readahead_new (
                                      context, (struct tn_source *const *const *) &catalog->sources,
                                      &catalog->source_count, &budget) };
    session.asked = calloc (1, sizeof *session.asked);
    if (session.readahead && session.asked) {
        get_settings (&session);
        serve_orders (&session);
    }
}
