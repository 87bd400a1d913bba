/* SPDX-License-Identifier: MIT */
/* host_write.c - the services with which a codec writes. */
#include "base/path.h"
#include "codec/write.h"
#include "source/decoder.h"
#include <tenon/plugin.h>

static struct tn_writer *
writing (struct tenon_call *public)
{
    struct tn_call *call = tn_call_of (public);
    if (call->state != TN_CALL_WRITE)
        tn_call_misuse (call, "it called a service of write from another function");
    return call->session->error->status == TENON_OK ? call->writer : NULL;
}
#define WRITING(public)                                                                                      \
    struct tn_call *call = tn_call_of (public);                                                              \
    struct tn_writer *writer = writing (public);                                                             \
    if (!writer)                                                                                             \
    return call->session->error->status

tenon_status
tn_host_plan_info (struct tenon_call *public, struct tenon_plan_info *info)
{
    WRITING (public);
    uint32_t flags =
        (writer->sink->seekable ? TENON_SINK_SEEKABLE : 0) | (writer->old ? TENON_PLAN_APPENDS : 0);
    struct tenon_plan_info found = { sizeof found,           flags,        writer->count,
                                     writer->metadata_count, writer->name, writer->name_length };
    found.flags |= writer->carries && writer->metadata_count > 0 ? TENON_PLAN_CARRIES : 0;
    found.flags |= writer->index ? TENON_PLAN_INDEX : 0;
    return tn_fill_struct (info, &found, sizeof found) ? TENON_OK
                                                       : tn_call_misuse (call, "a struct has no struct_size");
}

tenon_status
tn_host_plan_tensor (struct tenon_call *public, uint64_t index, struct tenon_tensor *tensor)
{
    WRITING (public);
    if (index >= writer->count)
        return tn_call_misuse (call, "it asked for a tensor that the plan does not have");
    const struct tn_tensor *entry = tn_catalog_tensor (writer->plan->own, writer->first + index);
    struct tenon_tensor found = { .struct_size = sizeof found,
                                  .dtype = entry->dtype,
                                  .name = entry->name,
                                  .name_length = entry->name_length,
                                  .shape = entry->shape,
                                  .rank = entry->rank,
                                  .flags = entry->flags,
                                  .length = entry->length };
    return tn_fill_struct (tensor, &found, sizeof found)
               ? TENON_OK
               : tn_call_misuse (call, "a struct has no struct_size");
}

tenon_status
tn_host_plan_metadata (struct tenon_call *public, uint64_t index, const char **key, uint64_t *key_length,
                       struct tenon_value *value)
{
    WRITING (public);
    if (index >= writer->metadata_count)
        return tn_call_misuse (call, "it asked for metadata that the plan does not have");
    const struct tn_metadata *entry = &writer->entries->metadata[writer->metadata[index]];
    *key = entry->key;
    *key_length = entry->key_length;
    *value = entry->value;
    return TENON_OK;
}

tenon_status
tn_host_put (struct tenon_call *public, const void *bytes, uint64_t length)
{
    WRITING (public);
    return tn_sink_write (writer->sink, bytes, length, call->session->error);
}

tenon_status
tn_host_put_tensor (struct tenon_call *public, uint64_t index, const struct tenon_layout *layout)
{
    WRITING (public);
    struct tenon_layout ours = { 0 };
    if (layout && !tn_copy_struct (&ours, sizeof ours, layout, sizeof ours))
        return tn_call_misuse (call, "a struct tenon_layout has a wrong struct_size");
    if (index >= writer->count || (ours.flags & TENON_FLAGS_MUST_KNOW))
        return tn_call_misuse (
            call,
            "it put a tensor that the plan does not have, or in a layout that this version does not know");
    return tn_write_tensor (call, writer, writer->first + index,
                            ours.flags & (TENON_FORTRAN | TENON_BIG_ENDIAN | TENON_ASKED));
}

#define OLD_PIECE ((uint64_t) 16 << 20)

tenon_status
tn_host_put_old (struct tenon_call *public, uint64_t length)
{
    WRITING (public);
    tenon_error *error = call->session->error;
    const struct tn_source *old = writer->old;
    if (!old)
        return tn_call_misuse (call, "it puts an old file where there is none");
    if (writer->old_put || writer->sink->position > 0 || writer->other_files)
        return tn_call_misuse (call, "it puts the old file twice, or after something else");
    if (length > old->size)
        return tn_call_misuse (call, "it puts more of the old file than there is");
    writer->old_put = true;
    writer->sink->subject = NULL;
    for (uint64_t at = 0; at < length; at += OLD_PIECE) {
        uint64_t piece = TN_MIN (OLD_PIECE, length - at);
        TN_TRY (tn_sink_copy (writer->sink, old->fd, at, piece, error));
        TN_TRY (tn_meter_add (writer->meter, piece, error));
    }
    return tn_meter_add (writer->meter, old->size - length, error);
}

/* ---- arrays of metadata ---- */

#define ITEMS_AT_ONCE 512u

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
    uint32_t width = encoding & TENON_ENCODING_U64 ? 8 : 4;
    if (!(encoding & (TENON_ENCODING_U32 | TENON_ENCODING_U64)) || (width == 4 && item->count > UINT32_MAX))
        return tn_call_misuse (call, "it puts strings without a length, or with one that is too short");
    TN_TRY (put_number (writer, item->count, width, big, error));
    return tn_sink_write (writer->sink, item->as.string, item->count, error);
}

/* A range that lies in the wanted encoding already goes as it is. */
static tenon_status
put_range (struct tn_call *call, struct tn_writer *writer, const struct tenon_value *array)
{
    tenon_error *error = call->session->error;
    struct tn_decoder decoder = { 0 };
    tenon_status status = TENON_OK;
    uint8_t *buffer = malloc (65536);
    if (array->source == TENON_NO_SOURCE || array->source >= call->session->metadata_source_count
        || !buffer) {
        free (buffer);
        return !buffer ? tn_fail_memory (error)
               : array->source == TENON_NO_SOURCE
                   ? tn_sink_write (writer->sink, array->as.memory, array->length, error)
                   : tn_call_misuse (call, "an array's source is not the plan's");
    }
    struct tn_source *source = call->session->metadata_sources[array->source];
    for (uint64_t at = 0; status == TENON_OK && at < array->length;) {
        uint64_t piece = TN_MIN (65536u, array->length - at);
        status = tn_decoder_read (&decoder, source, array->offset + at, buffer, piece, error);
        if (status == TENON_OK)
            status = tn_sink_write (writer->sink, buffer, piece, error);
        at += piece;
    }
    tn_decoder_free (&decoder);
    free (buffer);
    return status;
}

tenon_status
tn_host_put_items (struct tenon_call *public, const struct tenon_value *array, uint32_t encoding)
{
    WRITING (public);
    if (array->type != TENON_ARRAY || array->item_type == TENON_ARRAY)
        return tn_call_misuse (call, "put_items takes arrays of numbers or strings");
    /* strings of a file are walked item by item, so that none of them leads outside its array into the
     * target */
    if (array->encoding == encoding && array->item_type != TENON_STRING)
        return put_range (call, writer, array);
    struct tenon_value items[ITEMS_AT_ONCE];
    uint64_t at_once = ITEMS_AT_ONCE;
    if (array->item_type == TENON_STRING
        && array->count > at_once) { /* one walk: jumping back would start again each time */
        struct tn_mark mark = tn_arena_mark (&call->session->arena);
        struct tenon_value *all = tn_arena_get (&call->session->arena, array->count * sizeof *all, false);
        if (!all)
            return tn_fail_memory (call->session->error);
        tenon_status status = public->host->items (public, array, 0, array->count, all);
        for (uint64_t i = 0; i < array->count && status == TENON_OK; i++)
            status = put_item (call, writer, &all[i], encoding);
        tn_arena_release (&call->session->arena, mark);
        return status;
    }
    for (uint64_t first = 0; first < array->count; first += at_once) {
        uint64_t n = TN_MIN (at_once, array->count - first);
        struct tn_mark mark = tn_arena_mark (&call->session->arena);
        TN_TRY (public->host->items (public, array, first, n, items));
        for (uint64_t i = 0; i < n; i++)
            TN_TRY (put_item (call, writer, &items[i], encoding));
        tn_arena_release (&call->session->arena, mark);
    }
    return TENON_OK;
}

/* ---- places ---- */

tenon_status
tn_host_align (struct tenon_call *public, uint64_t alignment, uint32_t fill)
{
    WRITING (public);
    if (alignment == 0)
        return tn_call_misuse (call, "it aligns to 0");
    uint64_t beyond = writer->sink->position % alignment;
    return beyond ? tn_sink_fill (writer->sink, (uint8_t) fill, alignment - beyond, call->session->error)
                  : TENON_OK;
}

uint64_t
tn_host_tell (struct tenon_call *public)
{
    struct tn_writer *writer = writing (public);
    return writer ? writer->sink->position : 0;
}

tenon_status
tn_host_patch (struct tenon_call *public, uint64_t position, const void *bytes, uint64_t length)
{
    WRITING (public);
    if (!writer->sink->seekable)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s goes back to fill in its header, which a pipe or a filter does not "
                        "allow; save to a file",
                        tn_call_codec (call)->table.id);
    if (position > writer->sink->position || length > writer->sink->position - position)
        return tn_call_misuse (call, "it patches bytes that were not put yet");
    return tn_sink_patch (writer->sink, position, bytes, length, call->session->error);
}

/* A dry run makes no files, but knows their names as a real one does. */
static tenon_status
next_dry_file (struct tn_call *call, struct tn_writer *writer, const char *name, uint64_t length)
{
    struct tn_arena *arena = &call->session->arena;
    writer->sink->position = 0;
    if (!name)
        return TENON_OK;
    for (const struct tn_begun *begun = writer->begun; begun; begun = begun->next)
        if (strlen (begun->name) == length && memcmp (begun->name, name, length) == 0)
            return tn_call_misuse (call, "it begins the same file twice");
    struct tn_begun *begun = tn_arena_get (arena, sizeof *begun, true);
    if (!begun || !(begun->name = tn_arena_text (arena, name, length)))
        return tn_fail_memory (call->session->error);
    begun->next = writer->begun;
    writer->begun = begun;
    return TENON_OK;
}

/* The file of this bare name, beside the target, to the list of what is written. */
static tenon_status
list_file (struct tn_call *call, struct tn_writer *writer, const char *name)
{
    const char *target = writer->path ? writer->path : "";
    if (!writer->files)
        return TENON_OK;
    TN_FREE char *path = tn_format ("%.*s%s", (int) (tn_path_name (target) - target), target, name);
    if (!path)
        return tn_fail_memory (call->session->error);
    tn_report_add (writer->files, TENON_WRITTEN, TENON_OK, 0, "", path, "a file of the set");
    return TENON_OK;
}

tenon_status
tn_host_next_file (struct tenon_call *public, const char *name, uint64_t length)
{
    WRITING (public);
    char bare[256];
    if (name && !tn_is_file_name (name, length))
        return tn_call_misuse (call, "it begins a file whose name is no bare file name");
    if (writer->alone)
        return tn_fail (
            call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "the format %s writes more than one file, which is only possible beside a target in a folder",
            tn_call_codec (call)->table.id);
    writer->target_used |= !name || (!writer->other_files && writer->sink->position > 0);
    writer->other_files = true;
    if (name) {
        memcpy (bare, name, length);
        bare[length] = 0;
        TN_TRY (list_file (call, writer, bare));
    }
    if (writer->dry)
        return next_dry_file (call, writer, name, length);
    return tn_atomic_sink (writer->atomic, name ? bare : NULL, &writer->sink, call->session->error);
}
