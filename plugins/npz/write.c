/* SPDX-License-Identifier: MIT */
/* write.c - a plan as a zip: each tensor is a member, written by another codec; the directory comes last. */
#include "npz.h"

/* The most blocks of a member: the table of their ends has to fit an extra field. */
#define MOST_BLOCKS 15000u
#define LEAST_BLOCK ((uint64_t) 1 << 20)

/* ---- a member ---- */

/* The name of a member, in writer->name: the tensor's with the suffix. */
static tenon_status
make_name (struct npz_writer *writer, const struct tenon_tensor *tensor, struct npz_heading *heading)
{
    uint64_t length = tensor->name_length + 1 + writer->suffix_length;
    if (length > NPZ_LONGEST_NAME)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the tensor name '%.40s…' has %llu bytes, a zip has %llu for it", tensor->name,
                           (unsigned long long) tensor->name_length,
                           (unsigned long long) (NPZ_LONGEST_NAME - 1 - writer->suffix_length));
    if (length > writer->name_room) {
        writer->name_room = length < 256 ? 256 : 2 * length;
        if (!(writer->name = writer->call->host->scratch (writer->call, writer->name_room)))
            return TENON_E_MEMORY;
    }
    memcpy (writer->name, tensor->name, tensor->name_length);
    writer->name[tensor->name_length] = '.';
    memcpy (writer->name + tensor->name_length + 1, writer->suffix, writer->suffix_length);
    heading->name = writer->name;
    heading->name_length = length;
    return TENON_OK;
}

/* The block size of a member; 0, the host's choice, unless its blocks would be too many for their table. */
static uint64_t
choose_block_size (uint64_t length)
{
    uint64_t size = LEAST_BLOCK;
    while (length / size > MOST_BLOCKS)
        size *= 2;
    return size == LEAST_BLOCK ? 0 : size;
}

/* The number of tensors after this one that become members like its own, with blocks of `size`. */
static tenon_status
count_alike (struct npz_writer *writer, uint64_t index, uint64_t size, uint64_t tensors, uint64_t *alike)
{
    struct tenon_call *call = writer->call;
    *alike = 0;
    for (uint64_t i = index + 1; i < tensors; i++, ++*alike) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (choose_block_size (tensor.length) != size)
            break;
    }
    return TENON_OK;
}

static tenon_status
put_member (struct npz_writer *writer, uint64_t index, uint64_t tensors)
{
    struct tenon_call *call = writer->call;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_member_result result = TENON_INIT (result);
    struct npz_heading heading = { .method = writer->step.filter ? NPZ_DEFLATED : NPZ_STORED };
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    TENON_TRY (make_name (writer, &tensor, &heading));
    heading.wide = npz_may_be_wide (tensor.length);
    TENON_TRY (npz_put_local (writer, &heading));
    struct tenon_member member = { .struct_size = sizeof member,
                                   .check = TENON_CHECK_CRC32,
                                   .first = index,
                                   .count = 1,
                                   .codec = writer->suffix,
                                   .steps = &writer->step,
                                   .step_size = sizeof writer->step,
                                   .step_count = writer->step.filter != NULL };
    if (writer->step.filter) {
        member.block_size = choose_block_size (tensor.length);
        if (index == writer->announced) {
            TENON_TRY (count_alike (writer, index, member.block_size, tensors, &member.announced));
            writer->announced = index + member.announced + 1;
        }
    }
    TENON_TRY (call->host->put_member (call, &member, &result));
    TENON_TRY (npz_complete_local (writer, &heading, &result));
    return npz_add_entry (writer, &heading, &result);
}

/* ---- the archive ---- */

/* Reports all metadata as lost. */
static tenon_status
tell_dropped (struct tenon_call *call, const struct tenon_plan_info *plan)
{
    const char *key;
    uint64_t length;
    for (uint64_t i = 0; i < plan->metadata; i++) {
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        tenon_note (call, TENON_LOSS, key,
                    "the format npz keeps metadata only with npz.metadata=member: this entry is dropped");
    }
    return TENON_OK;
}

static tenon_status
open_writer (struct npz_writer *writer, struct tenon_call *call)
{
    struct tenon_setting compression = TENON_INIT (compression), level = TENON_INIT (level),
                         member = TENON_INIT (member);
    memset (writer, 0, sizeof *writer);
    writer->call = call;
    TENON_TRY (call->host->option (call, NPZ_OPTION_COMPRESSION, &compression));
    TENON_TRY (call->host->option (call, NPZ_OPTION_LEVEL, &level));
    TENON_TRY (call->host->option (call, NPZ_OPTION_MEMBER, &member));
    writer->step.struct_size = sizeof writer->step;
    writer->step.filter = compression.integer == NPZ_COMPRESSION_DEFLATE ? "deflate" : NULL;
    writer->step.level = (int32_t) level.integer;
    if (!writer->step.filter && level.integer >= 0)
        tenon_note (call, TENON_NOTE, NULL, "npz.level is not followed: npz.compression is none");
    writer->suffix = member.text;
    writer->suffix_length = strlen (member.text);
    return TENON_OK;
}

/* *wants is 1 if metadata are written: on request, if tensors could not be restored without them, and if the
 * archive has some already. */
static tenon_status
wants_metadata (struct tenon_call *call, const struct tenon_plan_info *plan, const struct npz_old *old,
                int *wants)
{
    struct tenon_setting metadata = TENON_INIT (metadata);
    TENON_TRY (call->host->option (call, NPZ_OPTION_METADATA, &metadata));
    *wants = plan->metadata > 0
             && (metadata.integer == NPZ_METADATA_MEMBER || (plan->flags & TENON_PLAN_CARRIES)
                 || old->has_metadata);
    if (*wants && old->has_tensor)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "it has an array called as the member that the metadata need, '%s'",
                           NPZ_METADATA_NAME);
    return plan->metadata > 0 && !*wants ? tell_dropped (call, plan) : TENON_OK;
}

tenon_status
npz_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct npz_writer writer;
    struct npz_old old;
    int metadata;
    memset (&old, 0, sizeof old);
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (open_writer (&writer, call));
    writer.seekable = plan.flags & TENON_SINK_SEEKABLE;
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (npz_begin_append (&writer, plan.metadata > 0, &old));
    TENON_TRY (wants_metadata (call, &plan, &old, &metadata));
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (npz_keep_old (&writer, &old, plan.tensors, metadata));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (put_member (&writer, i, plan.tensors));
    if (metadata)
        TENON_TRY (npz_put_metadata (&writer, plan.metadata));
    return npz_put_directory (&writer);
}
