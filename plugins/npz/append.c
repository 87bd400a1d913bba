/* SPDX-License-Identifier: MIT */
/* append.c - write into an archive that is there: its members stay where they are, their entries as they are.
 */
#include "npz.h"

tenon_status
npz_begin_append (struct npz_writer *writer, int metadata, struct npz_old *old)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (npz_open_directory (call, &old->directory));
    writer->comment = old->directory.comment;
    writer->comment_length = old->directory.comment_length;
    struct npz_entry entry;
    const uint32_t length = (uint32_t) strlen (NPZ_METADATA_MEMBER_NAME);
    for (uint64_t i = 0, position = 0; i < old->directory.count; i++, position += entry.entry_length) {
        TENON_TRY (npz_read_entry (call, &old->directory, position, &entry));
        if (metadata && entry.name_length == length
            && memcmp (entry.name, NPZ_METADATA_MEMBER_NAME, length) == 0) {
            TENON_TRY (npz_check_old_metadata (call, &entry, &old->has_metadata));
            old->has_tensor = !old->has_metadata;
        }
    }
    return call->host->put_old (call, old->directory.offset);
}

/* The names of the plan's tensors. */
static tenon_status
collect (struct npz_writer *writer, uint64_t tensors, struct npz_names *names)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (npz_begin_names (call, tensors, names));
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (tensor.name_length < NPZ_MAX16)
            npz_add_name (names, tensor.name, (uint32_t) tensor.name_length);
    }
    return TENON_OK;
}

/* Does the name end in a point and this extension, in capitals or not, with something before them? */
static int
has_extension (const struct npz_entry *entry, const char *extension, uint64_t length)
{
    if (entry->name_length <= length + 1 || entry->name[entry->name_length - length - 1] != '.')
        return 0;
    for (uint64_t i = 0; i < length; i++) {
        char letter = entry->name[entry->name_length - length + i];
        if (letter != extension[i] && !(letter >= 'A' && letter <= 'Z' && letter - 'A' + 'a' == extension[i]))
            return 0;
    }
    return 1;
}

/* Has the entry's tensor a name that is in the plan? It is the member's, less its extension: a tensor `a.npy`
 * is another one than `a`, which lies in `a.npy`. */
static int
is_replaced (const struct npz_writer *writer, const struct npz_entry *entry, const struct npz_names *names)
{
    uint32_t tag, length = entry->name_length;
    if (has_extension (entry, writer->suffix, writer->suffix_length))
        length -= (uint32_t) writer->suffix_length + 1;
    else if (has_extension (entry, "npy", 3)) /* as NumPy's are, whatever is written now */
        length -= 4;
    return *npz_find_name (names, entry->name, length, &tag) != 0;
}

tenon_status
npz_keep_old (struct npz_writer *writer, const struct npz_old *old, uint64_t tensors, int replaces_metadata)
{
    const uint32_t length = (uint32_t) strlen (NPZ_METADATA_MEMBER_NAME);
    struct tenon_call *call = writer->call;
    struct npz_names names;
    struct npz_entry entry;
    char shown[NPZ_SHOWN];
    TENON_TRY (collect (writer, tensors, &names));
    for (uint64_t i = 0, position = 0; i < old->directory.count; i++, position += entry.entry_length) {
        TENON_TRY (npz_read_entry (call, &old->directory, position, &entry));
        if (replaces_metadata && entry.name_length == length
            && memcmp (entry.name, NPZ_METADATA_MEMBER_NAME, length) == 0)
            continue;
        if (is_replaced (writer, &entry, &names)) {
            tenon_note (call, TENON_NOTE, npz_show (&entry, shown),
                        "replaced; the old member's bytes stay in the file until the next full save");
            continue;
        }
        uint8_t *to = npz_add_bytes (writer, entry.entry_length);
        if (!to)
            return TENON_E_MEMORY;
        memcpy (to, entry.bytes, entry.entry_length);
        writer->entries++;
    }
    return TENON_OK;
}
