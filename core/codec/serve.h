/* SPDX-License-Identifier: MIT */
/* serve.h - regions of tensors whose bytes their codec makes. */
#ifndef TN_SERVE_H
#define TN_SERVE_H
#include "catalog/catalog.h"

/* For `serve` in struct tn_catalog. */
tenon_status tn_serve (struct tn_catalog *catalog, const struct tn_tensor *tensor,
                       const struct tenon_region *region, void *to, uint64_t size, tenon_error *error);

#endif
