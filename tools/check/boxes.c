/* SPDX-License-Identifier: MIT */
/* boxes.c - boxes of tensors, and what they hold by the arithmetic of indices. */
#include "check/boxes.h"
#include "making.h"
#include <inttypes.h>

/* Boxes at the edges of each dim, and random ones. */
#define EDGES 7
#define RANDOM 24

uint64_t
box_kinds (const struct box_tensor *tensor)
{
    return tensor->rank ? (uint64_t) EDGES * tensor->rank + RANDOM : 1;
}

/* One edge of a dim, which has `size` units: the first, the last, the middle, all but the first, all but the
 * last, each second, none. */
static void
take_edge (struct box *box, uint32_t dim, uint64_t size, unsigned edge, bool steps)
{
    static const uint8_t starts[EDGES] = { 0, 2, 1, 3, 0, 0, 0 }; /* of 0, half, last, 1 */
    const uint64_t places[] = { 0, size / 2, size - 1, 1 };
    const uint64_t counts[EDGES] = { 1, 1, 1, size - 1, size - 1, (size + 1) / 2, 0 };
    if (size < 2 || (edge == 5 && !steps))
        return;
    box->start[dim] = places[starts[edge]];
    box->count[dim] = counts[edge];
    box->step[dim] = edge == 5 ? 2 : 1;
}

static void
take_random (struct box *box, uint32_t dim, uint64_t size, uint64_t *seed, bool steps)
{
    uint64_t chance = made_random (seed);
    if (size == 0 || chance % 4 == 0)
        return; /* the whole dim */
    box->start[dim] = made_random (seed) % size;
    uint64_t left = size - box->start[dim];
    uint64_t most_step = steps && chance % 4 > 1 ? left : 1;
    uint64_t step = 1 + made_random (seed) % (most_step > 5 && chance & 16 ? 5 : most_step);
    box->step[dim] = (int64_t) step;
    box->count[dim] = 1 + made_random (seed) % ((left - 1) / step + 1);
}

void
box_all (struct box *box, const struct box_tensor *tensor)
{
    box->rank = tensor->rank;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        box->start[i] = 0;
        box->count[i] = tensor->shape[i];
        box->step[i] = 1;
    }
}

void
box_make (struct box *box, const struct box_tensor *tensor, uint64_t kind, uint64_t *seed)
{
    box_all (box, tensor);
    bool edge = kind < (uint64_t) EDGES * tensor->rank;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        bool steps = tensor->together == 1 || i + 1 < tensor->rank;
        if (!edge)
            take_random (box, i, tensor->shape[i], seed, steps);
        else if (kind / EDGES == i)
            take_edge (box, i, tensor->shape[i], (unsigned) (kind % EDGES), steps);
    }
}

uint64_t
box_units (const struct box *box)
{
    uint64_t units = 1;
    for (uint32_t i = 0; i < box->rank; i++)
        units *= box->count[i];
    return units;
}

uint64_t
box_unit (const struct box *box, const struct box_tensor *tensor, uint64_t number, uint64_t *index)
{
    uint64_t unit = 0, distance = 1;
    for (uint32_t i = box->rank; i-- > 0;) {
        uint64_t at = box->start[i] + number % box->count[i] * (uint64_t) box->step[i];
        number /= box->count[i];
        unit += at * distance;
        distance *= tensor->shape[i];
        if (index)
            index[i] = at;
    }
    return unit;
}

uint64_t
box_differs (const struct box *box, const struct box_tensor *tensor, const uint8_t *found)
{
    uint64_t units = box_units (box), row = box->rank ? box->count[box->rank - 1] : 1;
    uint64_t step = box->rank ? (uint64_t) box->step[box->rank - 1] : 1;
    for (uint64_t i = 0; i < units; i += row) {
        const uint8_t *from = tensor->bytes + box_unit (box, tensor, i, NULL) * tensor->unit;
        if (step == 1 && memcmp (found + i * tensor->unit, from, row * tensor->unit) == 0)
            continue;
        for (uint64_t k = 0; k < row; k++)
            if (memcmp (found + (i + k) * tensor->unit, from + k * step * tensor->unit, tensor->unit) != 0)
                return i + k;
    }
    return UINT64_MAX;
}

/* Adds to a text, as far as there is room. */
PRINTF_LIKE (3, 4)
static void
add_words_to (char *words, size_t room, const char *format, ...)
{
    size_t length = strlen (words);
    va_list list;
    va_start (list, format);
    vsnprintf (words + length, room - length, format, list);
    va_end (list);
}

void
box_words (const struct box *box, const struct box_tensor *tensor, char *words, size_t room)
{
    snprintf (words, room, "[");
    for (uint32_t i = 0; i < box->rank; i++) {
        uint64_t items = i + 1 == box->rank ? tensor->together : 1;
        uint64_t last =
            box->count[i] ? (box->count[i] - 1) * (uint64_t) box->step[i] + 1 : 0; /* units that it spans */
        add_words_to (words, room, "%s%" PRIu64 ":%" PRIu64, i ? "," : "", box->start[i] * items,
                      (box->start[i] + last) * items);
        if (box->step[i] != 1)
            add_words_to (words, room, ":%" PRId64, box->step[i]);
    }
    add_words_to (words, room, "]");
}

static void
add_hex (char *words, size_t room, const uint8_t *bytes, uint64_t size)
{
    add_words_to (words, room, "0x");
    for (uint64_t i = 0; i < size && i < 16; i++)
        add_words_to (words, room, "%02x", bytes[i]);
    add_words_to (words, room, "%s", size > 16 ? "..." : "");
}

void
box_tell (const struct box *box, const struct box_tensor *tensor, uint64_t number, const uint8_t *found,
          char *words, size_t room)
{
    uint64_t index[BOX_DIMS], unit = box_unit (box, tensor, number, index);
    snprintf (words, room, "item [");
    for (uint32_t i = 0; i < box->rank; i++)
        add_words_to (words, room, "%s%" PRIu64, i ? "," : "",
                      index[i] * (i + 1 == box->rank ? tensor->together : 1));
    add_words_to (words, room, "] is ");
    add_hex (words, room, found + number * tensor->unit, tensor->unit);
    add_words_to (words, room, ", expected ");
    add_hex (words, room, tensor->bytes + unit * tensor->unit, tensor->unit);
}
