/* SPDX-License-Identifier: MIT */
/* progress.h - the progress of one public call, and its cancellation. */
#ifndef TN_PROGRESS_H
#define TN_PROGRESS_H
#include "base/base.h"
#include <pthread.h>

/* May be used from any thread between tn_meter_begin and tn_meter_end. */
struct tn_meter {
    const tenon_progress *progress; /* NULL: the application wants no reports */
    pthread_mutex_t lock;
    uint64_t done, total, told;
    bool stopped;
};
void tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total);
void tn_meter_end (struct tn_meter *meter);
/* Counts bytes that are done. TENON_E_CANCELLED once the callback has asked to stop. `meter` may be NULL. */
tenon_status tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error);

#endif
