/* SPDX-License-Identifier: MIT */
/* target.h - memory that a plan is saved to, and that may fail. */
#ifndef CHECK_TARGET_H
#define CHECK_TARGET_H
#include "common.h"

struct target {
    uint8_t *data;
    uint64_t size, room;
    uint64_t most; /* it fails beyond so many bytes; UINT64_MAX: never */
    bool streams;  /* it cannot go back */
    bool has_failed;
};
/* Saves to the target as this format. `name`: what the bytes are called. */
tenon_status target_save (struct target *target, tenon_plan *plan, const char *format, const char *name,
                          uint32_t threads, tenon_error *error);
void target_clean (struct target *target);
#endif
