/* SPDX-License-Identifier: MIT */
/* host_write.c - the services that describe the plan and put bytes. */
#include "codec/host.h"
#include "codec/plan_grid.h"
#include "codec/write.h"

tenon_status
tn_host_plan_info (struct tenon_call *public, struct tenon_plan_info *info)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, plan_info));
    uint32_t flags =
        (writer->sink->seekable ? TENON_SINK_SEEKABLE : 0) | (writer->old ? TENON_PLAN_APPENDS : 0);
    struct tenon_plan_info found = { sizeof found,      flags,
                                     writer->count,     writer->metadata_count,
                                     writer->name,      writer->name_length,
                                     writer->extension, writer->extension_length };
    found.flags |= writer->carries && writer->metadata_count > 0 ? TENON_PLAN_CARRIES : 0;
    found.flags |= writer->index ? TENON_PLAN_INDEX : 0;
    return tn_call_reply (call, info, &found, sizeof found);
}

tenon_status
tn_host_plan_tensor (struct tenon_call *public, uint64_t index, struct tenon_tensor *tensor)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, plan_tensor));
    if (index >= writer->count)
        return tn_call_misuse (call, "it asked for a tensor that the plan does not have");
    const struct tn_tensor *entry = tn_catalog_tensor (writer->plan->own, writer->first + index);
    struct tenon_tensor found;
    tn_call_show_tensor (writer->plan->own, entry, NULL, 0, &found);
    uint64_t twin = writer->plan->origins[writer->first + index].twin;
    if (twin != TENON_AUTO && twin >= writer->first)
        found.alias_of = twin - writer->first;
    if (writer->plan->origins[writer->first + index].target != TENON_NONE)
        found.flags |= TENON_CONVERTED;
    /* codecs of an older version have no room for them */
    if (tensor && tensor->struct_size > offsetof (struct tenon_tensor, grid))
        TN_TRY (tn_plan_show_grid (call, index, &found));
    return tn_call_reply (call, tensor, &found, sizeof found);
}

tenon_status
tn_host_plan_metadata (struct tenon_call *public, uint64_t index, const char **key, uint64_t *key_length,
                       struct tenon_value *value)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, plan_metadata));
    if (index >= writer->metadata_count)
        return tn_call_misuse (call, "it asked for metadata that the plan does not have");
    const struct tn_metadata *entry = &writer->entries->metadata[writer->metadata[index]];
    *key = entry->key;
    *key_length = entry->key_length;
    *value = entry->value;
    return TENON_OK;
}

uint32_t
tn_host_plan_metadata_flags (struct tenon_call *public, uint64_t index)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    if (TN_CALL_MAY (call, plan_metadata_flags) < 0 || index >= writer->metadata_count)
        return 0;
    const struct tn_metadata *entry = &writer->entries->metadata[writer->metadata[index]];
    struct tn_codec *const *codecs = call->session->context->registry.codecs;
    bool own = entry->codec > 0 && codecs[entry->codec - 1]->plugin == call->codec->plugin;
    return (entry->given ? TENON_METADATA_GIVEN : 0) | (own ? TENON_METADATA_OWN : 0);
}

tenon_status
tn_host_put (struct tenon_call *public, const void *bytes, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, put));
    return tn_sink_write (writer->sink, bytes, length, call->session->error);
}

tenon_status
tn_host_put_tensor (struct tenon_call *public, uint64_t index, const struct tenon_layout *layout)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, put_tensor));
    struct tenon_layout ours = { 0 };
    if (layout && !tn_copy_struct (&ours, sizeof ours, layout, TN_UP_TO (struct tenon_layout, flags)))
        return tn_call_misuse (call, "a struct tenon_layout has a wrong struct_size");
    if (index >= writer->count || (ours.flags & TENON_FLAGS_MUST_KNOW))
        return tn_call_misuse (
            call,
            "it put a tensor that the plan does not have, or in a layout that this version does not know");
    return tn_write_tensor (call, writer->first + index, ours.flags & (TENON_FORTRAN | TENON_BIG_ENDIAN));
}

#define OLD_PIECE ((uint64_t) 16 << 20)

tenon_status
tn_host_put_old (struct tenon_call *public, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, put_old));
    tenon_error *error = call->session->error;
    if (!writer->old)
        return tn_call_misuse (call, "it puts an old file where there is none");
    if (writer->archive)
        return tn_call_misuse (call, "it puts an old file, which its archive does");
    const struct tn_source *old = writer->old->sources[0];
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

/* True if the tensor is all that its part is for: it has the part's name, but for an extension, and the part
 * lies in the file itself. */
static bool
is_own_part (const struct tn_tensor *tensor, const struct tn_source *part, const struct tn_source *file)
{
    return part->parent == file && strncmp (part->name, tensor->name, tensor->name_length) == 0
           && (part->name[tensor->name_length] == 0 || part->name[tensor->name_length] == '.');
}

tenon_status
tn_host_old_part (struct tenon_call *public, uint64_t index, const char **name, uint64_t *length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    uint64_t found;
    *name = NULL;
    *length = 0;
    TN_TRY (TN_CALL_MAY (call, old_part));
    if (!writer->old || index >= writer->count)
        return tn_call_misuse (call, "it asks for an old file, or a tensor, where there is none");
    const struct tn_tensor *tensor = tn_catalog_tensor (writer->plan->own, writer->first + index);
    if (!tn_catalog_find (writer->old, tensor->name, tensor->name_length, &found))
        return TENON_OK;
    const struct tn_tensor *old = tn_catalog_tensor (writer->old, found);
    const struct tn_source *part = writer->old->sources[old->source];
    if (part->kind != TN_SOURCE_PART)
        return TENON_OK;
    if (!is_own_part (old, part, writer->old->sources[0])) {
        tn_fail_in (call->session->error, NULL, old->name);
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the file has it in the member '%.200s', which holds more, and cannot replace it "
                        "alone; save all to a new file",
                        part->name);
    }
    *name = part->name;
    *length = part->name_length;
    return TENON_OK;
}

/* ---- places ---- */

tenon_status
tn_host_align (struct tenon_call *public, uint64_t alignment, uint32_t fill)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, align));
    if (alignment == 0)
        return tn_call_misuse (call, "it aligns to 0");
    uint64_t beyond = writer->sink->position % alignment;
    return beyond ? tn_sink_fill (writer->sink, (uint8_t) fill, alignment - beyond, call->session->error)
                  : TENON_OK;
}

uint64_t
tn_host_tell (struct tenon_call *public)
{
    struct tn_call *call = (struct tn_call *) public;
    return TN_CALL_MAY (call, tell) < 0 ? 0 : call->writer->sink->position;
}

tenon_status
tn_host_patch (struct tenon_call *public, uint64_t position, const void *bytes, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    TN_TRY (TN_CALL_MAY (call, patch));
    if (!writer->sink->seekable)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s goes back to fill in its header, which a pipe or a filter does not "
                        "allow; save to a file",
                        call->codec->table.id);
    if (position > writer->sink->position || length > writer->sink->position - position)
        return tn_call_misuse (call, "it patches bytes that were not put yet");
    return tn_sink_patch (writer->sink, position, bytes, length, call->session->error);
}
