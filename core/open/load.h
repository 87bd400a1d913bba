/* SPDX-License-Identifier: MIT */
/* load.h - data of tensors into memory that the library allocates. */
#ifndef TN_LOAD_H
#define TN_LOAD_H
#include "open/reading.h"

/* Reads requests into one piece of memory, which becomes the caller's. */
tenon_status tn_load (struct tn_reading *reading, tenon_memory **result, const tenon_progress *progress,
                      tenon_error *error);

#endif
