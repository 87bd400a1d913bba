/* SPDX-License-Identifier: MIT */
/* slice.c - a box of a tensor, as typed. */
#include "slice.h"
#include "message.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

/* The numbers of one part, as typed. */
struct part {
    int64_t numbers[3];
    bool given[3];
    unsigned colons;
};

static bool
complain_part (const char *text, size_t length)
{
    misuse ("--slice: '%.*s' is no index and no START:STOP:STEP", (int) length, text);
    return false;
}

static bool
parse_part (const char *text, size_t length, struct part *part)
{
    *part = (struct part){ 0 };
    for (size_t i = 0; i < length;) {
        if (text[i] == ':') {
            i++;
            if (++part->colons > 2)
                return complain_part (text, length);
            continue;
        }
        char *end;
        errno = 0;
        long long number = strtoll (text + i, &end, 10);
        size_t used = (size_t) (end - (text + i));
        if (used == 0 || i + used > length || isspace ((unsigned char) text[i]) || part->given[part->colons]
            || errno)
            return complain_part (text, length);
        part->numbers[part->colons] = number;
        part->given[part->colons] = true;
        i += used;
    }
    if (!part->colons && !part->given[0])
        return complain_part (text, length);
    return true;
}

/* The position of a bound: counted from the end when it is negative, and cut to the dim. */
static uint64_t
place_bound (int64_t number, uint64_t dim)
{
    if (number >= 0)
        return (uint64_t) number < dim ? (uint64_t) number : dim;
    uint64_t back = 0 - (uint64_t) number;
    return back < dim ? dim - back : 0;
}

static bool
take_index (int64_t number, uint32_t axis, uint64_t dim, struct slice *slice)
{
    if (number >= 0 ? (uint64_t) number >= dim : 0 - (uint64_t) number > dim) {
        complain ("--slice: index %" PRId64 " is outside of dim %" PRIu32 ", which has %" PRIu64, number,
                  axis, dim);
        return false;
    }
    slice->start[axis] = place_bound (number, dim);
    slice->count[axis] = 1;
    slice->step[axis] = 1;
    return true;
}

static bool
take_range (const struct part *part, uint32_t axis, uint64_t dim, struct slice *slice)
{
    int64_t step = part->given[2] ? part->numbers[2] : 1;
    if (step < 1) {
        complain ("--slice: a step must be 1 or more, not %" PRId64, step);
        return false;
    }
    uint64_t start = part->given[0] ? place_bound (part->numbers[0], dim) : 0;
    uint64_t stop = part->given[1] ? place_bound (part->numbers[1], dim) : dim;
    slice->start[axis] = start;
    slice->count[axis] = stop > start ? (stop - start - 1) / (uint64_t) step + 1 : 0;
    slice->step[axis] = step;
    return true;
}

bool
slice_parse (const char *text, const uint64_t *shape, uint32_t rank, struct slice *slice)
{
    uint32_t axis = 0;
    for (const char *rest = text; *rest || axis > 0; axis++) {
        struct part part;
        size_t length = strcspn (rest, ",");
        if (axis >= rank || axis >= MOST_DIMS) {
            complain ("--slice: '%s' has more parts than the tensor has dims, which are %" PRIu32, text,
                      rank);
            return false;
        }
        if (!parse_part (rest, length, &part)
            || !(part.colons ? take_range (&part, axis, shape[axis], slice)
                             : take_index (part.numbers[0], axis, shape[axis], slice)))
            return false;
        rest += length;
        if (!*rest++) { /* no comma: that was the last part */
            axis++;
            break;
        }
    }
    for (; axis < rank && axis < MOST_DIMS; axis++)
        take_range (&(struct part){ .colons = 1 }, axis, shape[axis], slice);
    slice->rank = rank;
    return true;
}
