/* SPDX-License-Identifier: MIT */
/* value_keys.c - the keys of a map among metadata values. */
#include "base/hash.h"
#include "catalog/value.h"
#include <tenon/json.h>

/* Slots of the table of a small map, which need no memory of their own. */
#define FEW_SLOTS 64u

/* A table of the entries of a map by their keys. */
struct key_table {
    const struct tenon_value *items; /* key, value, key, value … */
    const struct tn_hash_key *hash;
    uint64_t *slots, mask; /* 1 + the number of an entry, or 0 */
};

/* Enters an entry. False: one with its key is there already. */
static bool
enter_map_key (struct key_table *table, uint64_t entry)
{
    const struct tenon_value *key = &table->items[2 * entry], *other;
    uint64_t at = tn_hash (table->hash, key->as.string, key->count) & table->mask;
    for (; table->slots[at] > 0; at = (at + 1) & table->mask) {
        other = &table->items[2 * (table->slots[at] - 1)];
        if (other->count == key->count && memcmp (other->as.string, key->as.string, key->count) == 0)
            return false;
    }
    table->slots[at] = 1 + entry;
    return true;
}

static tenon_status
check_map_key (struct key_table *table, uint64_t entry, tenon_error *error)
{
    const struct tenon_value *key = &table->items[2 * entry];
    char shown[200];
    if (key->type != TENON_STRING)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a key of a map is no string");
    tn_escape (shown, sizeof shown, key->as.string, key->count);
    if (!tenon_json_is_utf8 (key->as.string, key->count))
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "the key '%s' of a map is not valid UTF-8",
                        shown);
    if (!enter_map_key (table, entry))
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "the key '%s' occurs twice in a map", shown);
    return TENON_OK;
}

tenon_status
tn_value_check_keys (const struct tenon_value *map, const struct tn_hash_key *key, tenon_error *error)
{
    uint64_t few[FEW_SLOTS] = { 0 }, room = FEW_SLOTS;
    struct key_table table = { map->as.items, key, few, 0 };
    TN_FREE uint64_t *many = NULL;
    while (room / 2 < map->count)
        room *= 2;
    if (room > FEW_SLOTS && !(table.slots = many = calloc (room, sizeof *many)))
        return tn_fail_memory (error);
    table.mask = room - 1;
    for (uint64_t i = 0; i < map->count; i++)
        TN_TRY (check_map_key (&table, i, error));
    return TENON_OK;
}
