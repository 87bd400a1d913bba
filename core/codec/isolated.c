/* SPDX-License-Identifier: MIT */
/* isolated.c - the isolated child. It describes files with a session and a catalog of its own, in which all
 * services work as they do in the program. A table of services that record what changes the catalog makes the
 * messages. */
#include "codec/isolated.h"
#include "codec/archive.h"
#include "codec/describe.h"
#include "codec/folder_keys.h"
#include "codec/host.h"
#include "codec/recognise.h"
#include "codec/rules.h"
#include "codec/wire.h"
#include <time.h>
#include <unistd.h>

static struct tn_channel *
channel_of (struct tenon_call *public)
{
    return ((struct tn_call *) public)->session->channel;
}

/* ---- services that record ---- */

static void
record_expect (struct tenon_call *public, uint64_t tensors, uint64_t metadata)
{
    struct tn_channel *channel = channel_of (public);
    tn_host_expect (public, tensors, metadata);
    tn_channel_put_u32 (channel, TN_SAYS_EXPECT);
    tn_channel_put_u64 (channel, tensors);
    tn_channel_put_u64 (channel, metadata);
}

static void
record_note (struct tenon_call *public, uint32_t kind, const char *item, const char *message)
{
    struct tn_channel *channel = channel_of (public);
    tn_host_note (public, kind, item, message);
    if (((struct tn_call *) public)->state != TN_CALL_DESCRIBE)
        return;
    tn_channel_put_u32 (channel, TN_SAYS_NOTE);
    tn_channel_put_u32 (channel, kind);
    tn_channel_put_text (channel, item, item ? strlen (item) : 0);
    tn_channel_put_text (channel, message, message ? strlen (message) : 0);
}

static tenon_status
record_add_dtype (struct tenon_call *public, const struct tenon_dtype *dtype, uint32_t *number)
{
    struct tn_channel *channel = channel_of (public);
    struct tenon_dtype ours; /* copied first: the answer may overwrite the codec's own */
    tn_copy_struct (&ours, sizeof ours, dtype, 0);
    TN_TRY (tn_host_add_dtype (public, dtype, number));
    tn_channel_put_u32 (channel, TN_SAYS_DTYPE);
    tn_wire_put_dtype (channel, &ours);
    tn_channel_put_u32 (channel, *number);
    return TENON_OK;
}

static tenon_status
record_add_tensor (struct tenon_call *public, struct tenon_tensor *tensor)
{
    struct tn_channel *channel = channel_of (public);
    struct tenon_tensor ours;
    tn_copy_struct (&ours, sizeof ours, tensor, 0);
    TN_TRY (tn_host_add_tensor (public, tensor));
    tn_channel_put_u32 (channel, TN_SAYS_TENSOR);
    tn_wire_put_tensor (channel, &ours);
    return TENON_OK;
}

static tenon_status
record_skip_tensor (struct tenon_call *public, const struct tenon_tensor *tensor, tenon_status reason,
                    const char *dtype, const char *why)
{
    struct tn_channel *channel = channel_of (public);
    struct tenon_tensor ours;
    tn_copy_struct (&ours, sizeof ours, tensor, 0);
    TN_TRY (tn_host_skip_tensor (public, tensor, reason, dtype, why));
    ours.strides = NULL; /* they do not count */
    if (ours.rank > 64 || (ours.flags & TENON_NO_SHAPE)) {
        ours.flags |= TENON_NO_SHAPE;
        ours.rank = 0;
    }
    tn_channel_put_u32 (channel, TN_SAYS_SKIP);
    tn_wire_put_tensor (channel, &ours);
    tn_channel_put_u32 (channel, (uint32_t) reason);
    tn_channel_put_text (channel, dtype, dtype ? strlen (dtype) : 0);
    tn_channel_put_text (channel, why, why ? strlen (why) : 0);
    return TENON_OK;
}

static tenon_status
record_add_metadata (struct tenon_call *public, const char *key, uint64_t length,
                     const struct tenon_value *value)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_channel *channel = channel_of (public);
    TN_TRY (tn_host_add_metadata (public, key, length, value));
    tn_channel_put_u32 (channel, TN_SAYS_METADATA);
    tn_channel_put_text (channel, key, length);
    return tn_wire_put_value (channel, value) ? TENON_OK : tn_fail_memory (call->session->error);
}

static tenon_status
record_add_part (struct tenon_call *public, const struct tenon_part *part, uint32_t *number)
{
    struct tn_channel *channel = channel_of (public);
    struct tenon_part ours;
    tn_copy_struct (&ours, sizeof ours, part, 0);
    TN_TRY (tn_host_add_part (public, part, number));
    ours.flags &= ~(uint32_t) TENON_PART_CHECK_NOW; /* which has been done */
    const struct tn_catalog *catalog = ((struct tn_call *) public)->session->catalog;
    if (ours.size == TENON_AUTO && !(ours.flags & TENON_PART_LATER)) /* it is known now */
        ours.size = catalog->sources[catalog->source_count - 1]->size;
    tn_channel_put_u32 (channel, TN_SAYS_PART);
    tn_wire_put_part (channel, &ours);
    tn_channel_put_u32 (channel, *number);
    return TENON_OK;
}

static tenon_status
record_skip_part (struct tenon_call *public, const struct tenon_part *part, tenon_status reason,
                  const char *why)
{
    struct tn_channel *channel = channel_of (public);
    struct tenon_part ours;
    tn_copy_struct (&ours, sizeof ours, part, 0);
    TN_TRY (tn_host_skip_part (public, part, reason, why));
    ours.block_size = 0;
    tn_channel_put_u32 (channel, TN_SAYS_SKIP_PART);
    tn_wire_put_part (channel, &ours);
    tn_channel_put_u32 (channel, (uint32_t) reason);
    tn_channel_put_text (channel, why, why ? strlen (why) : 0);
    return TENON_OK;
}

static tenon_status
record_include (struct tenon_call *public, uint32_t number, const struct tenon_include *how)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_channel *channel = channel_of (public);
    struct tn_inclusion inclusion;
    tenon_status status = tn_include_choose (call, number, how, &inclusion);
    if (status < 0) {
        tn_include_end (call, &inclusion);
        if (!tn_include_forgives (call, &inclusion))
            return status;
        tn_channel_put_u32 (channel, TN_SAYS_REFUSED);
        tn_channel_put_u32 (channel, number);
        tn_wire_put_error (channel, call->session->error);
        return tn_include_give_up (call, &inclusion);
    }
    const char *prefix = inclusion.how.metadata_prefix;
    tn_channel_put_u32 (channel, TN_SAYS_INCLUDE);
    tn_channel_put_u32 (channel, number);
    tn_channel_put_u32 (channel, inclusion.how.flags);
    tn_channel_put_u32 (channel, inclusion.how.codec != NULL);
    tn_channel_put_u64 (channel, inclusion.codec);
    tn_channel_put_text (channel, prefix, prefix ? strlen (prefix) : 0);
    status = tn_include_run (call, &inclusion);
    tn_include_end (call, &inclusion);
    tn_channel_put_u32 (channel, TN_SAYS_INCLUDED);
    tn_wire_put_error (channel, call->session->error);
    return status < 0 && tn_include_forgives (call, &inclusion) ? tn_include_give_up (call, &inclusion)
                                                                : status;
}

/* ---- questions ---- */

static tenon_status
fail_gone (tenon_error *error)
{
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "the program has gone");
}

/* A root whose bytes the program has. */
struct asker {
    struct tn_channel *channel;
    const struct tn_source *source;
};

/* tenon_reader.read_at of it. */
static tenon_status
ask_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    const struct asker *asker = user;
    struct tn_channel *channel = asker->channel;
    for (uint64_t done = 0; done < length;) {
        uint64_t piece = TN_MIN (length - done, TN_WIRE_PIECE);
        tn_channel_put_u32 (channel, TN_SAYS_BYTES);
        tn_channel_put_u64 (channel, asker->source->number);
        tn_channel_put_u64 (channel, offset + done);
        tn_channel_put_u64 (channel, piece);
        tn_channel_flush (channel);
        tenon_status status = (tenon_status) tn_channel_get_u32 (channel);
        if (status < 0 || !tn_channel_get (channel, (char *) to + done, piece))
            return status < 0 ? status : TENON_E_IO;
        done += piece;
    }
    return TENON_OK;
}

/* A file that the program sends. */
static tenon_status
get_root (struct tn_channel *channel, struct tn_arena *arena, struct tn_source **source, tenon_error *error)
{
    bool is_file = tn_channel_get_u32 (channel), is_folder = tn_channel_get_u32 (channel);
    uint64_t size = tn_channel_get_u64 (channel);
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
    if ((*source)->kind != TN_SOURCE_READER)
        return TENON_OK;
    struct asker *asker = calloc (1, sizeof *asker);
    (*source)->reader.read_at = ask_bytes;
    (*source)->reader.user = asker;
    (*source)->reader.close = free;
    if (!asker) {
        tn_source_free (*source);
        return tn_fail_memory (error);
    }
    *asker = (struct asker){ channel, *source };
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

/* The file of a key in a folder: a source that the program has, and that has the same number here. */
static tenon_status
ask_key (struct tn_call *call, const char *key, uint64_t length, uint32_t *number)
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
    TN_TRY (get_root (channel, &session->arena, &source, session->error));
    tn_budget_join (session->budget, source->size);
    return tn_call_adopt_source (call, source, number);
}

/* Keys that the program told, and the codec has yet to ask for. */
struct tn_asked {
    uint32_t description; /* that asked */
    char *prefix;
    uint64_t length, from; /* of the prefix; tenon_key.next of the question */
    unsigned count;
    struct tenon_key keys[TN_WIRE_KEYS];
};

/* The number of the key that comes next; `count`: it was not told. */
static unsigned
find_asked (const struct tn_asked *asked, uint32_t description, const char *prefix, uint64_t length,
            uint64_t next)
{
    if (!asked->prefix || asked->description != description || asked->length != length
        || memcmp (asked->prefix, prefix, length) != 0)
        return asked->count;
    unsigned at = 0;
    while (at < asked->count && (at == 0 ? asked->from : asked->keys[at - 1].next) != next)
        at++;
    return at;
}

static tenon_status
ask_keys (struct tn_call *call, struct tn_asked *asked, const char *prefix, uint64_t length, uint64_t next)
{
    struct tn_channel *channel = call->session->channel;
    free (asked->prefix);
    asked->prefix = tn_strndup (prefix, length);
    asked->description = call->description;
    asked->length = length;
    asked->from = next;
    asked->count = 0;
    if (!asked->prefix)
        return tn_fail_memory (call->session->error);
    tn_channel_put_u32 (channel, TN_SAYS_KEYS);
    tn_channel_put_text (channel, prefix, length);
    tn_channel_put_u64 (channel, next);
    tn_channel_flush (channel);
    uint32_t count = tn_channel_get_u32 (channel);
    for (uint32_t i = 0; i < count && i < TN_WIRE_KEYS; i++) {
        struct tenon_key *key = &asked->keys[i];
        *key = (struct tenon_key){ .struct_size = sizeof *key };
        key->key = tn_wire_get_text (channel, &call->session->arena, UINT64_MAX);
        key->length = key->key ? strlen (key->key) : 0;
        key->flags = tn_channel_get_u32 (channel);
        key->size = tn_channel_get_u64 (channel);
        key->next = tn_channel_get_u64 (channel);
        asked->count += key->key != NULL;
    }
    return channel->end == TN_CHANNEL_OPEN ? TENON_OK : fail_gone (call->session->error);
}

static tenon_status
record_next_key (struct tenon_call *public, const char *prefix, uint64_t length, struct tenon_key *key)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_asked *asked = call->session->asked;
    struct tenon_key found;
    if (!call->keys || !tn_keys_are_folder (call->keys))
        return tn_host_next_key (public, prefix, length, key);
    TN_TRY (TN_CALL_CHECK (call, TN_CALL_DESCRIBE));
    if (!tn_copy_struct (&found, sizeof found, key, sizeof found))
        return tn_call_misuse (call, "a struct tenon_key has a wrong struct_size");
    length = prefix ? length : 0;
    unsigned at = find_asked (asked, call->description, prefix, length, found.next);
    if (at == asked->count) {
        TN_TRY (ask_keys (call, asked, prefix, length, found.next));
        at = 0;
    }
    return at < asked->count ? tn_call_reply (call, key, &asked->keys[at], sizeof found)
                             : tn_call_answer (call, TENON_E_NOT_FOUND, "there are no more keys");
}

static tenon_status
record_open_key (struct tenon_call *public, const char *key, uint64_t length, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_channel *channel = channel_of (public);
    *number = 0;
    TN_TRY (TN_CALL_CHECK (call, TN_CALL_DESCRIBE));
    if (!key)
        return tn_host_open_key (public, key, length, number);
    if (!call->keys || tn_keys_are_folder (call->keys))
        return ask_key (call, key, length, number);
    tn_channel_put_u32 (channel, TN_SAYS_OPEN);
    tn_channel_put_u64 (channel, call->keys->told);
    tn_channel_put_text (channel, key, length);
    tenon_status status = tn_host_open_key (public, key, length, number);
    tn_channel_put_u32 (channel, TN_SAYS_OPENED);
    tn_channel_put_u32 (channel, (uint32_t) status);
    tn_channel_put_u32 (channel, *number);
    return status;
}

/* tenon_progress.report: asks the program's, a hundred times a second at most. */
struct question {
    struct tn_channel *channel;
    struct timespec last;
};

static int32_t
ask_progress (void *user, uint64_t done, uint64_t total)
{
    struct question *question = user;
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

/* ---- orders ---- */

static void
add_root (struct tn_session *session)
{
    struct tn_source *source;
    if (get_root (session->channel, &session->arena, &source, session->error) < 0)
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
        case TN_ORDER_DESCRIBE: describe_root (session); break;
        case TN_ORDER_READ:
            session->budget = NULL; /* the file is open */
            read_region (session);
            break;
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
    host.expect = record_expect;
    host.note = record_note;
    host.add_dtype = record_add_dtype;
    host.add_tensor = record_add_tensor;
    host.skip_tensor = record_skip_tensor;
    host.add_metadata = record_add_metadata;
    host.add_part = record_add_part;
    host.skip_part = record_skip_part;
    host.open_key = record_open_key;
    host.include = record_include;
    host.next_key = record_next_key;
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
    struct question question = { .channel = channel };
    const tenon_progress progress = { sizeof progress, 0, ask_progress, &question };
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
