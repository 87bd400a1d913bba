/* SPDX-License-Identifier: MIT */
/* isolated_locate.c - locators in an isolated child: each is one of the program's, and lives as long. */
#include "codec/isolated_locate.h"
#include "codec/locate.h"
#include "codec/wire.h"

struct apart {
    struct tn_locator locator; /* first, so that a cast leads back */
    struct tn_arena memory;    /* of what the codec sees of the tensor */
    uint64_t shape[64];
};

static struct tn_locator **
find_locator (struct tn_session *session, uint64_t id)
{
    struct tn_locator **at = &session->locators;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static void
free_apart (struct apart *apart)
{
    tn_locator_stop (&apart->locator);
    tn_arena_free (&apart->memory);
    free (apart);
}

/* NULL: the failure is recorded, or the channel has ended. */
static struct tn_locator *
make_locator (struct tn_session *session, uint64_t id)
{
    struct tn_channel *channel = session->channel;
    struct apart *apart = calloc (1, sizeof *apart);
    uint32_t description = tn_channel_get_u32 (channel);
    if (!apart) {
        tn_fail_memory (session->error);
        return NULL;
    }
    struct tn_locator *locator = &apart->locator;
    struct tenon_tensor *theirs = &locator->theirs;
    bool complete = tn_wire_get_tensor (channel, theirs, apart->shape, &apart->memory);
    if (complete && theirs->name)
        theirs->name = tn_arena_text (&apart->memory, theirs->name, theirs->name_length);
    if (!complete || description >= session->catalog->description_count) {
        tn_arena_free (&apart->memory);
        free (apart);
        return NULL;
    }
    locator->id = id;
    locator->catalog = session->catalog;
    locator->description = description;
    locator->session = *session;
    locator->session.arena = (struct tn_arena){ NULL };
    tn_locator_start (locator);
    locator->next = session->locators;
    return session->locators = locator;
}

TN_OWN_FRAME void
tn_isolated_locate (struct tn_session *session)
{
    struct tn_channel *channel = session->channel;
    uint64_t id = tn_channel_get_u64 (channel), chunk[64];
    struct tn_locator *locator =
        tn_channel_get_u32 (channel) ? make_locator (session, id) : *find_locator (session, id);
    struct tenon_chunk found;
    if (locator && tn_channel_get (channel, chunk, locator->theirs.rank * sizeof *chunk)) {
        tn_plugin_enter (locator->call.codec->plugin);
        tn_locator_ask (locator, chunk, &found);
    } else
        tn_fail_memory (session->error);
    tn_channel_put_u32 (channel, TN_SAYS_DONE);
    tn_wire_put_error (channel, session->error);
    if (session->error->status == TENON_OK)
        tn_wire_put_chunk (channel, &found);
}

void
tn_isolated_forget (struct tn_session *session)
{
    struct tn_locator **at = find_locator (session, tn_channel_get_u64 (session->channel)), *gone = *at;
    if (!gone)
        return;
    *at = gone->next;
    free_apart ((struct apart *) gone);
}
