/* SPDX-License-Identifier: MIT */
/* kinds.c - a reader of one small file that has a tensor of each kind, a block dtype, and metadata of each
 * kind.
 *
 *     "BINKIND\n" · f32 base · u8 block[4] · i16 strided[6] · u8 opaque[6]: 34 bytes */
#include <tenon/plugin.h>

enum { BASE = 8, BLOCK = 12, STRIDED = 16, OPAQUE = 28, END = 34 };

/* ---- a dtype: 4 numbers of 4 bits in 2 bytes, the first in the lowest bits ---- */

static int32_t
decode_nibbles (const void *blocks, float *items, uint64_t block_count)
{
    for (uint64_t i = 0; i < 4 * block_count; i++)
        items[i] = (float) (((const uint8_t *) blocks)[i / 2] >> i % 2 * 4 & 15);
    return 0;
}

static int32_t
encode_nibbles (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *to = (uint8_t *) blocks;
    for (uint64_t i = 0; i < 4 * block_count; i++) {
        unsigned number = items[i] > 0 ? items[i] < 15 ? (unsigned) items[i] : 15 : 0;
        to[i / 2] = (uint8_t) (i % 2 ? to[i / 2] | number << 4 : number);
    }
    return 0;
}

static const struct tenon_dtype nibbles = {
    .struct_size = sizeof nibbles,
    .kind = TENON_KIND_BLOCK,
    .name = "bin.nibbles",
    .block_items = 4,
    .block_bytes = 2,
    .decode = decode_nibbles,
    .encode = encode_nibbles,
};

/* ---- tensors ---- */

static struct tenon_tensor
named_tensor (const char *name, uint32_t dtype, const uint64_t *shape, uint32_t rank)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    tensor.name = name;
    tensor.name_length = strlen (name);
    tensor.dtype = dtype;
    tensor.shape = shape;
    tensor.rank = rank;
    tensor.length = TENON_AUTO;
    return tensor;
}

static tenon_status
add_served (struct tenon_call *call)
{
    static const uint64_t shape[2] = { 3, 4 }, boxes[2] = { 1, 4 };
    struct tenon_tensor tensor = named_tensor ("served", TENON_F32, shape, 2);
    float base;
    TENON_TRY (call->host->read_at (call, 0, BASE, &base, sizeof base));
    tensor.storage = TENON_SERVED;
    tensor.chunk_shape = boxes;
    tensor.offset = BASE;
    tensor.state = &base;
    tensor.state_size = sizeof base;
    return call->host->add_tensor (call, &tensor);
}

/* Item (i, j) is base + 10 i + j. */
static tenon_status
kinds_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
            void *to, uint64_t size)
{
    float base, *item = (float *) to;
    if (tensor->state_size != sizeof base || region->rank != 2
        || size != region->count[0] * region->count[1] * sizeof *item)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a region of %llu bytes",
                           (unsigned long long) size);
    memcpy (&base, tensor->state, sizeof base);
    for (uint64_t i = 0; i < region->count[0]; i++)
        for (uint64_t j = 0; j < region->count[1]; j++)
            *item++ = base + 10 * (float) (region->start[0] + i * region->step[0])
                      + (float) (region->start[1] + j * region->step[1]);
    return TENON_OK;
}

static tenon_status
add_stored (struct tenon_call *call)
{
    static const uint64_t eight[1] = { 8 }, matrix[2] = { 2, 3 }, two[1] = { 2 };
    static const int64_t turned[2] = { 1, 2 };
    struct tenon_dtype opaque = TENON_INIT (opaque);
    struct tenon_tensor block =
                            named_tensor ("block", call->host->dtype_find (call, "bin.nibbles"), eight, 1),
                        strided = named_tensor ("strided", TENON_I16, matrix, 2),
                        odd = named_tensor ("opaque", TENON_NONE, two, 1),
                        cut = named_tensor ("cut", TENON_U8, two, 1);
    block.offset = BLOCK;
    strided.offset = STRIDED;
    strided.strides = turned;
    opaque.kind = TENON_KIND_OPAQUE;
    opaque.block_bytes = 3;
    opaque.family = "numpy";
    opaque.text = "'|V3'";
    TENON_TRY (call->host->add_dtype (call, &opaque, &odd.dtype));
    odd.offset = OPAQUE;
    cut.offset = END;
    TENON_TRY (call->host->add_tensor (call, &block));
    TENON_TRY (call->host->add_tensor (call, &strided));
    TENON_TRY (call->host->add_tensor (call, &odd));
    return call->host->skip_tensor (call, &cut, TENON_E_UNSUPPORTED, NULL,
                                    "it is of a kind that nothing can read");
}

/* ---- metadata: {"level": the option, "list": [true, null, "text"]}, and a range of the file ---- */

static tenon_status
add_values (struct tenon_call *call)
{
    struct tenon_setting level = TENON_INIT (level);
    struct tenon_value list[3] = {
        { .type = TENON_BOOL, .source = TENON_NO_SOURCE, .as.u = 1 },
        { .type = TENON_NONE, .source = TENON_NO_SOURCE },
        { .type = TENON_STRING, .source = TENON_NO_SOURCE, .count = 4, .as.string = "text" }
    };
    struct tenon_value entries[4] = {
        { .type = TENON_STRING, .source = TENON_NO_SOURCE, .count = 5, .as.string = "level" },
        { .type = TENON_I64, .source = TENON_NO_SOURCE },
        { .type = TENON_STRING, .source = TENON_NO_SOURCE, .count = 4, .as.string = "list" },
        { .type = TENON_ARRAY,
          .item_type = TENON_MIXED,
          .source = TENON_NO_SOURCE,
          .count = 3,
          .as.items = list },
    };
    struct tenon_value
        map = { .type = TENON_MAP, .source = TENON_NO_SOURCE, .count = 2, .as.items = entries },
        range = { .type = TENON_ARRAY, .item_type = TENON_I16, .count = 6, .offset = STRIDED, .length = 12 };
    TENON_TRY (call->host->option (call, 0, &level));
    entries[1].as.i = level.integer;
    TENON_TRY (call->host->add_metadata (call, "map", 3, &map));
    return call->host->add_metadata (call, "range", 5, &range);
}

static tenon_status
kinds_describe (struct tenon_call *call)
{
    call->host->expect (call, 5, 2);
    TENON_TRY (add_served (call));
    TENON_TRY (add_stored (call));
    call->host->note (call, TENON_NOTE | TENON_FLAW, NULL, "this file has a tensor that nothing can read");
    return add_values (call);
}

static int32_t
kinds_probe (struct tenon_call *call)
{
    char bytes[8];
    return call->host->read_at (call, 0, 0, bytes, sizeof bytes) == TENON_OK
                   && !memcmp (bytes, "BINKIND\n", 8)
               ? 100
               : 0;
}

static const struct tenon_option options[] = { { .struct_size = sizeof (struct tenon_option),
                                                 .type = TENON_OPTION_INTEGER,
                                                 .name = "level",
                                                 .value = "-7",
                                                 .help = "a number that the metadata have",
                                                 .least = -9,
                                                 .most = 9,
                                                 .flags = TENON_OPTION_FOR_READING } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "bin-kinds",
    .label = "a tensor of each kind",
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 1,
    .metadata = TENON_METADATA_NONE,
    .describe = kinds_describe,
    .probe = kinds_probe,
    .read = kinds_read,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_dtype *const dtypes[] = { &nibbles, NULL };
static const struct tenon_plugin plugin = { .struct_size = sizeof plugin,
                                            .abi_minor = TENON_ABI_MINOR,
                                            .name = "kinds",
                                            .version = "1",
                                            .license = "MIT",
                                            .summary = "a test of the frozen interface",
                                            .codecs = codecs,
                                            .dtypes = dtypes };
TENON_PLUGIN (plugin)
