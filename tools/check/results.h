/* SPDX-License-Identifier: MIT */
/* results.h - how the results of the steps are shown. */
#ifndef CHECK_RESULTS_H
#define CHECK_RESULTS_H
#include "finding.h"
#include "json.h"

/* The sums of all steps. */
struct check_sums {
    uint64_t steps, counted, faults, warnings;
    double seconds;
};
void sums_add (struct check_sums *sums, const struct check_result *result);

/* "ok", "FAILED", "warning", "left out" */
const char *result_word (const struct check_result *result);
/* For people: a line for the step, and its findings and remarks below. */
void result_print (const struct check_result *result);
void sums_print (const struct check *check, const struct check_sums *sums);
/* One step of the object of --json. */
json_object *result_json (const struct check_result *result);
/* The samples that the step "samples" has found or made. */
json_object *samples_json (const struct check_result *result);
/* --list */
void steps_print (void);
json_object *steps_json (void);
#endif
