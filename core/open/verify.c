/* SPDX-License-Identifier: MIT */
/* verify.c - reads all data, compares all checksums, and reports every failure. */
#include "base/report.h"
#include "catalog/file.h"
#include "open/members.h"
#include "source/scan.h"
#include "transfer/grid.h"
#include "transfer/slab.h"
#include "transfer/transfer.h"
#include "transfer/unblock.h"
#include <stdio.h>

struct verify {
    tenon_file *file;
    tenon_report *report;
    struct tn_meter meter;
    tenon_error *first;
};

/* Keeps a failure if it is the first one. False: no more are wanted. */
static bool
keep_first (struct verify *verify, const tenon_error *error)
{
    if (verify->first->status == TENON_OK)
        *verify->first = *error;
    return error->status != TENON_E_CANCELLED && error->status != TENON_E_MEMORY;
}

/* Reports a failure and keeps the first one. Verifying goes on, to report all damage; only cancelling and
 * lack of memory end it, which false says. */
static bool
add_finding (struct verify *verify, tenon_error *error, const char *subject)
{
    if (error->status == TENON_OK)
        return true;
    tn_fail_in (error, verify->file->path, NULL);
    TN_FREE char *shown = malloc (4 * strlen (subject) + 1);
    tenon_report_entry entry = {
        .kind = TENON_NOTE,
        .status = error->status,
        .subject = shown ? tn_show (shown, 4 * strlen (subject) + 1, subject, strlen (subject)) : "",
        .file = error->file,
        .message = error->message
    };
    tn_report_copy (verify->report, &entry);
    return keep_first (verify, error);
}

static tenon_status
verify_piece (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    (void) bytes;
    return tn_meter_add (&((struct verify *) user)->meter, length, error);
}

static bool
is_checked (const struct tn_source *source)
{
    return source->kind == TN_SOURCE_PART && (source->check != TENON_CHECK_NONE || source->pipeline);
}

static bool
verify_source (struct verify *verify, struct tn_source *source)
{
    tenon_error error = TENON_ERROR_INIT;
    /* all of it was read, and compared */
    bool unpacked = tn_source_plain (source) != source && atomic_load (&source->sum_is_good);
    tenon_status status = unpacked
                              ? tn_meter_add (&verify->meter, source->size, &error)
                              : tn_scan_all (verify->file->context, source, verify_piece, verify, &error);
    if (status < 0)
        tn_source_fail_in (source, &error);
    /* no data are lost, but a reader that believed the table would get others */
    else if (source->block_count > 1 && atomic_load (&source->blocks_are_wrong)) {
        tn_source_fail_in (source, &error);
        tn_fail (&error, TENON_E_MALFORMED, TN_NO_OFFSET,
                 "its table of blocks is wrong: it is read as one stream");
    }
    return add_finding (verify, &error, source->name);
}

/* Members that fit into a little memory are shared out among the threads. Those that cannot be read are read
 * again, in order, to report the failure of each. */
#define VERIFY_SMALL ((uint64_t) 1 << 20)
#define VERIFY_BATCH 16u

struct small_members {
    struct verify *verify;
    struct tn_catalog *catalog;
    struct tn_worker *workers;
    uint8_t *good; /* of each source of the catalog */
};

static tenon_status
verify_batch (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct small_members *members = opaque;
    struct tn_catalog *catalog = members->catalog;
    struct tn_worker *state = &members->workers[worker];
    uint64_t end = TN_MIN ((item + 1) * VERIFY_BATCH, catalog->source_count);
    for (uint64_t i = item * VERIFY_BATCH; i < end; i++) {
        struct tn_source *source = catalog->sources[i];
        tenon_error ignored = TENON_ERROR_INIT;
        if (!is_checked (source) || !tn_whole_fits (source, VERIFY_SMALL) || source->block_count > 1)
            continue;
        uint8_t *bytes = tn_worker_buffer (state, 3, source->size);
        members->good[i] = bytes && tn_decoder_whole (&state->decoder, source, bytes, &ignored) == TENON_OK
                           && tn_meter_add (&members->verify->meter, source->size, &ignored) == TENON_OK;
        if (ignored.status == TENON_E_CANCELLED)
            return tn_fail (error, ignored.status, TN_NO_OFFSET, "%s", ignored.message);
    }
    return TENON_OK;
}

/* False: verifying was stopped. */
static TN_OWN_FRAME bool
verify_sources (struct verify *verify, struct tn_catalog *catalog)
{
    unsigned width = tn_pool_width (catalog->context->pool);
    TN_FREE uint8_t *good = calloc (catalog->source_count + 1, 1);
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    struct small_members members = { verify, catalog, workers, good };
    tenon_error error = TENON_ERROR_INIT;
    if (!good || !workers) {
        tn_fail_memory (&error);
        return add_finding (verify, &error, "");
    }
    tenon_status status = tn_pool_run (tn_source_pool (catalog->context, catalog->sources[0]),
                                       (catalog->source_count + VERIFY_BATCH - 1) / VERIFY_BATCH,
                                       verify_batch, &members, &error);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    if (status < 0)
        return add_finding (verify, &error, "");
    bool go_on = true;
    for (uint64_t i = 0; i < catalog->source_count && go_on; i++)
        if (is_checked (catalog->sources[i]) && !good[i])
            go_on = verify_source (verify, catalog->sources[i]);
    return go_on;
}

/* ---- members that no codec opened ---- */

static bool
add_bad_member (void *user, tenon_error *error, const char *key)
{
    return add_finding (user, error, key);
}

/* False: verifying was stopped. */
static TN_OWN_FRAME bool
open_members (struct verify *verify, const tenon_progress *progress, struct tn_members **members)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status =
        tn_members_open (verify->file->catalog, progress, add_bad_member, verify, members, &error);
    return add_finding (verify, &error, "") && status != TENON_E_CANCELLED;
}

/* ---- tensors ---- */

/* Has a dtype check its blocks, which come in pieces that may end inside a block. */
struct watch {
    struct tn_catalog *catalog;
    uint32_t number; /* of the dtype */
    const struct tenon_dtype *dtype;
    uint8_t *block; /* the beginning of the next one … */
    uint64_t held;  /* … so many bytes */
    uint64_t seen;  /* whole blocks before it */
    uint64_t bad;   /* number of the first bad one; UINT64_MAX: none so far */
};

static tenon_status
look_at_blocks (struct watch *watch, const void *blocks, uint64_t count, tenon_error *error)
{
    uint64_t bad;
    TN_TRY (tn_unblock_check (watch->catalog, watch->number, blocks, count, &bad, error));
    if (bad < count && watch->bad == UINT64_MAX)
        watch->bad = watch->seen + bad;
    watch->seen += count;
    return TENON_OK;
}

/* For a dtype without a check, reading the bytes is enough. */
static tenon_status
look_at_bytes (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    struct watch *watch = user;
    const uint8_t *at = bytes;
    uint64_t size = watch->dtype->block_bytes;
    while (watch->block && length > 0) {
        uint64_t taken = length / size * size;
        if (watch->held > 0 || taken == 0) {
            taken = TN_MIN (length, size - watch->held);
            memcpy (watch->block + watch->held, at, taken);
            watch->held = (watch->held + taken) % size;
            if (watch->held == 0)
                TN_TRY (look_at_blocks (watch, watch->block, 1, error));
        } else
            TN_TRY (look_at_blocks (watch, at, taken / size, error));
        at += taken;
        length -= taken;
    }
    return TENON_OK;
}

static tenon_status
check_blocks_of (struct verify *verify, struct tn_request *request, const struct tenon_dtype *dtype,
                 tenon_error *error)
{
    TN_FREE uint8_t *block = dtype->check ? malloc (dtype->block_bytes) : NULL;
    struct watch watch = { .catalog = request->catalog,
                           .number = request->stored_id,
                           .dtype = dtype,
                           .block = block,
                           .bad = UINT64_MAX };
    if (dtype->check && !block)
        return tn_fail_memory (error);
    TN_TRY (tn_transfer_stream (verify->file->context, request, tn_way_choose (request, TN_IN_ORDER),
                                look_at_bytes, &watch, &verify->meter, error));
    if (watch.bad == UINT64_MAX)
        return TENON_OK;
    uint64_t first = watch.bad * dtype->block_items;
    return tn_fail (
        error, TENON_E_MALFORMED, TN_NO_OFFSET,
        "block %llu of %llu (elements %llu to %llu) stands for no numbers: a scale is NaN or infinite",
        (unsigned long long) watch.bad, (unsigned long long) watch.seen, (unsigned long long) first,
        (unsigned long long) (first + dtype->block_items - 1));
}

/* A tensor of a checked or encoded part is read with its part; only its dtype may have to check it. */
static bool
is_read_with_part (const struct tn_catalog *catalog, const struct tn_tensor *tensor)
{
    return tensor->storage == TENON_EXTENT && is_checked (catalog->sources[tensor->source])
           && !tn_catalog_dtype (catalog, tensor->dtype)->check;
}

/* Adds what was found in chunks. False: no more is wanted. */
static TN_OWN_FRAME bool
add_findings (struct verify *verify, const struct tn_findings *findings, const struct tn_tensor *tensor)
{
    bool go_on = true;
    for (uint64_t i = 0; i < findings->kept_count && go_on; i++)
        go_on = add_finding (verify, findings->kept[i], tensor->name);
    if (findings->count == findings->kept_count || !go_on)
        return go_on;
    tenon_error more = TENON_ERROR_INIT;
    tn_fail_in (&more, NULL, tensor->name);
    tn_fail (&more, TENON_E_MALFORMED, TN_NO_OFFSET, "%llu more of its chunks cannot be read",
             (unsigned long long) (findings->count - findings->kept_count));
    return add_finding (verify, &more, tensor->name);
}

/* Each chunk by itself, so that all that are damaged are reported. */
static TN_OWN_FRAME bool
verify_chunks (struct verify *verify, const struct tn_request *request, tenon_error *error)
{
    const tenon_context *context = verify->file->context;
    unsigned width = tn_pool_width (context->pool);
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    TN_FREE struct tn_findings *findings = calloc (1, sizeof *findings);
    struct tn_made made = { .most = context->limits[TENON_LIMIT_INFLATED_BYTES] };
    struct tn_grid_how how = { .pool = tn_request_pool (request),
                               .workers = workers,
                               .memory = context->limits[TENON_LIMIT_MEMORY],
                               .made = &made,
                               .meter = &verify->meter,
                               .counts = true };
    if (!workers || !findings) {
        tn_fail_memory (error);
        return true;
    }
    tn_grid_verify (request, &how, findings, error);
    bool go_on = add_findings (verify, findings, request->tensor);
    tn_findings_free (findings);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    return go_on;
}

static TN_OWN_FRAME bool
verify_tensor (struct verify *verify, const struct tn_tensor *tensor)
{
    struct tn_catalog *catalog = verify->file->catalog;
    tenon_error error = TENON_ERROR_INIT;
    struct tn_request request;
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, tensor->dtype);
    if (tn_catalog_fault (catalog, tensor)) /* it was recalled */
        return true;
    bool go_on = true;
    if (!is_read_with_part (catalog, tensor)
        && tn_request_make (&request, catalog, tensor, NULL, TENON_NONE, 0, &error) == TENON_OK
        && request.size > 0) {
        if (tensor->storage == TENON_EXTENT && !dtype->check) /* reading needs no order, and no items */
            tn_request_flatten (&request);
        if (tensor->storage == TENON_GRID)
            go_on = verify_chunks (verify, &request, &error);
        else
            check_blocks_of (verify, &request, dtype, &error);
    }
    if (error.status < 0) {
        tn_source_fail_in (catalog->sources[tensor->source], &error);
        tn_fail_in (&error, NULL, tensor->name);
    }
    return add_finding (verify, &error, tensor->name) && go_on;
}

static void
sum_up (uint64_t *sum, uint64_t bytes)
{
    if (tn_add (*sum, bytes, sum))
        *sum = UINT64_MAX;
}

static uint64_t
bytes_of_parts (const struct tn_catalog *catalog)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < catalog->source_count; i++)
        if (is_checked (catalog->sources[i]))
            sum_up (&bytes, catalog->sources[i]->size);
    return bytes;
}

/* All bytes that will be read, decoded. */
static uint64_t
bytes_to_read (const struct tn_catalog *catalog, const struct tn_members *members)
{
    uint64_t bytes = bytes_of_parts (catalog);
    for (; members; members = members->next)
        sum_up (&bytes, bytes_of_parts (members->catalog));
    for (uint64_t i = 0; i < catalog->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (catalog, i);
        if (!tn_catalog_fault (catalog, tensor) && !is_read_with_part (catalog, tensor))
            sum_up (&bytes, tensor->length);
    }
    return bytes;
}

/* Reports the flaws that the codec found when the file was opened, and the tensors that cannot be read. */
static TN_OWN_FRAME void
recall_flaws (struct verify *verify)
{
    tenon_report_entry entry = TENON_INIT (entry);
    for (uint64_t i = 0; tenon_report_get (verify->file->report, i, &entry) == TENON_OK; i++)
        /* verifying compares all checksums itself */
        if (entry.kind == TENON_NOTE && entry.status < 0
            && (entry.status != TENON_E_CHECKSUM || entry.chosen)) {
            tenon_error error = TENON_ERROR_INIT;
            /* these texts are escaped already */
            snprintf (error.file, sizeof error.file, "%s", entry.file);
            snprintf (error.tensor, sizeof error.tensor, "%s", entry.subject);
            tn_fail (&error, entry.status, TN_NO_OFFSET, "%s", entry.message);
            tn_fail_in (&error, verify->file->path, NULL);
            entry.file = error.file;
            tn_report_copy (verify->report, &entry);
            keep_first (verify, &error);
        }
}

TENON_API tenon_status
tenon_verify (tenon_file *file, tenon_report **report, const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (report)
        *report = NULL;
    if (!TN_GIVEN (&mine, file, "file"))
        return tn_error_out (error, &mine);
    struct verify verify = { .file = file, .report = tn_report_new (), .first = &mine };
    struct tn_catalog *catalog = file->catalog;
    if (report)
        *report = verify.report;
    if (!verify.report) {
        tn_fail_memory (&mine);
        return tn_error_out (error, &mine);
    }
    struct tn_members *members;
    recall_flaws (&verify);
    bool go_on = open_members (&verify, progress, &members);
    tn_meter_begin (&verify.meter, progress, bytes_to_read (catalog, members));
    go_on = go_on && verify_sources (&verify, catalog);
    for (const struct tn_members *some = members; some && go_on; some = some->next)
        go_on = verify_sources (&verify, some->catalog);
    for (uint64_t i = 0; i < catalog->count && go_on; i++)
        go_on = verify_tensor (&verify, tn_catalog_tensor (catalog, i));
    tn_meter_end (&verify.meter);
    tn_members_free (members);
    if (!report)
        tenon_report_free (verify.report);
    if (mine.status < 0)
        tn_fail_in (&mine, file->path[0] ? file->path : NULL, NULL);
    return tn_error_out (error, &mine);
}
