/* SPDX-License-Identifier: MIT */
/* save_lock.h - the lock that an application takes before it opens a file to change it. */
#ifndef TN_SAVE_LOCK_H
#define TN_SAVE_LOCK_H
#include "context/context.h"
#include "sink/lock.h"

struct tenon_lock {
    struct tn_destination destination;
    struct tn_lock lock;
};

#endif
