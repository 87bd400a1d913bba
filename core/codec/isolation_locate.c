/* SPDX-License-Identifier: MIT */
/* isolation_locate.c - locators whose codec runs in an isolated child. The child only asks the codec: what it
 * says is checked here, and files are opened here. Each locator has one of the same id there. */
#include "codec/isolation_locate.h"
#include "codec/isolation_answers.h"
#include "codec/locate.h"
#include "codec/wire.h"

static struct tn_child *
child_of (const struct tn_locator *locator)
{
    return locator->catalog->sources[0]->child;
}

/* The child need not know at once. */
static void
forget_apart (struct tn_locator *locator)
{
    struct tn_child *child = child_of (locator);
    if (locator->id == 0 || !tn_child_is_own (child))
        return;
    pthread_mutex_lock (&child->lock);
    tn_channel_put_u32 (&child->channel, TN_ORDER_FORGET);
    tn_channel_put_u64 (&child->channel, locator->id);
    pthread_mutex_unlock (&child->lock);
}

static tenon_status
begin_apart (struct tn_catalog *catalog, const struct tn_tensor *tensor, struct tn_locator **locator,
             tenon_error *error)
{
    TN_TRY (tn_locating_here.begin (catalog, tensor, locator, error));
    (*locator)->gone = forget_apart;
    return TENON_OK;
}

/* The codec opens a key. A failure ends this find, whatever the child makes of it. */
static void
answer_chunk_key (struct tn_locator *locator, struct tn_channel *channel)
{
    struct tn_call *call = &locator->call;
    uint64_t length;
    uint32_t number = 0;
    const char *text = tn_channel_get_text (channel, &length);
    TN_FREE char *key = text ? tn_strndup (text, length) : NULL;
    if (!key) {
        tn_channel_refuse (channel);
        return;
    }
    uint64_t paused = tn_channel_pause (channel);
    tenon_status status = tn_locator_open (call, key, length, &number);
    tn_channel_go_on (channel, paused);
    tn_channel_put_u32 (channel, (uint32_t) status);
    const struct tn_located_file *file = number > 0 ? tn_locator_file (locator, number) : NULL;
    if (status < 0)
        tn_channel_put_text (channel, call->pending_words, strlen (call->pending_words));
    else {
        tn_channel_put_u32 (channel, number);
        tn_channel_put_u32 (channel, file != NULL);
        if (file)
            tn_isolation_put_root (channel, file->source);
    }
    tn_channel_flush (channel);
}

static void
order_chunk (struct tn_locator *locator, struct tn_channel *channel, const uint64_t *chunk)
{
    const bool first = locator->id == 0;
    if (first)
        locator->id = ++locator->catalog->sources[0]->child->locators;
    tn_channel_begin_answer (channel);
    tn_channel_put_u32 (channel, TN_ORDER_LOCATE);
    tn_channel_put_u64 (channel, locator->id);
    tn_channel_put_u32 (channel, first);
    if (first) {
        tn_channel_put_u32 (channel, locator->description);
        tn_wire_put_tensor (channel, &locator->theirs);
    }
    tn_channel_put (channel, chunk, locator->theirs.rank * sizeof *chunk);
    tn_channel_flush (channel);
}

/* With the child's lock. */
static tenon_status
ask_apart (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found, tenon_error *error)
{
    struct tn_catalog *catalog = locator->catalog;
    struct tn_channel *channel = &child_of (locator)->channel;
    struct tenon_chunk theirs;
    uint32_t says;
    order_chunk (locator, channel, chunk);
    while ((says = tn_isolation_next (channel, catalog->sources[0], catalog)) == TN_SAYS_KEY)
        answer_chunk_key (locator, channel);
    if (says != TN_SAYS_DONE)
        tn_channel_refuse (channel);
    tenon_status status = tn_wire_get_error (channel, error);
    if (status == TENON_OK && tn_wire_get_chunk (channel, &theirs))
        status = error->status < 0 ? error->status : tn_locator_take (locator, &theirs, found);
    return channel->end == TN_CHANNEL_OPEN ? status
                                           : tn_isolation_fail (catalog->context, child_of (locator), error);
}

static tenon_status
find_apart (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found, tenon_error *error)
{
    struct tn_child *child = child_of (locator);
    locator->session.error = error;
    locator->call.pending = TENON_OK;
    if (!tn_child_is_own (child))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, TN_CHILD_OF_OTHERS);
    pthread_mutex_lock (&child->lock);
    tenon_status status = ask_apart (locator, chunk, found, error);
    pthread_mutex_unlock (&child->lock);
    if (status < 0)
        tn_fail_in (error, NULL, locator->tensor->name);
    return status;
}

static void
end_apart (struct tn_locator *locator)
{
    tn_locating_here.end (locator);
}

static void
forget_all_apart (struct tn_catalog *catalog)
{
    tn_locating_here.forget (catalog);
}

const struct tn_locating tn_locating_apart = { begin_apart, find_apart, end_apart, forget_all_apart };
