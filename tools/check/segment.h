/* SPDX-License-Identifier: MIT */
/* segment.h - the variables of the plugin that is loaded, and whether they change. */
#ifndef CHECK_SEGMENT_H
#define CHECK_SEGMENT_H
#include "check.h"

struct segment_copy {
    struct segment_part {
        unsigned char *memory; /* where the plugin has it */
        unsigned char *copy;
        size_t size;
    } parts[8];
    unsigned count;
    uintptr_t base; /* where the plugin's address 0 lies */
};
/* Copies what the plugin's file has for variables that can be written. False: it cannot be found here. */
bool segment_take (const char *file, struct segment_copy *copy);
/* The first byte that has changed since then, which is then copied with all others, as an address in the
 * file's count. False: none has. */
bool segment_changed (struct segment_copy *copy, uint64_t *address);
void segment_free (struct segment_copy *copy);
#endif
