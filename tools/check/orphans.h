/* SPDX-License-Identifier: MIT */
/* orphans.h - processes that a plugin started and left. */
#ifndef CHECK_ORPHANS_H
#define CHECK_ORPHANS_H
#include "check.h"

/* From now on, processes whose parent has ended become children of the command, where the system can do that.
 * Not if it has children by now: theirs would come, too. */
void orphans_adopt (void);
/* Ends them and all that they started, in whatever session, at once or after they had a second to end
 * themselves. The command has no other child. Returns true if one had to be ended. */
bool orphans_end (bool at_once);
#endif
