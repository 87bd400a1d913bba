/* SPDX-License-Identifier: MIT */
/* toylay.c - a format whose tensors lie in strides.
 *
 *     "TLAY"  u32 tensors  u32 kind of the data  u32 CRC-32 of the data
 *     u64 offset of the data, u64 their stored bytes, u64 their bytes, u64 block size
 *     tensors: u8 dtype, u8 flags, u8 rank, u8 storage, u64 offset, u64 dims, i64 strides
 *
 * Little-endian. Kind 0: offsets count in the file; 1: in a part; 2: in a part with a checksum; 3: in one
 * with the filter toyxor. The dtype 100 stands for opaque items of 12 bytes. The flag 0x80: no strides are
 * passed on. Tensors are named t0, t1 … The metadata "shown" counts those that the host shows with strides.
 */
#include <tenon/plugin.h>

enum { BARE = 0, PART = 1, CHECKED = 2, FILTERED = 3, PACKED = 0x80, OPAQUE = 100 };

static tenon_status
add_data (struct tenon_call *call, struct tenon_cursor *cursor, uint32_t kind, uint32_t check,
          uint32_t *source)
{
    const struct tenon_step step = { .struct_size = sizeof step, .filter = "toyxor" };
    struct tenon_part part = { .struct_size = sizeof part, .name = "data", .name_length = 4 };
    TENON_TRY (tenon_take_u64 (cursor, &part.offset, "the data"));
    TENON_TRY (tenon_take_u64 (cursor, &part.stored, "the data"));
    TENON_TRY (tenon_take_u64 (cursor, &part.size, "the data"));
    TENON_TRY (tenon_take_u64 (cursor, &part.block_size, "the data"));
    if (kind == BARE)
        return TENON_OK;
    part.check = kind == CHECKED ? TENON_CHECK_CRC32 : TENON_CHECK_NONE;
    part.check_value = kind == CHECKED ? check : 0;
    if (kind == FILTERED)
        part.steps = &step, part.step_size = sizeof step, part.step_count = 1;
    if (part.block_size > 0) { /* each has four bytes more than it decodes to */
        uint64_t blocks = (part.size + part.block_size - 1) / part.block_size;
        uint64_t *ends = call->host->scratch (call, blocks * sizeof *ends);
        if (!ends)
            return TENON_E_MEMORY;
        for (uint64_t i = 0; i < blocks; i++)
            ends[i] = i + 1 < blocks ? (i + 1) * (part.block_size + 4) : part.stored;
        part.block_ends = ends;
    }
    return call->host->add_part (call, &part, source);
}

/* The host shows what it was told, or NULL for what is packed. */
static tenon_status
check_shown (struct tenon_call *call, uint32_t index, const int64_t *strides, uint64_t *shown)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    TENON_TRY (call->host->described (call, index, &tensor));
    if (!tensor.strides)
        return TENON_OK;
    ++*shown;
    if (memcmp (tensor.strides, strides, tensor.rank * sizeof *strides) != 0)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "other strides are shown");
    return TENON_OK;
}

static tenon_status
describe_one (struct tenon_call *call, struct tenon_cursor *cursor, uint32_t index, uint32_t source,
              uint32_t opaque, uint64_t *shown)
{
    uint8_t head[4];
    char name[16] = "t";
    uint64_t shape[64], strides[64];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .name = name, .source = source };
    for (unsigned i = 0; i < 4; i++)
        TENON_TRY (tenon_take_u8 (cursor, &head[i], "a tensor"));
    TENON_TRY (tenon_take_u64 (cursor, &tensor.offset, "an offset"));
    for (uint32_t i = 0; i < head[2] && i < 64; i++)
        TENON_TRY (tenon_take_u64 (cursor, &shape[i], "a dim"));
    for (uint32_t i = 0; i < head[2] && i < 64; i++)
        TENON_TRY (tenon_take_u64 (cursor, &strides[i], "a stride"));
    uint32_t digits = index < 10 ? 1 : index < 100 ? 2 : 5;
    for (uint32_t k = digits, rest = index; k > 0; k--, rest /= 10)
        name[k] = (char) ('0' + rest % 10);
    tensor.name_length = digits + 1;
    tensor.dtype = head[0] == OPAQUE ? opaque : head[0];
    tensor.flags = head[1] & (uint8_t) ~PACKED;
    tensor.rank = head[2];
    tensor.storage = head[3];
    tensor.shape = shape;
    tensor.length = TENON_AUTO;
    tensor.strides = head[1] & PACKED ? NULL : (const int64_t *) strides;
    TENON_TRY (call->host->add_tensor (call, &tensor));
    return check_shown (call, index, (const int64_t *) strides, shown);
}

static tenon_status
lay_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint32_t tensors, kind, check, source = 0, opaque = 0;
    struct tenon_dtype dtype = { .struct_size = sizeof dtype,
                                 .kind = TENON_KIND_OPAQUE,
                                 .block_items = 1,
                                 .block_bytes = 12,
                                 .family = "toylay",
                                 .text = "three words" };
    struct tenon_value shown = { .type = TENON_U64 };
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 4));
    TENON_TRY (tenon_take_u32 (&cursor, &tensors, "the count"));
    TENON_TRY (tenon_take_u32 (&cursor, &kind, "the kind"));
    TENON_TRY (tenon_take_u32 (&cursor, &check, "the checksum"));
    TENON_TRY (add_data (call, &cursor, kind, check, &source));
    TENON_TRY (call->host->add_dtype (call, &dtype, &opaque));
    for (uint32_t i = 0; i < tensors; i++)
        TENON_TRY (describe_one (call, &cursor, i, source, opaque, &shown.as.u));
    return call->host->add_metadata (call, "shown", 5, &shown);
}

static tenon_status
lay_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
          void *to, uint64_t size)
{
    (void) call, (void) tensor, (void) region;
    memset (to, 0, size);
    return TENON_OK;
}

static const struct tenon_magic magics[] = { { 0, 4, 0, "TLAY" } };
static const char *const extensions[] = { "toylay", NULL };
static const struct tenon_codec toylay = {
    .struct_size = sizeof toylay,
    .id = "toylay",
    .label = "tensors in strides",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = lay_describe,
    .read = lay_read,
};
static const struct tenon_codec *const codecs[] = { &toylay, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toylay",
    .version = "1.0",
    .license = "MIT",
    .summary = "tensors in strides, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
