/* SPDX-License-Identifier: MIT */
/* served.c - a mock plugin (mock.h): tensors that the codec's function read makes, out of big-endian items.
 *
 *     "MOCKSRV1" · u32 tensors, then for each
 *         u16 length, name · u8 code of the dtype · u8 rank · rank × u64 dim · the items, in C order
 *
 * Numbers are little-endian, but for the items. */
#include "mock.h"
#include <sched.h>

#define MAGIC "MOCKSRV1"
#define MOST_DIMS 8

static const struct {
    const char *name;
    uint32_t dtype, bytes;
} types[] = { { "u8", TENON_U8, 1 },   { "i16", TENON_I16, 2 }, { "i32", TENON_I32, 4 },
              { "f32", TENON_F32, 4 }, { "f64", TENON_F64, 8 }, { "u64", TENON_U64, 8 } };
#define TYPES (sizeof types / sizeof types[0])

/* What read knows of a tensor besides the tensor. */
struct place {
    uint32_t bytes, reserved; /* of an item */
    const uint8_t *head;      /* of a mock that keeps memory of the call */
};

/* ---- reading ---- */

static tenon_status
describe_tensor (struct tenon_cursor *cursor)
{
    struct tenon_call *call = cursor->call;
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .storage = TENON_SERVED,
                                   .length = TENON_AUTO };
    uint64_t shape[MOST_DIMS], size;
    uint16_t length;
    uint8_t type, rank;
    tensor.place = cursor->position;
    TENON_TRY (tenon_take_u16 (cursor, &length, "the length of a name"));
    tensor.name = tenon_take_text (cursor, length, "a name");
    if (!tensor.name)
        return TENON_E_TRUNCATED;
    uint64_t at = cursor->position;
    TENON_TRY (tenon_take_u8 (cursor, &type, "a dtype"));
    TENON_TRY (tenon_take_u8 (cursor, &rank, "a rank"));
    if (type >= TYPES || rank > MOST_DIMS)
        return tenon_fail (call, TENON_E_MALFORMED, at, "there is no dtype %u, or no rank of %u", type, rank);
    for (uint32_t i = 0; i < rank; i++)
        TENON_TRY (tenon_take_u64 (cursor, &shape[i], "a dim"));
    struct place place = { .bytes = types[type].bytes };
    if (MOCK (keeps_memory) && !(place.head = (const uint8_t *) call->host->view (call, 0, 0, 8)))
        return TENON_E_MEMORY;
    size = place.bytes;
    for (uint32_t i = 0; i < rank; i++)
        if (__builtin_mul_overflow (size, shape[i], &size))
            return tenon_fail (call, TENON_E_MALFORMED, at, "the shape is too large");
    tensor.name_length = length;
    tensor.dtype = types[type].dtype;
    tensor.shape = shape;
    tensor.rank = rank;
    tensor.offset = cursor->position;
    tensor.state = &place;
    tensor.state_size = sizeof place;
    TENON_TRY (tenon_skip (cursor, size, "the items of a tensor"));
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
describe_served (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint32_t tensors;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    TENON_TRY (tenon_take_u32 (&cursor, &tensors, "the number of tensors"));
    for (uint32_t i = 0; i < tensors; i++)
        TENON_TRY (describe_tensor (&cursor));
    return TENON_OK;
}

/* Every `step`-th of the items at `offset`, turned round. */
static tenon_status
read_row (struct tenon_call *call, const struct tenon_tensor *tensor, uint64_t offset, uint64_t count,
          uint64_t step, uint8_t *to)
{
    static uint8_t shared[1 << 16];
    const struct place *place = (const struct place *) tensor->state;
    uint32_t bytes = place->bytes;
    uint64_t length = ((count - 1) * step + 1) * bytes;
    uint8_t *row = MOCK (shared_buffer) && length <= sizeof shared
                       ? shared
                       : (uint8_t *) call->host->scratch (call, length);
    if (!row)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, tensor->source, offset, row, length));
    if (MOCK (shared_buffer))
        sched_yield ();
    uint8_t twist = MOCK (keeps_memory) ? place->head[0] ^ MAGIC[0] : 0;
    for (uint64_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < bytes; k++)
            *to++ = row[i * step * bytes + (MOCK (serves_big) ? k : bytes - 1 - k)] ^ twist;
    return TENON_OK;
}

static tenon_status
read_served (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
             void *to, uint64_t size)
{
    struct tenon_odometer rows;
    uint32_t last = region->rank > 0 ? region->rank - 1 : 0,
             bytes = ((const struct place *) tensor->state)->bytes;
    uint64_t start[MOST_DIMS], step[MOST_DIMS], width = region->rank > 0 ? tensor->shape[last] : 1;
    uint64_t count = region->rank > 0 ? region->count[last] : 1, done = 0;
    if (size == 0)
        return TENON_OK;
    for (uint32_t i = 0; i < region->rank; i++) {
        start[i] = MOCK (drops_offset) ? 0 : region->start[i];
        step[i] = MOCK (drops_step) ? 1 : region->step[i];
    }
    if (MOCK (wrong_stride))
        width = count;
    if (!tenon_odometer_begin (&rows, last, region->count))
        return TENON_OK;
    do {
        uint64_t item = tenon_odometer_item (&rows, tensor->shape, start, step) * width;
        uint64_t left = count - (MOCK (forgets_last) && done + count * bytes == size);
        if (region->rank > 0)
            item += start[last];
        if (left > 0)
            TENON_TRY (read_row (call, tensor, tensor->offset + item * bytes, left,
                                 region->rank > 0 ? step[last] : 1, (uint8_t *) to + done));
        done += count * bytes;
    } while (tenon_odometer_next (&rows));
    return TENON_OK;
}

/* ---- writing ---- */

static tenon_status
write_tensor (struct tenon_call *call, uint64_t number)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_layout layout = { sizeof layout, TENON_BIG_ENDIAN };
    uint8_t bytes[8];
    uint8_t type = 0;
    TENON_TRY (call->host->plan_tensor (call, number, &tensor));
    while (type < TYPES - 1 && types[type].dtype != tensor.dtype) /* the host refuses all but `dtypes` */
        type++;
    if (tensor.name_length > UINT16_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a name has 65535 bytes at most");
    tenon_put_le16 (bytes, (uint16_t) tensor.name_length);
    TENON_TRY (call->host->put (call, bytes, 2));
    TENON_TRY (call->host->put (call, tensor.name, tensor.name_length));
    bytes[0] = type;
    bytes[1] = (uint8_t) tensor.rank;
    TENON_TRY (call->host->put (call, bytes, 2));
    for (uint32_t i = 0; i < tensor.rank; i++) {
        tenon_put_le64 (bytes, tensor.shape[i]);
        TENON_TRY (call->host->put (call, bytes, 8));
    }
    return call->host->put_tensor (call, number, &layout);
}

static tenon_status
write_served (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    uint8_t count[4];
    TENON_TRY (call->host->plan_info (call, &plan));
    if (plan.tensors > UINT32_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "there are too many tensors");
    tenon_put_le32 (count, (uint32_t) plan.tensors);
    TENON_TRY (call->host->put (call, MAGIC, 8));
    TENON_TRY (call->host->put (call, count, sizeof count));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (write_tensor (call, i));
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "mockserved", NULL };
static const char *const dtypes[] = { "u8", "i16", "i32", "f32", "f64", "u64", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "mockserved",
    .label = "a mock with served tensors",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .dtypes = dtypes,
    .max_rank = MOST_DIMS,
    .describe = describe_served,
    .write = write_served,
    .read = read_served,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "served",
    .version = "1.0",
    .license = "MIT",
    .summary = "served tensors for the tests of tenon check-plugin",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
