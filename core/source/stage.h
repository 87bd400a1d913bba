/* SPDX-License-Identifier: MIT */
/* stage.h - the state of one filter that decodes, in the program or in an isolated process.
 *
 * A function fails only if the filter could not be asked, or broke a rule, and then `error` says so, with the
 * source. What the filter said of the bytes is a result. */
#ifndef TN_STAGE_H
#define TN_STAGE_H
#include "source/source.h"

#define TN_WHY_SIZE 200u
/* A refusal that is no damage of the bytes: the filter may have a reason (tenon_filter.why). */
static inline bool
tn_has_reason (tenon_status said)
{
    return said == TENON_E_UNSUPPORTED || said == TENON_E_LIMIT;
}

/* Zero it at first. One thread at a time uses it. */
struct tn_stage {
    const struct tn_filter *filter; /* NULL: no state is open */
    void *state;                    /* in the program … */
    struct tn_apart *apart;         /* … or, unless NULL, there … */
    uint64_t number;                /* … under this number */
    const struct tn_source *source; /* for messages; the caller sets it */
    /* of the last call; TENON_OK: it did not refuse. TENON_E_CHECKSUM after a step that did not refuse: the
     * checksum is wrong if the stream ends here */
    tenon_status refusal;
    char why[TN_WHY_SIZE]; /* of UNSUPPORTED, LIMIT: the filter's reason, may be empty */
};

/* Opens a state for the step of a pipeline. `source` is set. */
tenon_status tn_stage_open (struct tn_stage *stage, const struct tn_step *step, struct tn_apart *apart,
                            tenon_error *error);
void tn_stage_close (struct tn_stage *stage);

/* As in struct tenon_filter. *good is false if the filter refused the bytes. */
tenon_status tn_stage_decode (struct tn_stage *stage, uint32_t last, const void *from, uint64_t stored,
                              void *to, uint64_t size, bool *good, tenon_error *error);
/* After a refusal: fails with the filter's reason if it is no damage, else TENON_OK. */
tenon_status tn_stage_refusal (const struct tn_stage *stage, tenon_error *error);
/* Fails with a wrong checksum, which the filter has found. */
tenon_status tn_stage_fail_sum (const struct tn_stage *stage, tenon_error *error);
tenon_status tn_stage_reset (struct tn_stage *stage, bool *good, tenon_error *error);
/* *result is TENON_STEP_*, or -1 if the filter refused the bytes. *taken is at most `stored`, *made at most
 * `room`. */
tenon_status tn_stage_step (struct tn_stage *stage, const void *from, uint64_t stored, uint64_t *taken,
                            void *to, uint64_t room, uint64_t *made, int *result, tenon_error *error);
/* *made is the decoded size; more than `room`: the bytes are not there; UINT64_MAX: more than `room`, and it
 * is not known by how much. */
tenon_status tn_stage_unpack (struct tn_stage *stage, const void *from, uint64_t stored, void *to,
                              uint64_t room, uint64_t *made, bool *good, tenon_error *error);

#endif
