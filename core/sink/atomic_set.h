/* SPDX-License-Identifier: MIT */
/* atomic_set.h - a save of several files. */
#ifndef TN_ATOMIC_SET_H
#define TN_ATOMIC_SET_H
#include "sink/atomic_item.h"

bool tn_atomic_is_set (const struct tn_atomic *atomic);
/* The file that gets its name last, since it stands for the set: the index or, in the order of names, the
 * first shard. */
struct tn_atomic_item *tn_atomic_last (const struct tn_atomic *atomic);
/* Gives all files of the set their names, by a journal in the lock (journal.h). lock NULL: there is none. */
tenon_status tn_atomic_name_set (struct tn_atomic *atomic, struct tn_lock *lock, tenon_error *error);

#endif
