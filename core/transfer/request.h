/* SPDX-License-Identifier: MIT */
/* request.h - a request: the elements of one tensor to read, and the dtype and order of the result.
 *
 * A request is seen through a *view*: its axes in the order in which the result counts, the last one fastest.
 * Each axis has a stride in the source, so C order, Fortran order and strides are one thing. */
#ifndef TN_REQUEST_H
#define TN_REQUEST_H
#include "catalog/catalog.h"
#include "source/decoder.h"
#include "transfer/tally.h"

#define TN_MAX_RANK 64

/* In units; of a grid in items, one for each dim of the tensor. What was cut away goes into the request's
 * offset, and the step into the stride, as far as units stand by themselves: then start is 0 and step 1. */
struct tn_axis {
    uint64_t start, count, step;
    int64_t stride; /* bytes between neighbours in the source */
    int64_t to;     /* and in the result; if that is made of blocks: unused */
};

struct tn_request {
    tenon_context *context; /* whose threads and limits it uses: the catalog's, or another one of a save */
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    const struct tenon_dtype *stored, *target;
    uint32_t stored_id, target_id;
    uint32_t storage;           /* TENON_EXTENT …: the tensor's; EXTENT once its items lie in a spool */
    const struct tn_grid *grid; /* it is read chunk by chunk (grid.h); NULL: its source is, or it is served */
    struct tn_tally *tally;     /* counts what the cast changes; NULL: nothing does */
    struct tn_source *source;   /* where `offset` counts; a spool replaces the tensor's own */
    uint64_t begin, length;     /* what the tensor takes of the source, from its first byte to its last */
    uint64_t offset;            /* of the first unit of the view */
    bool whole;                 /* all of the tensor */
    bool linear;  /* the view, but for what was cut away, is the stored bytes one after the other */
    bool turns;   /* the order of the view is not that of the source: any part of the result is all over it */
    bool rewinds; /* nor is there an order of the axes in which the units rise without going back */
    bool reversed;    /* the axes of the view are the tensor's, the last one first */
    bool scattered;   /* the result has strides, and is not packed */
    uint64_t span;    /* bytes of the result, from the first to the last; packed: `size` … */
    uint64_t low;     /* … of these, the bytes before item 0 … 0 */
    int64_t to_first; /* from item 0 … 0 of the result to the first item of the view, bytes */
    bool swap_in, swap_out;
    bool decode;                      /* through the stored dtype's blocks to f32 */
    uint32_t rank;                    /* of the view; at least 1 */
    uint64_t unit_items;              /* items in a unit of the innermost axis: block_items, or 1 */
    uint64_t unit_bytes;              /* stored bytes of a unit */
    uint64_t elements;                /* of the result */
    uint64_t size;                    /* bytes of the result, packed */
    struct tn_axis axis[TN_MAX_RANK]; /* one that was kept has room for `rank` of them only */
};

/* True if all blocks are taken, one after the other: then the only axis counts blocks. */
static inline bool
tn_request_is_flat (const struct tn_request *request)
{
    return request->whole && request->unit_items > 1 && !request->scattered;
}

/* A box that is asked for; pointers may be NULL as in tenon_request. */
struct tn_box {
    uint32_t rank;
    const uint64_t *start, *count;
    const int64_t *step;
    const int64_t *to; /* strides of the result, in items, one for each dim of the tensor; NULL: packed */
};

/* `target` TENON_NONE: as stored. `layout`: TENON_FORTRAN and TENON_BIG_ENDIAN of the result. */
tenon_status tn_request_make (struct tn_request *request, struct tn_catalog *catalog,
                              const struct tn_tensor *tensor, const struct tn_box *box, uint32_t target,
                              uint32_t layout, tenon_error *error);
/* The pool whose threads may read its source; NULL: this thread alone does. */
static inline struct tn_pool *
tn_request_pool (const struct tn_request *request)
{
    return tn_source_pool (request->context, request->source);
}
/* All stored bytes of a tensor that is read whole, in the order in which they lie, with those between. */
void tn_request_flatten (struct tn_request *request);
/* True if items are copied or cast one by one, so that they may be put into order before or after that. */
bool tn_request_by_items (const struct tn_request *request);
/* Of the source's bytes that the result depends on, the last one. The result is not empty. */
uint64_t tn_request_last_byte (const struct tn_request *request);
/* True if reading the tensor reads its part but for at most TN_MARGIN bytes around it: these are then read,
 * too, and the part's checksum is compared. */
bool tn_request_covers (const struct tn_request *request);
#define TN_MARGIN 65536u

/* Before a request is read: an encoded source of several tensors, which are read one after the other, is
 * unpacked rather than decoded for each of them. */
void tn_request_unpack (struct tn_request *request);
/* After a request has been read: compares the checksums of what it lies in, when all tensors there may have
 * been read. tn_transfer_read and tn_transfer_stream do it by themselves. */
tenon_status tn_request_account (const struct tn_request *request, tenon_error *error);
/* Copies a request without the axes that it does not use. */
void tn_request_copy (struct tn_request *to, const struct tn_request *request);
/* A copy in the arena, of the size that it needs: most have one axis. NULL: no memory. */
struct tn_request *tn_request_keep (struct tn_arena *arena, const struct tn_request *request);
bool tn_cast_supported (const struct tenon_dtype *from, uint32_t from_id, const struct tenon_dtype *to,
                        uint32_t to_id);
/* True if the result is one stored range, swapped or not. */
bool tn_request_is_contiguous (const struct tn_request *request);
/* True if the result is one stored range as it is. */
bool tn_request_is_plain (const struct tn_request *request);
/* Points the request at bytes in memory: `base` holds the bytes of its source from `first` on. `memory` must
 * stay while the request is read. */
void tn_request_from_memory (struct tn_request *request, struct tn_source *memory, const void *base,
                             uint64_t first, uint64_t size);

#endif
