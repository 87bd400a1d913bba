/* SPDX-License-Identifier: MIT */
/* config_check.h - all faults of a configuration, not the first alone. */
#ifndef TN_CONFIG_CHECK_H
#define TN_CONFIG_CHECK_H
#include "context/context.h"

/* What tenon_config_check does: `files` NULL: those that a context would read. *report, which the caller
 * frees, is set also on failure, unless there is no memory. */
tenon_status tn_config_find_faults (const tenon_context_options *options, const char *const *files,
                                    const struct tenon_host *host, tenon_report **report, tenon_error *error);

#endif
