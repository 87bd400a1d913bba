/* SPDX-License-Identifier: MIT */
/* append.h - saving into an existing file. */
#ifndef TN_APPEND_H
#define TN_APPEND_H
#include "catalog/file.h"
#include "plan/plan.h"

/* The file that is added to, which stays open until the save is done. */
struct tn_append {
    tenon_file *file; /* NULL: no such file, a new one is made */
    tenon_plan *both; /* the metadata of the file and of the plan, without tensors */
};

/* Opens the target with the codec that will write it. TENON_E_UNSUPPORTED: it has another format, or one that
 * cannot grow. The caller closes it, also after a failure. */
tenon_status tn_append_open (struct tn_append *append, const tenon_plan *plan, const char *path,
                             uint64_t codec, const char *const *settings, const tenon_progress *progress,
                             tenon_error *error);
void tn_append_close (struct tn_append *append);

#endif
