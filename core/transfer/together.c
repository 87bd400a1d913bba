/* SPDX-License-Identifier: MIT */
/* together.c - finds small tensors that lie close together in a file. */
#include "transfer/together.h"

/* A tensor, or an encoded member, of more bytes is read by itself. */
#define MOST_EACH (64u << 10)
/* Bytes between two that may be read in vain: a system call costs as much as copying some kilobytes. */
#define MOST_GAP 4096u

/* The range of a file that holds the stored bytes of a job. False: they are many, or not to be fetched. */
static bool
find_range (const struct tn_transfer_job *job, struct tn_together *range)
{
    const struct tn_request *request = job->request;
    const struct tn_source *source = request->source;
    uint64_t length;
    if (job->way.kind == TN_WAY_MEMBER) {
        range->root = source->inside->backing;
        range->begin = source->inside->backing_offset + source->offset;
        length = source->stored;
    } else if ((job->way.kind == TN_WAY_STORED || job->way.kind == TN_WAY_SLABS) && !job->way.sums
               && request->size > 0) {
        range->root = source->backing;
        range->begin = source->backing_offset + request->begin;
        length = request->length;
    } else
        return false;
    range->end = range->begin + length;
    return length > 0 && length <= MOST_EACH && range->root->kind == TN_SOURCE_FD;
}

uint64_t
tn_together_find (const struct tn_transfer_job *jobs, const uint64_t *numbers, uint64_t count,
                  struct tn_together *range)
{
    uint64_t some = 1;
    if (!find_range (&jobs[numbers[0]], range))
        return 1;
    for (struct tn_together next; some < count && find_range (&jobs[numbers[some]], &next); some++) {
        uint64_t begin = TN_MIN (range->begin, next.begin), end = TN_MAX (range->end, next.end);
        bool near = next.begin <= range->end + MOST_GAP && range->begin <= next.end + MOST_GAP;
        if (next.root != range->root || !near || end - begin > TN_TOGETHER_SPAN)
            break;
        range->begin = begin, range->end = end;
    }
    return some;
}

const uint8_t *
tn_together_bytes (const struct tn_transfer_job *job, const struct tn_decoder *decoder)
{
    struct tn_together range;
    return find_range (job, &range)
               ? tn_decoder_window (decoder, range.root, range.begin, range.end - range.begin)
               : NULL;
}

/* ---- order ---- */

struct place {
    uint64_t number, begin;
    uint32_t source; /* of its tensor: the same on every run, unlike an address */
};

static struct place
place_of_job (const struct tn_transfer_job *jobs, uint64_t number)
{
    struct tn_together range;
    bool found = find_range (&jobs[number], &range);
    return (struct place){ number, found ? range.begin : 0, found ? range.root->number : UINT32_MAX };
}

static int
compare_places (const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->source != right->source)
        return left->source < right->source ? -1 : 1;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

void
tn_together_sort (const struct tn_transfer_job *jobs, uint64_t *numbers, uint64_t count)
{
    bool sorted = true;
    struct place before = { 0 };
    for (uint64_t i = 0; i < count && sorted; i++) {
        struct place place = place_of_job (jobs, numbers[i]);
        sorted = i == 0 || compare_places (&before, &place) < 0;
        before = place;
    }
    TN_FREE struct place *places = sorted ? NULL : malloc (count * sizeof *places);
    if (!places) /* sorted, or no memory for what only saves time */
        return;
    for (uint64_t i = 0; i < count; i++)
        places[i] = place_of_job (jobs, numbers[i]);
    qsort (places, count, sizeof *places, compare_places);
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = places[i].number;
}
