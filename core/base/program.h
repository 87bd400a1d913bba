/* SPDX-License-Identifier: MIT */
/* program.h - failures of functions that the program has handed over. */
#ifndef TN_PROGRAM_H
#define TN_PROGRAM_H
#include "base/base.h"

/* Records that the program's own reader, output … (`what`) returned `status`, which is no success. `reason`,
 * which may be NULL, is called for its line. A status that is no failure is TENON_E_MISUSE. */
tenon_status tn_fail_program (tenon_error *error, tenon_status status, uint64_t offset, const char *what,
                              const char *(*reason) (void *user), void *user);

#endif
