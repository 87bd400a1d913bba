/* SPDX-License-Identifier: MIT */
/* finding.h - what the steps found. */
#ifndef CHECK_FINDING_H
#define CHECK_FINDING_H
#include "check.h"

struct check_finding {
    enum check_rule rule;
    char *subject, *message;
};

/* The result of one step. */
struct check_result {
    const struct check_step *step;
    struct check_finding *findings;
    size_t finding_count, finding_room;
    char **left_out; /* remarks */
    size_t left_out_count, left_out_room;
    struct check_sample *samples; /* one with a path of NULL ends them; NULL: there are none */
    size_t sample_count, sample_room;
    uint64_t counted;
    double seconds;
    uint64_t next_progress; /* milliseconds, when what it does is shown again */
    bool progress_shown;
};

void result_add (struct check_result *result, enum check_rule rule, const char *subject, const char *message);
void result_leave_out (struct check_result *result, const char *remark);
void result_sample (struct check_result *result, const struct check_sample *sample);
/* The number of findings that are faults, not warnings. */
size_t result_faults (const struct check_result *result);
void result_free (struct check_result *result);
#endif
