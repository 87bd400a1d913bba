/* SPDX-License-Identifier: MIT */
/* request.h - what is to be read of one tensor, and the machine that makes it: gather, transpose, swap, cast.
 *
 * A want is seen through a *view*: shape and order of the stored bytes, turned round when Fortran order is
 * wanted, so that the result is always the C order of the view. It is made in slabs: boxes whose results
 * lie one behind the other. */
#ifndef TN_REQUEST_H
#define TN_REQUEST_H
#include "catalog/catalog.h"
#include "source/decoder.h"

#define TN_MAX_RANK 64

struct tn_request {
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    const struct tenon_dtype *stored, *target;
    uint32_t stored_id, target_id;
    struct tn_source *source; /* where `offset` counts; a spool replaces the tensor's own */
    uint64_t offset;
    bool whole;   /* all of the tensor */
    bool fortran; /* the view's stored order */
    bool swap_in, swap_out;
    bool decode;   /* through the stored dtype's blocks to f32 */
    uint32_t rank; /* of the view; at least 1 */
    uint64_t shape[TN_MAX_RANK], start[TN_MAX_RANK], count[TN_MAX_RANK], step[TN_MAX_RANK]; /* in units */
    uint64_t unit_items; /* items in a unit of the innermost axis: block_items, or 1 */
    uint64_t unit_bytes; /* stored bytes of a unit */
    uint64_t elements;   /* of the result */
    uint64_t size;       /* bytes of the result */
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
bool tn_cast_supported (const struct tenon_dtype *from, uint32_t from_id, const struct tenon_dtype *to,
                        uint32_t to_id);
/* Is the result the stored bytes as they are, in one piece? */
bool tn_request_is_plain (const struct tn_request *request);
/* Like that, but for swapping. */
bool tn_request_is_contiguous (const struct tn_request *request);
/* Does reading it read all of a part but for little before and behind the tensor, so that what is left is
 * read, too, and the part's checksum compared? */
bool tn_request_covers (const struct tn_request *request);
/* More than this may not lie beside the tensor. */
#define TN_MARGIN 65536u
/* Points the want at bytes in memory: `base` holds the bytes of its source from `first` on. `memory` must
 * stay while it is made. */
void tn_request_from_memory (struct tn_request *request, struct tn_source *memory, const void *base,
                             uint64_t first, uint64_t size);

/* ---- slabs ---- */

struct tn_slabs {
    uint64_t count;     /* how many */
    uint32_t axis;      /* axes before it are fixed in a slab, it is cut, those after it are whole */
    uint64_t rows;      /* of that axis in a slab, but for the last */
    uint64_t per_axis;  /* slabs along it */
    uint64_t row_units; /* units of one row of that axis */
};
/* Slabs whose results take about `bytes` each. */
void tn_slabs_plan (const struct tn_request *request, uint64_t bytes, struct tn_slabs *slabs);
/* Where the result of a slab begins, and its size, in bytes. */
void tn_slab_range (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                    uint64_t *begin, uint64_t *size);

/* ---- making ---- */

/* What one thread keeps between slabs. Zero it at first. */
struct tn_worker {
    uint8_t *buffer[4]; /* the last one for whole members */
    uint64_t room[4];
    bool sums;       /* sum up the stored bytes of each slab … */
    uint32_t crc;    /* … here … */
    uint64_t summed; /* … so many */
    struct tn_decoder decoder;
};
void tn_worker_free (struct tn_worker *worker);
/* A buffer of at least `size` bytes. NULL: no memory. */
uint8_t *tn_worker_buffer (struct tn_worker *worker, unsigned number, uint64_t size);
/* Bytes of the want's source, through the worker's stream when it is encoded. */
tenon_status tn_worker_read (struct tn_worker *worker, struct tn_source *source, uint64_t offset, void *to,
                             uint64_t length, tenon_error *error);
/* Fills `to` with the slab's result. */
tenon_status tn_request_slab (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                              struct tn_worker *worker, void *to, tenon_error *error);

/* Swaps a whole result that was read as it is stored. */
void tn_request_swap (const struct tn_request *request, void *data);

/* The stored units of a box, in the order in which they are stored, packed (gather.c). */
struct tn_gather {
    uint64_t start[TN_MAX_RANK], count[TN_MAX_RANK];
};
tenon_status tn_gather (const struct tn_request *request, const struct tn_gather *box,
                        struct tn_worker *worker, uint8_t *to, tenon_error *error);
/* The box's bytes where they lie, when they lie in memory in one piece; else NULL. */
const uint8_t *tn_gather_in_place (const struct tn_request *request, const struct tn_gather *box);

#endif
