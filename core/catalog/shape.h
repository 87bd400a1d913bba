/* SPDX-License-Identifier: MIT */
/* shape.h - how many bytes a shape takes, and shapes as text. */
#ifndef TN_SHAPE_H
#define TN_SHAPE_H
#include "base/base.h"
#include <tenon/plugin.h>

/* The number of elements, and the bytes of the packed data. TENON_E_MALFORMED with words: a product or size
 * of 2^63 or more, or a row that is no multiple of a block. */
tenon_status tn_shape_bytes (const struct tenon_dtype *dtype, uint32_t rank, const uint64_t *shape,
                             uint64_t *elements, uint64_t *bytes, tenon_error *error);
/* What strides in items are, for a shape that was checked and has items of `item` bytes. */
enum tn_lay {
    TN_LAY_C,       /* packed in C order */
    TN_LAY_FORTRAN, /* packed in Fortran order */
    TN_LAY_STRIDES, /* neither */
    TN_LAY_WRONG    /* they reach 2^63 bytes or more */
};
/* Also tells how many bytes lie before item 0 … 0, and from the first to behind the last item. */
enum tn_lay tn_shape_lay (uint64_t item, uint32_t rank, const uint64_t *shape, const int64_t *strides,
                          uint64_t *low, uint64_t *span);
/* True if at least two axes are longer than 1. If not, C order and Fortran order are the same. */
bool tn_shape_has_order (uint32_t rank, const uint64_t *shape);
/* "4096 × 4096 q4_k" */
void tn_shape_text (char *to, size_t room, const struct tenon_dtype *dtype, uint32_t rank,
                    const uint64_t *shape);
/* The name of a dtype; of an opaque one, the format's own text. */
const char *tn_dtype_label (const struct tenon_dtype *dtype);

#endif
