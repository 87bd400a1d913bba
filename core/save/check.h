/* SPDX-License-Identifier: MIT */
/* check.h - opens what a save has written, before it gets its name. */
#ifndef TN_CHECK_H
#define TN_CHECK_H
#include "catalog/file.h"
#include "plan/plan.h"

/* Describes the grown file, of which `fd` is a descriptor, with the codec that wrote it. It must have exactly
 * the tensors of `plan` and the others of `old`, with their shapes. TENON_E_UNSUPPORTED: it does not open, or
 * has others. */
tenon_status tn_check_grown (const tenon_file *old, const tenon_plan *plan, int fd, uint64_t codec,
                             const char *const *settings, tenon_error *error);

#endif
