/* SPDX-License-Identifier: MIT */
/* carry_restore.h - carried tensors become again what they were. See save/carry.h for the record. */
#ifndef TN_CARRY_RESTORE_H
#define TN_CARRY_RESTORE_H
#include "catalog/catalog.h"

#define TN_CARRY_KEY "tenon.types"

/* After describe, when the catalog has a record: number `index` of its metadata. Gives back dtypes and
 * shapes, and the order of tensors and keys. What cannot be given back is a note. The record is taken out of
 * the metadata when all that it lists was restored. */
tenon_status tn_carry_restore (struct tn_catalog *catalog, uint64_t index, tenon_report *report,
                               tenon_error *error);

#endif
