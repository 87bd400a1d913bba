/* SPDX-License-Identifier: MIT */
/* write.c - a plan as an archive: each tensor is a member, written by another codec. */
#include "npz.h"

/* The most blocks of a member: the table of their ends has to fit an extra field. */
#define MOST_BLOCKS 15000u
#define LEAST_BLOCK ((uint64_t) 1 << 20)

#define LONGEST_NAME 65535u

/* The state of write. */
struct npz_writer {
    struct tenon_call *call;
    struct tenon_step step; /* of members; its filter is NULL, or one that zip has a number for */
    const char *suffix;     /* of members: their codec and extension, "npy" */
    uint64_t suffix_length;
    uint64_t announced; /* the tensors before this one are written or announced */
    char *name;         /* of the member; used again for each */
    uint64_t name_room;
};

/* ---- a member ---- */

/* The name of a member, in writer->name: the tensor's with the suffix. */
static tenon_status
make_name (struct npz_writer *writer, const struct tenon_tensor *tensor, struct tenon_member *member)
{
    uint64_t length = tensor->name_length + 1 + writer->suffix_length;
    if (length > LONGEST_NAME)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the tensor name '%.40s…' has %llu bytes, a zip has %llu for it", tensor->name,
                           (unsigned long long) tensor->name_length,
                           (unsigned long long) (LONGEST_NAME - 1 - writer->suffix_length));
    TENON_TRY (tenon_grow (writer->call, &writer->name, &writer->name_room, length, 1));
    memcpy (writer->name, tensor->name, tensor->name_length);
    writer->name[tensor->name_length] = '.';
    memcpy (writer->name + tensor->name_length + 1, writer->suffix, writer->suffix_length);
    member->key = writer->name;
    member->key_length = length;
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
    struct tenon_member member = { .struct_size = sizeof member,
                                   .first = index,
                                   .count = 1,
                                   .codec = writer->suffix,
                                   .steps = &writer->step,
                                   .step_size = sizeof writer->step,
                                   .step_count = writer->step.filter != NULL,
                                   .alignment = writer->step.filter ? 1 : NPZ_ALIGNMENT };
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    TENON_TRY (make_name (writer, &tensor, &member));
    if (writer->step.filter) {
        member.block_size = choose_block_size (tensor.length);
        if (index == writer->announced) {
            TENON_TRY (count_alike (writer, index, member.block_size, tensors, &member.announced));
            writer->announced = index + member.announced + 1;
        }
    }
    return call->host->put_member (call, &member, NULL);
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
    writer->step.filter = compression.integer > 0 ? compression.text : NULL;
    writer->step.level = (int32_t) level.integer;
    if (!writer->step.filter && level.integer != TENON_LEVEL_DEFAULT)
        tenon_note (call, TENON_NOTE, NULL, "npz.level is not followed: npz.compression is none");
    writer->suffix = member.text;
    writer->suffix_length = strlen (member.text);
    return TENON_OK;
}

/* The archive that is added to. */
struct npz_old {
    int has_metadata; /* it has a member of metadata */
    int has_tensor;   /* it has another member of that name */
};

static tenon_status
look_at_old (struct tenon_call *call, struct npz_old *old)
{
    uint32_t source;
    tenon_status status = call->host->open_key (call, NPZ_METADATA_NAME, strlen (NPZ_METADATA_NAME), &source);
    if (status == TENON_E_NOT_FOUND)
        return TENON_OK;
    TENON_TRY (status);
    TENON_TRY (npz_check_old_metadata (call, source, &old->has_metadata));
    old->has_tensor = !old->has_metadata;
    return TENON_OK;
}

/* Drops the old members whose arrays the plan replaces. */
static tenon_status
drop_old (struct tenon_call *call, uint64_t tensors)
{
    const char *name;
    uint64_t length;
    for (uint64_t i = 0; i < tensors; i++) {
        TENON_TRY (call->host->old_part (call, i, &name, &length));
        if (!name)
            continue;
        tenon_note (call, TENON_NOTE, name,
                    "replaced; the old member's bytes stay in the file until the next full save");
        TENON_TRY (call->host->drop_key (call, name, length));
    }
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
    struct npz_old old = { 0, 0 };
    int metadata;
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (open_writer (&writer, call));
    if ((plan.flags & TENON_PLAN_APPENDS) && plan.metadata > 0)
        TENON_TRY (look_at_old (call, &old));
    TENON_TRY (wants_metadata (call, &plan, &old, &metadata));
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (drop_old (call, plan.tensors));
    if (metadata && old.has_metadata)
        TENON_TRY (call->host->drop_key (call, NPZ_METADATA_NAME, strlen (NPZ_METADATA_NAME)));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (put_member (&writer, i, plan.tensors));
    return metadata ? npz_put_metadata (call, plan.metadata) : TENON_OK;
}
