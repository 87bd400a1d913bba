/* SPDX-License-Identifier: MIT */
/* names.c - a hash table of names, each with a number. */
#include "safetensors.h"

tenon_status
st_names_begin (struct tenon_call *call, struct st_names *names, uint64_t most)
{
    uint64_t size = 16;
    while (size < 2 * most)
        size *= 2;
    names->call = call;
    names->mask = size - 1;
    names->slots = call->host->scratch (call, size * sizeof *names->slots);
    return names->slots ? TENON_OK : TENON_E_MEMORY;
}

struct st_name *
st_names_slot (const struct st_names *names, const char *text, uint64_t length)
{
    uint64_t at = names->call->host->hash (names->call, text, length) & names->mask;
    while (names->slots[at].text
           && (names->slots[at].length != length || memcmp (names->slots[at].text, text, length) != 0))
        at = (at + 1) & names->mask;
    return &names->slots[at];
}
