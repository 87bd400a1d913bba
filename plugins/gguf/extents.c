/* SPDX-License-Identifier: MIT */
/* extents.c - the places of the data: where the bytes of a tensor of unknown size end, and bytes that belong
 * to no tensor, which a rewritten file does not have. */
#include "gguf.h"
#include <stdlib.h>

/* Bytes of gaps that are looked at. */
#define GGUF_MOST_GAPS ((uint64_t) 1 << 20)
#define GGUF_PIECE 1024u

static uint64_t
pad_up (const struct gguf_reader *reader, uint64_t offset)
{
    uint64_t mask = reader->alignment - 1;
    return offset > UINT64_MAX - mask ? UINT64_MAX : (offset + mask) & ~mask;
}

/* Draws the work of sorting a list. */
static tenon_status
draw_sort (struct gguf_reader *reader, uint64_t count)
{
    for (uint64_t left = count * 64, n; left > 0; left -= n) {
        n = left < 1u << 20 ? left : 1u << 20;
        TENON_TRY (reader->call->host->work (reader->call, n));
    }
    return TENON_OK;
}

/* ---- the next offset ---- */

static int
compare_offsets (const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Lists the offsets of all tensors, rising. */
static tenon_status
list_offsets (struct gguf_reader *reader, struct gguf_layout *layout)
{
    uint64_t position = reader->cursor.position;
    layout->offsets = reader->call->host->scratch (reader->call, reader->tensors * sizeof *layout->offsets);
    if (!layout->offsets)
        return TENON_E_MEMORY;
    reader->cursor.position = layout->infos;
    for (uint64_t i = 0; i < reader->tensors; i++) {
        TENON_TRY (gguf_skip_info (reader));
        reader->cursor.position -= 8;
        const uint8_t *offset = gguf_take (reader, 8, "its offset");
        if (!offset)
            return TENON_E_TRUNCATED;
        layout->offsets[i] = reader->cursor.big_endian ? tenon_be64 (offset) : tenon_le64 (offset);
    }
    reader->cursor.position = position;
    TENON_TRY (draw_sort (reader, reader->tensors));
    qsort (layout->offsets, reader->tensors, sizeof *layout->offsets, compare_offsets);
    return TENON_OK;
}

tenon_status
gguf_find_length (struct gguf_reader *reader, struct gguf_layout *layout, uint64_t offset, uint64_t *length)
{
    if (!layout->offsets)
        TENON_TRY (list_offsets (reader, layout));
    uint64_t low = 0, high = reader->tensors, end = reader->cursor.end;
    while (low < high) { /* the first offset behind this one */
        uint64_t middle = low + (high - low) / 2;
        if (layout->offsets[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    layout->open_end |= low == reader->tensors;
    if (low < reader->tensors)
        *length = layout->offsets[low] - offset;
    else /* the last one ends with the file, if it is there */
        *length = end > layout->data && end - layout->data > offset ? end - layout->data - offset : 0;
    return TENON_OK;
}

/* ---- bytes that belong to no tensor ---- */

tenon_status
gguf_take_extent (struct gguf_reader *reader, struct gguf_layout *layout, uint64_t offset, uint64_t length)
{
    struct tenon_call *call = reader->call;
    uint64_t end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
    layout->end = end > layout->end ? end : layout->end;
    if (offset != layout->expected && !layout->extents) {
        tenon_note (call, TENON_NOTE, NULL,
                    "the tensors' data do not follow each other without gaps in their order");
        layout->extents = call->host->scratch (call, (reader->tensors + 1) * sizeof *layout->extents);
        if (!layout->extents)
            return TENON_E_MEMORY;
        layout->extents[layout->extent_count++] = (struct gguf_extent){ 0, layout->expected };
    }
    if (layout->extents)
        layout->extents[layout->extent_count++] = (struct gguf_extent){ offset, end };
    layout->expected = pad_up (reader, end);
    return TENON_OK;
}

static int
compare_extents (const void *left, const void *right)
{
    const struct gguf_extent *a = left, *b = right;
    return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* *clear: there are zeros alone between these places. */
static tenon_status
look_for_bytes (struct gguf_reader *reader, uint64_t begin, uint64_t end, int *clear)
{
    uint8_t bytes[GGUF_PIECE];
    *clear = 1;
    for (uint64_t n; begin < end && *clear; begin += n) {
        n = end - begin < sizeof bytes ? end - begin : sizeof bytes;
        TENON_TRY (reader->call->host->read_at (reader->call, 0, begin, bytes, n));
        for (uint64_t i = 0; i < n; i++)
            *clear &= bytes[i] == 0;
    }
    return TENON_OK;
}

/* Tells of gaps that hold more than zeros, and of those that are too large to look at. */
static tenon_status
check_gaps (struct gguf_reader *reader, struct gguf_layout *layout)
{
    uint64_t file = reader->cursor.end, reached = 0, looked = 0, lost = 0, first = 0;
    int clear;
    TENON_TRY (draw_sort (reader, layout->extent_count));
    qsort (layout->extents, layout->extent_count, sizeof *layout->extents, compare_extents);
    for (uint64_t i = 0; i < layout->extent_count; i++) {
        const struct gguf_extent *extent = &layout->extents[i];
        uint64_t begin = layout->data + reached, end = layout->data + extent->begin;
        if (begin < end && end <= file && extent->begin > reached) {
            clear = end - begin <= GGUF_MOST_GAPS - looked;
            if (clear) {
                looked += end - begin;
                TENON_TRY (look_for_bytes (reader, begin, end, &clear));
            }
            first = clear || lost > 0 ? first : begin;
            lost += clear ? 0 : end - begin;
        }
        reached = extent->end > reached ? pad_up (reader, extent->end) : reached;
    }
    if (lost > 0)
        tenon_note (reader->call, TENON_LOSS, NULL,
                    "%llu bytes between tensors, from byte %llu on, belong to none, and are left out",
                    (unsigned long long) lost, (unsigned long long) first);
    return TENON_OK;
}

/* Where the bytes behind the last tensor begin: behind its padding, unless that holds more than zeros. */
static tenon_status
find_tail (struct gguf_reader *reader, const struct gguf_layout *layout, uint64_t *tail)
{
    uint64_t file = reader->cursor.end, end = layout->data + layout->end;
    uint64_t padded = layout->data + pad_up (reader, layout->end);
    int clear;
    if (reader->tensors == 0) /* gguf-py writes no padding then, ggml does */
        end = layout->header;
    *tail = padded < file ? padded : file;
    if (end >= *tail)
        return TENON_OK;
    TENON_TRY (
        look_for_bytes (reader, end, *tail - end < GGUF_MOST_GAPS ? *tail : end + GGUF_MOST_GAPS, &clear));
    *tail = clear ? *tail : end;
    return TENON_OK;
}

static tenon_status
check_tail (struct gguf_reader *reader, const struct gguf_layout *layout)
{
    uint64_t tail, file = reader->cursor.end;
    uint8_t magic[4] = { 0 };
    TENON_TRY (find_tail (reader, layout, &tail));
    if (tail >= file)
        return TENON_OK;
    if (file - tail >= sizeof magic)
        TENON_TRY (reader->call->host->read_at (reader->call, 0, tail, magic, sizeof magic));
    tenon_note (reader->call, TENON_LOSS, NULL,
                "%s begins at byte %llu, behind the last tensor: %llu bytes are left out",
                memcmp (magic, "GGUF", sizeof magic) == 0 ? "another GGUF file" : "something else",
                (unsigned long long) tail, (unsigned long long) (file - tail));
    return TENON_OK;
}

tenon_status
gguf_check_extents (struct gguf_reader *reader, struct gguf_layout *layout)
{
    if (layout->extents)
        TENON_TRY (check_gaps (reader, layout));
    /* the data of a tensor of an unknown type may go on to the end of the file */
    uint64_t file = reader->cursor.end;
    int whole = reader->tensors == 0 || (layout->data <= file && layout->end <= file - layout->data);
    return whole && !layout->open_end ? check_tail (reader, layout) : TENON_OK;
}
