/* SPDX-License-Identifier: MIT */
/* entry.c - one entry of metadata, and the bytes that calls stand for. */
#include "pt.h"

/* Adds a value under the present name. */
tenon_status
pt_add_value (struct pt_reader *reader, const struct tenon_value *value)
{
    const struct pt_frame *holder = reader->top > 0 ? &reader->frames[reader->top - 1] : NULL;
    struct pt_kept *kept = pt_find_kept (reader, reader->name, reader->name_length);
    const char *key;
    uint32_t length;
    reader->has_values |= !holder || (holder->level == 0 && !holder->is_state);
    if (kept)
        return pt_add_kept (reader, kept);
    TENON_TRY (pt_free_name (reader, &reader->metadata, &key, &length));
    return reader->call->host->add_metadata (reader->call, key, length, value);
}

/* UTF-8 of characters below 256, as bytes. 0: there are others. */
static int
decode_latin (const uint8_t *from, uint64_t length, uint8_t *to, uint64_t *count)
{
    *count = 0;
    for (uint64_t i = 0; i < length; i++) {
        uint8_t byte = from[i];
        if (byte >= 0x80) {
            if ((byte != 0xc2 && byte != 0xc3) || i + 1 == length || (from[i + 1] & 0xc0) != 0x80)
                return 0;
            byte = (uint8_t) (byte << 6 | (from[++i] & 0x3f));
        }
        to[(*count)++] = byte;
    }
    return 1;
}

int32_t
pt_bytes_of (struct pt_reader *reader, uint32_t value, const uint8_t **bytes, uint64_t *count)
{
    const struct pt_machine *machine = &reader->machine;
    const struct pt_value *found = pt_at (machine, value);
    if (found->kind == PT_OBJECT) {
        uint32_t meaning = pt_global (machine, found->as.items[PT_CALLEE]);
        uint32_t arguments = found->as.items[PT_ARGUMENTS];
        if (meaning != PT_G_BYTES && meaning != PT_G_ENCODE)
            return 0;
        *count = 0;
        *bytes = (const uint8_t *) "";
        if (meaning == PT_G_BYTES && arguments == PT_V_EMPTY)
            return 1;
        found = pt_at (machine, pt_item (machine, arguments, 0));
    } else if (found->kind == PT_STRING)
        return 0;
    if (found->kind != PT_BYTES && found->kind != PT_STRING)
        return 0;
    *bytes = found->as.bytes;
    *count = found->count;
    if (found->kind == PT_BYTES || reader->counting)
        return 1;
    TENON_TRY (pt_draw (&reader->machine, found->count));
    uint8_t *to = NULL;
    for (uint64_t i = 0; i < found->count && !to; i++)
        if (found->as.bytes[i] >= 0x80 && !(to = pt_room (&reader->machine, found->count)))
            return TENON_E_MEMORY;
    if (to && !decode_latin (found->as.bytes, found->count, to, count))
        return 0;
    *bytes = to ? to : *bytes;
    return 1;
}
