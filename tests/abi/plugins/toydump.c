/* SPDX-License-Identifier: MIT */
/* toydump.c - writes the items of each tensor as a line "NAME: 0a 1b …": the bytes that read_tensor
 * returns, in pieces of an odd size, the last piece of each tensor twice (going back must work).
 * order=fortran requests that order. */
#include <tenon/plugin.h>

#define PIECE 7u

static tenon_status
dump_tensor (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout)
{
    static const char digits[] = "0123456789abcdef";
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    uint8_t bytes[PIECE];
    char text[3 * PIECE];
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    TENON_TRY (call->host->put (call, tensor.name, tensor.name_length));
    TENON_TRY (call->host->put (call, ":", 1));
    for (uint64_t at = 0; at < tensor.length; at += PIECE) {
        uint64_t size = tensor.length - at < PIECE ? tensor.length - at : PIECE;
        TENON_TRY (call->host->read_tensor (call, index, layout, at, bytes, size));
        for (uint64_t i = 0; i < size; i++) {
            text[3 * i] = ' ';
            text[3 * i + 1] = digits[bytes[i] >> 4];
            text[3 * i + 2] = digits[bytes[i] & 15];
        }
        TENON_TRY (call->host->put (call, text, 3 * size));
    }
    if (tensor.length > 0) {
        TENON_TRY (call->host->read_tensor (call, index, layout, 0, bytes, 1));
        snprintf (text, sizeof text, " (%02x)", bytes[0]);
        TENON_TRY (call->host->put (call, text, strlen (text)));
    }
    return call->host->put (call, "\n", 1);
}

static tenon_status
write_dump (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_setting order = { .struct_size = sizeof order };
    struct tenon_layout layout = { .struct_size = sizeof layout };
    if (!TENON_HAS (call, read_tensor))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "this host cannot hand out values");
    TENON_TRY (call->host->option (call, 0, &order));
    layout.flags = order.integer ? TENON_FORTRAN : 0;
    TENON_TRY (call->host->plan_info (call, &plan));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (dump_tensor (call, i, &layout));
    return TENON_OK;
}

/* Requests a byte beyond the end. */
static tenon_status
write_beyond (struct tenon_call *call)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    uint8_t byte[2];
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    return call->host->read_tensor (call, 0, NULL, tensor.length - 1, byte, 2);
}

static const struct tenon_option options[] = { { .struct_size = sizeof options[0],
                                                 .type = TENON_OPTION_CHOICE,
                                                 .name = "order",
                                                 .value = "c",
                                                 .choices = "c fortran",
                                                 .help = "order of the bytes",
                                                 .flags = TENON_OPTION_FOR_WRITING } };
static const char *const extensions[] = { "toydump", NULL };
static const struct tenon_codec toydump = {
    .struct_size = sizeof toydump,
    .id = "toydump",
    .label = "bytes, written out",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 1,
    .write = write_dump,
};
static const struct tenon_codec beyond = {
    .struct_size = sizeof beyond,
    .id = "beyond",
    .label = "reads behind the end",
    .write = write_beyond,
};
static const struct tenon_codec *const codecs[] = { &toydump, &beyond, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toydump",
    .version = "1.0",
    .license = "MIT",
    .summary = "a format for people, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
