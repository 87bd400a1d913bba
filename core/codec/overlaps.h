/* SPDX-License-Identifier: MIT */
/* overlaps.h - no two tensors or members of a source share bytes. */
#ifndef TN_OVERLAPS_H
#define TN_OVERLAPS_H
#include "catalog/catalog.h"

/* Once all is described: TENON_E_MALFORMED when ranges overlap that are not marked as aliases. Looks only at
 * sources whose ranges did not come in rising order; in the others each range was held against the one before
 * it. */
tenon_status tn_check_overlaps (struct tn_catalog *catalog, tenon_error *error);

#endif
