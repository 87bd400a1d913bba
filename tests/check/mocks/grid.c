/* SPDX-License-Identifier: MIT */
/* grid.c - a mock plugin (mock.h): tensors in chunks, with the directory at the end of the file.
 *
 *     "MOCKGRD1" · the chunks · for each tensor an entry · u32 tensors · u64 place of the first entry ·
 *     "MOCKEND1"
 *
 * An entry: u16 length, name · u8 code of the dtype · u8 rank · rank × u64 dim · rank × u64 dim of a chunk ·
 * for each chunk, in C order: u64 offset · u64 bytes, or TENON_AUTO for a chunk of zeros, which is not
 * stored. Each chunk has all its items. Numbers are little-endian. */
#include "directory.h"

#define MAGIC "MOCKGRD1"
#define MOST_DIMS 4
#define PARTS 6 /* the most chunks in a dim */

static const char *const dtypes[] = { "u8", "i8", "i16", "i32", "u64", "f16", "f32", "f64", "c64", NULL };
#define TYPES (sizeof dtypes / sizeof dtypes[0] - 1)

/* What locate_chunk knows of a tensor besides the tensor. */
struct place {
    uint64_t table; /* where the places of its chunks are */
};

/* What a call of locate_chunk keeps. */
struct known {
    uint64_t row, offset, stored;
    int valid;
};

/* ---- reading ---- */

static tenon_status
take_dims (struct tenon_cursor *cursor, uint32_t rank, uint64_t *dims)
{
    for (uint32_t i = 0; i < rank; i++)
        TENON_TRY (tenon_take_u64 (cursor, &dims[i], "a dim"));
    return TENON_OK;
}

/* The number of chunks of a tensor. */
static tenon_status
count_chunks (struct tenon_call *call, const struct tenon_tensor *tensor, uint64_t *count)
{
    *count = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint64_t chunk = tensor->chunk_shape[i];
        if (chunk == 0 || tensor->shape[i] >> 63
            || __builtin_mul_overflow (*count, tensor->shape[i] / chunk + (tensor->shape[i] % chunk > 0),
                                       count))
            return tenon_fail (call, TENON_E_MALFORMED, tensor->place,
                               "a chunk has no items, or there are too many");
    }
    return TENON_OK;
}

static tenon_status
describe_tensor (struct tenon_cursor *cursor)
{
    static const struct tenon_grid grid = { .struct_size = sizeof grid };
    struct tenon_call *call = cursor->call;
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .storage = TENON_GRID,
                                   .length = TENON_AUTO,
                                   .grid = &grid,
                                   .place = cursor->position };
    uint64_t shape[MOST_DIMS], chunk_shape[MOST_DIMS], chunks;
    uint16_t length;
    uint8_t type, rank;
    TENON_TRY (tenon_take_u16 (cursor, &length, "the length of a name"));
    tensor.name = tenon_take_text (cursor, length, "a name");
    if (!tensor.name)
        return TENON_E_TRUNCATED;
    uint64_t at = cursor->position;
    TENON_TRY (tenon_take_u8 (cursor, &type, "a dtype"));
    TENON_TRY (tenon_take_u8 (cursor, &rank, "a rank"));
    if (type >= TYPES || rank > MOST_DIMS)
        return tenon_fail (call, TENON_E_MALFORMED, at, "there is no dtype %u, or no rank of %u", type, rank);
    TENON_TRY (take_dims (cursor, rank, shape));
    TENON_TRY (take_dims (cursor, rank, chunk_shape));
    struct place place = { .table = cursor->position };
    tensor.name_length = length;
    tensor.dtype = call->host->dtype_find (call, dtypes[type]);
    tensor.shape = shape;
    tensor.chunk_shape = chunk_shape;
    tensor.rank = rank;
    tensor.state = &place;
    tensor.state_size = sizeof place;
    TENON_TRY (count_chunks (call, &tensor, &chunks));
    TENON_TRY (
        tenon_skip (cursor, chunks > UINT64_MAX / 16 ? UINT64_MAX : 16 * chunks, "the places of chunks"));
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
describe_grid (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint32_t count;
    TENON_TRY (open_directory (call, &cursor, &count));
    for (uint32_t i = 0; i < count; i++)
        TENON_TRY (describe_tensor (&cursor));
    return close_directory (&cursor);
}

/* The number of a chunk in C order. */
static uint64_t
number_chunk (const struct tenon_tensor *tensor, const uint64_t *chunk)
{
    uint64_t number = 0, counts[MOST_DIMS];
    for (uint32_t i = 0; i < tensor->rank; i++)
        counts[i] = (tensor->shape[i] - 1) / tensor->chunk_shape[i] + 1;
    int swaps = MOCK (swaps_chunks) && tensor->rank == 2 && chunk[0] < counts[1] && chunk[1] < counts[0];
    for (uint32_t i = 0; i < tensor->rank; i++)
        number = number * counts[i] + chunk[swaps ? 1 - i : i];
    return number;
}

static tenon_status
locate_chunk (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
              struct tenon_chunk *found)
{
    uint64_t number = number_chunk (tensor, chunk), row = tensor->rank > 1 ? chunk[0] : number;
    uint8_t bytes[16];
    if (!call->state && !(call->state = call->host->scratch (call, sizeof (struct known))))
        return TENON_E_MEMORY;
    struct known *known = (struct known *) call->state;
    if (!MOCK (stale_chunk) || !known->valid || known->row != row) {
        TENON_TRY (call->host->read_at (call, 0, ((const struct place *) tensor->state)->table + 16 * number,
                                        bytes, sizeof bytes));
        known->row = row;
        known->offset = tenon_le64 (bytes);
        known->stored = tenon_le64 (bytes + 8);
        known->valid = 1;
    }
    if (known->stored == TENON_AUTO) {
        found->flags = TENON_CHUNK_MISSING;
        return TENON_OK;
    }
    found->offset = known->offset;
    found->stored = known->stored;
    return TENON_OK;
}

/* ---- writing ---- */

struct chunked {
    uint64_t shape[MOST_DIMS], chunk_shape[MOST_DIMS], count;
    struct tenon_chunk_place *places;
};

static tenon_status
put_chunks (struct tenon_call *call, uint64_t number, struct chunked *chunked)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_grid grid = { .struct_size = sizeof grid,
                               .flags = MOCK (clips_edges) ? TENON_GRID_CLIPPED : 0 };
    struct tenon_layout layout = { sizeof layout, 0 };
    TENON_TRY (call->host->plan_tensor (call, number, &tensor));
    chunked->count = 1;
    for (uint32_t i = 0; i < tensor.rank; i++) {
        chunked->chunk_shape[i] = tensor.shape[i] / PARTS + 1;
        chunked->count *= (tensor.shape[i] + chunked->chunk_shape[i] - 1) / chunked->chunk_shape[i];
    }
    chunked->places = (struct tenon_chunk_place *) call->host->scratch (call, (chunked->count + 1)
                                                                                  * sizeof *chunked->places);
    if (!chunked->places)
        return TENON_E_MEMORY;
    struct tenon_grid_put put = { .struct_size = sizeof put,
                                  .flags = TENON_PUT_SKIP_FILL,
                                  .tensor = number,
                                  .chunk_shape = chunked->chunk_shape,
                                  .grid = &grid,
                                  .layout = &layout,
                                  .places = chunked->places,
                                  .place_count = chunked->count,
                                  .place_size = sizeof *chunked->places };
    return call->host->put_grid (call, &put);
}

static tenon_status
put_dims (struct tenon_call *call, uint32_t rank, const uint64_t *dims)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < rank; i++) {
        tenon_put_le64 (bytes, dims[i]);
        TENON_TRY (call->host->put (call, bytes, sizeof bytes));
    }
    return TENON_OK;
}

static tenon_status
put_entry (struct tenon_call *call, uint64_t number, const struct chunked *chunked)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    uint8_t bytes[2], type = 0;
    TENON_TRY (call->host->plan_tensor (call, number, &tensor));
    TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
    if (tensor.name_length > UINT16_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a name has 65535 bytes at most");
    while (type < TYPES - 1 && strcmp (dtypes[type], dtype.name) != 0) /* the host refuses all but `dtypes` */
        type++;
    tenon_put_le16 (bytes, (uint16_t) tensor.name_length);
    TENON_TRY (call->host->put (call, bytes, 2));
    TENON_TRY (call->host->put (call, tensor.name, tensor.name_length));
    bytes[0] = type;
    bytes[1] = (uint8_t) tensor.rank;
    TENON_TRY (call->host->put (call, bytes, 2));
    TENON_TRY (put_dims (call, tensor.rank, tensor.shape));
    TENON_TRY (put_dims (call, tensor.rank, chunked->chunk_shape));
    for (uint64_t i = 0; i < chunked->count; i++)
        TENON_TRY (
            put_dims (call, 2, (const uint64_t[]){ chunked->places[i].offset, chunked->places[i].stored }));
    return TENON_OK;
}

static tenon_status
write_grid (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    uint8_t tail[TAIL];
    TENON_TRY (call->host->plan_info (call, &plan));
    if (plan.tensors > UINT32_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "there are too many tensors");
    struct chunked *all = (struct chunked *) call->host->scratch (call, (plan.tensors + 1) * sizeof *all);
    if (!all)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->put (call, MAGIC, 8));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (put_chunks (call, i, &all[i]));
    fill_tail (call, tail, (uint32_t) plan.tensors);
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (put_entry (call, i, &all[i]));
    return call->host->put (call, tail, sizeof tail);
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "mockgrid", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "mockgrid",
    .label = "a mock with chunks",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .dtypes = dtypes,
    .max_rank = MOST_DIMS,
    .describe = describe_grid,
    .write = write_grid,
    .locate_chunk = locate_chunk,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "grid",
    .version = "1.0",
    .license = "MIT",
    .summary = "tensors in chunks for the tests of tenon check-plugin",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
