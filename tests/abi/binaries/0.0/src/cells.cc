// SPDX-License-Identifier: MIT
// cells.cc - a format with one tensor in chunks, and metadata, in C++ without a run-time library.
//
//     "BINCELL\n" · u64 place of the index · the chunks · the index:
//     u8 length, name · u8 length, dtype · u8 rank · u64 dims · u64 dims of a chunk · u64 chunks ·
//     u64 offset, u64 stored of each · u64 entries · each entry: value of the key, value
//
// A value: u32 type · string: u64 length, bytes · map, mixed array: u64 count, values · a number: 8 bytes
#include <tenon/plugin.h>

namespace {

struct writer {
    tenon_call *call;
    tenon_status status;

    void
    put (const void *bytes, uint64_t size)
    {
        if (status == TENON_OK)
            status = call->host->put (call, bytes, size);
    }
    void
    put_number (uint64_t number)
    {
        uint8_t bytes[8];
        tenon_put_le64 (bytes, number);
        put (bytes, sizeof bytes);
    }
    void
    put_short (const char *text, uint64_t length)
    {
        uint8_t byte = static_cast<uint8_t> (length);
        put (&byte, 1);
        put (text, byte);
    }
    // Values that are no numbers, strings, maps or mixed arrays become null. At most 9 levels.
    void
    put_value (const tenon_value &value, int depth)
    {
        const bool many =
            value.type == TENON_MAP || (value.type == TENON_ARRAY && value.item_type == TENON_MIXED);
        uint8_t type[4];
        tenon_put_le32 (type, depth > 9 || (value.type == TENON_ARRAY && !many) ? 0u : value.type);
        put (type, sizeof type);
        if (value.type == TENON_STRING) {
            put_number (value.count);
            put (value.as.string, value.count);
        } else if (many && depth <= 9) {
            const uint64_t items = value.type == TENON_MAP ? 2 * value.count : value.count;
            put_number (value.count);
            for (uint64_t i = 0; i < items; i++)
                put_value (value.as.items[i], depth + 1);
        } else if (value.type != TENON_ARRAY && value.type != TENON_NONE) {
            put_number (value.as.u);
        }
    }
};

tenon_status
put_index (tenon_call *call, const tenon_tensor &tensor, const tenon_chunk_place *places, uint64_t count)
{
    writer out = { call, TENON_OK };
    tenon_dtype dtype = TENON_INIT (dtype);
    tenon_plan_info plan = TENON_INIT (plan);
    uint8_t rank = static_cast<uint8_t> (tensor.rank), place[8];
    TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
    TENON_TRY (call->host->plan_info (call, &plan));
    tenon_put_le64 (place, call->host->tell (call));
    TENON_TRY (call->host->patch (call, 8, place, sizeof place));
    out.put_short (tensor.name, tensor.name_length);
    out.put_short (dtype.name, strlen (dtype.name));
    out.put (&rank, 1);
    for (uint32_t i = 0; i < tensor.rank; i++)
        out.put_number (tensor.shape[i]);
    for (uint32_t i = 0; i < tensor.rank; i++)
        out.put_number (2);
    out.put_number (count);
    for (uint64_t i = 0; i < count; i++) {
        out.put_number (places[i].offset);
        out.put_number (places[i].stored);
    }
    out.put_number (plan.metadata);
    for (uint64_t i = 0; i < plan.metadata; i++) {
        tenon_value key = tenon_value (), value;
        TENON_TRY (call->host->plan_metadata (call, i, &key.as.string, &key.count, &value));
        key.type = TENON_STRING;
        out.put_value (key, 0);
        out.put_value (value, 0);
    }
    return out.status;
}

tenon_status
cells_write (tenon_call *call)
{
    tenon_tensor tensor = TENON_INIT (tensor);
    tenon_grid grid = TENON_INIT (grid);
    tenon_grid_put put = TENON_INIT (put);
    uint64_t two[64], count = 1;
    TENON_TRY (call->host->put (call, "BINCELL\n........", 16));
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    for (uint32_t i = 0; i < tensor.rank; i++) {
        two[i] = 2;
        count *= tensor.shape[i] / 2 + tensor.shape[i] % 2;
    }
    grid.flags = TENON_GRID_CLIPPED;
    put.chunk_shape = two;
    put.grid = &grid;
    put.places = static_cast<tenon_chunk_place *> (call->host->scratch (call, count * sizeof *put.places));
    put.place_count = count;
    put.place_size = sizeof *put.places;
    if (!put.places)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->put_grid (call, &put));
    return put_index (call, tensor, put.places, count);
}

// ---- reading ----

tenon_status
take_value (tenon_cursor *cursor, tenon_value *value, int depth)
{
    tenon_call *call = cursor->call;
    TENON_TRY (tenon_take_u32 (cursor, &value->type, "a type"));
    value->source = TENON_NO_SOURCE;
    if (value->type == TENON_NONE)
        return TENON_OK;
    if (value->type < TENON_DTYPE_FIXED)
        return tenon_take_u64 (cursor, &value->as.u, "a number");
    TENON_TRY (tenon_take_u64 (cursor, &value->count, "a count"));
    if (value->type == TENON_STRING) {
        value->as.memory = call->host->view (call, 0, cursor->position, value->count);
        return value->as.memory ? tenon_skip (cursor, value->count, "a string") : TENON_E_TRUNCATED;
    }
    if ((value->type != TENON_MAP && value->type != TENON_ARRAY) || value->count > 99 || depth > 9)
        return tenon_fail (call, TENON_E_MALFORMED, cursor->position, "a value of type %u", value->type);
    const uint64_t items = value->type == TENON_MAP ? 2 * value->count : value->count;
    tenon_value *made = static_cast<tenon_value *> (call->host->scratch (call, items * sizeof *made + 1));
    if (!made)
        return TENON_E_MEMORY;
    value->item_type = value->type == TENON_MAP ? TENON_NONE : TENON_MIXED;
    value->as.items = made;
    for (uint64_t i = 0; i < items; i++)
        TENON_TRY (take_value (cursor, &made[i], depth + 1));
    return TENON_OK;
}

tenon_status
take_metadata (tenon_cursor *cursor)
{
    uint64_t entries;
    TENON_TRY (tenon_take_u64 (cursor, &entries, "a count"));
    for (uint64_t i = 0; i < entries; i++) {
        tenon_value key = tenon_value (), value = tenon_value ();
        TENON_TRY (take_value (cursor, &key, 9));
        TENON_TRY (take_value (cursor, &value, 0));
        TENON_TRY (cursor->call->host->add_metadata (cursor->call, key.as.string, key.count, &value));
    }
    return TENON_OK;
}

const char *
take_short (tenon_cursor *cursor)
{
    uint8_t length;
    if (tenon_take_u8 (cursor, &length, "a length") < 0)
        return nullptr;
    const void *bytes = tenon_take (cursor, length, "a name");
    char *text =
        bytes ? static_cast<char *> (cursor->call->host->scratch (cursor->call, length + 1u)) : nullptr;
    if (text)
        memcpy (text, bytes, length);
    return text;
}

tenon_status
cells_describe (tenon_call *call)
{
    tenon_tensor tensor = TENON_INIT (tensor);
    tenon_grid grid = TENON_INIT (grid);
    tenon_cursor cursor;
    uint64_t shape[64], cells[64], at, count;
    uint8_t rank;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    TENON_TRY (tenon_take_u64 (&cursor, &at, "a place"));
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, at));
    const char *name = take_short (&cursor), *dtype = name ? take_short (&cursor) : nullptr;
    if (!dtype)
        return TENON_E_MALFORMED;
    TENON_TRY (tenon_take_u8 (&cursor, &rank, "a rank"));
    if (rank > 64)
        return tenon_fail (call, TENON_E_MALFORMED, at, "a rank of %u", rank);
    for (uint32_t i = 0; i < rank; i++)
        TENON_TRY (tenon_take_u64 (&cursor, &shape[i], "a dim"));
    for (uint32_t i = 0; i < rank; i++)
        TENON_TRY (tenon_take_u64 (&cursor, &cells[i], "a dim"));
    TENON_TRY (tenon_take_u64 (&cursor, &count, "a count"));
    const uint64_t index = cursor.position;
    grid.flags = TENON_GRID_CLIPPED;
    tensor.name = name;
    tensor.name_length = strlen (name);
    tensor.dtype = call->host->dtype_find (call, dtype);
    tensor.rank = rank;
    tensor.shape = shape;
    tensor.chunk_shape = cells;
    tensor.storage = TENON_GRID;
    tensor.grid = &grid;
    tensor.length = TENON_AUTO;
    tensor.state = &index;
    tensor.state_size = sizeof index;
    TENON_TRY (call->host->add_tensor (call, &tensor));
    TENON_TRY (tenon_skip (&cursor, 16 * count, "the places"));
    return take_metadata (&cursor);
}

tenon_status
cells_locate (tenon_call *call, const tenon_tensor *tensor, const uint64_t *chunk, tenon_chunk *found)
{
    uint64_t index, number = 0;
    uint8_t place[16];
    memcpy (&index, tensor->state, sizeof index);
    for (uint32_t i = 0; i < tensor->rank; i++)
        number =
            number * ((tensor->shape[i] + tensor->chunk_shape[i] - 1) / tensor->chunk_shape[i]) + chunk[i];
    TENON_TRY (call->host->read_at (call, 0, index + 16 * number, place, sizeof place));
    found->offset = tenon_le64 (place);
    found->stored = tenon_le64 (place + 8);
    return TENON_OK;
}

const tenon_magic magics[] = { { 0, 8, 0, "BINCELL\n" } };
const char *const extensions[] = { "cells", nullptr };

tenon_codec
make_codec ()
{
    tenon_codec codec = TENON_INIT (codec);
    codec.flags = TENON_CODEC_NEEDS_PATCH;
    codec.id = "bin-cells";
    codec.label = "cells";
    codec.extensions = extensions;
    codec.magics = magics;
    codec.magic_size = sizeof magics[0];
    codec.magic_count = 1;
    codec.max_tensors = 1;
    codec.metadata = TENON_METADATA_NESTED;
    codec.describe = cells_describe;
    codec.write = cells_write;
    codec.locate_chunk = cells_locate;
    return codec;
}
const tenon_codec codec = make_codec ();
const tenon_codec *const codecs[] = { &codec, nullptr };

tenon_plugin
make_plugin ()
{
    tenon_plugin plugin = TENON_INIT (plugin);
    plugin.abi_minor = TENON_ABI_MINOR;
    plugin.name = "cells";
    plugin.version = "1";
    plugin.license = "MIT";
    plugin.summary = "a test of the frozen interface, in C++";
    plugin.codecs = codecs;
    return plugin;
}
const tenon_plugin plugin = make_plugin ();

} // namespace

TENON_PLUGIN (plugin)
