/* SPDX-License-Identifier: MIT */
/* served.c - arrays of NumPy whose bytes the pickle has as text: protocol 2 has no bytes, so that Python
 * writes each as the character of its number, in UTF-8. They are decoded when they are read. */
#include "pt.h"

#define WINDOW 16384u /* bytes of text that are read at once */

/* The distance of neighbours in each dim, in items, as NumPy stored them. */
static void
find_steps (const struct tenon_tensor *tensor, int fortran, uint64_t steps[64])
{
    uint64_t step = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint32_t dim = fortran ? i : tensor->rank - 1 - i;
        steps[dim] = step;
        step *= tensor->shape[dim];
    }
}

/* Bytes first … first + count - 1 of the array. */
static tenon_status
decode_range (struct tenon_call *call, const struct tenon_tensor *tensor, const struct pt_served *served,
              uint64_t first, uint64_t count, uint8_t *to)
{
    uint8_t *text = call->host->scratch (call, WINDOW);
    uint64_t at = 0, made = 0;
    if (!text)
        return TENON_E_MEMORY;
    while (at < served->length && made < first + count) {
        uint64_t length = served->length - at < WINDOW ? served->length - at : WINDOW, i = 0;
        TENON_TRY (call->host->read_at (call, tensor->source, served->offset + at, text, length));
        /* a character of two bytes may begin at the end of the window */
        for (; i < length && made < first + count && (text[i] < 0x80 || i + 1 < length); i++, made++) {
            uint8_t byte = text[i];
            if (byte >= 0x80)
                byte = (uint8_t) (byte << 6 | (text[++i] & 0x3f));
            if (made >= first)
                to[made - first] = byte;
        }
        if (i == 0)
            break;
        at += i;
    }
    return made == first + count ? (tenon_status) TENON_OK
                                 : tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO,
                                               "the text of an array ends before its items");
}

/* Copies the items of the region, which begins with number `first` of those at `from`, in C order. */
static void
gather_items (const struct tenon_region *region, const struct pt_served *served, const uint64_t steps[64],
              const uint8_t *from, uint8_t *to, uint64_t items)
{
    uint64_t index[64] = { 0 }, place = 0, size = served->item, part = served->part;
    for (uint64_t done = 0; done < items; done++) {
        const uint8_t *item = from + place * size;
        for (uint64_t i = 0; i < size;
             i++) /* `part`: bytes that are swapped; half an item if it is complex */
            to[i] = item[served->swap ? i - i % part + part - 1 - i % part : i];
        to += size;
        for (uint32_t dim = region->rank; dim-- > 0;) {
            place += steps[dim] * region->step[dim];
            if (++index[dim] < region->count[dim])
                break;
            place -= steps[dim] * region->step[dim] * region->count[dim];
            index[dim] = 0;
        }
    }
}

tenon_status
pt_read_served (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
                void *to, uint64_t size)
{
    struct pt_served served;
    uint64_t steps[64], first = 0, last = 0;
    if (tensor->state_size != sizeof served || size == 0)
        return size == 0
                   ? (tenon_status) TENON_OK
                   : tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "the state of an array has another size");
    memcpy (&served, tensor->state, sizeof served);
    find_steps (tensor, served.fortran, steps);
    for (uint32_t i = 0; i < region->rank; i++) {
        first += steps[i] * region->start[i];
        last += steps[i] * (region->start[i] + region->step[i] * (region->count[i] - 1));
    }
    uint64_t count = (last - first + 1) * served.item;
    uint8_t *bytes = call->host->scratch (call, count);
    if (!bytes)
        return TENON_E_MEMORY;
    TENON_TRY (decode_range (call, tensor, &served, first * served.item, count, bytes));
    gather_items (region, &served, steps, bytes, to, size / served.item);
    return TENON_OK;
}
