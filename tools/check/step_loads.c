/* SPDX-License-Identifier: MIT */
/* step_loads.c - the plugin is loaded, and its tables are accepted. */
#include "check.h"

static void
run_loads (struct check *check, uint64_t from)
{
    if (!check_item (check, from, 0, "loading the plugin"))
        return;
    tenon_context *context = check_context (check, NULL);
    check_counted (check);
    tenon_context_free (context);
}

const struct check_step check_loads_step = { "loads", "the library accepts the plugin", run_loads };
