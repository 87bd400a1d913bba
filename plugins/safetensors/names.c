/* SPDX-License-Identifier: MIT */
/* names.c - a hash table of names, each with a number. */
#include "safetensors.h"

/* FNV-1a. The seed is an address, unknown to the author of a file, so names cannot be made to collide. */
static uint64_t
hash_name (uint64_t hash, const char *text, uint64_t length)
{
    hash ^= 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t) text[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

tenon_status
st_names_begin (struct tenon_call *call, struct st_names *names, uint64_t most)
{
    uint64_t size = 16;
    while (size < 2 * most)
        size *= 2;
    names->mask = size - 1;
    names->slots = call->host->scratch (call, size * sizeof *names->slots);
    names->seed = (uint64_t) (uintptr_t) names->slots >> 4;
    return names->slots ? TENON_OK : TENON_E_MEMORY;
}

struct st_name *
st_names_slot (const struct st_names *names, const char *text, uint64_t length)
{
    uint64_t at = hash_name (names->seed, text, length) & names->mask;
    while (names->slots[at].text
           && (names->slots[at].length != length || memcmp (names->slots[at].text, text, length) != 0))
        at = (at + 1) & names->mask;
    return &names->slots[at];
}
