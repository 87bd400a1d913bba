/* SPDX-License-Identifier: MIT */
/* append.c - adding to an archive: old members stay where they are, and their entries as they are. */
#include "npz.h"

tenon_status
npz_begin_append (struct npz_writer *writer, int metadata, struct npz_old *old)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (npz_open_directory (call, &old->directory));
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
    return call->host->put_old (call, old->directory.offset);
}

/* The names of the tensors of the plan. */
static tenon_status
collect_names (struct npz_writer *writer, uint64_t tensors, struct npz_names *names)
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

/* True if a name ends in a point and this extension, in capitals or not, and does not begin with them. */
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

/* True if the plan has a tensor of that member. The name of the tensor is that of the member without its
 * extension: the tensor `a`, which is in the member `a.npy`, is not the tensor `a.npy`. */
static int
is_replaced (const struct npz_writer *writer, const struct npz_entry *entry, const struct npz_names *names)
{
    uint32_t tag, length = entry->name_length;
    if (has_extension (entry, writer->suffix, writer->suffix_length))
        length -= (uint32_t) writer->suffix_length + 1;
    else if (has_extension (entry, "npy", 3)) /* as NumPy writes them, whatever npz.member says now */
        length -= 4;
    return *npz_find_name (names, entry->name, length, &tag) != 0;
}

tenon_status
npz_keep_old (struct npz_writer *writer, const struct npz_old *old, uint64_t tensors, int replaces_metadata)
{
    struct tenon_call *call = writer->call;
    struct npz_names names;
    struct npz_entry entry;
    char shown[NPZ_SHOWN];
    TENON_TRY (collect_names (writer, tensors, &names));
    for (uint64_t i = 0, position = 0; i < old->directory.count; i++, position += entry.entry_length) {
        TENON_TRY (npz_read_entry (call, &old->directory, position, &entry));
        if (replaces_metadata && npz_is_metadata (&entry))
            continue;
        if (is_replaced (writer, &entry, &names)) {
            tenon_note (call, TENON_NOTE, npz_show (&entry, shown),
                        "replaced; the old member's bytes stay in the file until the next full save");
            continue;
        }
        TENON_TRY (npz_keep_entry (writer, &entry));
    }
    return TENON_OK;
}
