/* SPDX-License-Identifier: MIT */
/* toytwin.c - codecs that compete for the same files. Each describes an empty tensor with the name of the
 * codec.
 *
 *     twin_a, twin_b   magic "TWIN", extension twin: nothing distinguishes them
 *     twin_long        magic "TWINLONG", extension twinlong
 *     twin_end         magic "DNE" that begins 3 bytes before the end, or 5
 *     twin_probe       confidence 60 in a file that begins with P, 90 in PP, 49 in Q; extension probe
 *     twin_name        extensions x.twin and name.twin, no magic */
#include <tenon/plugin.h>

static tenon_status
describe_as (struct tenon_call *call, const char *name)
{
    static const uint64_t none[1] = { 0 };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = name };
    tensor.name_length = strlen (name);
    tensor.shape = none;
    tensor.rank = 1;
    tensor.length = TENON_AUTO;
    return call->host->add_tensor (call, &tensor);
}

#define DESCRIBE(name)                                                                                       \
    static tenon_status name (struct tenon_call *call)                                                       \
    {                                                                                                        \
        return describe_as (call, #name);                                                                    \
    }
DESCRIBE (twin_a)
DESCRIBE (twin_b)
DESCRIBE (twin_long)
DESCRIBE (twin_end)
DESCRIBE (twin_probe)
DESCRIBE (twin_name)

static int32_t
probe_letters (struct tenon_call *call)
{
    uint8_t head[2];
    if (call->host->read_at (call, 0, 0, head, 2) < 0)
        return 0;
    return head[0] == 'Q' ? 49 : head[0] != 'P' ? 0 : head[1] == 'P' ? 90 : 60;
}

static const struct tenon_magic twin[] = { { 0, 4, 0, "TWIN" } };
static const struct tenon_magic twinlong[] = { { 0, 8, 0, "TWINLONG" } };
static const struct tenon_magic ends[] = { { 1, 3, 3, "DNE" }, { 1, 3, 5, "DNE" } };
static const char *const twin_extensions[] = { "twin", NULL };
static const char *const long_extensions[] = { "twinlong", NULL };
static const char *const probe_extensions[] = { "probe", NULL };
static const char *const name_extensions[] = { "name.twin", "x.twin", NULL };

#define CODEC(word, label_, extensions_, magics_, count)                                                     \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .id = #word, .label = label_, .extensions = extensions_, \
        .magics = magics_, .magic_size = sizeof (struct tenon_magic), .magic_count = count, .describe = word \
    }
static const struct tenon_codec table[] = {
    CODEC (twin_a, "the first of two", twin_extensions, twin, 1),
    CODEC (twin_b, "the second of two", twin_extensions, twin, 1),
    CODEC (twin_long, "a longer magic", long_extensions, twinlong, 1),
    CODEC (twin_end, "a magic at the end", NULL, ends, 2),
    CODEC (twin_name, "known by its name only", name_extensions, NULL, 0),
};
static const struct tenon_codec probed = {
    .struct_size = sizeof probed,
    .id = "twin_probe",
    .label = "known by a look at it",
    .extensions = probe_extensions,
    .describe = twin_probe,
    .probe = probe_letters,
};
static const struct tenon_codec *const codecs[] = { &table[0], &table[1], &table[2], &table[3],
                                                    &table[4], &probed,   NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toytwin",
    .version = "2.0",
    .license = "MIT",
    .summary = "codecs that want the same files, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
