/* SPDX-License-Identifier: MIT */
/* process.h - what a plugin must leave as it is in the process that has loaded it. */
#ifndef CHECK_PROCESS_H
#define CHECK_PROCESS_H
#include "check.h"

struct process_state;
struct process_state *process_take (void);
/* A finding for each difference since then. Frees the state. */
void process_compare (struct check *check, struct process_state *before);
#endif
