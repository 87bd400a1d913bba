/* SPDX-License-Identifier: MIT */
/* toystate.c - served tensors whose state is of any size, and a codec whose read compares all that describe
 * knew.
 *
 *     "TOYSTATE", the number of tensors (1 byte), then for each the size of its state (3 bytes) and the state
 *
 * Tensor number k is "tk", u8 [size of its state, at least 1]; its items are the bytes of its state. */
#include <tenon/plugin.h>

static tenon_status
describe_one (struct tenon_cursor *cursor, uint8_t number)
{
    char name[8];
    uint64_t shape[1];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = TENON_U8,
                                   .name = name,
                                   .shape = shape,
                                   .rank = 1,
                                   .storage = TENON_SERVED,
                                   .length = TENON_AUTO,
                                   .place = cursor->position };
    const uint8_t *size = tenon_take (cursor, 3, "a size");
    if (!size)
        return TENON_E_TRUNCATED;
    tensor.state_size = size[0] | (uint32_t) size[1] << 8 | (uint32_t) size[2] << 16;
    tensor.offset = cursor->position;
    if (tensor.state_size > 0 && !(tensor.state = tenon_take (cursor, tensor.state_size, "a state")))
        return TENON_E_TRUNCATED;
    shape[0] = tensor.state_size > 0 ? tensor.state_size : 1;
    snprintf (name, sizeof name, "t%u", number);
    tensor.name_length = strlen (name);
    return cursor->call->host->add_tensor (cursor->call, &tensor);
}

static tenon_status
state_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    struct tenon_tensor found = { .struct_size = sizeof found };
    uint8_t count;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    TENON_TRY (tenon_take_u8 (&cursor, &count, "a number"));
    for (uint8_t i = 0; i < count; i++)
        TENON_TRY (describe_one (&cursor, i));
    TENON_TRY (call->host->described (call, 0, &found));
    if (found.state_size > 0 && (uintptr_t) found.state % 16 != 0)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "described gave a state that is not aligned");
    return TENON_OK;
}

/* The state lies at `offset` in the file, its size 3 bytes before it, at `place`. */
static tenon_status
state_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
            void *to, uint64_t size)
{
    const uint8_t *state = tensor->state;
    if (tensor->place + 3 != tensor->offset || (uintptr_t) state % 16 != 0
        || (state == NULL) != (tensor->state_size == 0) || tensor->storage != TENON_SERVED
        || tensor->length != (tensor->state_size ? tensor->state_size : 1))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "read got a tensor that is not described so");
    uint8_t *own = call->host->scratch (call, tensor->state_size + 1);
    if (!own)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, tensor->source, tensor->offset, own, tensor->state_size));
    if (tensor->state_size > 0 && memcmp (own, state, tensor->state_size) != 0)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "read got another state");
    for (uint64_t i = 0; i < size; i++)
        ((uint8_t *) to)[i] = tensor->state_size ? state[region->start[0] + i * region->step[0]] : 0x77;
    return TENON_OK;
}

static const struct tenon_magic magics[] = { { 0, 8, 0, "TOYSTATE" } };
static const char *const extensions[] = { "toystate", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "toystate",
    .label = "tensors with a state",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = state_describe,
    .read = state_read,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toystate",
    .version = "1.0",
    .license = "MIT",
    .summary = "served tensors with a state, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
