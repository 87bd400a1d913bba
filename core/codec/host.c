/* SPDX-License-Identifier: MIT */
/* host.c - the table of services that every plugin gets, and the services for every codec function. */
#include "codec/host.h"
#include "codec/host_describe.h"
#include "codec/host_file.h"
#include "codec/host_items.h"
#include "codec/host_member.h"
#include "codec/host_read.h"
#include "codec/host_sources.h"
#include "codec/host_write.h"
#include "codec/write.h"

static const void *
get_extension (const struct tenon_host *host, const char *id)
{
    (void) host, (void) id;
    return NULL;
}

static void
record_failure (struct tenon_call *public, int32_t status, uint64_t offset, const char *message)
{
    struct tn_call *call = tn_call_of (public);
    /* The offset is one of source 0. */
    if (call->state == TN_CALL_DESCRIBE) {
        /* A name that occurs twice, among those that are not entered yet, is the earlier failure. */
        tn_catalog_enter_names (call->session->catalog, call->session->error);
        struct tn_source *source = tn_call_source (call, 0);
        if (source)
            tn_source_fail_in (source, call->session->error);
    }
    tn_fail_text (call->session->error, status, offset, "%s", message ? message : "");
}

static void
add_note (struct tenon_call *public, uint32_t kind, const char *item, const char *message)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_source *source = call->state == TN_CALL_DESCRIBE ? tn_call_source (call, 0) : NULL;
    bool flaw = kind == (TENON_NOTE | TENON_FLAW) && call->state == TN_CALL_DESCRIBE;
    if (flaw)
        kind = TENON_NOTE;
    if (kind == TENON_LOSS && call->state == TN_CALL_WRITE)
        ++*call->writer->losses;
    if (call->session->report && (kind == TENON_NOTE || kind == TENON_LOSS))
        tn_report_add (call->session->report, kind, flaw ? TENON_E_MALFORMED : TENON_OK, 0, item,
                       source ? (source->path ? source->path : source->name) : "", "%s",
                       message ? message : "");
}

static int32_t
ask_cancelled (struct tenon_call *public)
{
    struct tn_session *session = tn_call_of (public)->session;
    if (!session->asked_to_stop && session->progress && session->progress->report
        && session->progress->report (session->progress->user, 0, 0))
        session->asked_to_stop = true;
    if (session->asked_to_stop)
        tn_fail_text (session->error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled");
    return session->asked_to_stop;
}

static void *
get_scratch (struct tenon_call *public, uint64_t size)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_session *session = call->session;
    uint64_t limit = session->context->limits[TENON_LIMIT_HEADER_BYTES];
    if (size > limit || session->arena.used > limit - size) {
        tn_fail_text (
            session->error, TENON_E_LIMIT, TN_NO_OFFSET,
            "the header needs more than %llu bytes of memory; raise header_bytes in [limits] to read it",
            (unsigned long long) limit);
        return NULL;
    }
    void *memory = tn_arena_get (&session->arena, size, true);
    if (!memory)
        tn_fail_memory (session->error);
    return memory;
}

static tenon_status
get_option (struct tenon_call *public, uint32_t index, struct tenon_setting *setting)
{
    struct tn_call *call = tn_call_of (public);
    struct tenon_setting found;
    memset (&found, 0, sizeof found);
    if (!tn_overlay_get (call->session->context, call->session->overlay, call->codec, index, &found))
        return tn_call_misuse (call, "it has no option of the number that it asked for");
    found.struct_size = sizeof found;
    return tn_call_reply (call, setting, &found, sizeof found);
}

static uint64_t
get_limit (struct tenon_call *public, uint32_t number)
{
    return number < TENON_LIMITS ? tn_call_of (public)->session->context->limits[number] : 0;
}

static uint32_t
find_dtype_by_name (struct tenon_call *public, const char *name)
{
    return name ? tn_dtype_find (tn_call_of (public)->session->context, name) : TENON_NONE;
}

static tenon_status
get_dtype (struct tenon_call *public, uint32_t dtype, struct tenon_dtype *info)
{
    struct tn_call *call = tn_call_of (public);
    const struct tenon_dtype *found = call->session->catalog
                                          ? tn_catalog_dtype (call->session->catalog, dtype)
                                          : tn_dtype_get (call->session->context, dtype);
    if (!found)
        return tn_call_misuse (call, "there is no dtype of the number that it gave");
    return tn_call_reply (call, info, found, sizeof *found);
}

static tenon_status
get_source (struct tenon_call *public, uint32_t number, struct tenon_source_info *info)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return call->session->error->status;
    struct tenon_source_info found = { sizeof found, 0, source->size, source->name, source->name_length };
    return tn_call_reply (call, info, &found, sizeof found);
}

static tenon_status
read_source_at (struct tenon_call *public, uint32_t number, uint64_t offset, void *to, uint64_t length)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return call->session->error->status;
    return tn_call_read (call, source, offset, to, length);
}

static const void *
view_source (struct tenon_call *public, uint32_t number, uint64_t offset, uint64_t length)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_session *session = call->session;
    struct tn_source *source = tn_call_source (call, number);
    if (!source)
        return NULL;
    /* No memory for bytes that the file does not have: this read fails and says why. */
    if (offset > source->size || length > source->size - offset) {
        tn_call_read (call, source, offset, NULL, length);
        return NULL;
    }
    uint64_t most = session->context->limits[TENON_LIMIT_HEADER_BYTES];
    if (length > most || session->arena.used > most - length)
        return get_scratch (public, length);
    void *copy = tn_arena_get (&session->arena, length, false);
    if (!copy) {
        tn_fail_memory (session->error);
        return NULL;
    }
    return tn_call_read (call, source, offset, copy, length) < 0 ? NULL : copy;
}

static tenon_status
get_value_items (struct tenon_call *public, const struct tenon_value *array, uint64_t first, uint64_t n,
                 struct tenon_value *found)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_source *source = NULL;
    /* In write, source numbers in values are the plan's. */
    if (array->type == TENON_ARRAY && array->source != TENON_NO_SOURCE) {
        if (call->state != TN_CALL_WRITE)
            source = tn_call_source (call, array->source);
        else if (array->source < call->session->metadata_source_count)
            source = call->session->metadata_sources[array->source];
        if (!source)
            return tn_call_misuse (call, "there is no source of the number that it gave");
    }
    return tn_value_items (source, array, first, n, found, &call->session->arena, call->session->error);
}

const struct tenon_host tn_host = {
    .struct_size = sizeof tn_host,
    .abi_minor = TENON_ABI_MINOR,
    .version = PACKAGE_VERSION,
    .get_extension = get_extension,
    .fail = record_failure,
    .note = add_note,
    .cancelled = ask_cancelled,
    .scratch = get_scratch,
    .option = get_option,
    .limit = get_limit,
    .dtype_find = find_dtype_by_name,
    .dtype_info = get_dtype,
    .source_info = get_source,
    .read_at = read_source_at,
    .view = view_source,
    .items = get_value_items,
    .expect = tn_host_expect,
    .add_dtype = tn_host_add_dtype,
    .add_tensor = tn_host_add_tensor,
    .add_metadata = tn_host_add_metadata,
    .add_part = tn_host_add_part,
    .sibling = tn_host_sibling,
    .find = tn_host_find,
    .include = tn_host_include,
    .plan_info = tn_host_plan_info,
    .plan_tensor = tn_host_plan_tensor,
    .plan_metadata = tn_host_plan_metadata,
    .put = tn_host_put,
    .put_tensor = tn_host_put_tensor,
    .put_items = tn_host_put_items,
    .align = tn_host_align,
    .tell = tn_host_tell,
    .patch = tn_host_patch,
    .next_file = tn_host_next_file,
    .put_member = tn_host_put_member,
    .read_tensor = tn_host_read_tensor,
    .put_old = tn_host_put_old,
    .described = tn_host_described,
    .shard_info = tn_host_shard_info,
};
