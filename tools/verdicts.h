/* SPDX-License-Identifier: MIT */
/* verdicts.h - the verdicts on the plugins that were found: loaded, or why not. */
#ifndef TOOL_VERDICTS_H
#define TOOL_VERDICTS_H
#include "json.h"

/* The verdicts of a context's report that were chosen. */
struct verdicts {
    const tenon_report *report;
    uint64_t *indexes, count;
};
struct verdicts verdicts_choose (const tenon_report *report,
                                 bool (*wanted) (void *user, const tenon_report_entry *entry), void *user);
void verdicts_print (const struct verdicts *verdicts);
/* One of them. */
json_object *verdict_json (const tenon_report_entry *entry);
json_object *verdicts_json (const struct verdicts *verdicts);
void verdicts_clean (struct verdicts *verdicts);
#endif
