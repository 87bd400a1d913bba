/* SPDX-License-Identifier: MIT */
/* permute.c - copies items from one strided array to another, in blocks.
 *
 * Axis 0 is the one whose neighbours are next to each other in `to`. Where they are so in `from`, too, runs
 * are copied. Elsewhere items that are contiguous in `from` are scattered in `to`, and the other way round.
 * So the work is cut into tiles that are some cache lines long in both: "columns" are positions that follow
 * each other in `from`, in one axis, or a few where that is short; "rows" are positions that follow each
 * other in `to`, in the first axis or the first few. A loop counts through the axes between them. A tile is
 * transposed in a buffer in the first-level cache, and leaves it as whole lines: strides are often powers of
 * two, and then the lines of a column would push each other out of the cache before they are full.
 *
 * Where positions do not follow each other on both sides, or only a few do, items are copied one by one, in
 * planes of two axes that stay in the first-level cache. */
#include "kernels/permute.h"
#include <string.h>
#if defined __SSE2__ && !defined TENON_PORTABLE_KERNELS
#include <emmintrin.h>
#define WITH_STREAMING 1
#endif

/* Bytes of a tile in `to` and in `from`. Two lines are best, measured with prefetching and with stores that
 * bypass the caches. Runs that do not begin where such a store can are longer, so that few lines are written
 * in parts. */
#define ROW_BYTES 128
#define LONG_ROW_BYTES 512
#define COLUMN_BYTES 128
#define TILE_ROWS 256
#define TILE_COLUMNS (COLUMN_BYTES / 1)
#define TILE_BYTES (ROW_BYTES * COLUMN_BYTES)
_Static_assert(TILE_BYTES == TN_PERMUTE_TILE, "the callers' buffer");
#define SHORT_BYTES 1024 /* a group of axes shorter than this includes the next axis */
#define LONG_ITEM 256    /* such items are copied as they are, in the order of `to` */
#define FEW 8            /* less than that many rows or columns make no tile */
#define PLANE_SIDE 64    /* items of a plane, in each axis */
#define LINE 64
#define VECTOR 16 /* bytes of a store that bypasses the caches */

/* The axes of the move are those of the rows, the first one fastest, those between, and those of the columns,
 * the last one fastest. */
struct job {
    struct tn_move *move;
    uint32_t rows_end, columns_begin;
    uint64_t rows, columns;
    uint64_t tile_rows, tile_columns;
    unsigned char *buffer; /* of TILE_BYTES */
};

struct tile {
    const unsigned char *from;
    unsigned char *to;
    uint64_t rows, columns;
    uint64_t ahead;                      /* bytes of each row that the next tile needs */
    int64_t row_offset[TILE_ROWS];       /* in `from`; in `to` rows follow each other */
    int64_t column_offset[TILE_COLUMNS]; /* in `to`; in `from` columns follow each other */
};

/* ---- small squares in vector registers ---- */

/* Interleaving the halves of N vectors of N lanes log2 N times transposes them. */
#define SQUARE(name, lane, lanes, low, high)                                                                 \
    typedef lane name##_vector __attribute__ ((vector_size (16)));                                           \
    static inline __attribute__ ((always_inline)) void name (                                                \
        unsigned char *to, uint64_t pitch, const unsigned char *from, const int64_t *row_offset)             \
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
              void (*square) (unsigned char *, uint64_t, const unsigned char *, const int64_t *))
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

#ifdef WITH_STREAMING
/* Writes bytes past the caches, whole lines: their number is one of LINE, and `to` is aligned to VECTOR. */
static inline void
stream_lines (unsigned char *to, const unsigned char *from, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i += VECTOR)
        _mm_stream_si128 ((__m128i *) (void *) (to + i),
                          _mm_loadu_si128 ((const __m128i *) (const void *) (from + i)));
}

/* The same at any address: what fills no line is copied. */
static __attribute__ ((noinline)) void
stream_run (unsigned char *to, const unsigned char *from, uint64_t bytes)
{
    uint64_t before = (0 - (uint64_t) (uintptr_t) to) % LINE, lines = (bytes - before) / LINE * LINE;
    memcpy (to, from, before);
    stream_lines (to + before, from + before, lines);
    memcpy (to + before + lines, from + before + lines, bytes - before - lines);
}
#endif

static inline void
copy_run (unsigned char *to, const unsigned char *from, uint64_t bytes, bool stream)
{
#ifdef WITH_STREAMING
    if (stream && bytes % LINE == 0 && (uintptr_t) to % VECTOR == 0) {
        stream_lines (to, from, bytes);
        return;
    }
    if (stream && bytes >= LONG_ROW_BYTES / 2) {
        stream_run (to, from, bytes);
        return;
    }
#endif
    (void) stream;
    memcpy (to, from, bytes);
}

static void
do_tile (const struct job *job, const struct tile *tile)
{
    uint64_t item = job->move->item, session = tile->rows * item, pitch = (session + 15) & ~(uint64_t) 15;
    unsigned char *buffer = job->buffer;
    if (pitch * tile->columns > TILE_BYTES) { /* large items fill whole lines anyway */
        for (uint64_t c = 0; c < tile->columns; c++)
            for (uint64_t r = 0; r < tile->rows; r++)
                memcpy (tile->to + tile->column_offset[c] + r * item,
                        tile->from + tile->row_offset[r] + c * item, item);
        return;
    }
    turn_tile (buffer, pitch, tile, item);
    for (uint64_t c = 0; c < tile->columns; c++)
        copy_run (tile->to + tile->column_offset[c], buffer + c * pitch, session, job->move->stream);
}

/* ---- the loops over tiles ---- */

/* Offsets of `count` positions from `first` on, of a group of `axes` axes: `step` 1 goes up from `axis`, the
 * first one fastest, -1 goes down from it. */
static void
fill_offsets (int64_t *offset, uint64_t first, uint64_t count, const struct tn_move *move, uint32_t axis,
              int step, uint32_t axes, const int64_t *stride)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t left = first + i;
        int64_t sum = 0;
        uint32_t at = axis;
        for (uint32_t k = 0; k + 1 < axes; k++, at += (uint32_t) step) {
            sum += (int64_t) (left % move->count[at]) * stride[at];
            left /= move->count[at];
        }
        offset[i] = sum + (int64_t) left * stride[at];
    }
}

static uint64_t
at_most (uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static void
do_tiles (const struct job *job, unsigned char *to, const unsigned char *from)
{
    struct tile tile;
    const struct tn_move *move = job->move;
    uint32_t last = move->rank - 1;
    for (uint64_t row = 0; row < job->rows; row += job->tile_rows) {
        tile.rows = at_most (job->rows - row, job->tile_rows);
        fill_offsets (tile.row_offset, row, tile.rows, move, 0, 1, job->rows_end, move->from);
        tile.to = to + row * move->item;
        for (uint64_t column = 0; column < job->columns; column += job->tile_columns) {
            tile.columns = at_most (job->columns - column, job->tile_columns);
            tile.ahead = at_most (job->columns - column - tile.columns, job->tile_columns) * move->item;
            fill_offsets (tile.column_offset, column, tile.columns, move, last, -1,
                          move->rank - job->columns_begin, move->to);
            tile.from = from + column * move->item;
            do_tile (job, &tile);
        }
    }
}

/* ---- planes, item by item ---- */

struct side {
    uint64_t count;
    int64_t from, to;
};

static inline __attribute__ ((always_inline)) void
copy_by_item (unsigned char *to, const unsigned char *from, const struct side *outer,
              const struct side *inner, uint64_t item)
{
    for (uint64_t i = 0; i < outer->count; i++, to += outer->to, from += outer->from) {
        unsigned char *out = to;
        const unsigned char *in = from;
        for (uint64_t k = 0; k < inner->count; k++, out += inner->to, in += inner->from)
            memcpy (out, in, item);
    }
}

static void
copy_plane (unsigned char *to, const unsigned char *from, const struct side *outer, const struct side *inner,
            uint64_t item)
{
    switch (item) {
    case 1: copy_by_item (to, from, outer, inner, 1); break;
    case 2: copy_by_item (to, from, outer, inner, 2); break;
    case 3: copy_by_item (to, from, outer, inner, 3); break;
    case 4: copy_by_item (to, from, outer, inner, 4); break;
    case 8: copy_by_item (to, from, outer, inner, 8); break;
    case 12: copy_by_item (to, from, outer, inner, 12); break;
    case 16: copy_by_item (to, from, outer, inner, 16); break;
    default: copy_by_item (to, from, outer, inner, item); break;
    }
}

/* Axis 0 and the columns' axis, which are one axis if there is no other. */
static void
do_planes (const struct job *job, unsigned char *to, const unsigned char *from)
{
    const struct tn_move *move = job->move;
    uint32_t last = move->rank - 1;
    const uint64_t rows = move->count[0], columns = last > 0 ? move->count[last] : 1;
    uint64_t high = at_most (rows, PLANE_SIDE), wide = at_most (columns, PLANE_SIDE);
    if (high < PLANE_SIDE)
        wide = at_most (columns, PLANE_SIDE * PLANE_SIDE / high);
    else
        high = at_most (rows, PLANE_SIDE * PLANE_SIDE / wide);
    for (uint64_t row = 0; row < rows; row += high)
        for (uint64_t column = 0; column < columns; column += wide) {
            struct side inner = { at_most (rows - row, high), move->from[0], move->to[0] };
            struct side outer = { at_most (columns - column, wide), move->from[last], move->to[last] };
            unsigned char *out = to + (int64_t) row * inner.to + (int64_t) column * outer.to;
            const unsigned char *in = from + (int64_t) row * inner.from + (int64_t) column * outer.from;
            bool across = inner.count < outer.count;
            copy_plane (out, in, across ? &inner : &outer, across ? &outer : &inner, move->item);
        }
}

/* ---- the loop over the other axes ---- */

/* Calls for each position in the axes between rows and columns. */
static __attribute__ ((noinline)) void /* a frame of its own: its caller has a large one */
for_each_position (const struct job *job, unsigned char *to, const unsigned char *from,
                   void (*work) (const struct job *, unsigned char *, const unsigned char *))
{
    const struct tn_move *move = job->move;
    uint64_t index[TN_PERMUTE_RANK] = { 0 };
    uint32_t axis;
    do {
        work (job, to, from);
        for (axis = job->rows_end; axis < job->columns_begin; axis++) {
            if (++index[axis] < move->count[axis]) {
                to += move->to[axis], from += move->from[axis];
                break;
            }
            to -= (int64_t) (index[axis] - 1) * move->to[axis];
            from -= (int64_t) (index[axis] - 1) * move->from[axis];
            index[axis] = 0;
        }
    } while (axis < job->columns_begin);
}

/* ---- planning ---- */

static void
put_axis (struct tn_move *move, uint32_t to, uint32_t from)
{
    move->count[to] = move->count[from];
    move->from[to] = move->from[from];
    move->to[to] = move->to[from];
}

/* Moves an axis, and shifts those between. */
static void
shift_axis (struct tn_move *move, uint32_t from, uint32_t to)
{
    uint64_t count = move->count[from];
    int64_t in = move->from[from], out = move->to[from];
    for (; from < to; from++)
        put_axis (move, from, from + 1);
    for (; from > to; from--)
        put_axis (move, from, from - 1);
    move->count[to] = count, move->from[to] = in, move->to[to] = out;
}

/* The other end of an axis becomes its beginning. */
static void
flip_axis (struct tn_move *move, uint32_t axis, unsigned char **to, const unsigned char **from)
{
    *to += (int64_t) (move->count[axis] - 1) * move->to[axis];
    *from += (int64_t) (move->count[axis] - 1) * move->from[axis];
    move->to[axis] = -move->to[axis];
    move->from[axis] = -move->from[axis];
}

/* Without axes of 1, upwards in `to`, the fastest first, and joined where two are as one. Runs become items.
 * False: there are no items. */
static bool
settle_axes (struct tn_move *move, unsigned char **to, const unsigned char **from)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < move->rank; i++) {
        if (move->count[i] == 0)
            return false;
        if (move->count[i] == 1)
            continue;
        if (move->to[i] < 0)
            flip_axis (move, i, to, from);
        put_axis (move, rank, i);
        uint32_t place = rank++;
        while (place > 0 && move->to[place - 1] > move->to[rank - 1])
            place--;
        shift_axis (move, rank - 1, place);
    }
    move->rank = rank, rank = 0;
    for (uint32_t i = 0; i < move->rank; i++) {
        uint32_t last = rank - 1;
        if (rank > 0 && move->to[i] == (int64_t) move->count[last] * move->to[last]
            && move->from[i] == (int64_t) move->count[last] * move->from[last])
            move->count[last] *= move->count[i];
        else
            put_axis (move, rank++, i);
    }
    move->rank = rank;
    if (rank > 0 && move->to[0] == (int64_t) move->item && move->from[0] == move->to[0]) {
        move->item *= move->count[0];
        shift_axis (move, 0, --move->rank);
    }
    return move->item > 0;
}

/* The axis whose neighbours are nearest to each other in `from`, without those that repeat. */
static uint32_t
nearest_axis (const struct tn_move *move)
{
    uint32_t nearest = 0;
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < move->rank; i++) {
        int64_t stride = move->from[i] < 0 ? -move->from[i] : move->from[i];
        if (stride > 0 && stride < least)
            least = stride, nearest = i;
    }
    return nearest;
}

/* The number of items in `bytes`. Large items go in tiles of a few, too, to walk memory in both ways. */
static uint64_t
tile_side (uint64_t item, uint64_t bytes, uint64_t most)
{
    uint64_t side = bytes / item;
    return side < FEW ? FEW : side > most ? most : side;
}

/* True if all runs of the job begin where a vector can be stored. */
static bool
is_aligned (const struct job *job, const unsigned char *to)
{
    uint64_t places = (uint64_t) (uintptr_t) to;
    for (uint32_t i = job->rows_end; i < job->move->rank; i++)
        places |= (uint64_t) job->move->to[i];
    return places % VECTOR == 0;
}

/* Groups axes to rows and columns. False: there are no tiles to make. */
static bool
set_tiles (struct job *job, const unsigned char *to)
{
    struct tn_move *move = job->move;
    uint32_t last = move->rank - 1;
    if (last == 0 || move->to[0] != (int64_t) move->item || move->from[last] != move->to[0])
        return false;
    job->rows_end = 1, job->columns_begin = last;
    job->rows = move->count[0], job->columns = move->count[last];
    while (job->rows * move->item < SHORT_BYTES && job->rows_end < last
           && move->to[job->rows_end] == (int64_t) (job->rows * move->item))
        job->rows *= move->count[job->rows_end++];
    for (uint32_t i = job->rows_end; i < job->columns_begin; i++)
        if (job->columns * move->item < SHORT_BYTES
            && move->from[i] == (int64_t) (job->columns * move->item)) {
            job->columns *= move->count[i];
            shift_axis (move, i, --job->columns_begin);
            i = job->rows_end - 1;
        }
    bool longer = move->stream && !is_aligned (job, to);
    job->tile_rows = tile_side (move->item, longer ? LONG_ROW_BYTES : ROW_BYTES, TILE_ROWS);
    job->tile_columns = tile_side (move->item, COLUMN_BYTES,
                                   at_most (TILE_COLUMNS, TILE_BYTES / (job->tile_rows * move->item)));
    return job->rows >= FEW && job->columns >= FEW;
}

void
tn_permute (void *result, const void *source, struct tn_move *move, void *tile)
{
    unsigned char *to = result;
    const unsigned char *from = source;
    struct job job = { .move = move, .buffer = tile };
    if (!settle_axes (move, &to, &from))
        return;
    if (move->rank == 0) {
        memcpy (to, from, move->item);
        return;
    }
    uint32_t nearest = move->item < LONG_ITEM ? nearest_axis (move) : 0;
    /* without another one, the next axis makes planes with the first */
    uint32_t other = nearest > 0 ? nearest : move->rank > 1 ? 1 : 0;
    if (nearest > 0 && move->from[nearest] < 0)
        flip_axis (move, nearest, &to, &from);
    shift_axis (move, other, move->rank - 1);
    bool tiles = nearest > 0 && set_tiles (&job, to);
    if (!tiles) { /* whatever was grouped goes one by one */
        job.rows_end = 1;
        job.columns_begin = move->rank > 1 ? move->rank - 1 : 1;
    }
    for_each_position (&job, to, from, tiles ? do_tiles : do_planes);
#ifdef WITH_STREAMING
    if (tiles && move->stream)
        _mm_sfence ();
#endif
}
