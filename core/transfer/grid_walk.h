/* SPDX-License-Identifier: MIT */
/* grid_walk.h - which chunks a request touches, and which of its items lie in each.
 *
 * On each dim the request takes some items of each of several chunks, one chunk after the other: these are
 * the *parts* of the dim. One part of every dim is a *box*: all items of the request that lie in one chunk.
 * Boxes are counted in C order of the tensor's dims, so that neighbours are found one after the other. */
#ifndef TN_GRID_WALK_H
#define TN_GRID_WALK_H
#include "transfer/make.h"

struct tn_walk {
    const struct tn_request *request;
    uint32_t rank;  /* of the tensor */
    uint64_t count; /* boxes */
    struct {
        uint64_t edge;  /* of a chunk, items */
        uint64_t parts; /* that the request has of this dim */
        uint64_t first; /* chunk of part 0 */
        uint32_t axis;  /* of the view */
    } dim[TN_MAX_RANK];
};
/* The chunks of the request's grid. `most`: a box of a tensor that a codec makes, which may be any, becomes
 * smaller until it has no more bytes. */
void tn_walk_begin (struct tn_walk *walk, const struct tn_request *request, uint64_t most);

/* One box: the chunk, and the items of the view that lie in it. */
struct tn_walk_box {
    uint64_t number;                                /* of the box */
    bool known;                                     /* false at first: the rest is not filled in */
    uint64_t part[TN_MAX_RANK], chunk[TN_MAX_RANK]; /* in each dim */
    struct tn_view_box items;
};
/* Fills in a box. The one that follows the box that is there is found without a division. */
void tn_walk_go (const struct tn_walk *walk, struct tn_walk_box *box, uint64_t number);
/* The items of some parts of a dim, on its axis of the view. */
void tn_walk_span (const struct tn_walk *walk, uint32_t dim, uint64_t part, uint64_t parts, uint64_t *first,
                   uint64_t *count);
/* The most items that a part of a dim has. */
uint64_t tn_walk_rows (const struct tn_walk *walk, uint32_t dim);
/* The items that a chunk stores in a dim. */
uint64_t tn_walk_extent (const struct tn_walk *walk, const struct tn_walk_box *box, uint32_t dim);

/* A request for a box of the items of another one, packed in the same order of axes. Both go by items. */
void tn_request_cut (const struct tn_request *request, const struct tn_view_box *box, struct tn_request *cut);

#endif
