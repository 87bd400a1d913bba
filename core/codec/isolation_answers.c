/* SPDX-License-Identifier: MIT */
/* isolation_answers.c - what the program gives to an isolated child: files, and answers to its questions
 * about bytes and progress. */
#include "codec/isolation_answers.h"
#include "codec/wire.h"

tenon_status
tn_isolation_fail (const tenon_context *context, struct tn_child *child, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    uint32_t plugin = tn_child_running (child);
    return tn_child_fail (child, plugin < registry->plugin_count ? registry->plugins[plugin]->name : NULL,
                          error);
}

uint64_t
tn_isolation_most_bytes (const struct tn_session *session)
{
    const uint64_t *limits = session->context->limits;
    return TN_MAX (limits[TENON_LIMIT_HEADER_BYTES], limits[TENON_LIMIT_METADATA_BYTES]);
}

/* So many sources of a file may be sent to the child with their descriptors. */
#define MOST_SENT 8u

void
tn_isolation_put_root (struct tn_channel *channel, struct tn_source *source)
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
    tn_channel_put_u64 (channel, source->origin);
    tn_channel_put_u32 (channel, source->is_cut);
    tn_channel_put_text (channel, source->name, source->name_length);
    tn_channel_put_text (channel, source->path, source->path ? strlen (source->path) : 0);
    if (is_file) {
        tn_channel_put_descriptor (channel, fd);
        tn_source_give_fd (source);
    }
}

/* A failure, and what the program's reader says of it. */
static void
answer_failed_read (struct tn_channel *channel, tenon_status status, const struct tn_source *root)
{
    const tenon_reader *reader = root->kind == TN_SOURCE_READER ? &root->reader : NULL;
    const char *said = reader && reader->reason ? reader->reason (reader->user) : NULL;
    tn_channel_put_u32 (channel, (uint32_t) status);
    tn_channel_put_text (channel, said, said ? strlen (said) : 0);
}

/* Bytes of a root that is no file, or that was sent without its descriptor. */
static void
answer_bytes (struct tn_channel *channel, struct tn_source *root, const struct tn_catalog *catalog)
{
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
    if (status < 0)
        answer_failed_read (channel, status, root);
    else {
        tn_channel_put_u32 (channel, (uint32_t) status);
        tn_channel_put (channel, bytes, length);
    }
    tn_channel_flush (channel);
}

static void
answer_progress (struct tn_channel *channel)
{
    tn_channel_put_u32 (channel, channel->stop && channel->stop (channel->user));
    tn_channel_flush (channel);
}

uint32_t
tn_isolation_next (struct tn_channel *channel, struct tn_source *root, const struct tn_catalog *catalog)
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
