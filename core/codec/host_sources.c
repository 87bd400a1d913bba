/* SPDX-License-Identifier: MIT */
/* host_sources.c - adds parts of a file, and the files of keys, to its catalog. */
#include "base/io.h"
#include "codec/archive.h"
#include "codec/folder_keys.h"
#include "codec/host.h"
#include "codec/locate.h"
#include "codec/reach.h"
#include "codec/write.h"
#include "context/cause.h"
#include "kernels/checksum.h"
#include "source/scan.h"
#include <errno.h>
#include <stdio.h>

tenon_status
tn_call_adopt_source (struct tn_call *call, struct tn_source *source, uint32_t *number)
{
    struct tn_session *session = call->session;
    uint64_t most = session->context->limits[TENON_LIMIT_MEMBERS];
    if (session->members >= most) {
        tn_source_free (source);
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu members; raise members in [limits] to read them",
                        (unsigned long long) most);
    }
    TN_TRY (tn_catalog_add_source (session->catalog, source, session->error));
    session->members++;
    return tn_call_number_source (call, source, number);
}

/* ---- parts ---- */

static tenon_status
check_blocks (struct tn_call *call, const struct tenon_part *part)
{
    if (part->block_size == 0 || !part->block_ends)
        return TENON_OK;
    uint64_t count = part->size / part->block_size + (part->size % part->block_size > 0), last = 0;
    if (part->size == TENON_AUTO)
        return tn_call_misuse (call, "a part has a table of blocks, and no size");
    for (uint64_t i = 0; i < count; i++) {
        if (part->block_ends[i] <= last || part->block_ends[i] > part->stored)
            return tn_call_misuse (call, "the block ends of a part do not rise, or leave it");
        last = part->block_ends[i];
    }
    return last == part->stored || count == 0
               ? TENON_OK
               : tn_call_misuse (call, "the last block of a part does not end where the part does");
}

/* An archive in an archive multiplies twice, and is unpacked. So the sum of all encoded parts of encoded
 * parts is held against the size of the file (TN_RATIO_SHARE). */
#define NESTED_FREE ((uint64_t) 16 << 20)
#define NESTED_LEAST ((uint64_t) 4096) /* what reading a small part costs at least */

static tenon_status
check_nesting (struct tn_session *session, const struct tenon_part *part, struct tn_source *parent)
{
    uint64_t ratio = tn_ratio_share (session->context->limits);
    if (tn_add (session->nested, TN_MAX (part->size, NESTED_LEAST), &session->nested))
        session->nested = UINT64_MAX;
    if (session->nested <= NESTED_FREE || session->nested / ratio <= tn_source_root (parent)->size)
        return TENON_OK;
    return tn_fail (
        session->error, TENON_E_LIMIT, TN_NO_OFFSET,
        "compressed members within compressed members come to %llu bytes, more than %llu to 1 of the "
        "file; raise inflated_ratio in [limits] to read it",
        (unsigned long long) session->nested, (unsigned long long) ratio);
}

static tenon_status
check_sizes (struct tn_call *call, const struct tenon_part *part, struct tn_source *parent,
             const struct tn_pipeline *pipeline)
{
    struct tn_session *session = call->session;
    const uint64_t *limits = session->context->limits;
    tenon_error *error = session->error;
    if (part->lead > part->offset || part->offset > parent->size
        || part->stored > parent->size - part->offset)
        return tn_fail (error, TENON_E_TRUNCATED, TN_NO_OFFSET,
                        "its %llu bytes at offset %llu are not inside the file, which ends at %llu",
                        (unsigned long long) part->stored, (unsigned long long) part->offset,
                        (unsigned long long) parent->size);
    bool known = part->size != TENON_AUTO;
    if (part->check != TENON_CHECK_NONE && part->check_value > UINT32_MAX)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "its checksum is said to be %#llx, which has more than 32 bits",
                        (unsigned long long) part->check_value);
    if (!pipeline && part->size != part->stored)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "it is stored as it is, but in %llu bytes instead of %llu",
                        (unsigned long long) part->stored, (unsigned long long) part->size);
    if (known && part->size > limits[TENON_LIMIT_INFLATED_BYTES])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it would inflate to %llu bytes; raise inflated_bytes in [limits] to read it",
                        (unsigned long long) part->size);
    if (pipeline && known && part->size > 1 << 20
        && part->size / limits[TENON_LIMIT_INFLATED_RATIO] > part->stored)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it would inflate to %llu bytes from %llu, more than %llu to 1; raise inflated_ratio "
                        "in [limits] to read it",
                        (unsigned long long) part->size, (unsigned long long) part->stored,
                        (unsigned long long) limits[TENON_LIMIT_INFLATED_RATIO]);
    uint64_t memory = limits[TENON_LIMIT_MEMORY];
    uint64_t size = known ? part->size : 0;
    if (pipeline && !pipeline->in_pieces && (part->stored > memory || size > memory - part->stored))
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "the filter %s decodes only all at once, which needs %llu and %llu bytes; raise "
                        "memory in [limits]",
                        pipeline->text, (unsigned long long) part->stored, (unsigned long long) size);
    if (parent->depth + 1 > limits[TENON_LIMIT_DEPTH])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it lies in %u others; raise depth in [limits] to read it", parent->depth);
    if (pipeline && parent->encoded >= limits[TENON_LIMIT_ENCODED_DEPTH])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it is compressed and lies in %u compressed members; raise encoded_depth in [limits] "
                        "to read it",
                        parent->encoded);
    if (pipeline && known && parent->encoded)
        TN_TRY (check_nesting (session, part, parent));
    return check_blocks (call, part);
}

static uint64_t
part_work (const struct tenon_part *part)
{
    bool has_table = part->block_ends && part->block_size && part->size != TENON_AUTO;
    uint64_t blocks = has_table ? part->size / part->block_size : 0;
    return TN_WORK_ENTRY + (part->name ? part->name_length : 0) + TN_MIN (blocks, UINT64_MAX / 16) * 8;
}

/* Tells the codec of a failure that is no failure unless the codec returns it. */
static tenon_status
answer_part (struct tn_call *call, const struct tenon_part *part, const tenon_error *error)
{
    char member[80] = "";
    call->pending = error->status;
    call->pending_source = NULL;
    if (part->name)
        tn_escape (member, sizeof member, part->name, TN_MIN (part->name_length, 60));
    if (snprintf (call->pending_words, sizeof call->pending_words, "member '%s': %s", member, error->message)
        < 0)
        call->pending_words[0] = 0;
    return call->pending;
}

/* A codec may do without a part whose filter is not in use. */
static TN_OWN_FRAME tenon_status
answer_filter (struct tn_call *call, const struct tenon_part *part, const char *filter)
{
    tenon_error error = TENON_ERROR_INIT;
    tn_cause_fail_filter (call->session->context, filter, &error);
    return answer_part (call, part, &error);
}

/* Decodes a part to find its size. A codec may do without one that is damaged. */
static TN_OWN_FRAME tenon_status
find_size (struct tn_call *call, const struct tenon_part *part, struct tn_source *source)
{
    struct tn_session *session = call->session;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = tn_unpack_to_size (session->context, &session->catalog->store, source, &error);
    if (session->error->status < 0)
        return session->error->status;
    if (status == TENON_OK) {
        struct tenon_part sized = *part;
        sized.size = source->size;
        return part->steps && source->parent->encoded ? check_nesting (session, &sized, source->parent)
                                                      : TENON_OK;
    }
    if (status == TENON_E_MEMORY || status == TENON_E_IO || status == TENON_E_MISUSE
        || status == TENON_E_CRASHED || status == TENON_E_CANCELLED) {
        *session->error = error;
        return status;
    }
    return answer_part (call, part, &error);
}

/* Compares the checksum of a part that is about to be added. Damage is an answer. */
static TN_OWN_FRAME tenon_status
check_now (struct tn_call *call, const struct tenon_part *part, struct tn_source *source)
{
    struct tn_session *session = call->session;
    tenon_error found = TENON_ERROR_INIT;
    TN_TRY (tn_budget_work (session->budget, (source->pipeline ? TN_WORK_DECODED : 1) * source->size));
    tenon_status status = tn_scan_all (session->context, source, NULL, NULL, &found);
    if (status == TENON_OK)
        return TENON_OK;
    if (status != TENON_E_CHECKSUM && status != TENON_E_MALFORMED && status != TENON_E_TRUNCATED) {
        *session->error = found;
        return status;
    }
    return answer_part (call, part, &found);
}

/* A container that is encoded itself is decoded once, for all that lies in it. */
static tenon_status
unpack_parent (struct tn_call *call, struct tn_source *parent)
{
    struct tn_session *session = call->session;
    if (tn_needs_decoder (tn_source_plain (parent)))
        TN_TRY (tn_budget_work (session->budget, TN_WORK_DECODED * parent->size));
    return tn_unpack (session->context, &session->catalog->store, parent, session->error);
}

/* The place of a failure: the member. */
static tenon_status
fail_in_member (struct tn_call *call, const struct tenon_part *part, const struct tn_source *parent)
{
    tenon_error *error = call->session->error;
    char member[80] = "";
    if (part->name)
        tn_escape (member, sizeof member, part->name, TN_MIN (part->name_length, 60));
    tn_source_fail_in (parent, error);
    size_t end = strlen (error->file);
    snprintf (error->file + end, sizeof error->file - end, ": member '%s'", member);
    return error->status;
}

static tenon_status
check_part_name (struct tn_call *call, const struct tenon_part *part)
{
    if (call->archive && tn_archive_locates (call->archive))
        return TENON_OK; /* it is compared with the key, which was checked */
    if (part->name && (part->name_length > UINT32_MAX || !tn_utf8 (part->name, part->name_length)))
        return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "its name is not valid UTF-8 without NUL");
    return TENON_OK;
}

/* Names that lead elsewhere when the container is unpacked. A codec's name need not end in NUL. */
static void
note_name (struct tn_call *call, const char *name, uint64_t length)
{
    const char *words = name ? tn_unpacking_words (name, length, false) : NULL;
    if (!words)
        return;
    struct tn_mark mark = tn_arena_mark (&call->session->arena);
    const char *copy = tn_arena_text (&call->session->arena, name, length);
    tn_host_note (&call->public, TENON_NOTE, copy, words);
    tn_arena_release (&call->session->arena, mark);
}

/* Copies the codec's struct, and finds the source that the part lies in. */
static tenon_status
take_part (struct tn_call *call, const struct tenon_part *part, struct tenon_part *ours,
           struct tn_source **parent)
{
    if (!tn_copy_struct (ours, sizeof *ours, part, offsetof (struct tenon_part, block_size)))
        return tn_call_misuse (call, "a struct tenon_part has a wrong struct_size");
    TN_TRY (tn_budget_work (call->session->budget, part_work (ours)));
    if (!(*parent = tn_call_source (call, ours->source)))
        return call->session->error->status;
    if (!(ours->flags & TENON_FLAGS_MUST_KNOW))
        return TENON_OK;
    (void) tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "the codec %s adds it with flags %#x, which this version does not know",
                    call->codec->table.id, ours->flags);
    return fail_in_member (call, ours, *parent);
}

/* The pipeline of a part; without steps, its size may be left out, too. */
static tenon_status
take_steps (struct tn_call *call, struct tenon_part *part, const struct tn_pipeline **pipeline)
{
    struct tn_session *session = call->session;
    struct tn_catalog *catalog = session->catalog;
    const char *missing;
    if (part->step_count == 0) {
        if (part->size == TENON_AUTO)
            part->size = part->stored;
        return TENON_OK;
    }
    tenon_status status = tn_pipeline_make (session->context, &catalog->arena, part->steps, part->step_size,
                                            part->step_count, &catalog->pipeline, &missing, session->error);
    if (status == TENON_E_NOT_FOUND)
        return answer_filter (call, part, missing);
    *pipeline = catalog->pipeline;
    return status;
}

/* A member of an archive of which more is told when it is opened. */
static tenon_status
add_later (struct tn_call *call, const struct tenon_part *part, struct tn_source *parent, uint32_t *number)
{
    if (!call->archive)
        return tn_call_misuse (call, "it puts off a part, but is no archive");
    if (check_part_name (call, part) < 0)
        return fail_in_member (call, part, parent);
    TN_TRY (unpack_parent (call, parent));
    TN_TRY (tn_archive_add_later (call, part));
    note_name (call, part->name, part->name_length);
    *number = UINT32_MAX;
    return TENON_OK;
}

tenon_status
tn_host_add_part (struct tenon_call *public, const struct tenon_part *part, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tenon_part ours;
    struct tn_source *parent, *source;
    const char *key = NULL;
    TN_TRY (TN_CALL_MAY (call, add_part));
    TN_TRY (take_part (call, part, &ours, &parent));
    if (ours.flags & TENON_PART_LATER)
        return add_later (call, &ours, parent, number);
    const struct tn_pipeline *pipeline = NULL;
    TN_TRY (take_steps (call, &ours, &pipeline));
    if (!tn_sum_knows (ours.check))
        return tn_call_answer_check (call, ours.check);
    tenon_status status = check_part_name (call, &ours);
    /* A table of blocks that are too large for the memory limit is of no use. */
    if (ours.block_size > session->context->limits[TENON_LIMIT_MEMORY] / 2)
        ours.block_size = 0;
    if (status == TENON_OK)
        status = check_sizes (call, &ours, parent, pipeline);
    if (status < 0)
        return fail_in_member (call, &ours, parent);
    if (call->archive && !(key = tn_archive_key (call, &ours)))
        return session->error->status;
    TN_TRY (unpack_parent (call, parent));
    TN_TRY (tn_source_part (&session->catalog->arena, parent, &ours, key, pipeline, &source, session->error));
    if (source->size == TENON_AUTO)
        TN_TRY (find_size (call, &ours, source));
    ours.size = source->size;
    if ((ours.flags & TENON_PART_CHECK_NOW) && (pipeline || source->check != TENON_CHECK_NONE))
        TN_TRY (check_now (call, &ours, source));
    tn_source_note_range (parent, ours.offset - ours.lead, ours.stored + ours.lead);
    if (call->archive)
        return tn_archive_add_source (call, &ours, source, number);
    note_name (call, ours.name ? source->name : NULL, source->name_length);
    return tn_call_adopt_source (call, source, number);
}

tenon_status
tn_host_skip_part (struct tenon_call *public, const struct tenon_part *part, tenon_status reason,
                   const char *why)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tenon_part ours;
    struct tn_source *parent, *source = NULL;
    const char *key = NULL;
    char words[1024];
    TN_TRY (TN_CALL_MAY (call, skip_part));
    TN_TRY (take_part (call, part, &ours, &parent));
    if (reason >= 0)
        return tn_call_misuse (call, "it skips a part without a status that says why");
    if (check_part_name (call, &ours) < 0)
        return fail_in_member (call, &ours, parent);
    bool inside = ours.lead <= ours.offset && ours.offset <= parent->size
                  && ours.stored <= parent->size - ours.offset && !(ours.flags & TENON_PART_LATER);
    uint64_t size = ours.size;
    ours.step_count = 0;
    ours.size = ours.stored;
    ours.check = TENON_CHECK_NONE;
    if (inside && (key = tn_archive_key (call, &ours))) {
        TN_TRY (tn_source_part (&session->catalog->arena, parent, &ours, key, NULL, &source, session->error));
        tn_source_note_range (parent, ours.offset - ours.lead, ours.stored + ours.lead);
    }
    TN_TRY (session->error->status);
    why = why && why[0] ? why : tenon_status_text (reason);
    tn_escape (words, sizeof words, why, strlen (why));
    ours.size = size;
    return tn_archive_add_fault (call, &ours, source, reason, words);
}

/* ---- keys ---- */

/* A key of the file that is added to, by the parts that its catalog has. */
static tenon_status
open_old_key (struct tn_call *call, const char *key, uint64_t length, uint32_t *number)
{
    const struct tn_catalog *old = call->writer->old;
    if (!old || !key)
        return tn_call_misuse (call, "it opens a key where there is no old file, or no key");
    TN_TRY (tn_budget_work (call->session->budget, TN_WORK_LOOKUP + old->source_count));
    for (uint64_t i = 1; i < old->source_count; i++) {
        const struct tn_source *source = old->sources[i];
        if (source->kind != TN_SOURCE_PART || source->parent != old->sources[0]
            || source->name_length != length || memcmp (source->name, key, length) != 0)
            continue;
        *number = (uint32_t) i;
        return TENON_OK;
    }
    return tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the key ", key, length, " is not there");
}

tenon_status
tn_host_open_key (struct tenon_call *public, const char *key, uint64_t length, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_source *source;
    *number = 0;
    TN_TRY (TN_CALL_MAY (call, open_key));
    if (call->state == TN_CALL_WRITE)
        return open_old_key (call, key, length, number);
    if (call->state == TN_CALL_CHUNK)
        return tn_locator_open (call, key, length, number);
    if (!key)
        return tn_call_misuse (call, "it opens no key");
    tenon_status status = call->keys ? call->keys->kind->open (call->keys, call, key, length, &source)
                                     : tn_beside_open (call, key, length, &source);
    TN_TRY (call->session->error->status);
    if (source)
        TN_TRY (tn_call_number_source (call, source, number));
    if (call->keys)
        TN_TRY (tn_call_enter_key (call, key, length, source, status));
    return status;
}

tenon_status
tn_call_check_how (struct tn_call *call, uint32_t how, const char *prefix, uint64_t length)
{
    if (how > TENON_KEYS_ONE_LEVEL)
        return tn_call_misuse (call, "it asks for keys in a way that this version does not know");
    if (how == TENON_KEYS_ONE_LEVEL && length > 0 && prefix[length - 1] != '/')
        return tn_call_misuse (call, "it asks for one level of keys, but the prefix does not end in '/'");
    return TENON_OK;
}

tenon_status
tn_host_next_key (struct tenon_call *public, const char *prefix, uint64_t length, struct tenon_key *key)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_key found;
    TN_TRY (TN_CALL_MAY (call, next_key));
    if (!call->keys)
        return tn_call_misuse (call, "it asks for a key, but describes no store");
    if (!tn_copy_struct (&found, sizeof found, key, offsetof (struct tenon_key, size)))
        return tn_call_misuse (call, "a struct tenon_key has a wrong struct_size");
    TN_TRY (tn_call_check_how (call, found.how, prefix, prefix ? length : 0));
    uint64_t from = found.next;
    bool more = call->keys->kind->next (call->keys, prefix, prefix ? length : 0, &found);
    TN_TRY (call->session->error->status);
    uint64_t passed = found.how == 0 ? found.next - from : 1; /* one level is looked up */
    TN_TRY (tn_budget_work (call->session->budget, TN_WORK_LOOKUP + passed * 8));
    return more ? tn_call_reply (call, key, &found, sizeof found)
                : tn_call_answer (call, TENON_E_NOT_FOUND, "there are no more keys");
}
