/* SPDX-License-Identifier: MIT */
/* program.c - failures of functions that the program has handed over. */
#include "base/program.h"

tenon_status
tn_fail_program (tenon_error *error, tenon_status status, uint64_t offset, const char *what,
                 const char *(*reason) (void *user), void *user)
{
    char line[600] = "";
    if (status > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the program's own %s returned %d, which is neither success nor a failure", what,
                        (int) status);
    const char *said = reason ? reason (user) : NULL;
    if (said)
        tn_escape (line, sizeof line, said, strlen (said));
    return line[0] ? tn_fail (error, status, offset, "the program's own %s failed: %s (%s)", what, line,
                              tenon_status_text (status))
                   : tn_fail (error, status, offset, "the program's own %s failed: %s", what,
                              tenon_status_text (status));
}
