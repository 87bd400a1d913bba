/* SPDX-License-Identifier: MIT */
/* unpacked.h - the numbers of packed weights. */
#ifndef TN_UNPACKED_H
#define TN_UNPACKED_H
#include "plan/packed.h"
#include "transfer/tally.h"

/* A reader that makes the numbers, C order, little-endian: in the dtype of the scales, number × scale + bias,
 * rounded after each step, as MLX does; or as blocks of `block`, which tn_packed_fits allows. It takes memory
 * of its own, which its close frees. */
tenon_status tn_unpacked_reader (const struct tn_packed *packed, const struct tenon_dtype *block,
                                 struct tn_tally *tally, tenon_reader *reader, tenon_error *error);

#endif
