/* SPDX-License-Identifier: MIT */
/* write.c - an archive that is written. Adding to one, its members stay where they are, and their entries as
 * they are. */
#include "zip.h"

/* ---- the archive that is added to ---- */

static void
tell_loose (struct tenon_call *call, uint64_t bytes)
{
    if (bytes > 0)
        tenon_note (call, TENON_LOSS, NULL,
                    "%llu bytes around the end of the archive belong to no member: they are dropped",
                    (unsigned long long) bytes);
}

static tenon_status
begin_adding (struct zip_writer *writer, uint64_t tensors)
{
    struct tenon_call *call = writer->call;
    writer->adds = 1;
    TENON_TRY (zip_open_directory (call, &writer->old));
    /* an archive without members begins with its end record: what is before that cannot stay */
    uint64_t kept = writer->old.count > 0 ? writer->old.offset : 0;
    tell_loose (call, writer->old.offset - kept + writer->old.loose);
    TENON_TRY (zip_begin_names (call, tensors + 8, &writer->dropped));
    return call->host->put_old (call, kept);
}

tenon_status
zip_drop (struct tenon_call *call, const char *key, uint64_t length)
{
    struct zip_writer *writer = call->state;
    if (length > ZIP_LONGEST_NAME * 3)
        return TENON_OK; /* no member has such a name */
    char *copy = call->host->scratch (call, length + 1);
    if (!copy)
        return TENON_E_MEMORY;
    memcpy (copy, key, length);
    return zip_add_name_growing (&writer->dropped, copy, (uint32_t) length);
}

static int
has_name (const struct zip_names *names, const char *text, uint32_t length)
{
    uint32_t tag;
    return *zip_find_name (names, text, length, &tag) != 0;
}

/* The names of the new entries, from their directory. */
static tenon_status
collect_new (struct zip_writer *writer, struct zip_names *names)
{
    TENON_TRY (zip_begin_names (writer->call, writer->entries, names));
    for (const struct zip_chunk *chunk = writer->first; chunk; chunk = chunk->next)
        for (uint64_t at = 0; at < chunk->used;) {
            const uint8_t *entry = chunk->bytes + at;
            uint32_t length = tenon_le16 (entry + 28);
            zip_add_name (names, (const char *) entry + ZIP_CENTRAL_BYTES, length);
            at += ZIP_CENTRAL_BYTES + length + tenon_le16 (entry + 30);
        }
    return TENON_OK;
}

/* Puts the entries of the old members, but for those that were dropped. */
static tenon_status
keep_old (struct zip_writer *writer)
{
    struct tenon_call *call = writer->call;
    const struct zip_directory *old = &writer->old;
    struct zip_names fresh;
    struct zip_entry entry;
    char shown[ZIP_SHOWN];
    TENON_TRY (collect_new (writer, &fresh));
    for (uint64_t i = 0, position = 0; i < old->count; i++, position += entry.entry_length) {
        TENON_TRY (zip_read_entry (call, old, position, NULL, 0, &entry));
        if (has_name (&writer->dropped, entry.name, entry.name_length))
            continue;
        if (has_name (&fresh, (const char *) entry.raw, entry.raw_length))
            return tenon_fail (call, TENON_E_UNSUPPORTED, entry.place,
                               "its member '%s' is not the array of that name, and no other member can have "
                               "its name; save all to a new file",
                               zip_show (&entry, shown));
        /* a folder's, which nothing reads: the others have been described */
        if (entry.offset > old->offset || old->offset - entry.offset < ZIP_LOCAL_BYTES)
            return tenon_fail (call, TENON_E_MALFORMED, entry.place,
                               "member '%s' does not begin before the central directory",
                               zip_show (&entry, shown));
        TENON_TRY (zip_keep_entry (writer, &entry));
    }
    return TENON_OK;
}

/* ---- the archive ---- */

tenon_status
zip_begin (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct zip_writer *writer = call->host->scratch (call, sizeof *writer);
    if (!writer)
        return TENON_E_MEMORY;
    call->state = writer;
    writer->call = call;
    TENON_TRY (call->host->plan_info (call, &plan));
    writer->seekable = plan.flags & TENON_SINK_SEEKABLE;
    return plan.flags & TENON_PLAN_APPENDS ? begin_adding (writer, plan.tensors) : TENON_OK;
}

tenon_status
zip_begin_entry (struct tenon_call *call, const struct tenon_entry *entry)
{
    struct zip_writer *writer = call->state;
    writer->heading =
        (struct zip_heading){ .name = entry->key,
                              .name_length = entry->key_length,
                              .method = zip_method_of (entry->step_count > 0 ? entry->steps->filter : NULL),
                              .alignment = entry->alignment,
                              .wide = zip_may_be_wide (entry->size) };
    if (entry->key_length > ZIP_LONGEST_NAME)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the key '%.40s…' has %llu bytes, a zip has %u for it", entry->key,
                           (unsigned long long) entry->key_length, ZIP_LONGEST_NAME);
    if (writer->heading.method == ZIP_NO_METHOD || entry->alignment > ZIP_MOST_ALIGNMENT)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "a member of a zip has a filter that the format has a number for, and an "
                           "alignment of %u at most",
                           ZIP_MOST_ALIGNMENT);
    return zip_put_local (writer, &writer->heading);
}

tenon_status
zip_end_entry (struct tenon_call *call, const struct tenon_entry *entry,
               const struct tenon_member_result *result)
{
    struct zip_writer *writer = call->state;
    writer->heading.name = entry->key;
    TENON_TRY (zip_complete_local (writer, &writer->heading, result));
    return zip_add_entry (writer, &writer->heading, result);
}

tenon_status
zip_finish (struct tenon_call *call)
{
    struct zip_writer *writer = call->state;
    uint64_t offset = call->host->tell (call);
    if (writer->adds)
        TENON_TRY (keep_old (writer));
    return zip_put_directory (writer, offset);
}
