/* SPDX-License-Identifier: MIT */
/* map.h - the stored bytes of a tensor without a copy. */
#ifndef TN_MAP_H
#define TN_MAP_H
#include "catalog/file.h"

/* tenon_map_private, whose pointers were checked. All three are set on success only. */
tenon_status tn_map_private (tenon_file *file, uint64_t index, void **data, uint64_t *size,
                             tenon_memory **memory, tenon_error *error);
/* The address of item 0 … 0 in a mapping that is read-only, also of a tensor with strides, and one more use
 * of that mapping; NULL: it is memory of the program. Both are set on success only. */
struct tn_mapping;
tenon_status tn_map_items (tenon_file *file, uint64_t index, const uint8_t **item,
                           struct tn_mapping **mapping, tenon_error *error);

#endif
