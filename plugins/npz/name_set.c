/* SPDX-License-Identifier: MIT */
/* name_set.c - sets of names, in a hash table. */
#include "npz.h"

tenon_status
npz_begin_names (struct tenon_call *call, uint64_t count, struct npz_names *names)
{
    uint64_t slots = 16;
    memset (names, 0, sizeof *names);
    if (count >= NPZ_MAX32)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a zip of 2^32 members or more");
    while (slots < count + count / 2)
        slots *= 2;
    while (count >> names->index_bits)
        names->index_bits++;
    names->slots = call->host->scratch (call, slots * sizeof *names->slots);
    names->entries = call->host->scratch (call, (count + 1) * sizeof *names->entries);
    if (!names->slots || !names->entries)
        return TENON_E_MEMORY;
    names->mask = slots - 1;
    /* the address differs from run to run, so no file can have names that all collide */
    names->seed = (uint64_t) (uintptr_t) names->slots * 0x9e3779b97f4a7c15u;
    return TENON_OK;
}

static uint64_t
mix_words (uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128) a * b;
    return (uint64_t) product ^ (uint64_t) (product >> 64);
}

static uint64_t
hash_name_bytes (const char *bytes, uint32_t length, uint64_t seed)
{
    uint64_t h = seed ^ length, word;
    for (; length >= 8; bytes += 8, length -= 8) {
        memcpy (&word, bytes, 8);
        h = mix_words (h ^ word, 0xa0761d6478bd642fu ^ seed);
    }
    word = 0;
    memcpy (&word, bytes, length);
    h = mix_words (h ^ word, 0xe7037ed1a0b428dbu ^ seed);
    return mix_words (h, 0x8ebc6af09c88c6e3u);
}

uint32_t *
npz_find_name (const struct npz_names *names, const char *text, uint32_t length, uint32_t *tag)
{
    uint64_t h = hash_name_bytes (text, length, names->seed), at = h & names->mask;
    uint32_t index_mask = (uint32_t) (((uint64_t) 1 << names->index_bits) - 1);
    *tag = (uint32_t) (h >> 32) & ~index_mask;
    for (; names->slots[at]; at = (at + 1) & names->mask) {
        if ((names->slots[at] & ~index_mask) != *tag)
            continue;
        const struct npz_name *other = &names->entries[(names->slots[at] & index_mask) - 1];
        if (other->length == length && memcmp (other->text, text, length) == 0)
            break;
    }
    return &names->slots[at];
}

int
npz_add_name (struct npz_names *names, const char *text, uint32_t length)
{
    uint32_t tag, *slot = npz_find_name (names, text, length, &tag);
    if (*slot)
        return 0;
    names->entries[names->count].text = text;
    names->entries[names->count++].length = length;
    *slot = tag | (uint32_t) names->count;
    return 1;
}
