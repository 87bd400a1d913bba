/* SPDX-License-Identifier: MIT */
/* json_value_keys.c - keys that an object of JSON has twice. */
#include "json_value_flat.h"
#include <tenon/json_value.h>

/* The slot of an entry's key in a table of 1 + the numbers of entries, or the empty one where it belongs. */
static uint64_t
find_key_slot (struct tenon_call *call, const struct tenon_value *items, uint64_t entry,
               const uint64_t *slots, uint64_t mask)
{
    const struct tenon_value *key = &items[2 * entry];
    uint64_t at = call->host->hash (call, key->as.string, key->count) & mask;
    for (; slots[at] > 0; at = (at + 1) & mask) {
        const struct tenon_value *other = &items[2 * (slots[at] - 1)];
        if (other->count == key->count && memcmp (other->as.string, key->as.string, (size_t) key->count) == 0)
            break;
    }
    return at;
}

int32_t
tenon_json_join_keys (struct tenon_call *call, struct tenon_value *items, uint64_t *count)
{
    uint64_t few[64], *slots = few, room = sizeof few / sizeof few[0], kept = 0;
    while (room / 2 < *count)
        room *= 2;
    if (room > sizeof few / sizeof few[0]
        && !(slots = (uint64_t *) call->host->scratch (call, room * sizeof *slots)))
        return TENON_E_MEMORY;
    memset (slots, 0, room * sizeof *slots);
    for (uint64_t i = 0; i < *count; i++) {
        uint64_t slot = find_key_slot (call, items, i, slots, room - 1);
        if (slots[slot] > 0) {
            items[2 * (slots[slot] - 1) + 1] = items[2 * i + 1];
            continue;
        }
        if (kept != i) {
            items[2 * kept] = items[2 * i];
            items[2 * kept + 1] = items[2 * i + 1];
        }
        slots[slot] = ++kept;
    }
    *count = kept;
    return TENON_OK;
}
