/* SPDX-License-Identifier: MIT */
/* transpose.c - all axes of an array reversed, in blocks.
 *
 * Items that are contiguous in `from` are scattered in `to`, and the other way round. So the work is cut into
 * tiles that are some cache lines long in both: "columns" are positions that follow each other in `from`, in
 * its last axis, or its last few where those are short; "rows" are positions that follow each other in `to`,
 * in the first axis or the first few. A loop counts through the axes between them. A tile is transposed in a
 * buffer in the first-level cache, and leaves it as whole lines: strides are often powers of two, and then
 * the lines of a column would push each other out of the cache before they are full. */
#include "kernels/transpose.h"
#include <stdbool.h>
#include <string.h>
#if defined __SSE2__ && !defined TENON_PORTABLE_KERNELS
#include <emmintrin.h>
#define WITH_STREAMING 1
#endif

/* Bytes of a tile in `to` and in `from`. Two lines are best, measured with prefetching and with stores that
 * bypass the caches. */
#define ROW_BYTES 128
#define COLUMN_BYTES 128
#define TILE_ROWS (ROW_BYTES / 1)
#define TILE_COLUMNS (COLUMN_BYTES / 1)
#define TILE_BYTES (ROW_BYTES * COLUMN_BYTES)
_Static_assert(TILE_BYTES == TN_TRANSPOSE_TILE, "the callers' buffer");
#define SHORT_BYTES 1024        /* a group of axes shorter than this includes the next axis */
#define STREAM_BYTES (8u << 20) /* larger outputs bypass the caches */
#define LINE 64
#define GRAIN_BYTES (1u << 20)

struct job {
    uint64_t item, rank;
    uint64_t shape[TN_TRANSPOSE_RANK], from_stride[TN_TRANSPOSE_RANK],
        to_stride[TN_TRANSPOSE_RANK]; /* bytes */
    uint32_t rows_end;                /* axes before it make the rows, the first one fastest */
    uint32_t columns_begin;           /* it and the axes after it make the columns, the last one fastest */
    uint64_t rows, columns;
    uint64_t tile_rows, tile_columns;
    unsigned char *buffer; /* of TILE_BYTES */
    bool stream;
};

struct tile {
    const unsigned char *from;
    unsigned char *to;
    uint64_t rows, columns;
    uint64_t ahead;                       /* bytes of each row that the next tile needs */
    uint64_t row_offset[TILE_ROWS];       /* in `from`; in `to` rows follow each other */
    uint64_t column_offset[TILE_COLUMNS]; /* in `to`; in `from` columns follow each other */
};

/* ---- small squares in vector registers ---- */

/* Interleaving the halves of N vectors of N lanes log2 N times transposes them. */
#define SQUARE(name, lane, lanes, low, high)                                                                 \
    typedef lane name##_vector __attribute__ ((vector_size (16)));                                           \
    static inline __attribute__ ((always_inline)) void name (                                                \
        unsigned char *to, uint64_t pitch, const unsigned char *from, const uint64_t *row_offset)            \
    {                                                                                                        \
        name##_vector now[lanes], next[lanes];                                                               \
        _Pragma ("GCC unroll 16") for (int i = 0; i < lanes; i++)                                            \
            memcpy (&now[i], from + row_offset[i], 16);                                                      \
        _Pragma ("GCC unroll 4") for (int step = 1; step < lanes; step *= 2)                                 \
        {                                                                                                    \
            _Pragma ("GCC unroll 16") for (int i = 0; i < lanes / 2; i++)                                    \
            {                                                                                                \
                next[2 * i] = __builtin_shufflevector (now[i], now[i + lanes / 2], low);                     \
                next[2 * i + 1] = __builtin_shufflevector (now[i], now[i + lanes / 2], high);                \
            }                                                                                                \
            _Pragma ("GCC unroll 16") for (int i = 0; i < lanes; i++) now[i] = next[i];                      \
        }                                                                                                    \
        _Pragma ("GCC unroll 16") for (int i = 0; i < lanes; i++)                                            \
            memcpy (to + (uint64_t) i * pitch, &now[i], 16);                                                 \
    }
#define LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW_8 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
#define LOW_4 0, 4, 1, 5
#define HIGH_4 2, 6, 3, 7
#define LOW_2 0, 2
#define HIGH_2 1, 3

SQUARE (square_1, uint8_t, 16, LOW_16, HIGH_16)
SQUARE (square_2, uint16_t, 8, LOW_8, HIGH_8)
SQUARE (square_4, uint32_t, 4, LOW_4, HIGH_4)
SQUARE (square_8, uint64_t, 2, LOW_2, HIGH_2)

/* ---- a tile ---- */

/* Rows from `row` and columns from `column` on, one item at a time. */
static inline __attribute__ ((always_inline)) void
turn_items (unsigned char *to, uint64_t pitch, const struct tile *tile, uint64_t item, uint64_t row,
            uint64_t rows, uint64_t column, uint64_t columns)
{
    for (uint64_t c = column; c < columns; c++)
        for (uint64_t r = row; r < rows; r++)
            memcpy (to + c * pitch + r * item, tile->from + tile->row_offset[r] + c * item, item);
}

/* The processor does not predict that the next tile needs its rows, which are one stride apart. */
static inline void
fetch_ahead (const struct tile *tile, uint64_t item, uint64_t row, uint64_t rows)
{
    for (uint64_t r = row; r < row + rows; r++)
        for (uint64_t at = 0; at < tile->ahead; at += LINE)
            __builtin_prefetch (tile->from + tile->row_offset[r] + tile->columns * item + at);
}

/* `item` is a constant where this is called. */
static inline __attribute__ ((always_inline)) void
turn_squares (unsigned char *to, uint64_t pitch, const struct tile *tile, uint64_t item,
              void (*square) (unsigned char *, uint64_t, const unsigned char *, const uint64_t *))
{
    uint64_t side = 16 / item, rows = tile->rows / side * side, columns = tile->columns / side * side;
    for (uint64_t row = 0; row < rows; row += side) {
        fetch_ahead (tile, item, row, side);
        for (uint64_t column = 0; column < columns; column += side)
            square (to + column * pitch + row * item, pitch, tile->from + column * item,
                    tile->row_offset + row);
    }
    turn_items (to, pitch, tile, item, 0, rows, columns, tile->columns);
    turn_items (to, pitch, tile, item, rows, tile->rows, 0, tile->columns);
}

/* Transposes a tile: the items of column c go to `to` + c * pitch, one after the other. */
static void
turn_tile (unsigned char *to, uint64_t pitch, const struct tile *tile, uint64_t item)
{
    switch (item) {
    case 1: turn_squares (to, pitch, tile, 1, square_1); break;
    case 2: turn_squares (to, pitch, tile, 2, square_2); break;
    case 4: turn_squares (to, pitch, tile, 4, square_4); break;
    case 8: turn_squares (to, pitch, tile, 8, square_8); break;
    case 3: turn_items (to, pitch, tile, 3, 0, tile->rows, 0, tile->columns); break;
    case 6: turn_items (to, pitch, tile, 6, 0, tile->rows, 0, tile->columns); break;
    case 12: turn_items (to, pitch, tile, 12, 0, tile->rows, 0, tile->columns); break;
    case 16: turn_items (to, pitch, tile, 16, 0, tile->rows, 0, tile->columns); break;
    default: turn_items (to, pitch, tile, item, 0, tile->rows, 0, tile->columns); break;
    }
}

static void
copy_run (unsigned char *to, const unsigned char *from, uint64_t bytes, bool stream)
{
#ifdef WITH_STREAMING
    if (stream && bytes % LINE == 0 && (uintptr_t) to % 16 == 0) {
        for (uint64_t i = 0; i < bytes; i += 16)
            _mm_stream_si128 ((__m128i *) (void *) (to + i),
                              _mm_load_si128 ((const __m128i *) (const void *) (from + i)));
        return;
    }
#endif
    (void) stream;
    memcpy (to, from, bytes);
}

static void
do_tile (const struct job *job, const struct tile *tile)
{
    unsigned char *buffer = job->buffer;
    uint64_t session = tile->rows * job->item, pitch = (session + 15) & ~(uint64_t) 15;
    if (pitch * tile->columns > TILE_BYTES) { /* large items fill whole lines anyway */
        for (uint64_t c = 0; c < tile->columns; c++)
            for (uint64_t r = 0; r < tile->rows; r++)
                memcpy (tile->to + tile->column_offset[c] + r * job->item,
                        tile->from + tile->row_offset[r] + c * job->item, job->item);
        return;
    }
    turn_tile (buffer, pitch, tile, job->item);
    for (uint64_t c = 0; c < tile->columns; c++)
        copy_run (tile->to + tile->column_offset[c], buffer + c * pitch, session, job->stream);
}

/* ---- the loops over tiles ---- */

/* Offsets of `count` positions from `first` on, of a group of axes: `step` 1 goes up from `axis`, the first
 * one fastest, -1 goes down from it. */
static void
fill_offsets (uint64_t *offset, uint64_t first, uint64_t count, const struct job *job, uint32_t axis,
              int step, uint32_t axes, const uint64_t *stride)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t left = first + i, sum = 0;
        uint32_t at = axis;
        for (uint32_t k = 0; k + 1 < axes; k++, at += (uint32_t) step) {
            sum += left % job->shape[at] * stride[at];
            left /= job->shape[at];
        }
        offset[i] = sum + left * stride[at];
    }
}

static uint64_t
at_most (uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static void
do_plane (const struct job *job, unsigned char *to, const unsigned char *from)
{
    struct tile tile;
    uint32_t last = (uint32_t) job->rank - 1;
    for (uint64_t row = 0; row < job->rows; row += job->tile_rows) {
        tile.rows = at_most (job->rows - row, job->tile_rows);
        fill_offsets (tile.row_offset, row, tile.rows, job, 0, 1, job->rows_end, job->from_stride);
        tile.to = to + row * job->item;
        for (uint64_t column = 0; column < job->columns; column += job->tile_columns) {
            tile.columns = at_most (job->columns - column, job->tile_columns);
            tile.ahead = at_most (job->columns - column - tile.columns, job->tile_columns) * job->item;
            fill_offsets (tile.column_offset, column, tile.columns, job, last, -1,
                          last + 1 - job->columns_begin, job->to_stride);
            tile.from = from + column * job->item;
            do_tile (job, &tile);
        }
    }
}

/* Does one plane for each position in the axes between rows and columns. */
static __attribute__ ((noinline)) void /* a frame of its own: its caller has a large one */
do_planes (const struct job *job, unsigned char *to, const unsigned char *from)
{
    uint64_t index[TN_TRANSPOSE_RANK] = { 0 }, to_offset = 0, from_offset = 0;
    uint32_t axis;
    do {
        do_plane (job, to + to_offset, from + from_offset);
        for (axis = job->rows_end; axis < job->columns_begin; axis++) {
            to_offset += job->to_stride[axis];
            from_offset += job->from_stride[axis];
            if (++index[axis] < job->shape[axis])
                break;
            to_offset -= job->to_stride[axis] * job->shape[axis];
            from_offset -= job->from_stride[axis] * job->shape[axis];
            index[axis] = 0;
        }
    } while (axis < job->columns_begin);
}

/* ---- planning ---- */

/* Drops the axes of size 1. False if the array is empty. */
static bool
set_shape (struct job *job, uint64_t item, uint32_t rank, const uint64_t *shape)
{
    job->item = item;
    job->rank = 0;
    for (uint32_t axis = 0; axis < rank; axis++) {
        if (shape[axis] == 0)
            return false;
        if (shape[axis] > 1)
            job->shape[job->rank++] = shape[axis];
    }
    uint64_t bytes = item;
    for (uint64_t axis = 0; axis < job->rank; axis++) {
        job->to_stride[axis] = bytes;
        bytes *= job->shape[axis];
    }
    for (uint64_t axis = 0, rest = bytes; axis < job->rank; axis++)
        job->from_stride[axis] = rest /= job->shape[axis];
    return item > 0;
}

/* The number of items in `bytes`. Large items go in tiles of a few, too, to walk memory in both ways. */
static uint64_t
tile_side (uint64_t item, uint64_t bytes, uint64_t most)
{
    uint64_t side = bytes / item;
    return side < 8 ? 8 : side > most ? most : side;
}

/* If `count` is less than the last axis, that axis is not contiguous with the one before. */
static void
set_tiles (struct job *job, uint64_t count)
{
    uint32_t last = (uint32_t) job->rank - 1;
    bool whole = job->shape[last] == count;
    job->shape[last] = count;
    job->rows_end = 1;
    job->rows = job->shape[0];
    while (job->rows * job->item < SHORT_BYTES && job->rows_end < last)
        job->rows *= job->shape[job->rows_end++];
    job->columns_begin = last;
    job->columns = count;
    while (whole && job->columns * job->item < SHORT_BYTES && job->columns_begin > job->rows_end)
        job->columns *= job->shape[--job->columns_begin];
    job->tile_rows = tile_side (job->item, ROW_BYTES, TILE_ROWS);
    job->tile_columns = tile_side (job->item, COLUMN_BYTES, TILE_COLUMNS);
}

void
tn_transpose (void *to, const void *from, uint64_t item, uint32_t rank, const uint64_t *shape, uint64_t first,
              uint64_t count, void *tile)
{
    struct job job;
    if (count == 0 || rank > TN_TRANSPOSE_RANK || !set_shape (&job, item, rank, shape))
        return;
    if (job.rank == 0) {
        memcpy (to, from, item);
        return;
    }
    uint64_t last = job.rank - 1;
    if (shape[rank - 1] == 1) /* the axis of `first` and `count` has been dropped */
        count = job.shape[last];
    else
        from = (const unsigned char *) from + first * item;
    if (job.rank == 1) {
        memcpy (to, from, count * item);
        return;
    }
    job.stream = job.to_stride[last] * count >= STREAM_BYTES;
    job.buffer = tile;
    set_tiles (&job, count);
    do_planes (&job, to, from);
#ifdef WITH_STREAMING
    if (job.stream)
        _mm_sfence ();
#endif
}

uint64_t
tn_transpose_grain (uint64_t item, uint32_t rank, const uint64_t *shape)
{
    uint64_t row_bytes = item, grain = item > 0 && item < ROW_BYTES ? ROW_BYTES / item : 1;
    for (uint32_t axis = 0; axis + 1 < rank; axis++)
        row_bytes *= shape[axis];
    while (row_bytes > 0 && grain * row_bytes < GRAIN_BYTES)
        grain *= 2;
    return grain;
}
