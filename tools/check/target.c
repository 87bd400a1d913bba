/* SPDX-License-Identifier: MIT */
/* target.c - memory that a plan is saved to. */
#include "check/target.h"
#include "memory.h"

static tenon_status
write_target (void *user, const void *bytes, uint64_t length)
{
    struct target *target = user;
    if (length > target->most || target->size > target->most - length) {
        target->has_failed = true;
        return TENON_E_IO;
    }
    if (target->room - target->size < length) {
        target->room = 2 * target->room + length;
        target->data = get_memory (target->data, target->room, 1);
    }
    memcpy (target->data + target->size, bytes, length);
    target->size += length;
    return TENON_OK;
}

static tenon_status
patch_target (void *user, uint64_t position, const void *bytes, uint64_t length)
{
    struct target *target = user;
    if (position > target->size || length > target->size - position)
        return TENON_E_MISUSE;
    memcpy (target->data + position, bytes, length);
    return TENON_OK;
}

static const char *
tell_reason (void *user)
{
    const struct target *target = user;
    return target->has_failed ? "the disk of the check is full" : NULL;
}

tenon_status
target_save (struct target *target, tenon_plan *plan, const char *format, const char *name, uint32_t threads,
             tenon_error *error)
{
    tenon_output output = { .struct_size = sizeof output,
                            .write = write_target,
                            .patch = target->streams ? NULL : patch_target,
                            .reason = tell_reason,
                            .name = name,
                            .user = target };
    tenon_save_options options = { .struct_size = sizeof options, .format = format, .threads = threads };
    target->size = 0;
    target->has_failed = false;
    return tenon_save_to (plan, &output, &options, NULL, NULL, error);
}

void
target_clean (struct target *target)
{
    free (target->data);
    target->data = NULL;
}
