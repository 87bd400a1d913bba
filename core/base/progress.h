/* SPDX-License-Identifier: MIT */
/* progress.h - how far one public call has got, and whether to stop. */
#ifndef TN_PROGRESS_H
#define TN_PROGRESS_H
#include "base/base.h"
#include <pthread.h>

/* Progress of one public call; any thread. */
struct tn_meter {
    const tenon_progress *progress; /* NULL: nobody asked */
    pthread_mutex_t lock;
    uint64_t done, total, told;
    bool stopped;
};
void tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total);
void tn_meter_end (struct tn_meter *meter);
/* More bytes are done. TENON_E_CANCELLED when the callback wants to stop. */
tenon_status tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error);

#endif
