/* SPDX-License-Identifier: MIT */
/* tenon/grow.h - arrays in scratch memory that grow, for codecs that do not know how many items come.
 * <tenon/plugin.h> includes it. */
#include <tenon/plugin.h> /* before the guard: it includes this header at its end */
#ifndef TENON_GROW_H
#define TENON_GROW_H

#ifdef __cplusplus
extern "C" {
#endif

/* Makes an array have room for `wanted` items of `size` bytes, by doubling its room:
 *
 *     struct line *lines = NULL;
 *     uint64_t room = 0, count = 0;
 *     TENON_TRY (tenon_grow (call, &lines, &room, count + 1, sizeof *lines));
 *     lines[count++] = line;
 *
 * `array` is the address of the pointer to the items, which may move; new ones are zero. What it leaves
 * behind stays scratch until the call ends: all of it together is smaller than the array. */
static inline tenon_status
tenon_grow (struct tenon_call *call, void *array, uint64_t *room, uint64_t wanted, uint64_t size)
{
    uint64_t more = *room ? *room : 16;
    void *old, *grown;
    if (wanted <= *room)
        return TENON_OK;
    while (more < wanted)
        more = more > UINT64_MAX / 2 ? UINT64_MAX : 2 * more;
    grown = call->host->scratch (call, more > UINT64_MAX / size ? UINT64_MAX : more * size);
    if (!grown)
        return TENON_E_MEMORY;
    memcpy (&old, array, sizeof old);
    if (*room)
        memcpy (grown, old, (size_t) (*room * size));
    memcpy (array, &grown, sizeof grown);
    *room = more;
    return TENON_OK;
}

#ifdef __cplusplus
}
#endif
#endif
