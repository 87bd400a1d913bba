/* SPDX-License-Identifier: MIT */
/* unfilter.h - the state of a filter that decodes, in the program or in an isolated process.
 *
 * A function fails only if the filter could not be asked, and then `error` says so, with the source. What the
 * filter said of the bytes is a result. */
#ifndef TN_UNFILTER_H
#define TN_UNFILTER_H
#include "source/source.h"

#define TN_WHY_SIZE 200u
/* A refusal that is no damage of the bytes: the filter may have a reason (tenon_filter.why). */
static inline bool
tn_has_reason (tenon_status said)
{
    return said == TENON_E_UNSUPPORTED || said == TENON_E_LIMIT;
}

/* Zero it at first. One thread at a time uses it. */
struct tn_unfilter {
    const struct tn_filter *filter; /* NULL: no state is open */
    void *state;                    /* in the program … */
    struct tn_apart *apart;         /* … or, unless NULL, there … */
    uint64_t number;                /* … under this number; 0: it has not been used */
    const struct tn_source *source; /* that it was opened for last */
    tenon_status refusal;           /* of the last call; TENON_OK: it did not refuse … */
    char why[TN_WHY_SIZE];          /* … UNSUPPORTED, LIMIT: the filter's reason, may be empty */
};

/* A state that can decode the source, which has a filter: the one that is open, if it can. */
tenon_status tn_unfilter_open (struct tn_unfilter *unfilter, struct tn_source *source, tenon_error *error);
void tn_unfilter_close (struct tn_unfilter *unfilter);

/* As in struct tenon_filter. *good is false if the filter refused the bytes. */
tenon_status tn_unfilter_decode (struct tn_unfilter *unfilter, uint32_t last, const void *from,
                                 uint64_t stored, void *to, uint64_t size, bool *good, tenon_error *error);
/* After a refusal: fails with the filter's reason if it is no damage, else TENON_OK. */
tenon_status tn_unfilter_refusal (const struct tn_unfilter *unfilter, tenon_error *error);
tenon_status tn_unfilter_reset (struct tn_unfilter *unfilter, bool *good, tenon_error *error);
/* *result is TENON_STEP_*, or -1 if the filter refused the bytes. *taken is at most `stored`, *made at most
 * `room`. */
tenon_status tn_unfilter_step (struct tn_unfilter *unfilter, const void *from, uint64_t stored,
                               uint64_t *taken, void *to, uint64_t room, uint64_t *made, int *result,
                               tenon_error *error);

#endif
