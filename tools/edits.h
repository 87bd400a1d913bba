/* SPDX-License-Identifier: MIT */
/* edits.h - changes of metadata: convert --set, --set-type and --unset. */
#ifndef TOOL_EDITS_H
#define TOOL_EDITS_H
#include "memory.h"

struct edits {
    struct text_list set, types, unset; /* KEY=VALUE, KEY=TYPE, GLOB */
};
/* Changes a plan that already has the file's metadata: first --unset removes keys, then --set gives values.
 * False after a message. */
bool edits_apply (const struct edits *edits, const tenon_file *file, tenon_plan *plan);
void edits_free (struct edits *edits);
#endif
