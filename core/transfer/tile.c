/* SPDX-License-Identifier: MIT */
/* tile.c - makes a slab that turns, tile by tile, on all threads. */
#include "transfer/tile.h"

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
    tiles->count = 1;
    for (uint32_t i = 0; i < request->rank; i++)
        tiles->count *= (tiles->slab.count[i] + tiles->side[i] - 1) / tiles->side[i];
}

/* ---- making ---- */

static TN_OWN_FRAME tenon_status
make_tile (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    const struct tiles *tiles = opaque;
    const struct tn_request *request = tiles->request;
    struct tn_worker *state = &tiles->workers[worker];
    struct tn_view_box box;
    uint64_t units = 1, place = 0;
    for (uint32_t k = 0; k < request->rank; k++) {
        uint32_t i = tiles->order[k];
        uint64_t sides = (tiles->slab.count[i] + tiles->side[i] - 1) / tiles->side[i];
        uint64_t first = item % sides * tiles->side[i];
        item /= sides;
        box.first[i] = tiles->slab.first[i] + first;
        box.count[i] = TN_MIN (tiles->side[i], tiles->slab.count[i] - first);
        place += first * (uint64_t) request->axis[i].to;
        units *= box.count[i];
    }
    state->check = TENON_CHECK_NONE;
    TN_TRY (tn_box_make (request, &box, state, tiles->to + (int64_t) place, error));
    return tiles->meter ? tn_meter_add (tiles->meter, units * request->target->block_bytes, error) : TENON_OK;
}

TN_OWN_FRAME tenon_status
tn_tiles_make (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
               struct tn_pool *pool, struct tn_worker *workers, uint8_t *to, struct tn_meter *meter,
               tenon_error *error)
{
    struct tiles tiles = { .request = request, .workers = workers, .meter = meter, .to = to };
    const tenon_context *context = request->catalog->context;
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) tn_pool_width (context->pool));
    tn_slab_box (request, slabs, slab, &tiles.slab);
    /* a decoder goes through its source once only for a single tile */
    plan_tiles (&tiles, tn_needs_decoder (request->source)
                            ? UINT64_MAX
                            : TN_MAX (TN_MIN (share, TILE_BYTES), (uint64_t) 65536));
    return tn_pool_run (pool, tiles.count, make_tile, &tiles, error);
}
