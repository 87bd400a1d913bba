/* SPDX-License-Identifier: MIT */
/* write_array.c - an array: how its tensor is stored, and its document. */
#include "write.h"

/* ---- the order of a chunk ---- */

/* The order of dims in which the chunks are stored in the tensor's file, or its items. */
static void
keep_order (struct zarr_stored *stored)
{
    const struct tenon_tensor *tensor = &stored->tensor;
    const struct tenon_grid *grid = tensor->grid;
    int has_order = grid && !(grid->flags & TENON_GRID_SUGGESTED) && grid->order;
    for (uint32_t i = 0; i < tensor->rank; i++)
        stored->order[i] = has_order                       ? grid->order[i]
                           : tensor->flags & TENON_FORTRAN ? tensor->rank - 1 - i
                                                           : i;
}

static int
is_reversed (const struct zarr_stored *stored)
{
    for (uint32_t i = 0; i < stored->tensor.rank; i++)
        if (stored->order[i] != stored->tensor.rank - 1 - i)
            return 0;
    return 1;
}

/* Chooses the order; format 2 has the reverse one only. */
static void
choose_order (struct zarr_writer *writer, struct zarr_stored *stored)
{
    uint32_t rank = stored->tensor.rank, wide = 0;
    if (writer->settings.order == ZARR_ORDER_KEEP)
        keep_order (stored);
    else
        for (uint32_t i = 0; i < rank; i++)
            stored->order[i] = writer->settings.order == ZARR_ORDER_FORTRAN ? rank - 1 - i : i;
    stored->has_order = 0;
    for (uint32_t i = 0; i < rank; i++) {
        stored->has_order |= stored->order[i] != i;
        wide += stored->chunk[i] > 1;
    }
    if (wide < 2 || (writer->settings.format == 2 && !is_reversed (stored)))
        stored->has_order = 0; /* both are the same bytes, or there is no word for it */
    for (uint32_t i = 0; !stored->has_order && i < rank; i++)
        stored->order[i] = i;
}

/* ---- the fill value ---- */

/* The usual NaN of a float. Returns 0 if the dtype has none. */
static int
make_nan (const struct zarr_element *element, uint8_t *bytes)
{
    switch (element->dtype) {
    case TENON_F16: tenon_put_le16 (bytes, 0x7e00); return 1;
    case TENON_BF16: tenon_put_le16 (bytes, 0x7fc0); return 1;
    case TENON_F32: tenon_put_le32 (bytes, 0x7fc00000); return 1;
    case TENON_F64: tenon_put_le64 (bytes, 0x7ff8000000000000); return 1;
    case TENON_C64: tenon_put_le32 (tenon_put_le32 (bytes, 0x7fc00000), 0x7fc00000); return 1;
    case TENON_C128:
        tenon_put_le64 (tenon_put_le64 (bytes, 0x7ff8000000000000), 0x7ff8000000000000);
        return 1;
    default: return 0;
    }
}

/* Reverses the bytes of each number of an item. */
static void
swap_item (const struct zarr_element *element, uint8_t *bytes)
{
    uint32_t size = element->item;
    if (element->dtype == TENON_C64 || element->dtype == TENON_C128)
        size /= 2;
    for (uint32_t from = 0; from < element->item; from += size)
        for (uint32_t i = 0; i < size / 2; i++) {
            uint8_t byte = bytes[from + i];
            bytes[from + i] = bytes[from + size - 1 - i];
            bytes[from + size - 1 - i] = byte;
        }
}

/* True if the document can state a fill value: it is put nowhere for that. */
static int
can_put_fill (struct zarr_writer *writer, const struct zarr_stored *stored, const uint8_t *bytes)
{
    struct zarr_out nowhere;
    memset (&nowhere, 0, sizeof nowhere);
    return zarr_put_fill (&nowhere, &stored->element, writer->settings.format, bytes);
}

/* The fill value that the tensor has in its file, little-endian. Returns 0 if there is none to keep. */
static int
keep_fill (const struct zarr_stored *stored, uint8_t *bytes)
{
    const struct tenon_tensor *tensor = &stored->tensor;
    const struct tenon_grid *grid = tensor->grid;
    if (!grid || (grid->flags & TENON_GRID_SUGGESTED) || !grid->fill || (tensor->flags & TENON_CONVERTED)
        || grid->fill_size != stored->element.item || grid->fill_size > ZARR_FILL_ROOM)
        return 0;
    memcpy (bytes, grid->fill, (size_t) grid->fill_size);
    if ((tensor->flags & TENON_BIG_ENDIAN) && stored->element.dtype != TENON_NONE)
        swap_item (&stored->element, bytes);
    return 1;
}

/* Null in format 2, unless chunks are left out: these have a value. */
static int
leaves_fill_open (const struct zarr_writer *writer, const struct zarr_stored *stored)
{
    const struct tenon_grid *grid = stored->tensor.grid;
    if (writer->settings.fill != ZARR_FILL_KEEP)
        return writer->settings.fill == ZARR_FILL_NULL;
    return writer->settings.format == 2 && !writer->settings.skip_fill && grid
           && (grid->flags & TENON_GRID_NO_FILL);
}

static tenon_status
choose_fill (struct zarr_writer *writer, struct zarr_stored *stored, int tells)
{
    const struct zarr_settings *settings = &writer->settings;
    const struct zarr_element *element = &stored->element;
    uint8_t *bytes = stored->fill_bytes;
    int has = 0;
    memset (bytes, 0, ZARR_FILL_ROOM);
    if (settings->fill == ZARR_FILL_NAN)
        has = make_nan (element, bytes);
    else if (settings->fill == ZARR_FILL_KEEP)
        has = keep_fill (stored, bytes);
    if (settings->fill == ZARR_FILL_NAN && !has && tells)
        tenon_note (writer->call, TENON_NOTE, stored->tensor.name,
                    "items of its type are never NaN: its fill value is 0");
    if (has && !can_put_fill (writer, stored, bytes)) {
        has = 0;
        memset (bytes, 0, ZARR_FILL_ROOM);
        if (tells)
            tenon_note (writer->call, TENON_NOTE, stored->tensor.name,
                        "format %u of Zarr cannot state its fill value: it becomes 0", settings->format);
    }
    stored->fill.is_null = leaves_fill_open (writer, stored);
    stored->fill.document = bytes;
    stored->fill.bytes = NULL;
    if (element->item > ZARR_FILL_ROOM) {
        TENON_TRY (tenon_grow (writer->call, &writer->zeros, &writer->zero_room, element->item, 1));
        stored->fill.document = writer->zeros;
    }
    if (!has)
        return TENON_OK;
    memcpy (stored->fill.item, bytes, element->item);
    if ((stored->layout.flags & TENON_BIG_ENDIAN) && element->dtype != TENON_NONE)
        swap_item (element, stored->fill.item);
    stored->fill.bytes = stored->fill.item;
    return TENON_OK;
}

/* ---- all of it ---- */

static void
choose_byte_order (struct zarr_writer *writer, struct zarr_stored *stored)
{
    uint32_t choice = writer->settings.byteorder;
    int big = choice == ZARR_BYTEORDER_KEEP ? (stored->tensor.flags & TENON_BIG_ENDIAN) != 0
                                            : choice == ZARR_BYTEORDER_BIG;
    stored->layout = (struct tenon_layout){ .struct_size = sizeof stored->layout };
    if (big && stored->element.has_order && stored->element.dtype != TENON_NONE)
        stored->layout.flags = TENON_BIG_ENDIAN;
}

tenon_status
zarr_plan_array (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_stored *stored,
                 int tells)
{
    struct tenon_call *call = writer->call;
    stored->node = node;
    stored->tensor = (struct tenon_tensor) TENON_INIT (stored->tensor);
    TENON_TRY (call->host->plan_tensor (call, node->tensor, &stored->tensor));
    TENON_TRY (zarr_find_element (writer, &stored->tensor, &stored->element));
    choose_byte_order (writer, stored);
    TENON_TRY (zarr_choose_shapes (writer, stored));
    choose_order (writer, stored);
    TENON_TRY (zarr_choose_pipeline (writer, stored, tells));
    return choose_fill (writer, stored, tells);
}

/* ---- format 2 ---- */

static tenon_status
put_document_2 (struct zarr_writer *writer, const struct zarr_stored *stored, struct zarr_out *out)
{
    const struct tenon_tensor *tensor = &stored->tensor;
    zarr_out_open (out, '{');
    zarr_out_key (out, "chunks");
    zarr_out_numbers (out, stored->chunk, tensor->rank);
    zarr_out_key (out, "compressor");
    zarr_put_compressor (out, stored);
    if (writer->settings.separator == '/')
        zarr_out_member_word (out, "dimension_separator", "/");
    zarr_out_key (out, "dtype");
    TENON_TRY (zarr_put_descr (out, &stored->element, stored->layout.flags & TENON_BIG_ENDIAN));
    zarr_out_key (out, "fill_value");
    if (stored->fill.is_null)
        zarr_out_bare (out, "null");
    else
        zarr_put_fill (out, &stored->element, 2, stored->fill.document);
    zarr_out_key (out, "filters");
    zarr_put_filters (out, stored);
    zarr_out_member_word (out, "order", stored->has_order ? "F" : "C");
    zarr_out_key (out, "shape");
    zarr_out_numbers (out, tensor->shape, tensor->rank);
    zarr_out_member_number (out, "zarr_format", 2);
    zarr_out_close (out, '}');
    return out->json.status;
}

/* ---- format 3 ---- */

/* A member with a name and a configuration that has one member itself, whose value follows. */
static void
open_named (struct zarr_out *out, const char *key, const char *name, const char *only)
{
    zarr_out_key (out, key);
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "name", name);
    zarr_out_key (out, "configuration");
    zarr_out_open (out, '{');
    zarr_out_key (out, only);
}

static void
close_both (struct zarr_out *out)
{
    zarr_out_close (out, '}');
    zarr_out_close (out, '}');
}

static void
put_bytes_codec (struct zarr_out *out, int has_order, int big_endian)
{
    zarr_out_item (out);
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "name", "bytes");
    if (has_order) {
        zarr_out_key (out, "configuration");
        zarr_out_open (out, '{');
        zarr_out_member_word (out, "endian", big_endian ? "big" : "little");
        zarr_out_close (out, '}');
    }
    zarr_out_close (out, '}');
}

/* The codecs of a chunk: transpose, bytes, and those of the pipeline. */
static void
put_chunk_codecs (struct zarr_out *out, const struct zarr_stored *stored)
{
    const struct zarr_element *element = &stored->element;
    zarr_out_open (out, '[');
    if (stored->has_order) {
        zarr_out_item (out);
        zarr_out_open (out, '{');
        zarr_out_member_word (out, "name", "transpose");
        zarr_out_key (out, "configuration");
        zarr_out_open (out, '{');
        zarr_out_key (out, "order");
        zarr_out_open (out, '[');
        for (uint32_t i = 0; i < stored->tensor.rank; i++) {
            zarr_out_item (out);
            tenon_json_put_u64 (&out->json, stored->order[i]);
        }
        zarr_out_close (out, ']');
        close_both (out);
    }
    put_bytes_codec (out, element->has_order,
                     element->dtype == TENON_NONE ? element->order == '>'
                                                  : (stored->layout.flags & TENON_BIG_ENDIAN) != 0);
    zarr_put_codecs (out, stored);
    zarr_out_close (out, ']');
}

/* A shard: the inner chunks, and the index behind them. */
static void
put_shard_codec (struct zarr_out *out, const struct zarr_stored *stored)
{
    zarr_out_open (out, '[');
    zarr_out_item (out);
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "name", "sharding_indexed");
    zarr_out_key (out, "configuration");
    zarr_out_open (out, '{');
    zarr_out_key (out, "chunk_shape");
    zarr_out_numbers (out, stored->chunk, stored->tensor.rank);
    zarr_out_key (out, "codecs");
    put_chunk_codecs (out, stored);
    zarr_out_key (out, "index_codecs");
    zarr_out_open (out, '[');
    put_bytes_codec (out, 1, 0);
    zarr_out_item (out);
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "name", "crc32c");
    zarr_out_close (out, '}');
    zarr_out_close (out, ']');
    zarr_out_member_word (out, "index_location", "end");
    close_both (out);
    zarr_out_close (out, ']');
}

static tenon_status
put_document_3 (struct zarr_writer *writer, const struct zarr_stored *stored, struct zarr_out *out)
{
    const struct tenon_tensor *tensor = &stored->tensor;
    const char separator[] = { writer->settings.separator, 0 };
    uint64_t grid[64];
    for (uint32_t i = 0; i < tensor->rank; i++)
        grid[i] = stored->chunk[i] * (stored->is_sharded ? stored->shard[i] : 1);
    zarr_out_open (out, '{');
    zarr_out_key (out, "shape");
    zarr_out_numbers (out, tensor->shape, tensor->rank);
    zarr_out_key (out, "data_type");
    TENON_TRY (zarr_put_data_type (out, &stored->element));
    open_named (out, "chunk_grid", "regular", "chunk_shape");
    zarr_out_numbers (out, grid, tensor->rank);
    close_both (out);
    open_named (out, "chunk_key_encoding", writer->settings.v2_keys ? "v2" : "default", "separator");
    zarr_out_word (out, separator);
    close_both (out);
    zarr_out_key (out, "fill_value");
    zarr_put_fill (out, &stored->element, 3, stored->fill.document);
    zarr_out_key (out, "codecs");
    if (stored->is_sharded)
        put_shard_codec (out, stored);
    else
        put_chunk_codecs (out, stored);
    zarr_out_key (out, "attributes");
    TENON_TRY (zarr_put_attributes (writer, stored->node, out));
    TENON_TRY (zarr_put_dimension_names (writer, stored->node, out));
    zarr_out_member_number (out, "zarr_format", 3);
    zarr_out_member_word (out, "node_type", "array");
    zarr_out_key (out, "storage_transformers");
    zarr_out_numbers (out, NULL, 0);
    zarr_out_close (out, '}');
    return out->json.status;
}

tenon_status
zarr_put_document (struct zarr_writer *writer, const struct zarr_stored *stored, struct zarr_out *out)
{
    return writer->settings.format == 3 ? put_document_3 (writer, stored, out)
                                        : put_document_2 (writer, stored, out);
}
