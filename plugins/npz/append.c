/* append.c - the archive that a save adds to: which of its members stay, and which are replaced. */
#include "npz.h"

static uint64_t
slot_of (const struct npz_old *old, const char *name, uint64_t length)
{
    return npz_hash ((const uint8_t *) name, (uint32_t) length, (uint64_t) (uintptr_t) old->slots)
           & old->mask;
}

/* The tensors of the plan by name: an old member of one of these names is replaced. */
static tenon_status
collect_names (struct tenon_call *call, uint64_t tensors, struct npz_old *old)
{
    uint64_t slots = 16;
    if (tensors >= NPZ_MAX32)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "2^32 members or more cannot be added");
    while (slots < 2 * tensors)
        slots *= 2;
    old->mask = slots - 1;
    old->slots = call->host->scratch (call, slots * sizeof *old->slots);
    old->names = call->host->scratch (call, (tensors + 1) * sizeof *old->names);
    if (!old->slots || !old->names)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        old->names[i].text = tensor.name;
        old->names[i].length = tensor.name_length;
        uint64_t at = slot_of (old, tensor.name, tensor.name_length);
        while (old->slots[at])
            at = (at + 1) & old->mask;
        old->slots[at] = (uint32_t) (i + 1);
    }
    return TENON_OK;
}

static int
is_new (const struct npz_old *old, const char *name, uint64_t length)
{
    for (uint64_t at = slot_of (old, name, length); old->slots[at]; at = (at + 1) & old->mask) {
        const struct npz_text *other = &old->names[old->slots[at] - 1];
        if (other->length == length && memcmp (other->text, name, (size_t) length) == 0)
            return 1;
    }
    return 0;
}

tenon_status
npz_open_old (struct tenon_call *call, uint64_t tensors, const char *suffix, struct npz_old *old)
{
    memset (old, 0, sizeof *old);
    old->suffix = suffix;
    old->suffix_length = strlen (suffix);
    TENON_TRY (npz_open_directory (call, &old->directory));
    TENON_TRY (collect_names (call, tensors, old));
    return call->host->put_old (call, old->directory.offset);
}

/* A member's name without the extension is its tensor's name, as when it is read. */
static int
is_replaced (const struct npz_old *old, const struct npz_entry *entry)
{
    uint64_t length = entry->name_length, end = old->suffix_length + 1;
    if (length > end && entry->name[length - end] == '.'
        && memcmp (entry->name + length - old->suffix_length, old->suffix, (size_t) old->suffix_length) == 0)
        return is_new (old, entry->name, length - end);
    return is_new (old, entry->name, length);
}

tenon_status
npz_next_old (struct tenon_call *call, struct npz_old *old, struct npz_entry *entry, int *found)
{
    char shown[NPZ_SHOWN];
    for (*found = 0; old->done < old->directory.count && !*found; old->done++) {
        TENON_TRY (npz_read_entry (call, &old->directory, old->position, entry));
        old->position += entry->entry_length;
        *found = !is_replaced (old, entry);
        if (!*found)
            tenon_note (call, TENON_NOTE, npz_show (entry, shown),
                        "replaced; the old member's bytes stay in the file until the next full save");
    }
    return TENON_OK;
}
