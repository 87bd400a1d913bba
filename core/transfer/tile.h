/* SPDX-License-Identifier: MIT */
/* tile.h - boxes of a slab that turns. Each reads runs of the source and writes pieces of the result that are
 * not too short, whatever the size of the slab, so that a slab may be all of the result.
 * It may also lie in a file, which takes pieces in any order. */
#ifndef TN_TILE_H
#define TN_TILE_H
#include "base/pool.h"
#include "base/report.h"
#include "transfer/slab.h"

/* Makes a slab of a request that goes by items, on the threads of the pool; NULL: on this one. The first item
 * of the slab is at `to`. `meter` may be NULL. */
tenon_status tn_tiles_make (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                            struct tn_pool *pool, struct tn_worker *workers, uint8_t *to,
                            struct tn_meter *meter, tenon_error *error);

/* Where a result lies in a file. `name` is for messages. */
struct tn_place {
    int fd;
    uint64_t offset;
    const char *name;
};
/* Writes a box of the result of a request to its places. It was made at `from`, where items lie as in the
 * result of `made`. `count`: its items on each axis; `to`: where its first item belongs, from the place on.
 */
tenon_status tn_box_to_file (const struct tn_request *request, const struct tn_request *made,
                             const uint64_t *count, const struct tn_place *place, int64_t to,
                             const uint8_t *from, tenon_error *error);
/* Makes the result of a request that goes by items, whose axes rise, and writes each tile to its place. On
 * the threads of the context's pool, within the memory limit. The source needs no decoder. */
tenon_status tn_tiles_to_file (const struct tn_request *request, const struct tn_place *place,
                               struct tn_worker *workers, struct tn_meter *meter, tenon_error *error);

#endif
