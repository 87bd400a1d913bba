/* SPDX-License-Identifier: MIT */
/* request.h - a request: the elements of one tensor to read, and the dtype and order of the result.
 *
 * A request is seen through a *view*: shape and order of the stored bytes, with the axes reversed when
 * Fortran order is asked for, so that the result is always the C order of the view. */
#ifndef TN_REQUEST_H
#define TN_REQUEST_H
#include "catalog/catalog.h"
#include "source/decoder.h"
#include "transfer/tally.h"

#define TN_MAX_RANK 64

/* In units. */
struct tn_axis {
    uint64_t shape, start, count, step;
};

struct tn_request {
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    const struct tenon_dtype *stored, *target;
    uint32_t stored_id, target_id;
    struct tn_tally *tally;   /* counts what the cast changes; NULL: nothing does */
    struct tn_source *source; /* where `offset` counts; a spool replaces the tensor's own */
    uint64_t offset;
    bool whole;   /* all of the tensor */
    bool fortran; /* the view's stored order */
    bool swap_in, swap_out;
    bool decode;                      /* through the stored dtype's blocks to f32 */
    uint32_t rank;                    /* of the view; at least 1 */
    uint64_t unit_items;              /* items in a unit of the innermost axis: block_items, or 1 */
    uint64_t unit_bytes;              /* stored bytes of a unit */
    uint64_t elements;                /* of the result */
    uint64_t size;                    /* bytes of the result */
    struct tn_axis axis[TN_MAX_RANK]; /* one that was kept has room for `rank` of them only */
};

/* A box that is asked for; pointers may be NULL as in tenon_request. */
struct tn_box {
    uint32_t rank;
    const uint64_t *start, *count;
    const int64_t *step;
};

/* `target` TENON_NONE: as stored. `layout`: TENON_FORTRAN and TENON_BIG_ENDIAN of the result. */
tenon_status tn_request_make (struct tn_request *request, struct tn_catalog *catalog,
                              const struct tn_tensor *tensor, const struct tn_box *box, uint32_t target,
                              uint32_t layout, tenon_error *error);
/* All stored bytes of a tensor that is read whole, in the order in which they lie. */
void tn_request_flatten (struct tn_request *request);
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
