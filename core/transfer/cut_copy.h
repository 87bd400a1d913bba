/* SPDX-License-Identifier: MIT */
/* cut_copy.h - copies chunks that are stored as they shall be written. */
#ifndef TN_CUT_COPY_H
#define TN_CUT_COPY_H
#include "sink/encoder.h"
#include "transfer/cut_make.h"

/* Gives the locator back, at the end of a box. */
void tn_cut_worker_leave (struct tn_cut_worker *worker);
/* The stored bytes of a chunk that is already as it shall be written: into `slot`. *copied is false if it
 * must be made: it is missing, filters were left out, or its size is not what one would expect. *missing: it
 * is. */
tenon_status tn_cut_copy (const struct tn_cut_view *view, struct tn_cut_worker *worker, const uint64_t *chunk,
                          bool encoded, struct tn_slot *slot, bool *copied, bool *missing,
                          tenon_error *error);

#endif
