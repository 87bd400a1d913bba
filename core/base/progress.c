/* SPDX-License-Identifier: MIT */
/* progress.c - how far one public call has got, and whether to stop. */
#include "base/progress.h"

#define STEP (1u << 20)

void
tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total)
{
    memset (meter, 0, sizeof *meter);
    meter->progress = progress && progress->report ? progress : NULL;
    meter->total = total;
    pthread_mutex_init (&meter->lock, NULL);
}

void
tn_meter_end (struct tn_meter *meter)
{
    pthread_mutex_destroy (&meter->lock);
}

tenon_status
tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error)
{
    if (!meter || !meter->progress)
        return TENON_OK;
    pthread_mutex_lock (&meter->lock);
    meter->done += bytes;
    if (!meter->stopped && (meter->done - meter->told >= STEP || meter->done >= meter->total)) {
        meter->told = meter->done;
        meter->stopped =
            meter->progress->report (meter->progress->user, TN_MIN (meter->done, meter->total), meter->total)
            != 0;
    }
    bool stopped = meter->stopped;
    pthread_mutex_unlock (&meter->lock);
    return stopped ? tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled") : TENON_OK;
}
