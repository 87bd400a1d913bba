/* SPDX-License-Identifier: MIT */
/* host_items.c - writes arrays of metadata in another encoding. */
#include "codec/host.h"
#include "codec/write.h"
#include "source/decoder.h"

static uint64_t
item_bits (const struct tenon_value *item)
{
    uint64_t bits;
    if (item->type == TENON_F32)
        return tenon_f32_of_f64 (item->as.f);
    if (item->type == TENON_F64) {
        memcpy (&bits, &item->as.f, sizeof bits);
        return bits;
    }
    return item->as.u;
}

static tenon_status
put_number (struct tn_writer *writer, uint64_t bits, uint32_t width, bool big, tenon_error *error)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < width; i++)
        bytes[big ? width - 1 - i : i] = (uint8_t) (bits >> 8 * i);
    return tn_sink_write (writer->sink, bytes, width, error);
}

static tenon_status
put_item (struct tn_call *call, struct tn_writer *writer, const struct tenon_value *item, uint32_t encoding)
{
    tenon_error *error = call->session->error;
    bool big = encoding & TENON_ENCODING_BIG;
    if (item->type != TENON_STRING)
        return put_number (writer, item_bits (item), tn_value_width (item->type), big, error);
    uint32_t width = encoding & TENON_STRINGS_64 ? 8 : 4;
    if (!(encoding & (TENON_STRINGS_32 | TENON_STRINGS_64)) || (width == 4 && item->count > UINT32_MAX))
        return tn_call_misuse (call, "it puts strings without a length, or with one that is too short");
    TN_TRY (put_number (writer, item->count, width, big, error));
    return tn_sink_write (writer->sink, item->as.string, item->count, error);
}

struct items {
    struct tn_call *call;
    uint32_t encoding;
};

static tenon_status
visit_item (void *user, const struct tenon_value *item)
{
    struct items *items = user;
    return put_item (items->call, items->call->writer, item, items->encoding);
}

/* Writes a range whose bytes are in this encoding already. */
static tenon_status
put_range (struct tn_call *call, struct tn_source *source, const struct tenon_value *array)
{
    tenon_error *error = call->session->error;
    struct tn_writer *writer = call->writer;
    struct tn_decoder decoder = { 0 };
    tenon_status status = TENON_OK;
    if (!source)
        return tn_sink_write (writer->sink, array->as.memory, array->length, error);
    TN_FREE uint8_t *buffer = malloc (65536);
    if (!buffer)
        return tn_fail_memory (error);
    for (uint64_t at = 0; status == TENON_OK && at < array->length;) {
        uint64_t piece = TN_MIN (65536u, array->length - at);
        status = tn_decoder_read (&decoder, source, array->offset + at, buffer, piece, error);
        if (status == TENON_OK)
            status = tn_sink_write (writer->sink, buffer, piece, error);
        at += piece;
    }
    tn_decoder_free (&decoder);
    return status;
}

tenon_status
tn_host_put_items (struct tenon_call *public, const struct tenon_value *array, uint32_t encoding)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tn_source *source;
    TN_TRY (TN_CALL_MAY (call, put_items));
    if (!tn_value_is_packed (array))
        return tn_call_misuse (call, "put_items takes arrays of numbers or strings");
    TN_TRY (tn_call_array_source (call, array, &source));
    /* Strings are written item by item, so that a length in a hostile file cannot put bytes from outside the
     * array into the target. */
    if (array->encoding == encoding && array->item_type != TENON_STRING)
        return put_range (call, source, array);
    struct items items = { call, encoding };
    return tn_value_each (source, array, visit_item, &items,
                          session->context->limits[TENON_LIMIT_METADATA_BYTES], session->budget,
                          session->error);
}
