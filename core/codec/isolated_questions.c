/* SPDX-License-Identifier: MIT */
/* isolated_questions.c - what an isolated child asks of the program: bytes, files, keys of a folder, and
 * whether to stop. */
#include "codec/isolated_questions.h"
#include "codec/host.h"
#include "codec/locate.h"
#include <unistd.h>

static tenon_status
fail_gone (tenon_error *error)
{
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "the program has ended");
}

/* A root whose bytes the program has. */
struct asker {
    struct tn_channel *channel;
    const struct tn_source *source;
    char reason[600]; /* of the last failure; "": none was told */
};

static void
get_reason (struct asker *asker)
{
    uint64_t length;
    const char *text = tn_channel_get_text (asker->channel, &length);
    length = text ? TN_MIN (length, sizeof asker->reason - 1) : 0;
    if (text)
        memcpy (asker->reason, text, length);
    asker->reason[length] = 0;
}

/* tenon_reader.reason of it. */
static const char *
tell_reason (void *user)
{
    const struct asker *asker = user;
    return asker->reason[0] ? asker->reason : NULL;
}

/* tenon_reader.read_at of it. */
static tenon_status
ask_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    struct asker *asker = user;
    struct tn_channel *channel = asker->channel;
    for (uint64_t done = 0; done < length;) {
        uint64_t piece = TN_MIN (length - done, TN_WIRE_PIECE);
        tn_channel_put_u32 (channel, TN_SAYS_BYTES);
        tn_channel_put_u64 (channel, asker->source->number);
        tn_channel_put_u64 (channel, offset + done);
        tn_channel_put_u64 (channel, piece);
        tn_channel_flush (channel);
        tenon_status status = (tenon_status) tn_channel_get_u32 (channel);
        if (status < 0)
            get_reason (asker);
        if (status < 0 || !tn_channel_get (channel, (char *) to + done, piece))
            return status < 0 ? status : TENON_E_IO;
        done += piece;
    }
    return TENON_OK;
}

tenon_status
tn_isolated_get_root (struct tn_channel *channel, struct tn_arena *arena, struct tn_source **source,
                      tenon_error *error)
{
    bool is_file = tn_channel_get_u32 (channel), is_folder = tn_channel_get_u32 (channel);
    uint64_t size = tn_channel_get_u64 (channel), origin = tn_channel_get_u64 (channel);
    bool is_cut = tn_channel_get_u32 (channel);
    char *name = tn_wire_get_text (channel, arena, UINT64_MAX),
         *path = tn_wire_get_text (channel, arena, UINT64_MAX);
    int fd = is_file ? tn_channel_get_descriptor (channel) : -1;
    *source = NULL;
    if (channel->end != TN_CHANNEL_OPEN || (is_file && fd < 0)) {
        if (fd >= 0)
            close (fd);
        return fail_gone (error);
    }
    TN_TRY (tn_source_given (fd, size, name, path, source, error));
    (*source)->is_folder = is_folder;
    (*source)->origin = origin;
    (*source)->is_cut = is_cut;
    if ((*source)->kind != TN_SOURCE_READER)
        return TENON_OK;
    struct asker *asker = calloc (1, sizeof *asker);
    (*source)->reader.read_at = ask_bytes;
    (*source)->reader.reason = tell_reason;
    (*source)->reader.user = asker;
    (*source)->reader.close = free;
    if (!asker) {
        tn_source_free (*source);
        return tn_fail_memory (error);
    }
    asker->channel = channel;
    asker->source = *source;
    return TENON_OK;
}

/* What the program answered, which is no failure: a failure ends this process. */
static tenon_status
get_answer (struct tn_call *call, tenon_status status)
{
    struct tn_channel *channel = call->session->channel;
    char *words = tn_wire_get_text (channel, &call->session->arena, UINT64_MAX);
    return channel->end == TN_CHANNEL_OPEN ? tn_call_answer (call, status, words ? words : "")
                                           : fail_gone (call->session->error);
}

tenon_status
tn_isolated_ask_key (struct tn_call *call, const char *key, uint64_t length, uint32_t *number)
{
    struct tn_session *session = call->session;
    struct tn_channel *channel = session->channel;
    struct tn_source *source;
    tn_channel_put_u32 (channel, TN_SAYS_KEY);
    tn_channel_put_text (channel, key, length);
    tn_channel_flush (channel);
    tenon_status status = (tenon_status) tn_channel_get_u32 (channel);
    if (status < 0)
        return get_answer (call, status);
    uint64_t known = tn_channel_get_u64 (channel);
    if (channel->end == TN_CHANNEL_OPEN && known < session->catalog->source_count)
        return tn_call_number_source (call, session->catalog->sources[known], number);
    TN_TRY (tn_isolated_get_root (channel, &session->arena, &source, session->error));
    tn_budget_join (session->budget, source->size);
    return tn_call_adopt_source (call, source, number);
}

tenon_status
tn_isolated_open_key (struct tn_call *call, const char *key, uint64_t length, uint32_t *number)
{
    struct tn_session *session = call->session;
    struct tn_channel *channel = session->channel;
    struct tn_source *source;
    tn_channel_put_u32 (channel, TN_SAYS_KEY);
    tn_channel_put_text (channel, key, length);
    tn_channel_flush (channel);
    tenon_status status = (tenon_status) tn_channel_get_u32 (channel);
    if (status < 0)
        return get_answer (call, status);
    uint32_t opened = tn_channel_get_u32 (channel);
    if (tn_channel_get_u32 (channel)) {
        TN_TRY (tn_isolated_get_root (channel, &session->arena, &source, session->error));
        TN_TRY (tn_locator_keep (call->locator, opened, source));
    }
    *number = opened;
    return channel->end == TN_CHANNEL_OPEN ? TENON_OK : fail_gone (session->error);
}

/* The number of the key that comes next; `count`: it was not told. */
static unsigned
find_asked (const struct tn_asked *asked, uint32_t description, const char *prefix, uint64_t length,
            const struct tenon_key *key)
{
    uint64_t next = key->next;
    if (!asked->prefix || asked->description != description || asked->length != length
        || asked->how != key->how || memcmp (asked->prefix, prefix, length) != 0)
        return asked->count;
    unsigned at = 0;
    while (at < asked->count && (at == 0 ? asked->from : asked->keys[at - 1].next) != next)
        at++;
    return at;
}

static tenon_status
ask_keys (struct tn_call *call, struct tn_asked *asked, const char *prefix, uint64_t length,
          const struct tenon_key *behind)
{
    struct tn_channel *channel = call->session->channel;
    free (asked->prefix);
    asked->prefix = tn_strndup (prefix, length);
    asked->description = call->description;
    asked->length = length;
    asked->from = behind->next;
    asked->how = behind->how;
    asked->count = 0;
    if (!asked->prefix)
        return tn_fail_memory (call->session->error);
    tn_channel_put_u32 (channel, TN_SAYS_KEYS);
    tn_channel_put_text (channel, prefix, length);
    tn_channel_put_u64 (channel, behind->next);
    tn_channel_put_u32 (channel, behind->how);
    tn_channel_flush (channel);
    uint32_t count = tn_channel_get_u32 (channel);
    for (uint32_t i = 0; i < count && i < TN_WIRE_KEYS; i++) {
        struct tenon_key *key = &asked->keys[i];
        *key = (struct tenon_key){ .struct_size = sizeof *key, .how = behind->how };
        key->key = tn_wire_get_text (channel, &call->session->arena, UINT64_MAX);
        key->length = key->key ? strlen (key->key) : 0;
        key->flags = tn_channel_get_u32 (channel);
        key->size = tn_channel_get_u64 (channel);
        key->next = tn_channel_get_u64 (channel);
        asked->count += key->key != NULL;
    }
    return channel->end == TN_CHANNEL_OPEN ? TENON_OK : fail_gone (call->session->error);
}

tenon_status
tn_isolated_next_key (struct tn_call *call, const char *prefix, uint64_t length,
                      const struct tenon_key *behind, const struct tenon_key **key)
{
    struct tn_asked *asked = call->session->asked;
    unsigned at = find_asked (asked, call->description, prefix, length, behind);
    if (at == asked->count) {
        TN_TRY (ask_keys (call, asked, prefix, length, behind));
        at = 0;
    }
    *key = at < asked->count ? &asked->keys[at] : NULL;
    return TENON_OK;
}

int32_t
tn_isolated_ask_progress (void *user, uint64_t done, uint64_t total)
{
    struct tn_question *question = user;
    struct timespec now;
    (void) done, (void) total;
    clock_gettime (CLOCK_MONOTONIC, &now);
    int64_t passed =
        (now.tv_sec - question->last.tv_sec) * 1000 + (now.tv_nsec - question->last.tv_nsec) / 1000000;
    if (question->last.tv_sec > 0 && passed < 10)
        return 0;
    question->last = now;
    tn_channel_put_u32 (question->channel, TN_SAYS_PROGRESS);
    tn_channel_flush (question->channel);
    return (int32_t) tn_channel_get_u32 (question->channel);
}
