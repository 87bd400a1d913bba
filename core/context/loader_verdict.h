/* SPDX-License-Identifier: MIT */
/* loader_verdict.h - registers what the loader found, and says so in verdicts. */
#ifndef TN_LOADER_VERDICT_H
#define TN_LOADER_VERDICT_H
#include "base/report.h"
#include "context/config.h"
#include "context/trust.h"

struct tn_loader {
    tenon_context *context;
    tenon_error *error;
    struct tn_trust trust;
};

#define TN_VERDICT(loader, status, name, file, ...)                                                          \
    tn_report_add ((loader)->context->report, TENON_VERDICT, status, 0, name, file, __VA_ARGS__)

/* Registers the table that an entry function returned. Only lack of memory is a failure. */
tenon_status tn_loader_register (struct tn_loader *loader, const struct tenon_plugin *table, const char *name,
                                 const char *file);
/* One wrong setting stops one plugin, not every program. */
void tn_loader_say_wrong (const struct tn_loader *loader, const struct tn_plugin_config *config,
                          const char *name, const char *file);
/* A verdict that says what failed with this errno. Only lack of memory is a failure. */
tenon_status tn_loader_say_errno (const struct tn_loader *loader, int number, const char *what,
                                  const char *name, const char *file);

#endif
