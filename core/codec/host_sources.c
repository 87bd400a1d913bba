/* SPDX-License-Identifier: MIT */
/* host_sources.c - adds parts and siblings of a file to its catalog. */
#include "base/io.h"
#include "codec/host.h"
#include "context/cause.h"
#include "source/scan.h"
#include <errno.h>
#include <stdio.h>

tenon_status
tn_call_adopt_source (struct tn_call *call, struct tn_source *source, uint32_t *number)
{
    struct tn_session *session = call->session;
    uint64_t most = session->context->limits[TENON_LIMIT_MEMBERS];
    struct tn_description *description = &session->catalog->descriptions[call->description];
    uint64_t room = description->room;
    if (session->members >= most) {
        tn_source_free (source);
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu members; raise members in [limits] to read them",
                        (unsigned long long) most);
    }
    bool first = description->sources == NULL;
    if (!tn_grow_within (session->budget, &description->sources, &room, description->count,
                         sizeof *description->sources)) {
        tn_source_free (source);
        return tn_fail_memory (session->error);
    }
    description->room = (uint32_t) TN_MIN (room, (uint64_t) UINT32_MAX);
    if (first)
        description->sources[0] = description->first;
    TN_TRY (tn_catalog_add_source (session->catalog, source, session->error));
    session->members++;
    *number = description->count;
    description->sources[description->count++] = source->number;
    return TENON_OK;
}

/* ---- parts ---- */

static tenon_status
check_blocks (struct tn_call *call, const struct tenon_part *part)
{
    if (part->block_size == 0 || !part->block_ends)
        return TENON_OK;
    uint64_t count = part->size / part->block_size + (part->size % part->block_size > 0), last = 0;
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
 * parts is held against the size of the file. */
#define NESTED_FREE ((uint64_t) 16 << 20)
#define NESTED_LEAST ((uint64_t) 4096) /* what reading a small part costs at least */

static tenon_status
check_nesting (struct tn_session *session, const struct tenon_part *part, struct tn_source *parent)
{
    uint64_t ratio = session->context->limits[TENON_LIMIT_INFLATED_RATIO];
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
             const struct tn_filter *filter)
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
    if (!filter && part->size != part->stored)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "it is stored as it is, but in %llu bytes instead of %llu",
                        (unsigned long long) part->stored, (unsigned long long) part->size);
    if (part->size > limits[TENON_LIMIT_INFLATED_BYTES])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it would inflate to %llu bytes; raise inflated_bytes in [limits] to read it",
                        (unsigned long long) part->size);
    if (filter && part->size > 1 << 20 && part->size / limits[TENON_LIMIT_INFLATED_RATIO] > part->stored)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it would inflate to %llu bytes from %llu, more than %llu to 1; raise inflated_ratio "
                        "in [limits] to read it",
                        (unsigned long long) part->size, (unsigned long long) part->stored,
                        (unsigned long long) limits[TENON_LIMIT_INFLATED_RATIO]);
    uint64_t memory = limits[TENON_LIMIT_MEMORY];
    if (filter && !filter->table.step && (part->stored > memory || part->size > memory - part->stored))
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "the filter %s decodes only all at once, which needs %llu and %llu bytes; raise "
                        "memory in [limits]",
                        filter->table.id, (unsigned long long) part->stored, (unsigned long long) part->size);
    if (parent->depth + 1 > limits[TENON_LIMIT_DEPTH])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it lies in %u others; raise depth in [limits] to read it", parent->depth);
    if (filter && parent->encoded >= limits[TENON_LIMIT_ENCODED_DEPTH])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it is compressed and lies in %u compressed members; raise encoded_depth in [limits] "
                        "to read it",
                        parent->encoded);
    if (filter && parent->encoded)
        TN_TRY (check_nesting (session, part, parent));
    return check_blocks (call, part);
}

static uint64_t
part_work (const struct tenon_part *part)
{
    uint64_t blocks = part->block_ends && part->block_size ? part->size / part->block_size : 0;
    return TN_WORK_ENTRY + (part->name ? part->name_length : 0) + TN_MIN (blocks, UINT64_MAX / 16) * 8;
}

/* A codec may do without a part whose filter is not in use. */
static TN_OWN_FRAME tenon_status
answer_filter (struct tn_call *call, const struct tenon_part *part)
{
    tenon_error error = TENON_ERROR_INIT;
    char member[80] = "";
    call->pending = tn_cause_fail_filter (call->session->context, part->filter, &error);
    if (part->name)
        tn_escape (member, sizeof member, part->name, TN_MIN (part->name_length, 60));
    if (snprintf (call->pending_words, sizeof call->pending_words, "member '%s': %s", member, error.message)
        < 0)
        call->pending_words[0] = 0;
    return call->pending;
}

/* Compares the checksum of a part that is about to be added. Damage is an answer. */
static TN_OWN_FRAME tenon_status
check_now (struct tn_call *call, struct tn_source *source)
{
    struct tn_session *session = call->session;
    tenon_error found = TENON_ERROR_INIT;
    char member[80];
    TN_TRY (tn_budget_work (session->budget, (source->filter ? TN_WORK_DECODED : 1) * source->size));
    tenon_status status = tn_scan_all (session->context, source, NULL, NULL, &found);
    if (status == TENON_OK)
        return TENON_OK;
    if (status != TENON_E_CHECKSUM && status != TENON_E_MALFORMED && status != TENON_E_TRUNCATED) {
        *session->error = found;
        return status;
    }
    tn_escape (member, sizeof member, source->name, TN_MIN (source->name_length, 60));
    call->pending = status;
    snprintf (call->pending_words, sizeof call->pending_words, "member '%s': %.100s", member, found.message);
    return status;
}

tenon_status
tn_host_add_part (struct tenon_call *public, const struct tenon_part *part, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tenon_part ours;
    tenon_status status;
    TN_TRY (TN_CALL_CHECK (call, TN_CALL_DESCRIBE));
    if (!tn_copy_struct (&ours, sizeof ours, part, offsetof (struct tenon_part, block_size)))
        return tn_call_misuse (call, "a struct tenon_part has a wrong struct_size");
    TN_TRY (tn_budget_work (session->budget, part_work (&ours)));
    struct tn_source *parent = tn_call_source (call, ours.source), *source;
    if (!parent)
        return session->error->status;
    const struct tn_filter *filter = ours.filter ? tn_filter_find (session->context, ours.filter) : NULL;
    if (ours.filter && !filter)
        return answer_filter (call, &ours);
    if (ours.check > TENON_CHECK_CRC32)
        status = tn_call_misuse (call, "a part has an unknown kind of checksum");
    else if (ours.flags & TENON_FLAGS_MUST_KNOW)
        status = tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                          "the codec %s adds it with flags %#x, which this version does not know",
                          call->codec->table.id, ours.flags);
    else if (ours.name && (!tn_utf8 (ours.name, ours.name_length) || ours.name_length > UINT32_MAX))
        status = tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                          "its name is not valid UTF-8 without NUL");
    else {
        /* A table of blocks that are too large for the memory limit is of no use. */
        if (ours.block_size > session->context->limits[TENON_LIMIT_MEMORY] / 2)
            ours.block_size = 0;
        status = check_sizes (call, &ours, parent, filter);
    }
    if (status < 0) {
        char member[80] = "";
        if (ours.name)
            tn_escape (member, sizeof member, ours.name, TN_MIN (ours.name_length, 60));
        tn_source_fail_in (parent, session->error);
        size_t end = strlen (session->error->file);
        snprintf (session->error->file + end, sizeof session->error->file - end, ": member '%s'", member);
        return status;
    }
    if (tn_needs_decoder (tn_source_plain (parent)))
        TN_TRY (tn_budget_work (session->budget, TN_WORK_DECODED * parent->size));
    TN_TRY (tn_unpack (session->context, &session->catalog->store, parent, session->error));
    TN_TRY (tn_source_part (&session->catalog->arena, parent, &ours, filter, &source, session->error));
    if ((ours.flags & TENON_PART_CHECK_NOW) && (filter || source->check != TENON_CHECK_NONE))
        TN_TRY (check_now (call, source));
    tn_source_note_range (parent, ours.offset - ours.lead, ours.stored + ours.lead);
    const char *words = ours.name ? tn_unpacking_words (source->name, source->name_length, false) : NULL;
    if (words)
        tn_host_note (public, TENON_NOTE, source->name, words);
    return tn_call_adopt_source (call, source, number);
}

/* ---- siblings ---- */

tenon_status
tn_call_answer_missing (struct tn_call *call, tenon_status status, const char *before, const char *name,
                        uint64_t length, const char *behind)
{
    char shown[120];
    tn_escape (shown, sizeof shown, name, TN_MIN (length, 100));
    call->pending = status;
    snprintf (call->pending_words, sizeof call->pending_words, "%s'%s'%s", before, shown, behind);
    return status;
}

tenon_status
tn_host_sibling (struct tenon_call *public, const char *name, uint64_t length, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tn_source *source;
    TN_TRY (TN_CALL_CHECK (call, TN_CALL_DESCRIBE));
    if (!tn_is_file_name (name, length)) {
        char shown[200];
        tn_escape (shown, sizeof shown, name, TN_MIN (length, 100));
        return tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "'%s' is no bare file name: a set may only name files beside it", shown);
    }
    /* A member must not reach files of the folder: the archive's author could not read them there. */
    const struct tn_source *asking = tn_call_source (call, 0);
    if (asking->kind == TN_SOURCE_PART)
        return tn_call_answer_missing (
            call, TENON_E_NOT_FOUND, "", name, length,
            " is not looked for: only a file has files beside it, a member of one has not");
    if (!session->directory)
        return tn_call_answer_missing (call, TENON_E_NOT_FOUND, "", name, length,
                                       " cannot be looked for: the file was opened without a path");
    char shown_name[256];
    memcpy (shown_name, name, length);
    shown_name[length] = 0;
    TN_FREE char *path = tn_concat (session->directory, shown_name, (char *) NULL);
    tenon_error error = TENON_ERROR_INIT;
    if (!path)
        return tn_fail_memory (session->error);
    uint64_t taken = sizeof *source + strlen (path) + length;
    TN_TRY (
        tn_budget_work (session->budget, TN_WORK_NOTE)); /* an index may name many files that are missing */
    if (!tn_budget_draw (session->budget, taken))
        return session->error->status;
    errno = 0;
    if (tn_source_open (path, session->may_map, &source, &error) < 0) {
        tn_budget_give_back (session->budget, taken);
        if (errno == ENOENT)
            return tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the file ", name, length,
                                           " that it names is missing");
        *session->error = error;
        return error.status;
    }
    tn_budget_join (session->budget, source->size);
    session->siblings = true;
    TN_TRY (tn_call_adopt_source (call, source, number));
    TN_TRY (tn_budget_work (session->budget, TN_WORK_SIBLING));
    return tn_catalog_pool_source (session->catalog, session->directory, source, session->error);
}
