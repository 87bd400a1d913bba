/* SPDX-License-Identifier: MIT */
/* sort.c - sorting that can be stopped: an index may have millions of lines. */
#include "safetensors.h"

/* Sorting an item once more, beside its bytes. */
#define STEP_WORK 16u

tenon_status
st_work (struct tenon_call *call, uint64_t amount)
{
    return TENON_HAS (call, work) ? call->host->work (call, amount) : TENON_OK;
}

/* Merges the runs [0, middle) and [middle, end) of `from` into `to`. */
static tenon_status
merge_runs (struct tenon_call *call, const char *from, uint64_t middle, uint64_t end, uint64_t size, char *to,
            int (*compare) (const void *a, const void *b))
{
    for (uint64_t a = 0, b = middle; a < middle || b < end; to += size) {
        int left = b == end || (a < middle && compare (from + a * size, from + b * size) <= 0);
        memcpy (to, from + (left ? a++ : b++) * size, size);
        TENON_TRY (st_work (call, STEP_WORK + size));
    }
    return TENON_OK;
}

void *
st_sort (struct tenon_call *call, void *items, uint64_t count, uint64_t size,
         int (*compare) (const void *a, const void *b))
{
    char *from = items, *to = call->host->scratch (call, count * size);
    for (uint64_t width = 1; to && width < count; width *= 2) {
        for (uint64_t at = 0; at < count; at += 2 * width) {
            uint64_t end = count - at < 2 * width ? count - at : 2 * width;
            if (merge_runs (call, from + at * size, width < end ? width : end, end, size, to + at * size,
                            compare)
                < 0)
                return NULL;
        }
        char *sorted = to;
        to = from, from = sorted;
    }
    return to ? from : NULL;
}
