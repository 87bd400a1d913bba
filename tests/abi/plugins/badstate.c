/* SPDX-License-Identifier: MIT */
/* badstate.c - misbehaving describe functions: states that are none, and tensors that are too
 * large. */
#include "bad.h"

static const uint8_t much[TENON_MOST_STATE + 1];

static struct tenon_tensor
served_tensor (uint64_t size)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.storage = TENON_SERVED;
    tensor.state = much;
    tensor.state_size = size;
    return tensor;
}

static tenon_status
no_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
         void *to, uint64_t size)
{
    (void) tensor, (void) region, (void) to, (void) size;
    return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "it was read");
}

static tenon_status
state_most (struct tenon_call *call)
{
    return add_tensor (call, served_tensor (TENON_MOST_STATE));
}

static tenon_status
state_more (struct tenon_call *call)
{
    return add_tensor (call, served_tensor (TENON_MOST_STATE + 1));
}

static tenon_status
state_null (struct tenon_call *call)
{
    struct tenon_tensor tensor = served_tensor (1);
    tensor.state = NULL;
    return add_tensor (call, tensor);
}

static tenon_status
state_of_extent (struct tenon_call *call)
{
    struct tenon_tensor tensor = served_tensor (1);
    tensor.storage = TENON_EXTENT;
    return add_tensor (call, tensor);
}

/* Each is 64 KiB of memory of the host, and there are more than may be. */
static tenon_status
state_many (struct tenon_call *call)
{
    char name[24];
    for (unsigned i = 0; i < 1u << 20; i++) {
        struct tenon_tensor tensor = served_tensor (TENON_MOST_STATE);
        snprintf (name, sizeof name, "t%u", i);
        tensor.name = name;
        tensor.name_length = strlen (name);
        TENON_TRY (add_tensor (call, tensor));
    }
    return TENON_OK;
}

/* ---- bombs ---- */

static tenon_status
add_bomb (struct tenon_call *call, const char *name, uint64_t size)
{
    struct tenon_tensor tensor = served_tensor (0);
    tensor.name = name;
    tensor.name_length = strlen (name);
    tensor.shape = &size;
    return add_tensor (call, tensor);
}

static tenon_status
reads_sevens (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
              void *to, uint64_t size)
{
    (void) call, (void) tensor, (void) region;
    memset (to, 7, size);
    return TENON_OK;
}

static tenon_status
bomb_one (struct tenon_call *call)
{
    TENON_TRY (add_bomb (call, "small", 1000));
    TENON_TRY (add_bomb (call, "bomb", UINT64_C (1) << 40));
    TENON_TRY (add_bomb (call, "two", 2 << 20));
    return add_bomb (call, "last", 1000);
}

static tenon_status
bomb_far (struct tenon_call *call)
{
    return add_bomb (call, "bomb", UINT64_MAX / 2);
}

/* Each is small. */
static tenon_status
bomb_sum (struct tenon_call *call)
{
    char name[24];
    for (unsigned i = 0; i < 3000; i++) {
        snprintf (name, sizeof name, "t%u", i);
        TENON_TRY (add_bomb (call, name, 1000));
    }
    return TENON_OK;
}

/* ---- what a shard leaves ---- */

static tenon_status
leaves_alone (struct tenon_call *call)
{
    return call->host->leave_state (call, "x", 1);
}

static tenon_status
leaves_more (struct tenon_call *call)
{
    return call->host->leave_state (call, much, TENON_MOST_SHARD_STATE + 1);
}

static tenon_status
leaves_null (struct tenon_call *call)
{
    return call->host->leave_state (call, NULL, 1);
}

/* The first shard leaves the most, the others what they got, half as long, and at last nothing. */
static tenon_status
leaves_halves (struct tenon_call *call)
{
    struct tenon_shard_info set = { .struct_size = sizeof set };
    char name[40];
    TENON_TRY (call->host->shard_info (call, &set));
    snprintf (name, sizeof name, "%d got %d", (int) set.number, (int) set.state_size);
    struct tenon_tensor tensor = good_tensor (name);
    TENON_TRY (add_tensor (call, tensor));
    if ((set.state == NULL) != (set.state_size == 0) || (uintptr_t) set.state % 16 != 0)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "shard_info gave a state that is none");
    if (set.number == 1)
        return call->host->leave_state (call, much, TENON_MOST_SHARD_STATE);
    if (set.number == 2)
        return call->host->leave_state (call, (const char *) set.state + set.state_size / 2,
                                        set.state_size / 2);
    return set.number == 3 ? call->host->leave_state (call, NULL, 0) : TENON_OK;
}

#define SHARDS(name)                                                                                         \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #name, .describe = name,                           \
        .extensions = (const char *const[]){ #name, NULL },                                                  \
        .shard_flags = TENON_SHARDS_NUMBERED | TENON_SHARDS_FIRST_OPENS                                      \
    }
static const struct tenon_codec table[] = {
    SERVES (state_most, no_read),
    SERVES (state_more, no_read),
    SERVES (state_null, no_read),
    SERVES (state_of_extent, no_read),
    SERVES (state_many, no_read),
    SERVES (bomb_one, reads_sevens),
    SERVES (bomb_far, reads_sevens),
    SERVES (bomb_sum, reads_sevens),
    READS (leaves_alone),
    SHARDS (leaves_more),
    SHARDS (leaves_null),
    SHARDS (leaves_halves),
};

BAD_PLUGIN ("badstate", table)
