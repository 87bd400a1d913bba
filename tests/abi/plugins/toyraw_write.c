/* SPDX-License-Identifier: MIT */
/* toyraw_write.c - writing toyraw. It makes the header twice: it first counts the bytes, which gives the
 * offset of the data, then writes them. So it can write to a pipe. */
#include "toyraw.h"

struct out {
    struct tenon_call *call;
    uint64_t size; /* bytes so far */
    int counting;  /* count only */
    int big;
};

static tenon_status
put_bytes (struct out *out, const void *bytes, uint64_t length)
{
    out->size += length;
    return out->counting ? TENON_OK : out->call->host->put (out->call, bytes, length);
}

static tenon_status
put_number (struct out *out, uint64_t number, uint32_t width)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < width; i++)
        bytes[out->big ? width - 1 - i : i] = (uint8_t) (number >> 8 * i);
    return put_bytes (out, bytes, width);
}

static tenon_status
put_text (struct out *out, const char *text, uint64_t length, uint32_t width)
{
    if (width < 8 && length >> 8 * width)
        return tenon_fail (out->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "toyraw has no room for %llu bytes of text", (unsigned long long) length);
    TENON_TRY (put_number (out, length, width));
    return put_bytes (out, text, length);
}

static tenon_status
put_fill (struct out *out, uint8_t fill, uint64_t length)
{
    uint8_t bytes[64];
    memset (bytes, fill, sizeof bytes);
    for (; length > 0;) {
        uint64_t piece = length < sizeof bytes ? length : sizeof bytes;
        TENON_TRY (put_bytes (out, bytes, piece));
        length -= piece;
    }
    return TENON_OK;
}

/* ---- metadata ---- */

static tenon_status
put_scalar (struct out *out, const struct tenon_value *value)
{
    uint64_t bits = value->as.u;
    if (value->type == TENON_F32) {
        float f32 = (float) value->as.f;
        uint32_t bits32;
        memcpy (&bits32, &f32, sizeof bits32);
        bits = bits32;
    } else if (value->type == TENON_F64)
        memcpy (&bits, &value->as.f, sizeof bits);
    return put_number (out, bits, toyraw_width (value->type));
}

/* Writes numbers and strings in the byte order of the header, strings with u32 lengths, whatever the source
 * uses. */
static tenon_status
put_array (struct out *out, const struct tenon_value *value)
{
    uint32_t encoding = out->big ? TENON_ENCODING_BIG : TENON_ENCODING_LITTLE;
    uint64_t size = value->count * toyraw_width (value->item_type);
    if (value->item_type == TENON_STRING) {
        encoding |= TENON_STRINGS_32;
        size = value->length - (value->encoding & TENON_STRINGS_64 ? 4 * value->count : 0);
    }
    out->size += size;
    return out->counting ? TENON_OK : out->call->host->put_items (out->call, value, encoding);
}

static tenon_status
put_value (struct out *out, const struct tenon_value *value)
{
    TENON_TRY (put_number (out, value->type, 1));
    if (value->type == TENON_NONE)
        return TENON_OK;
    if (value->type == TENON_STRING)
        return put_text (out, value->as.string, value->count, 4);
    if (value->type != TENON_ARRAY)
        return put_scalar (out, value);
    TENON_TRY (put_number (out, value->item_type, 1));
    TENON_TRY (put_number (out, value->count, 8));
    if (value->item_type != TENON_ARRAY)
        return put_array (out, value);
    for (uint64_t i = 0; i < value->count; i++)
        TENON_TRY (put_value (out, &value->as.items[i]));
    return TENON_OK;
}

/* ---- tensors ---- */

static tenon_status
layout_of (struct tenon_call *call, const struct tenon_tensor *tensor, struct tenon_layout *layout)
{
    struct tenon_setting order, endian;
    TENON_TRY (toyraw_option (call, TOYRAW_ORDER, &order));
    TENON_TRY (toyraw_option (call, TOYRAW_ENDIAN, &endian));
    layout->struct_size = sizeof *layout;
    layout->flags = 0;
    if (order.integer == 0 ? tensor->flags & TENON_FORTRAN : order.integer == 2)
        layout->flags |= TENON_FORTRAN;
    if (endian.integer == 0 ? tensor->flags & TENON_BIG_ENDIAN : endian.integer == 2)
        layout->flags |= TENON_BIG_ENDIAN;
    return TENON_OK;
}

static tenon_status
put_dtype (struct out *out, uint32_t number)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    TENON_TRY (out->call->host->dtype_info (out->call, number, &dtype));
    if (dtype.kind != TENON_KIND_OPAQUE)
        return put_text (out, dtype.name, strlen (dtype.name), 1);
    TENON_TRY (put_number (out, 0, 1));
    TENON_TRY (put_number (out, dtype.block_bytes, 8));
    TENON_TRY (put_text (out, dtype.family, strlen (dtype.family), 1));
    return put_text (out, dtype.text, strlen (dtype.text), 2);
}

/* The offset of the next tensor. */
static tenon_status
next_place (struct tenon_call *call, uint64_t *offset)
{
    struct tenon_setting align, gap;
    TENON_TRY (toyraw_option (call, TOYRAW_ALIGN, &align));
    TENON_TRY (toyraw_option (call, TOYRAW_GAP, &gap));
    uint64_t alignment = (uint64_t) align.integer, place = *offset + (uint64_t) gap.integer;
    *offset = (place + alignment - 1) / alignment * alignment;
    return TENON_OK;
}

static tenon_status
put_tensor_entry (struct out *out, uint64_t index, uint64_t *offset)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_layout layout;
    TENON_TRY (out->call->host->plan_tensor (out->call, index, &tensor));
    TENON_TRY (layout_of (out->call, &tensor, &layout));
    TENON_TRY (next_place (out->call, offset));
    TENON_TRY (put_text (out, tensor.name, tensor.name_length, 2));
    TENON_TRY (put_dtype (out, tensor.dtype));
    TENON_TRY (put_number (out, tensor.rank, 1));
    TENON_TRY (put_number (out, layout.flags & (TENON_FORTRAN | TENON_BIG_ENDIAN), 4));
    for (uint32_t i = 0; i < tensor.rank; i++)
        TENON_TRY (put_number (out, tensor.shape[i], 8));
    TENON_TRY (put_number (out, *offset, 8));
    TENON_TRY (put_number (out, tensor.length, 8));
    *offset += tensor.length;
    return TENON_OK;
}

static tenon_status
put_header (struct out *out, const struct tenon_plan_info *plan, uint64_t data)
{
    struct tenon_setting stamp;
    uint64_t offset = 0;
    TENON_TRY (toyraw_option (out->call, TOYRAW_STAMP, &stamp));
    TENON_TRY (put_bytes (out, TOYRAW_MAGIC, TOYRAW_MAGIC_LENGTH));
    TENON_TRY (put_bytes (out, out->big ? "B" : "L", 1));
    TENON_TRY (put_number (out, plan->tensors, 4));
    TENON_TRY (put_number (out, plan->metadata + (stamp.text[0] != 0), 4));
    TENON_TRY (put_number (out, data, 8));
    for (uint64_t i = 0; i < plan->metadata; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (out->call->host->plan_metadata (out->call, i, &key, &length, &value));
        TENON_TRY (put_text (out, key, length, 2));
        TENON_TRY (put_value (out, &value));
    }
    if (stamp.text[0]) {
        TENON_TRY (put_text (out, "stamp", 5, 2));
        TENON_TRY (put_number (out, TENON_STRING, 1));
        TENON_TRY (put_text (out, stamp.text, strlen (stamp.text), 4));
    }
    for (uint64_t i = 0; i < plan->tensors; i++)
        TENON_TRY (put_tensor_entry (out, i, &offset));
    return TENON_OK;
}

static tenon_status
put_data (struct out *out, uint64_t tensors)
{
    uint64_t offset = 0, end = 0;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        struct tenon_layout layout;
        TENON_TRY (out->call->host->plan_tensor (out->call, i, &tensor));
        TENON_TRY (layout_of (out->call, &tensor, &layout));
        TENON_TRY (next_place (out->call, &offset));
        TENON_TRY (put_fill (out, 0xee, offset - end));
        TENON_TRY (out->call->host->put_tensor (out->call, i, &layout));
        offset += tensor.length;
        end = offset;
    }
    return TENON_OK;
}

tenon_status
toyraw_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_setting header, slack, align, trailer;
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (toyraw_option (call, TOYRAW_HEADER, &header));
    TENON_TRY (toyraw_option (call, TOYRAW_SLACK, &slack));
    TENON_TRY (toyraw_option (call, TOYRAW_ALIGN, &align));
    TENON_TRY (toyraw_option (call, TOYRAW_TRAILER, &trailer));
    struct out counted = { call, 0, 1, header.integer == 1 }, out = { call, 0, 0, header.integer == 1 };
    TENON_TRY (put_header (&counted, &plan, 0));
    uint64_t data = counted.size + (uint64_t) ((double) counted.size * slack.number);
    uint64_t alignment = (uint64_t) align.integer;
    data = (data + alignment - 1) / alignment * alignment;
    TENON_TRY (put_header (&out, &plan, data));
    /* strings of an array may have been shorter than counted */
    TENON_TRY (put_fill (&out, 0, data - call->host->tell (call)));
    TENON_TRY (put_data (&out, plan.tensors));
    return trailer.integer ? call->host->put (call, "TOYEND\n", 7) : TENON_OK;
}
