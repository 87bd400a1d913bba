/* SPDX-License-Identifier: MIT */
/* append.c - adding to an archive: old members stay where they are, and their entries as they are. */
#include "npz.h"

static void
tell_loose (struct tenon_call *call, uint64_t bytes)
{
    if (bytes > 0)
        tenon_note (call, TENON_LOSS, NULL,
                    "%llu bytes around the end of the archive belong to no member: they are dropped",
                    (unsigned long long) bytes);
}

tenon_status
npz_begin_append (struct npz_writer *writer, int metadata, struct npz_old *old)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (npz_open_directory (call, &old->directory));
    /* an archive without members begins with its end record: what is before that cannot stay */
    uint64_t kept = old->directory.count > 0 ? old->directory.offset : 0;
    tell_loose (call, old->directory.offset - kept + old->directory.loose);
    writer->comment = old->directory.comment;
    writer->comment_length = old->directory.comment_length;
    struct npz_entry entry;
    for (uint64_t i = 0, position = 0; i < old->directory.count; i++, position += entry.entry_length) {
        TENON_TRY (npz_read_entry (call, &old->directory, position, &entry));
        if (metadata && npz_is_metadata (&entry)) {
            TENON_TRY (npz_check_old_metadata (call, &entry, &old->has_metadata));
            old->has_tensor = !old->has_metadata;
        }
    }
    return call->host->put_old (call, kept);
}

/* What the plan does to the old members. */
struct changes {
    struct npz_names replaced; /* members whose arrays the plan replaces */
    struct npz_names tensors;  /* of the plan */
};

static tenon_status
collect_changes (struct npz_writer *writer, uint64_t tensors, struct changes *changes)
{
    struct tenon_call *call = writer->call;
    const char *name;
    uint64_t length;
    TENON_TRY (npz_begin_names (call, tensors, &changes->replaced));
    TENON_TRY (npz_begin_names (call, tensors, &changes->tensors));
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (call->host->old_part (call, i, &name, &length));
        if (name)
            npz_add_name (&changes->replaced, name, (uint32_t) length);
        if (tensor.name_length < NPZ_MAX16)
            npz_add_name (&changes->tensors, tensor.name, (uint32_t) tensor.name_length);
    }
    return TENON_OK;
}

static int
has_name (const struct npz_names *names, const char *text, uint32_t length)
{
    uint32_t tag;
    return *npz_find_name (names, text, length, &tag) != 0;
}

/* True if a new member will have the name of this one, byte for byte. */
static int
is_in_the_way (const struct npz_writer *writer, const struct npz_entry *entry,
               const struct npz_names *tensors)
{
    uint64_t end = writer->suffix_length + 1;
    const char *raw = (const char *) entry->raw;
    return entry->raw_length > end && raw[entry->raw_length - end] == '.'
           && memcmp (raw + entry->raw_length - end + 1, writer->suffix, writer->suffix_length) == 0
           && has_name (tensors, raw, entry->raw_length - (uint32_t) end);
}

tenon_status
npz_keep_old (struct npz_writer *writer, const struct npz_old *old, uint64_t tensors, int replaces_metadata)
{
    struct tenon_call *call = writer->call;
    struct changes changes;
    struct npz_entry entry;
    char shown[NPZ_SHOWN];
    TENON_TRY (collect_changes (writer, tensors, &changes));
    for (uint64_t i = 0, position = 0; i < old->directory.count; i++, position += entry.entry_length) {
        TENON_TRY (npz_read_entry (call, &old->directory, position, &entry));
        if (replaces_metadata && npz_is_metadata (&entry))
            continue;
        if (has_name (&changes.replaced, entry.name, entry.name_length)) {
            tenon_note (call, TENON_NOTE, npz_show (&entry, shown),
                        "replaced; the old member's bytes stay in the file until the next full save");
            continue;
        }
        if (is_in_the_way (writer, &entry, &changes.tensors))
            return tenon_fail (call, TENON_E_UNSUPPORTED, entry.place,
                               "its member '%s' is not the array of that name, and no other member can have "
                               "its name; save all to a new file",
                               npz_show (&entry, shown));
        /* a folder's, which nothing reads: the others have been described */
        if (entry.offset > old->directory.offset || old->directory.offset - entry.offset < NPZ_LOCAL_BYTES)
            return tenon_fail (call, TENON_E_MALFORMED, entry.place,
                               "member '%s' does not begin before the central directory",
                               npz_show (&entry, shown));
        TENON_TRY (npz_keep_entry (writer, &entry));
    }
    return TENON_OK;
}
