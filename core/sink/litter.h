/* SPDX-License-Identifier: MIT */
/* litter.h - what interrupted saves of sets left in a folder. */
#ifndef TN_LITTER_H
#define TN_LITTER_H
#include "sink/lock.h"

/* Before a set is saved: finishes the interrupted commits in the folder, and removes the temporary files of
 * dead saves whose names are like that of a file of the set but for digits. Does nothing that can fail: what
 * cannot be removed stays. */
void tn_litter_sweep (int folder, const char *name, const struct tn_lock_options *options);

#endif
