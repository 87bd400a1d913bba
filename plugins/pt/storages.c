/* SPDX-License-Identifier: MIT */
/* storages.c - the storages that a pickle names, each by its key. */
#include "pt.h"

/* The slot of the key, or the free one where it would be. */
static uint64_t *
find_slot (const struct pt_machine *machine, uint64_t hash, const uint8_t *key, uint32_t length)
{
    uint32_t mask = machine->slot_count - 1;
    for (uint32_t at = (uint32_t) hash & mask;; at = (at + 1) & mask) {
        uint64_t *slot = &machine->slots[at];
        const struct pt_storage *found =
            *slot && *slot >> 32 == hash >> 32 ? &machine->storages[(uint32_t) *slot - 1] : NULL;
        if (!*slot || (found && found->key_length == length && memcmp (found->key, key, length) == 0))
            return slot;
    }
}

/* Doubles the table. */
static tenon_status
widen_table (struct pt_machine *machine)
{
    uint64_t count = machine->slot_count ? 2 * (uint64_t) machine->slot_count : 256, mask = count - 1;
    uint64_t *slots = machine->call->host->scratch (machine->call, count * sizeof *slots);
    if (!slots)
        return TENON_E_MEMORY;
    for (uint32_t i = 0; i < machine->storage_count; i++) {
        uint64_t hash = machine->storages[i].hash, at = hash & mask;
        while (slots[at])
            at = (at + 1) & mask;
        slots[at] = (hash >> 32) << 32 | (i + 1);
    }
    machine->slots = slots;
    machine->slot_count = (uint32_t) count;
    return TENON_OK;
}

tenon_status
pt_intern (struct pt_machine *machine, const uint8_t *key, uint32_t length, uint32_t *number)
{
    TENON_TRY (pt_draw (machine, length));
    uint64_t hash = machine->call->host->hash (machine->call, key, length);
    if (2 * (uint64_t) machine->storage_count >= machine->slot_count)
        TENON_TRY (widen_table (machine));
    uint64_t *slot = find_slot (machine, hash, key, length);
    if (!*slot) {
        TENON_TRY (pt_grow (machine->call, &machine->storages, &machine->storage_room,
                            machine->storage_count + 1ull, sizeof *machine->storages));
        struct pt_storage *added = &machine->storages[machine->storage_count++];
        added->key = key;
        added->key_length = length;
        added->hash = hash;
        added->source = PT_NO_SOURCE;
        *slot = (hash >> 32) << 32 | machine->storage_count;
    }
    *number = (uint32_t) *slot - 1;
    return TENON_OK;
}

int
pt_names_storage (const struct pt_machine *machine, const uint8_t *key, uint64_t length)
{
    uint64_t hash = machine->call->host->hash (machine->call, key, length);
    return machine->slot_count > 0 && length <= UINT32_MAX
           && *find_slot (machine, hash, key, (uint32_t) length) > 0;
}

/* An object that stands for an id which is that of no storage. */
static uint32_t
make_unknown (struct pt_machine *machine, uint32_t id)
{
    static const char words[] = "persistent id";
    uint32_t module = pt_new_bytes (machine, PT_STRING, (const uint8_t *) words, sizeof words - 1);
    const struct pt_value *value = pt_at (machine, id);
    uint32_t name =
        value->kind == PT_STRING ? id : pt_new_bytes (machine, PT_STRING, (const uint8_t *) "", 0);
    uint32_t callee = module && name ? pt_new_global (machine, module, name) : 0;
    return callee ? pt_new_object (machine, callee, value->kind == PT_TUPLE ? id : PT_V_EMPTY) : 0;
}

uint32_t
pt_new_storage (struct pt_machine *machine, uint32_t id)
{
    const struct pt_value *key = pt_at (machine, pt_item (machine, id, 2));
    uint32_t items[2] = { id, 0 };
    /* ('module', class, file, text): older files kept the source of classes beside them */
    if (pt_at (machine, id)->kind == PT_TUPLE && pt_is (pt_at (machine, pt_item (machine, id, 0)), "module"))
        return pt_item (machine, id, 1) ? pt_item (machine, id, 1) : make_unknown (machine, id);
    if (pt_at (machine, id)->kind != PT_TUPLE || !pt_is (pt_at (machine, pt_item (machine, id, 0)), "storage")
        || pt_global (machine, pt_item (machine, id, 1)) != PT_G_STORAGE || key->kind != PT_STRING
        || pt_at (machine, pt_item (machine, id, 4))->kind != PT_INT)
        return make_unknown (machine, id);
    if (pt_intern (machine, key->as.bytes, key->count, &items[1]) < 0)
        return 0;
    if (!machine->storages[items[1]].item_size)
        machine->storages[items[1]].item_size =
            pt_dtypes[pt_at (machine, pt_item (machine, id, 1))->detail].size;
    uint32_t *copy = pt_room (machine, sizeof items), value = copy ? pt_new (machine, PT_STORAGE) : 0;
    if (!value)
        return 0;
    memcpy (copy, items, sizeof items);
    pt_at (machine, value)->as.items = copy;
    return value;
}
