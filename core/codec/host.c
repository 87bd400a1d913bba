/* SPDX-License-Identifier: MIT */
/* host.c - the table of services that every plugin gets. */
#include "codec/host.h"

static const void *
get_extension (const struct tenon_host *host, const char *id)
{
    (void) host, (void) id;
    return NULL;
}

const struct tenon_host tn_host = {
    .struct_size = sizeof tn_host,
    .abi_minor = TENON_ABI_MINOR,
    .version = PACKAGE_VERSION,
    .get_extension = get_extension,
    .fail = tn_host_fail,
    .note = tn_host_note,
    .cancelled = tn_host_cancelled,
    .work = tn_host_work,
    .scratch = tn_host_scratch,
    .option = tn_host_option,
    .limit = tn_host_limit,
    .hash = tn_host_hash,
    .checksum = tn_host_checksum,
    .dtype_find = tn_host_dtype_find,
    .dtype_info = tn_host_dtype_info,
    .source_info = tn_host_source_info,
    .read_at = tn_host_read_at,
    .view = tn_host_view,
    .items = tn_host_items,
    .each_item = tn_host_each_item,
    .open_key = tn_host_open_key,
    .answer = tn_host_answer,
    .expect = tn_host_expect,
    .add_dtype = tn_host_add_dtype,
    .add_tensor = tn_host_add_tensor,
    .skip_tensor = tn_host_skip_tensor,
    .add_metadata = tn_host_add_metadata,
    .find_metadata = tn_host_find_metadata,
    .find = tn_host_find,
    .described = tn_host_described,
    .include = tn_host_include,
    .shard_info = tn_host_shard_info,
    .leave_state = tn_host_leave_state,
    .add_part = tn_host_add_part,
    .skip_part = tn_host_skip_part,
    .next_key = tn_host_next_key,
    .claim_keys = tn_host_claim_keys,
    .plan_info = tn_host_plan_info,
    .plan_tensor = tn_host_plan_tensor,
    .plan_metadata = tn_host_plan_metadata,
    .plan_metadata_flags = tn_host_plan_metadata_flags,
    .put = tn_host_put,
    .align = tn_host_align,
    .tell = tn_host_tell,
    .patch = tn_host_patch,
    .put_items = tn_host_put_items,
    .put_tensor = tn_host_put_tensor,
    .put_grid = tn_host_put_grid,
    .read_tensor = tn_host_read_tensor,
    .put_member = tn_host_put_member,
    .put_key = tn_host_put_key,
    .drop_key = tn_host_drop_key,
    .put_old = tn_host_put_old,
    .old_part = tn_host_old_part,
};
