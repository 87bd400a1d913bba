/* SPDX-License-Identifier: MIT */
/* environment.h - the environment, which a program with more rights than its user does not look at. */
#ifndef TN_ENVIRONMENT_H
#define TN_ENVIRONMENT_H
#include "base/base.h"

/* True if the program has more rights than its user: setuid, setgid, or file capabilities. */
bool tn_is_privileged (void);

/* The value of a variable; NULL if it is not set, or if the program is privileged. */
const char *tn_environment (const char *name);

#endif
