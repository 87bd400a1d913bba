/* SPDX-License-Identifier: MIT */
/* damage.c - damaged copies of the bytes of a file. */
#include "check/damage.h"
#include "library.h"
#include "memory.h"
#include <inttypes.h>

/* Bytes of headers, and cuts of larger files, that are damaged at most: spread over all. */
#define MOST_HEADERS ((uint64_t) 1 << 18)
#define SPREAD 512
/* Of data so many bytes. */
#define DATA_BYTES 32
/* Ways to damage the file as a whole. */
enum { WHOLE_EMPTY, WHOLE_ZEROS, WHOLE_ONES, WHOLE_LONGER, WHOLE_LONGER_ONES, WHOLES };
/* Ways to damage a byte: each bit, and these. */
static const uint8_t replacements[] = { 0x00, 0x7f, 0x80, 0xff };
#define OF_BYTE (8 + sizeof replacements)

/* ---- where the headers are ---- */

/* Marks the bytes that are data of tensors. */
static void
mark_data (uint8_t *marks, uint64_t size, const tenon_file *file, const char *name)
{
    for (uint64_t i = 0, count = file ? tenon_count (file) : 0; i < count; i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (!info.source_name || strcmp (reading_name (info.source_name), name) != 0 || info.offset > size
            || info.stored > size - info.offset || info.strides)
            continue;
        memset (marks + info.offset, 1, info.stored);
    }
}

static uint64_t
gcd_of (uint64_t a, uint64_t b)
{
    while (b > 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void
choose_stride (struct damage *damage)
{
    uint64_t count = damage_count (damage);
    damage->stride = (uint64_t) ((double) count * 0.6180339887) | 1;
    while (gcd_of (damage->stride, count) != 1)
        damage->stride += 2;
}

/* Keeps at most so many of the numbers, evenly spread. */
static uint64_t
thin_out (uint64_t *numbers, uint64_t count, uint64_t most)
{
    if (count <= most)
        return count;
    for (uint64_t i = 0; i < most; i++)
        numbers[i] = numbers[i * (count / most) + i * (count % most) / most];
    return most;
}

/* The headers, and a few bytes of the data. */
static void
take_headers (struct damage *damage, const uint8_t *marks)
{
    uint64_t data = 0, every;
    damage->headers = get_memory (NULL, damage->size, sizeof *damage->headers);
    for (uint64_t i = 0; i < damage->size; i++)
        data += marks[i];
    every = data / DATA_BYTES + 1;
    data = 0;
    for (uint64_t i = 0; i < damage->size; i++)
        if (!marks[i] || data++ % every == 0)
            damage->headers[damage->header_count++] = i;
    damage->header_count = thin_out (damage->headers, damage->header_count, MOST_HEADERS);
}

/* Each size of a small file; of others behind each byte of a header, and some of the rest. */
static void
take_cuts (struct damage *damage, const uint8_t *marks)
{
    bool small = damage->size <= DAMAGE_SMALL;
    uint64_t every = damage->size / SPREAD + 1;
    damage->cuts = get_memory (NULL, damage->size, sizeof *damage->cuts);
    for (uint64_t i = 1; i < damage->size; i++)
        if (small || !marks[i] || i % every == 0 || i + 1 == damage->size)
            damage->cuts[damage->cut_count++] = i;
    damage->cut_count = thin_out (damage->cuts, damage->cut_count, MOST_HEADERS);
}

void
damage_start (struct damage *damage, const struct reading_bytes *bytes, const tenon_file *file,
              const char *name)
{
    uint8_t *marks = get_memory (NULL, bytes->size, 1);
    *damage = (struct damage){ .bytes = bytes->bytes, .size = bytes->size };
    memset (marks, 0, bytes->size);
    mark_data (marks, bytes->size, file, name);
    take_headers (damage, marks);
    take_cuts (damage, marks);
    choose_stride (damage);
    free (marks);
}

void
damage_end (struct damage *damage)
{
    free (damage->headers);
    free (damage->cuts);
    *damage = (struct damage){ 0 };
}

/* ---- damaged copies ---- */

uint64_t
damage_count (const struct damage *damage)
{
    return WHOLES + damage->cut_count + OF_BYTE * damage->header_count;
}

/* A number after the spreading: first those of the whole, then cuts, then bytes. */
static uint64_t
spread_number (const struct damage *damage, uint64_t number)
{
    uint64_t count = damage_count (damage);
    return (uint64_t) ((unsigned __int128) number * damage->stride % count);
}

static uint64_t
make_whole (const struct damage *damage, uint64_t which, uint8_t *to, uint64_t *first)
{
    *first = which >= WHOLE_LONGER ? damage->size : 0;
    if (which == WHOLE_ZEROS || which == WHOLE_ONES)
        memset (to, which == WHOLE_ONES ? 0xff : 0, damage->size);
    to[damage->size] = which == WHOLE_LONGER_ONES ? 0xff : 0;
    return which == WHOLE_EMPTY ? 0 : damage->size + (which >= WHOLE_LONGER);
}

uint64_t
damage_make (const struct damage *damage, uint64_t number, uint8_t *to, uint64_t *first)
{
    if (damage->size > 0)
        memcpy (to, damage->bytes, damage->size);
    number = spread_number (damage, number);
    if (number < WHOLES)
        return make_whole (damage, number, to, first);
    number -= WHOLES;
    if (number < damage->cut_count)
        return *first = damage->cuts[number];
    number -= damage->cut_count;
    *first = damage->headers[number / OF_BYTE];
    if (number % OF_BYTE < 8)
        to[*first] ^= (uint8_t) (1u << number % OF_BYTE);
    else
        to[*first] = replacements[number % OF_BYTE - 8];
    return damage->size;
}

bool
damage_is_of_whole (const struct damage *damage, uint64_t number)
{
    return spread_number (damage, number) <= WHOLE_ONES;
}

void
damage_words (const struct damage *damage, uint64_t number, char *words, size_t room)
{
    static const char *const wholes[WHOLES] = { "as an empty file", "as a file of zeros",
                                                "as a file of bytes 0xff", "with a byte 0 at its end",
                                                "with a byte 0xff at its end" };
    number = spread_number (damage, number);
    if (number < WHOLES) {
        snprintf (words, room, "%s", wholes[number]);
        return;
    }
    number -= WHOLES;
    if (number < damage->cut_count) {
        snprintf (words, room, "cut to %" PRIu64 " of its %" PRIu64 " bytes", damage->cuts[number],
                  damage->size);
        return;
    }
    number -= damage->cut_count;
    uint64_t offset = damage->headers[number / OF_BYTE];
    if (number % OF_BYTE < 8)
        snprintf (words, room, "with bit %u of byte %" PRIu64 " changed", (unsigned) (number % OF_BYTE),
                  offset);
    else
        snprintf (words, room, "with byte %" PRIu64 " set to 0x%02x", offset,
                  replacements[number % OF_BYTE - 8]);
}
