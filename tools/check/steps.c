/* SPDX-License-Identifier: MIT */
/* steps.c - the steps of tenon check-plugin, in the order in which they run, a line each. */
#include "check.h"

/* clang-format off */
const struct check_step *const check_steps[] = {
    &check_loads_step,
    &check_exports_step,
    &check_tables_step,
    &check_probe_step,
    &check_samples_step,
    &check_state_step,
    &check_purity_step,
    &check_threads_step,
    &check_regions_step,
    &check_damage_step,
    &check_nesting_step,
    &check_memory_step,
    &check_fails_step,
    &check_round_step,
    &check_others_step,
    &check_options_step,
    &check_filters_step,
    &check_archives_step,
    &check_dtypes_step,
    &check_growth_step,
    &check_fuzz_step,
    NULL,
};
