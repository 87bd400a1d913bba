/* SPDX-License-Identifier: MIT */
/* append.h - saving into a file that is there. */
#ifndef TN_APPEND_H
#define TN_APPEND_H
#include "catalog/file.h"
#include "plan/plan.h"

/* The file that is added to, which stays open until the save is done. */
struct tn_append {
    tenon_file *file; /* NULL: there is none, it is made */
    tenon_plan *both; /* the metadata of the file, and those of the plan; no tensors */
};

/* Opens the target with the codec that will write it. TENON_E_UNSUPPORTED: it is of another format, or of one
 * that cannot grow. Close it also on failure. */
tenon_status tn_append_open (struct tn_append *append, const tenon_plan *plan, const char *path,
                             uint64_t codec, const char *const *settings, const tenon_progress *progress,
                             tenon_error *error);
void tn_append_close (struct tn_append *append);

#endif
