/* SPDX-License-Identifier: MIT */
/* nameless.h - formats whose tensor has no name but that of its file. */
#ifndef TN_NAMELESS_H
#define TN_NAMELESS_H
#include "plan/plan.h"

/* Tells that the name of the plan's tensor is lost: the codec keeps none, the file gets another one, and the
 * name is neither that of the file that the tensor is read from, nor a number of the plan's. `name`: of the
 * target, without its extension. Adds to *losses. */
void tn_tell_lost_name (const tenon_plan *plan, const struct tenon_codec *codec, const char *name,
                        tenon_report *report, uint64_t *losses);

#endif
