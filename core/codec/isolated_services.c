/* SPDX-License-Identifier: MIT */
/* isolated_services.c - the services of an isolated child: each does what the program's does, to the child's
 * own catalog, and makes the message by which the program does the same. */
#include "codec/isolated_services.h"
#include "codec/folder_keys.h"
#include "codec/host.h"
#include "codec/isolated_questions.h"
#include "codec/rules.h"
#include "codec/wire.h"

static struct tn_channel *
channel_of (struct tenon_call *public)
{
    return ((struct tn_call *) public)->session->channel;
}

static void
record_expect (struct tenon_call *public, uint64_t tensors, uint64_t metadata)
{
    struct tn_channel *channel = channel_of (public);
    tn_host_expect (public, tensors, metadata);
    if (!tn_rule_allows (TN_SERVICE_expect, ((struct tn_call *) public)->state))
        return;
    tn_channel_put_u32 (channel, TN_SAYS_EXPECT);
    tn_channel_put_u64 (channel, tensors);
    tn_channel_put_u64 (channel, metadata);
}

/* After a failure the program gets a note of no kind, which it does not report: so it is still asked for the
 * work of a codec that notes for ever. */
static void
record_note (struct tenon_call *public, uint32_t kind, const char *item, const char *message)
{
    struct tn_channel *channel = channel_of (public);
    const struct tn_call *call = (const struct tn_call *) public;
    bool failed = call->session->error->status < 0;
    tn_host_note (public, kind, item, message);
    if (!tn_call_describes (call))
        return;
    tn_channel_put_u32 (channel, TN_SAYS_NOTE);
    tn_channel_put_u32 (channel, failed ? UINT32_MAX : kind);
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
    ours.strides = NULL; /* these do not count */
    ours.chunk_shape = NULL;
    ours.grid = NULL;
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
record_claim_keys (struct tenon_call *public, const struct tenon_claim *claim)
{
    struct tn_channel *channel = channel_of (public);
    struct tenon_claim ours;
    TN_TRY (tn_host_claim_keys (public, claim));
    tn_copy_struct (&ours, sizeof ours, claim, 0);
    tn_channel_put_u32 (channel, TN_SAYS_CLAIM);
    tn_wire_put_claim (channel, &ours);
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
    if (ours.flags & TENON_PART_LATER)
        ours.block_size = 0;          /* its table of blocks has not been checked, and does not count */
    else if (ours.size == TENON_AUTO) /* it is known now */
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

static tenon_status
record_next_key (struct tenon_call *public, const char *prefix, uint64_t length, struct tenon_key *key)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_key found;
    if (!call->keys || !tn_keys_are_folder (call->keys))
        return tn_host_next_key (public, prefix, length, key);
    TN_TRY (TN_CALL_MAY (call, next_key));
    if (!tn_copy_struct (&found, sizeof found, key, offsetof (struct tenon_key, size)))
        return tn_call_misuse (call, "a struct tenon_key has a wrong struct_size");
    TN_TRY (tn_call_check_how (call, found.how, prefix, prefix ? length : 0));
    const struct tenon_key *told;
    TN_TRY (tn_isolated_next_key (call, prefix, prefix ? length : 0, &found, &told));
    return told ? tn_call_reply (call, key, told, sizeof found)
                : tn_call_answer (call, TENON_E_NOT_FOUND, "there are no more keys");
}

static tenon_status
record_open_key (struct tenon_call *public, const char *key, uint64_t length, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_channel *channel = channel_of (public);
    *number = 0;
    TN_TRY (TN_CALL_MAY (call, open_key));
    if (!key)
        return tn_host_open_key (public, key, length, number);
    if (call->state == TN_CALL_CHUNK)
        return tn_isolated_open_key (call, key, length, number);
    if (!call->keys || tn_keys_are_folder (call->keys))
        return tn_isolated_ask_key (call, key, length, number);
    tn_channel_put_u32 (channel, TN_SAYS_OPEN);
    tn_channel_put_u64 (channel, call->keys->told);
    tn_channel_put_text (channel, key, length);
    tenon_status status = tn_host_open_key (public, key, length, number);
    tn_channel_put_u32 (channel, TN_SAYS_OPENED);
    tn_channel_put_u32 (channel, (uint32_t) status);
    tn_channel_put_u32 (channel, *number);
    return status;
}

void
tn_isolated_record (struct tenon_host *host)
{
    host->expect = record_expect;
    host->note = record_note;
    host->add_dtype = record_add_dtype;
    host->add_tensor = record_add_tensor;
    host->skip_tensor = record_skip_tensor;
    host->add_metadata = record_add_metadata;
    host->add_part = record_add_part;
    host->skip_part = record_skip_part;
    host->open_key = record_open_key;
    host->include = record_include;
    host->next_key = record_next_key;
    host->claim_keys = record_claim_keys;
}
