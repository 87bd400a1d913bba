/* SPDX-License-Identifier: MIT */
/* carry_restore.h - restores carried tensors. See save/carry.h for the record. */
#ifndef TN_CARRY_RESTORE_H
#define TN_CARRY_RESTORE_H
#include "catalog/catalog.h"

#define TN_CARRY_KEY "tenon.types"

/* Call it after describe, when the catalog has a record: entry `index` of its metadata. Restores dtypes and
 * shapes, and the order of tensors and keys. A tensor that cannot be restored gets a note. The record is
 * removed from the metadata when all that it lists was restored. */
tenon_status tn_carry_restore (struct tn_catalog *catalog, uint64_t index, tenon_report *report,
                               tenon_error *error);

#endif
