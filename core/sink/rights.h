/* SPDX-License-Identifier: MIT */
/* rights.h - gives a new file the rights and attributes of the one that it replaces. */
#ifndef TN_RIGHTS_H
#define TN_RIGHTS_H
#include "sink/destination.h"

/* `fd`, a file that its owner alone may use, gets the owner and group of the old file as far as the
 * process may set them, its access control list and mode without the set-id bits, and its extended
 * attributes. At no moment it allows more than the old file; what cannot be kept is a note in `report`, which
 * may be NULL. `name` is for messages. */
tenon_status tn_rights_copy (int fd, const struct tn_destination *old, const char *name, tenon_report *report,
                             tenon_error *error);

#endif
