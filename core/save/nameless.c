/* SPDX-License-Identifier: MIT */
/* nameless.c - formats whose tensor has no name but that of its file. */
#include "save/nameless.h"
#include "base/report.h"

/* True if the tensor has the name of the file that it is read from, or a number from the plan. */
static bool
is_made_name (const tenon_plan *plan, const struct tn_tensor *tensor)
{
    const struct tn_origin *origin = &plan->origins[0];
    if (!origin->from_file)
        return plan->unnamed > 0;
    if (strcmp (origin->tensor->name, tensor->name) != 0)
        return false;
    uint64_t codec = origin->catalog->descriptions[0].codec;
    return plan->context->registry.codecs[codec]->table.flags & TENON_CODEC_NAMELESS;
}

void
tn_tell_lost_name (const tenon_plan *plan, const struct tenon_codec *codec, const char *name,
                   tenon_report *report, uint64_t *losses)
{
    if (!(codec->flags & TENON_CODEC_NAMELESS) || plan->count != 1)
        return;
    const struct tn_tensor *tensor = tn_catalog_tensor (plan->own, 0);
    if (strcmp (tensor->name, name) == 0 || is_made_name (plan, tensor))
        return;
    ++*losses;
    tn_report_add (report, TENON_LOSS, TENON_OK, 0, tensor->name, "",
                   "the format %s keeps no name: the tensor gets that of the file, '%s'", codec->id, name);
}
