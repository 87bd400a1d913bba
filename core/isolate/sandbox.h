/* SPDX-License-Identifier: MIT */
/* sandbox.h - takes rights from the calling process, for good. */
#ifndef TN_SANDBOX_H
#define TN_SANDBOX_H
#include "base/base.h"

/* False: this system has no isolation, and *why says what is missing. */
bool tn_sandbox_exists (const char **why);
/* For a process that is to fork isolated children: closes all descriptors but `keep`, sets signals to their
 * defaults, leaves the terminal, and sets limits, which its children inherit: no core dumps, no files grow,
 * `memory` bytes of data beyond those that it has. Where Landlock exists, it reaches no file and no network
 * any more. */
void tn_sandbox_prepare (int keep, uint64_t memory);
/* For an isolated child: from here on it can compute, get memory, and use the descriptors that it has. A call
 * that opens or looks for a file fails with EACCES; any other call kills the process (SIGSYS). False:
 * refused; do not go on. */
bool tn_sandbox_lock (void);

#endif
