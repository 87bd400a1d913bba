/* SPDX-License-Identifier: MIT */
/* names.c - hash tables of names: slots beside each other, which a name tries from the one of its hash on. */
#include "catalog/names.h"
#include "base/budget.h"

/* Both halves are the upper one, since the start of a chain must come from bits that the slot keeps, or
 * growing would need the names again. */
uint64_t
tn_names_hash (const struct tn_names *names, const char *text, uint64_t length)
{
    uint64_t hash = tn_hash (names->key, text, length) >> 32;
    return hash << 32 | hash;
}

/* The slot that holds the name, or the free one where it belongs. */
static uint64_t *
find_slot (const struct tn_names *names, const void *owner, tn_name_is *is, uint64_t hash, const char *text,
           uint64_t length)
{
    for (uint64_t i = hash & (names->size - 1);; i = (i + 1) & (names->size - 1)) {
        uint64_t slot = names->slots[i];
        if (slot == 0 || (slot >> 32 == hash >> 32 && is (owner, (slot & UINT32_MAX) - 1, text, length)))
            return &names->slots[i];
    }
}

static bool
resize_slots (struct tn_names *names, uint64_t size)
{
    if (!tn_budget_draw (names->budget, size * sizeof *names->slots))
        return false;
    uint64_t *slots = tn_get_large (size * sizeof *slots, true);
    tn_budget_give_back (names->budget, (slots ? names->size : size) * sizeof *slots);
    if (!slots)
        return false;
    for (uint64_t i = 0; i < names->size; i++) {
        uint64_t slot = names->slots[i];
        if (slot == 0)
            continue;
        uint64_t at = (slot >> 32) & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = slot;
    }
    free (names->slots);
    names->slots = slots;
    names->size = size;
    return true;
}

bool
tn_names_grow (struct tn_names *names, uint64_t more)
{
    uint64_t size = names->size ? names->size : 32;
    while ((names->count + more) * 4 > size * 3)
        size *= 2;
    return size == names->size || resize_slots (names, size);
}

bool
tn_names_enter_hash (struct tn_names *names, const void *owner, tn_name_is *is, uint64_t hash,
                     const char *text, uint64_t length, uint64_t number)
{
    uint64_t *slot = find_slot (names, owner, is, hash, text, length);
    if (*slot)
        return false;
    *slot = (hash & ~(uint64_t) UINT32_MAX) | (number + 1);
    names->count++;
    return true;
}

int
tn_names_enter (struct tn_names *names, const void *owner, tn_name_is *is, const char *text, uint64_t length,
                uint64_t number)
{
    if (!tn_names_grow (names, 1))
        return -1;
    return tn_names_enter_hash (names, owner, is, tn_names_hash (names, text, length), text, length, number);
}

bool
tn_names_find (const struct tn_names *names, const void *owner, tn_name_is *is, const char *text,
               uint64_t length, uint64_t *number)
{
    if (names->size == 0)
        return false;
    uint64_t slot = *find_slot (names, owner, is, tn_names_hash (names, text, length), text, length);
    *number = (slot & UINT32_MAX) - 1;
    return slot != 0;
}

void
tn_names_clear (struct tn_names *names)
{
    names->count = 0;
    if (names->size > 0)
        memset (names->slots, 0, names->size * sizeof *names->slots);
}
