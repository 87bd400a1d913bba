/* SPDX-License-Identifier: MIT */
/* wire_steps.c - texts and pipelines on their way between the program and an isolated child. */
#include "codec/wire.h"

void *
tn_wire_get_room (struct tn_channel *channel, struct tn_arena *arena, uint64_t size, uint64_t most)
{
    void *room = size <= most ? tn_arena_get (arena, size, false) : NULL;
    if (!room && channel->end == TN_CHANNEL_OPEN)
        channel->end = size > most ? TN_CHANNEL_WRONG : TN_CHANNEL_MEMORY;
    return room;
}

char *
tn_wire_get_text (struct tn_channel *channel, struct tn_arena *arena, uint64_t most)
{
    uint64_t length;
    const char *text = tn_channel_get_text (channel, &length);
    char *copy = text ? tn_wire_get_room (channel, arena, length + 1, most) : NULL;
    if (copy) {
        memcpy (copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

void
tn_wire_put_steps (struct tn_channel *channel, const struct tenon_step *steps, uint32_t step_size,
                   uint32_t count)
{
    tn_channel_put_u32 (channel, count);
    for (uint32_t i = 0; i < count; i++) {
        struct tenon_step step = { 0 };
        tn_copy_struct (&step, sizeof step, (const char *) steps + (size_t) i * step_size, 0);
        tn_channel_put_u32 (channel, (uint32_t) step.level);
        tn_channel_put_text (channel, step.filter, step.filter ? strlen (step.filter) : 0);
        tn_channel_put_text (channel, step.setup_size > 0 ? step.setup : NULL, step.setup_size);
    }
}

/* The setup is text for the channel. */
bool
tn_wire_get_steps (struct tn_channel *channel, struct tn_arena *arena, uint64_t most,
                   const struct tenon_step **result, uint32_t *result_count)
{
    uint32_t count = tn_channel_get_u32 (channel);
    if (count > TN_MOST_STEPS)
        tn_channel_refuse (channel);
    struct tenon_step *steps = tn_wire_get_room (channel, arena, count * sizeof *steps, most);
    for (uint32_t i = 0; steps && i < count; i++) {
        uint64_t length;
        steps[i] = (struct tenon_step){ .struct_size = sizeof *steps,
                                        .level = (int32_t) tn_channel_get_u32 (channel) };
        steps[i].filter = tn_wire_get_text (channel, arena, most);
        const char *setup = tn_channel_get_text (channel, &length);
        if (!setup)
            continue;
        void *copy = tn_wire_get_room (channel, arena, length, TN_LARGEST_SETUP);
        if (!copy)
            return false;
        steps[i].setup = memcpy (copy, setup, length);
        steps[i].setup_size = length;
    }
    *result = count > 0 ? steps : NULL;
    *result_count = count;
    return steps && channel->end == TN_CHANNEL_OPEN;
}
