/* SPDX-License-Identifier: MIT */
/* tile.c - makes a slab that turns, tile by tile, on all threads; and a whole result that turns in a file. */
#include "transfer/tile.h"
#include "sink/sink.h"

#define TILE_BYTES (((uint64_t) 2 << 20) + 65536)
/* Read in one piece, if possible. Such runs lie one behind the other in memory: at no power of two, whose
 * multiples share a few lines of the caches. */
#define LEAST_RUN (((uint64_t) 16 << 10) + 128)
#define LEAST_PIECE ((uint64_t) 512) /* written in one piece */
#define LINE ((uint64_t) 64)

struct tiles {
    const struct tn_request *request;
    struct tn_worker *workers;
    struct tn_meter *meter;
    uint8_t *to;
    struct tn_view_box slab;
    uint64_t side[TN_MAX_RANK];
    uint8_t order[TN_MAX_RANK]; /* of the axes in the source, the shortest stride first */
    uint64_t count;
};

/* ---- planning ---- */

/* Those that repeat come last. */
static void
order_by_source (struct tiles *tiles)
{
    const struct tn_request *request = tiles->request;
    uint64_t size[TN_MAX_RANK];
    for (uint32_t i = 0; i < request->rank; i++) {
        int64_t stride = request->axis[i].stride;
        size[i] = (stride < 0 ? 0 - (uint64_t) stride : (uint64_t) stride) - 1; /* 0 becomes the largest */
        uint32_t place = i;
        for (; place > 0 && size[tiles->order[place - 1]] > size[i]; place--)
            tiles->order[place] = tiles->order[place - 1];
        tiles->order[place] = (uint8_t) i;
    }
}

/* Makes a tile longer on one axis, until it has so many units, or the axis ends. */
static void
stretch_tile (struct tiles *tiles, uint32_t axis, uint64_t wanted, uint64_t *units)
{
    uint64_t others = *units / tiles->side[axis];
    uint64_t side = TN_MAX (wanted / others, tiles->side[axis]);
    tiles->side[axis] = TN_MIN (side, tiles->slab.count[axis]);
    *units = others * tiles->side[axis];
}

static void
count_tiles (struct tiles *tiles)
{
    tiles->count = 1;
    for (uint32_t i = 0; i < tiles->request->rank; i++)
        tiles->count *= (tiles->slab.count[i] + tiles->side[i] - 1) / tiles->side[i];
}

/* Runs in the source become long enough to be read, then pieces of the result to be written, and then the
 * tile grows in the order of the source. */
static void
plan_tiles (struct tiles *tiles, uint64_t bytes)
{
    const struct tn_request *request = tiles->request;
    uint64_t unit = TN_MAX (request->unit_bytes, request->target->block_bytes), units = 1, piece = 1;
    uint64_t most = TN_MAX (bytes / unit, 1), run = TN_MIN (TN_MAX (LEAST_RUN / unit, 1), most);
    uint64_t least = TN_MAX (LEAST_PIECE / unit, 1), line = LINE / unit, last = request->rank - 1;
    order_by_source (tiles);
    for (uint32_t i = 0; i < request->rank; i++)
        tiles->side[i] = 1;
    for (uint32_t i = 0; i < request->rank && units < run; i++)
        stretch_tile (tiles, tiles->order[i], run, &units);
    for (uint32_t i = request->rank; i-- > 0 && piece < least; piece *= tiles->side[i])
        stretch_tile (tiles, i, TN_MIN (units / tiles->side[i] * (least / piece + 1), most), &units);
    for (uint32_t i = 0; i < request->rank && units < most; i++)
        stretch_tile (tiles, tiles->order[i], most, &units);
    if (line > 1 && tiles->side[last] > line && tiles->side[last] < tiles->slab.count[last])
        tiles->side[last] -= tiles->side[last] % line; /* whole lines are written */
    count_tiles (tiles);
}

/* ---- making ---- */

/* Returns the units of a tile. *place: from the first byte of the slab's result to that of the tile. */
static uint64_t
tile_box (const struct tiles *tiles, uint64_t number, struct tn_view_box *box, int64_t *place)
{
    const struct tn_request *request = tiles->request;
    uint64_t units = 1, bytes = 0;
    for (uint32_t k = 0; k < request->rank; k++) {
        uint32_t i = tiles->order[k];
        uint64_t sides = (tiles->slab.count[i] + tiles->side[i] - 1) / tiles->side[i];
        uint64_t first = number % sides * tiles->side[i];
        number /= sides;
        box->first[i] = tiles->slab.first[i] + first;
        box->count[i] = TN_MIN (tiles->side[i], tiles->slab.count[i] - first);
        bytes += first * (uint64_t) request->axis[i].to;
        units *= box->count[i];
    }
    *place = (int64_t) bytes;
    return units;
}

static TN_OWN_FRAME tenon_status
make_tile (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    const struct tiles *tiles = opaque;
    struct tn_worker *state = &tiles->workers[worker];
    struct tn_view_box box;
    int64_t place;
    uint64_t units = tile_box (tiles, item, &box, &place);
    state->check = TENON_CHECK_NONE;
    TN_TRY (tn_box_make (tiles->request, &box, state, tiles->to + place, error));
    return tiles->meter ? tn_meter_add (tiles->meter, units * tiles->request->target->block_bytes, error)
                        : TENON_OK;
}

TN_OWN_FRAME tenon_status
tn_tiles_make (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
               struct tn_pool *pool, struct tn_worker *workers, uint8_t *to, struct tn_meter *meter,
               tenon_error *error)
{
    struct tiles tiles = { .request = request, .workers = workers, .meter = meter, .to = to };
    const tenon_context *context = request->context;
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) tn_pool_width (context->pool));
    tn_slab_box (request, slabs, slab, &tiles.slab);
    /* a decoder goes through its source once only for a single tile */
    plan_tiles (&tiles, tn_needs_decoder (request->source)
                            ? UINT64_MAX
                            : TN_MAX (TN_MIN (share, TILE_BYTES), (uint64_t) 65536));
    return tn_pool_run (pool, tiles.count, make_tile, &tiles, error);
}

/* ---- into a file ---- */

/* Longer runs are read and written no faster. */
#define FILE_RUN ((uint64_t) 256 << 10)
/* A thread that has less makes short runs: then fewer threads work. */
#define FILE_SHARE ((uint64_t) 16 << 20)

struct file_tiles {
    struct tiles tiles;        /* of the whole result */
    struct tn_request request; /* its result is a tile, packed */
    const struct tn_place *place;
};

/* Makes tiles whose runs in the source, and whose pieces of the result, are at least so many units, unless
 * the axes end. Returns the units of a tile. */
static uint64_t
square_tiles (struct tiles *tiles, uint64_t run)
{
    const struct tn_request *request = tiles->request;
    uint64_t units = 1, piece = 1;
    for (uint32_t i = 0; i < request->rank; i++)
        tiles->side[i] = 1;
    for (uint32_t i = 0; i < request->rank && units < run; i++)
        stretch_tile (tiles, tiles->order[i], run, &units);
    for (uint32_t i = request->rank; i-- > 0 && piece < run;) {
        uint64_t wanted = TN_MIN ((run + piece - 1) / piece, tiles->slab.count[i]);
        if (wanted > tiles->side[i]) {
            units = units / tiles->side[i] * wanted;
            tiles->side[i] = wanted;
        }
        piece *= tiles->side[i];
        if (tiles->side[i] < tiles->slab.count[i])
            break;
    }
    return units;
}

/* Runs and pieces are about as long, and as long as the memory allows: at least the square root of a tile, as
 * those of a matrix. */
static void
plan_file_tiles (struct tiles *tiles, uint64_t bytes)
{
    const struct tn_request *request = tiles->request;
    uint64_t unit = TN_MAX (request->unit_bytes, request->target->block_bytes);
    uint64_t most = TN_MAX (bytes / unit, 1), run = TN_MIN (TN_MAX (FILE_RUN / unit, 1), most), units;
    order_by_source (tiles);
    while ((units = square_tiles (tiles, run)) > most && run > 1)
        run -= (run + 7) / 8;
    for (uint32_t i = 0; i < request->rank && units < most; i++)
        stretch_tile (tiles, tiles->order[i], most, &units);
    count_tiles (tiles);
}

/* Neighbours on axes that go on, in both, where the axis behind them ends are one piece. */
TN_OWN_FRAME tenon_status
tn_box_to_file (const struct tn_request *request, const struct tn_request *made, const uint64_t *count,
                const struct tn_place *place, int64_t to, const uint8_t *from, tenon_error *error)
{
    uint64_t index[TN_MAX_RANK] = { 0 }, piece = request->target->block_bytes;
    uint32_t outer = request->rank;
    while (outer > 0
           && (count[outer - 1] == 1
               || (request->axis[outer - 1].to == (int64_t) piece
                   && made->axis[outer - 1].to == (int64_t) piece)))
        piece *= count[--outer];
    for (;;) {
        TN_TRY (tn_write_all (place->fd, (int64_t) place->offset + to, from, piece, place->name, error));
        uint32_t i = outer;
        for (; i > 0 && ++index[i - 1] == count[i - 1]; i--) {
            to -= (int64_t) (index[i - 1] - 1) * request->axis[i - 1].to;
            from -= (int64_t) (index[i - 1] - 1) * made->axis[i - 1].to;
            index[i - 1] = 0;
        }
        if (i == 0)
            return TENON_OK;
        to += request->axis[i - 1].to;
        from += made->axis[i - 1].to;
    }
}

static TN_OWN_FRAME tenon_status
put_tile (void *opaque, uint64_t number, unsigned thread, tenon_error *error)
{
    struct file_tiles *file = opaque;
    struct tn_worker *worker = &file->tiles.workers[thread];
    struct tn_view_box box;
    int64_t place;
    uint64_t units = tile_box (&file->tiles, number, &box, &place);
    uint8_t *made = tn_worker_buffer (worker, 7, file->request.size);
    if (!made)
        return tn_fail_memory (error);
    worker->check = TENON_CHECK_NONE;
    TN_TRY (tn_box_make (&file->request, &box, worker, made, error));
    TN_TRY (tn_box_to_file (file->tiles.request, &file->request, box.count, file->place, place, made, error));
    return file->tiles.meter
               ? tn_meter_add (file->tiles.meter, units * file->request.target->block_bytes, error)
               : TENON_OK;
}

tenon_status
tn_tiles_to_file (const struct tn_request *request, const struct tn_place *place, struct tn_worker *workers,
                  struct tn_meter *meter, tenon_error *error)
{
    const tenon_context *context = request->context;
    struct file_tiles file = { .tiles = { .request = request, .workers = workers, .meter = meter },
                               .place = place };
    uint64_t memory = context->limits[TENON_LIMIT_MEMORY], bytes = request->target->block_bytes;
    unsigned threads =
        (unsigned) TN_MIN (TN_MAX (memory / FILE_SHARE, 1), (uint64_t) tn_pool_width (context->pool));
    for (uint32_t i = 0; i < request->rank; i++)
        file.tiles.slab.count[i] = request->axis[i].count;
    /* gathered, cast, and in order; and a window over the source */
    plan_file_tiles (&file.tiles, TN_MAX (memory / (4 * threads), (uint64_t) 65536));
    tn_request_copy (&file.request, request);
    for (uint32_t i = request->rank; i-- > 0; bytes *= file.tiles.side[i])
        file.request.axis[i].to = (int64_t) bytes;
    file.request.size = bytes;
    return tn_pool_run_few (tn_request_pool (request), threads, file.tiles.count, put_tile, &file, error);
}
