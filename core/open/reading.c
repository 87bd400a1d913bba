/* SPDX-License-Identifier: MIT */
/* reading.c - checks the requests of one call, and makes jobs of them. */
#include "open/reading.h"
#include "plan/packed.h"

static tenon_status
check_request_flags (const tenon_file *file, const tenon_request *request, tenon_error *error)
{
    uint32_t unknown = request->flags & TENON_FLAGS_MUST_KNOW & ~(uint32_t) TENON_REQUEST_AS_STORED;
    bool as_stored = request->flags & TENON_REQUEST_AS_STORED;
    if (!unknown && !(as_stored && (request->dtype != TENON_NONE || request->strides)))
        return TENON_OK;
    tn_fail_in (error, NULL, tn_catalog_tensor (file->catalog, request->index)->name);
    return unknown ? tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                              "request flags %#x are not known to this version", request->flags)
                   : tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                              "a request with TENON_REQUEST_AS_STORED has no %s",
                              request->strides ? "strides of its own" : "other dtype");
}

/* The layout of the result. A codec makes what it serves in C order, little-endian. */
static uint32_t
layout_of (const tenon_request *request, const struct tn_tensor *tensor)
{
    return (request->flags & TENON_REQUEST_AS_STORED) && tensor->storage == TENON_EXTENT
               ? tensor->flags & (TENON_FORTRAN | TENON_BIG_ENDIAN)
               : 0;
}

static tenon_status
copy_request (const tenon_file *file, const tenon_request *theirs, tenon_request *ours, struct tn_box *box,
              tenon_error *error)
{
    if (!tn_copy_struct (ours, sizeof *ours, theirs, offsetof (tenon_request, size) + sizeof ours->size))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_request has a wrong struct_size");
    if (ours->index >= file->catalog->count)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                        (unsigned long long) ours->index, (unsigned long long) file->catalog->count);
    TN_TRY (check_request_flags (file, ours, error));
    *box = (struct tn_box){ ours->rank, ours->start, ours->count, ours->step, ours->strides };
    return TENON_OK;
}

/* The integers of packed weights may be read as other integers, but stand for other numbers. */
static tenon_status
refuse_packed (const tenon_file *file, const tenon_request *request, tenon_error *error)
{
    struct tn_packed packed;
    if (request->dtype == TENON_NONE || (request->dtype >= TENON_BOOL && request->dtype <= TENON_I64)
        || !tn_packed_find (file->catalog, request->index, &packed))
        return TENON_OK;
    tn_fail_in (error, NULL, tn_catalog_tensor (file->catalog, request->index)->name);
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s cannot be read as numbers%s", packed.words,
                    packed.kind == TENON_PACKED_AFFINE ? ": only a plan converts them" : "");
}

tenon_status
tn_reading_request (const tenon_file *file, const tenon_request *theirs, struct tn_request *request,
                    tenon_error *error)
{
    tenon_request ours;
    struct tn_box box;
    TN_TRY (copy_request (file, theirs, &ours, &box, error));
    const struct tn_tensor *tensor = tn_catalog_tensor (file->catalog, ours.index);
    TN_TRY (refuse_packed (file, &ours, error));
    if (tn_request_make (request, file->catalog, tensor, &box, ours.dtype, layout_of (&ours, tensor), error)
        < 0)
        tn_fail_in (error, NULL, tensor->name);
    return error->status;
}

tenon_status
tn_reading_end (const tenon_file *file, tenon_error *to, tenon_error *mine)
{
    if (mine->status < 0 && file)
        tn_fail_in (mine, file->path[0] ? file->path : NULL, NULL);
    return tn_error_out (to, mine);
}

/* ---- many ---- */

void
tn_reading_free (struct tn_reading *reading)
{
    tn_arena_free (&reading->arena);
    free (reading->jobs);
}

tenon_status
tn_reading_make (struct tn_reading *reading, tenon_error *error)
{
    if (reading->count > UINT32_MAX)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "more than 2^32 requests at once");
    if (!(reading->jobs = calloc (reading->count + 1, sizeof *reading->jobs)))
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < reading->count; i++) {
        struct tn_request request;
        struct tn_transfer_job *job = &reading->jobs[i];
        TN_TRY (tn_reading_request (reading->file, tn_reading_at (reading->requests, i), &request, error));
        tn_request_unpack (&request);
        if (!(job->request = tn_request_keep (&reading->arena, &request)))
            return tn_fail_memory (error);
        job->way = tn_way_choose (&request, TN_INTO_MEMORY);
        reading->bytes += request.size; /* no more than the room */
        if (tn_add (reading->room, request.span, &reading->room) || reading->room >= (uint64_t) 1 << 62)
            return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "the requests need 2^62 bytes or more");
    }
    return TENON_OK;
}

tenon_status
tn_reading_run (struct tn_reading *reading, const tenon_progress *progress, tenon_error *error)
{
    struct tn_meter meter;
    tn_meter_begin (&meter, progress, reading->bytes);
    tenon_status status =
        tn_transfer_read (reading->file->context, reading->jobs, reading->count, &meter, error);
    tn_meter_end (&meter);
    return status;
}
