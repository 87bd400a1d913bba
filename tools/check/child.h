/* SPDX-License-Identifier: MIT */
/* child.h - the process that runs a step, and what it tells. */
#ifndef CHECK_CHILD_H
#define CHECK_CHILD_H
#include "check.h"
#include "finding.h"

/* Runs a step in child processes, and adds what they tell to the result. It ends early when a signal is
 * pending. False after a message: no process could be made. */
bool child_run (struct check *check, const struct check_step *step, struct check_result *result);
#endif
