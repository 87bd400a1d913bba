/* SPDX-License-Identifier: MIT */
/* edits.h - changes of metadata: convert --set, --set-type and --unset. */
#ifndef TOOL_EDITS_H
#define TOOL_EDITS_H
#include "json.h"
#include "memory.h"

struct edits {
    struct text_list set, types, unset; /* KEY=VALUE, KEY=TYPE, GLOB */
    bool input_taken;                   /* standard input is the file that is converted */
};
/* Changes a plan that already has the file's metadata: first --unset removes keys, then --set gives values.
 * Notes are told, and added to `notes`. False after a message. */
bool edits_apply (const struct edits *edits, const tenon_context *context, const tenon_file *file,
                  tenon_plan *plan, json_object *notes);
void edits_free (struct edits *edits);
#endif
