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
    uint64_t counted;
    double seconds;
};

void result_add (struct check_result *result, enum check_rule rule, const char *subject, const char *message);
void result_leave_out (struct check_result *result, const char *remark);
void result_free (struct check_result *result);
#endif
