/* SPDX-License-Identifier: MIT */
/* idx.c - the IDX files of the MNIST collection: train-images-idx3-ubyte and its like.
 *
 *     two zero bytes · a type byte · a rank byte · `rank` big-endian u32 dims · the data, big-endian, C order
 *
 * A complete codec, reading and writing, with nothing but <tenon/plugin.h>. Two zero bytes are too short for
 * a magic, and the collection's own files have no extension: probe() recognises them by their size, which
 * follows from their header to the byte. */
#include <tenon/plugin.h>

#define HEAD 4u       /* bytes before the dims */
#define MOST_DIMS 255 /* the rank is one byte; add_tensor refuses more than 64 */

static const struct {
    uint8_t code;
    uint32_t dtype, bytes;
} types[] = {
    { 0x08, TENON_U8, 1 },  { 0x09, TENON_I8, 1 },  { 0x0B, TENON_I16, 2 },
    { 0x0C, TENON_I32, 4 }, { 0x0D, TENON_F32, 4 }, { 0x0E, TENON_F64, 8 },
};
#define TYPES (sizeof types / sizeof types[0])

/* The index in `types`; TYPES: there is no such code. */
static size_t
find_code (uint8_t code)
{
    size_t i = 0;
    while (i < TYPES && types[i].code != code)
        i++;
    return i;
}

static tenon_status
describe_idx (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint64_t shape[MOST_DIMS];
    uint8_t head[HEAD];
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, HEAD));
    TENON_TRY (call->host->read_at (call, 0, 0, head, HEAD));
    size_t type = find_code (head[2]);
    if (head[0] || head[1])
        return tenon_fail (call, TENON_E_MALFORMED, 0, "found the bytes %02x %02x, expected two zeros",
                           head[0], head[1]);
    if (type == TYPES)
        return tenon_fail (call, TENON_E_MALFORMED, 2, "the type byte is 0x%02x, which is none of IDX's",
                           head[2]);
    cursor.big_endian = 1;
    for (uint32_t i = 0; i < head[3]; i++) {
        uint32_t dim;
        TENON_TRY (tenon_take_u32 (&cursor, &dim, "a dim"));
        shape[i] = dim;
    }
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = types[type].dtype,
                                   .flags = TENON_BIG_ENDIAN,
                                   .shape = shape,
                                   .rank = head[3],
                                   .offset = cursor.position,
                                   .length = TENON_AUTO };
    TENON_TRY (call->host->add_tensor (call, &tensor));
    if (tensor.length < cursor.end - tensor.offset)
        tenon_note (call, TENON_LOSS, NULL, "%llu bytes after the array are not read",
                    (unsigned long long) (cursor.end - tensor.offset - tensor.length));
    return TENON_OK;
}

/* Sure if the file is as long as its header says. */
static int32_t
probe_idx (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    uint8_t head[HEAD], dim[4];
    if (call->host->source_info (call, 0, &info) < 0 || call->host->read_at (call, 0, 0, head, HEAD) < 0)
        return 0;
    size_t type = find_code (head[2]);
    if (head[0] || head[1] || type == TYPES)
        return 0;
    uint64_t size = types[type].bytes;
    for (uint32_t i = 0; i < head[3]; i++)
        if (call->host->read_at (call, 0, HEAD + 4 * (uint64_t) i, dim, sizeof dim) < 0
            || __builtin_mul_overflow (size, tenon_be32 (dim), &size))
            return 0;
    return info.size >= HEAD + 4u * head[3] && info.size - HEAD - 4u * head[3] == size ? 80 : 0;
}

static tenon_status
write_idx (struct tenon_call *call)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_layout layout = { sizeof layout, TENON_BIG_ENDIAN };
    uint8_t header[HEAD + 4 * MOST_DIMS], *end = header + HEAD;
    size_t type = 0;
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    while (type < TYPES - 1 && types[type].dtype != tensor.dtype) /* the core refuses all but `dtypes` */
        type++;
    header[0] = header[1] = 0;
    header[2] = types[type].code;
    header[3] = (uint8_t) tensor.rank;
    for (uint32_t i = 0; i < tensor.rank; i++) {
        if (tensor.shape[i] > UINT32_MAX)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "IDX has 32 bits for a dim, dim %u is %llu", i,
                               (unsigned long long) tensor.shape[i]);
        end = tenon_put_be32 (end, (uint32_t) tensor.shape[i]);
    }
    TENON_TRY (call->host->put (call, header, (uint64_t) (end - header)));
    return call->host->put_tensor (call, 0, &layout);
}

static const char *const extensions[] = { "idx", "ubyte", NULL };
static const char *const dtypes[] = { "u8", "i8", "i16", "i32", "f32", "f64", NULL };

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NAMELESS,
    .id = "idx",
    .label = "IDX array of the MNIST collection",
    .extensions = extensions,
    .dtypes = dtypes,
    .max_tensors = 1,
    .describe = describe_idx,
    .write = write_idx,
    .probe = probe_idx,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "idx",
    .version = "1.0",
    .license = "MIT",
    .summary = "IDX arrays, as MNIST and its successors are shipped",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
