/* SPDX-License-Identifier: MIT */
/* names.c - a table of the keys, or of the names of tensors, that were read: one that comes again is found,
 * with the place of the first. It holds hashes alone, the texts stay in the file. */
#include "gguf.h"

tenon_status
gguf_names_begin (struct gguf_reader *reader, struct gguf_names *names, uint64_t count)
{
    uint64_t slots = 4;
    while (slots / 2 < count)
        slots *= 2;
    names->mask = slots - 1;
    names->slots = reader->call->host->scratch (reader->call, slots * sizeof *names->slots);
    return names->slots ? TENON_OK : TENON_E_MEMORY;
}

/* *same: these bytes lie at both places in the file. */
static tenon_status
compare_places (struct gguf_reader *reader, uint64_t one, uint64_t other, uint64_t length, int *same)
{
    const struct tenon_host *host = reader->call->host;
    uint64_t end = reader->cursor.end;
    uint8_t left[512], right[512];
    *same = one <= end && length <= end - one && other <= end && length <= end - other;
    for (uint64_t done = 0, n; *same && done < length; done += n) {
        n = length - done < sizeof left ? length - done : sizeof left;
        TENON_TRY (host->read_at (reader->call, 0, one + done, left, n));
        TENON_TRY (host->read_at (reader->call, 0, other + done, right, n));
        *same = memcmp (left, right, n) == 0;
    }
    return TENON_OK;
}

tenon_status
gguf_names_add (struct gguf_reader *reader, struct gguf_names *names, const char *text, uint64_t length,
                uint64_t place, uint64_t *first)
{
    uint64_t width = reader->version > 1 ? 8 : 4;
    uint64_t hash = reader->call->host->hash (reader->call, text, length);
    uint64_t slot = hash & names->mask;
    int same;
    *first = 0;
    for (; names->slots[slot].place > 0; slot = (slot + 1) & names->mask) {
        if (names->slots[slot].hash != hash)
            continue;
        /* with their lengths: one that begins like the other is another */
        TENON_TRY (compare_places (reader, names->slots[slot].place, place, width + length, &same));
        if (same) {
            *first = names->slots[slot].place;
            return TENON_OK;
        }
    }
    names->slots[slot].hash = hash;
    names->slots[slot].place = place;
    return TENON_OK;
}

tenon_status
gguf_names_compare (struct gguf_reader *reader, uint64_t first, uint64_t second, uint64_t end, int *same)
{
    return compare_places (reader, first, second, end - second, same);
}
