/* SPDX-License-Identifier: MIT */
/* read.c - the ways to a tensor's data: map, read, load, stream, verify. */
#include "catalog/file.h"
#include "source/scan.h"
#include "transfer/transfer.h"
#include <sys/mman.h>

/* ---- requests ---- */

static tenon_status
take_request (const tenon_file *file, const tenon_request *theirs, tenon_request *ours, struct tn_box *box,
              tenon_error *error)
{
    if (!tn_copy_struct (ours, sizeof *ours, theirs, offsetof (tenon_request, size) + sizeof ours->size))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_request has a wrong struct_size");
    if (ours->index >= file->catalog->count)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                        (unsigned long long) ours->index, (unsigned long long) file->catalog->count);
    if (ours->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "request flags %#x are not known to this version", ours->flags);
    *box = (struct tn_box){ ours->rank, ours->start, ours->count, ours->step };
    return TENON_OK;
}

static tenon_status
make_want (const tenon_file *file, const tenon_request *theirs, struct tn_request *want, tenon_error *error)
{
    tenon_request ours;
    struct tn_box box;
    TN_TRY (take_request (file, theirs, &ours, &box, error));
    const struct tn_tensor *tensor = tn_catalog_tensor (file->catalog, ours.index);
    if (tn_request_make (want, file->catalog, tensor, &box, ours.dtype, 0, error) < 0)
        tn_fail_in (error, NULL, tensor->name);
    return error->status;
}

static tenon_status
out (const tenon_file *file, tenon_error *to, tenon_error *mine)
{
    if (mine->status < 0)
        tn_fail_in (mine, file->path[0] ? file->path : NULL, NULL);
    return tn_error_out (to, mine);
}

TENON_API tenon_status
tenon_request_size (const tenon_file *file, const tenon_request *request, uint64_t *size, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_request want;
    if (make_want (file, request, &want, &mine) == TENON_OK)
        *size = want.size;
    return out (file, error, &mine);
}

/* Requests lie in an array of theirs: their stride is their size. */
static tenon_request *
request_at (tenon_request *requests, uint64_t index)
{
    return (tenon_request *) (void *) ((char *) requests + index * requests->struct_size);
}

/* Checks all requests and turns them into jobs; *total is the sum of their sizes, each rounded up to 64. */
static tenon_status
make_jobs (tenon_file *file, tenon_request *requests, uint64_t count, struct tn_transfer_job *jobs,
           struct tn_box *boxes, uint64_t *total, tenon_error *error)
{
    *total = 0;
    for (uint64_t i = 0; i < count; i++) {
        tenon_request ours;
        struct tn_request want;
        TN_TRY (take_request (file, request_at (requests, i), &ours, &boxes[i], error));
        TN_TRY (make_want (file, &ours, &want, error));
        jobs[i] = (struct tn_transfer_job){ .box = ours.rank ? &boxes[i] : NULL,
                                            .catalog = file->catalog,
                                            .tensor = want.tensor,
                                            .target = ours.dtype,
                                            .size = want.size };
        if (tn_add (*total, (want.size + 63) & ~(uint64_t) 63, total) || *total >= (uint64_t) 1 << 62)
            return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "the requests need 2^62 bytes or more");
    }
    return TENON_OK;
}

static tenon_status
run_jobs (tenon_file *file, const struct tn_transfer_job *jobs, uint64_t count,
          const tenon_progress *progress, uint64_t total, tenon_error *error)
{
    struct tn_meter meter;
    tn_meter_begin (&meter, progress, total);
    tenon_status status = tn_transfer_read (file->context, jobs, count, &meter, error);
    tn_meter_end (&meter);
    return status;
}

static tenon_status
read_all (tenon_file *file, tenon_request *requests, uint64_t count, const tenon_progress *progress,
          tenon_error *error)
{
    uint64_t total, bytes = 0;
    if (count > UINT32_MAX)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "more than 2^32 requests at once");
    TN_FREE struct tn_transfer_job *jobs = calloc (count + 1, sizeof *jobs);
    TN_FREE struct tn_box *boxes = calloc (count + 1, sizeof *boxes);
    if (!jobs || !boxes)
        return tn_fail_memory (error);
    TN_TRY (make_jobs (file, requests, count, jobs, boxes, &total, error));
    for (uint64_t i = 0; i < count; i++) {
        tenon_request *request = request_at (requests, i);
        uint64_t room = request->size;
        request->size = jobs[i].size;
        if (room < jobs[i].size || (!request->data && jobs[i].size > 0)) {
            tn_fail_in (error, NULL, jobs[i].tensor->name);
            return tn_fail (
                error, TENON_E_MISUSE, TN_NO_OFFSET, "%llu bytes are needed, there is room for %llu",
                (unsigned long long) jobs[i].size, (unsigned long long) (request->data ? room : 0));
        }
        jobs[i].to = request->data;
        bytes += jobs[i].size;
    }
    return run_jobs (file, jobs, count, progress, bytes, error);
}

TENON_API tenon_status
tenon_read (tenon_file *file, tenon_request *requests, uint64_t count, const tenon_progress *progress,
            tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    read_all (file, requests, count, progress, &mine);
    return out (file, error, &mine);
}

/* ---- memory of the library ---- */

#define HUGE_PAGE (2u << 20)

static tenon_memory *
memory_new (uint64_t size)
{
    tenon_memory *memory = calloc (1, sizeof *memory);
    if (!memory || size == 0)
        return memory;
    /* room to begin at a huge page: the kernel only then gives one at the first touch */
    uint64_t room =
        size >= HUGE_PAGE ? (size + 2 * (uint64_t) HUGE_PAGE - 1) & ~(uint64_t) (HUGE_PAGE - 1) : size;
    void *base = room > SIZE_MAX
                     ? MAP_FAILED
                     : mmap (NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        free (memory);
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_PAGE)
        madvise (base, room, MADV_HUGEPAGE);
#endif
    memory->base = base;
    memory->size = room;
    return memory;
}

TENON_API void
tenon_memory_free (tenon_memory *memory)
{
    if (!memory)
        return;
    if (memory->base)
        munmap (memory->base, memory->size);
    tn_arena_free (&memory->arena);
    free (memory);
}

/* Less is copied. */
#define LEAST_ROOM 4096u

/* A tensor that fills an encoded member lies inside the decoded member: it is decoded where it belongs. */
static void
make_room (struct tn_transfer_job *job)
{
    struct tn_request want;
    const struct tn_source *source = job->catalog->sources[job->tensor->source];
    if (job->box || !source->filter || job->size < LEAST_ROOM)
        return;
    tenon_error ignored = TENON_ERROR_INIT;
    if (tn_request_make (&want, job->catalog, job->tensor, NULL, job->target, 0, &ignored) < 0
        || !tn_request_in_member (&want))
        return;
    job->before = want.offset;
    job->after = source->size - want.offset - want.tensor->length;
}

/* So that the tensor, not its member, is aligned. */
static uint64_t
padding_before (const struct tn_transfer_job *job)
{
    return -job->before & 63;
}

static tenon_status
load_all (tenon_file *file, tenon_request *requests, uint64_t count, tenon_memory **result,
          const tenon_progress *progress, tenon_error *error)
{
    uint64_t total, bytes = 0;
    if (count > UINT32_MAX)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "more than 2^32 requests at once");
    TN_FREE struct tn_transfer_job *jobs = calloc (count + 1, sizeof *jobs);
    TN_FREE struct tn_box *boxes = calloc (count + 1, sizeof *boxes);
    if (!jobs || !boxes)
        return tn_fail_memory (error);
    TN_TRY (make_jobs (file, requests, count, jobs, boxes, &total, error));
    for (uint64_t i = 0; i < count; i++) {
        make_room (&jobs[i]);
        total += jobs[i].before + padding_before (&jobs[i]) + ((jobs[i].after + 63) & ~(uint64_t) 63);
    }
    tenon_memory *memory = memory_new (total);
    if (!memory)
        return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "no %llu bytes of memory could be had",
                        (unsigned long long) total);
    uintptr_t start = (uintptr_t) memory->base;
    if (total >= HUGE_PAGE)
        start = (start + HUGE_PAGE - 1) & ~(uintptr_t) (HUGE_PAGE - 1);
    uint8_t *next = (uint8_t *) start;
    for (uint64_t i = 0; i < count; i++) {
        if (next)
            next += jobs[i].before + padding_before (&jobs[i]);
        jobs[i].to = next;
        if (next)
            next += (jobs[i].size + jobs[i].after + 63) & ~(uint64_t) 63;
        bytes += jobs[i].size;
    }
    tenon_status status = run_jobs (file, jobs, count, progress, bytes, error);
    for (uint64_t i = 0; i < count; i++) {
        request_at (requests, i)->data = status == TENON_OK ? jobs[i].to : NULL;
        request_at (requests, i)->size = jobs[i].size;
    }
    if (status < 0) {
        tenon_memory_free (memory);
        return status;
    }
    if (result)
        *result = memory;
    else {
        pthread_mutex_lock (&file->lock);
        memory->next = file->memory;
        file->memory = memory;
        pthread_mutex_unlock (&file->lock);
    }
    return TENON_OK;
}

TENON_API tenon_status
tenon_load (tenon_file *file, tenon_request *requests, uint64_t count, tenon_memory **memory,
            const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (memory)
        *memory = NULL;
    load_all (file, requests, count, memory, progress, &mine);
    return out (file, error, &mine);
}

/* ---- map ---- */

static uint32_t
alignment_of (const struct tenon_dtype *dtype)
{
    uint32_t alignment = dtype->alignment;
    for (uint32_t i = 0; alignment == 0 && i < dtype->swap_count; i++)
        alignment = TN_MAX (alignment, dtype->swap[i].size);
    return alignment ? alignment : 1;
}

static tenon_status
map_tensor (tenon_file *file, uint64_t index, const void **data, uint64_t *size, tenon_error *error)
{
    static const char nothing[64] __attribute__ ((aligned (64))) = { 0 };
    struct tn_catalog *catalog = file->catalog;
    const char *why = "the codec makes its bytes when they are asked for";
    if (index >= catalog->count)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                        (unsigned long long) index, (unsigned long long) catalog->count);
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    struct tn_source *source = catalog->sources[tensor->source];
    tn_fail_in (error, NULL, tensor->name);
    *size = tensor->length;
    *data = nothing;
    if (tensor->length == 0)
        return TENON_OK;
    *data = NULL;
    if (tensor->storage != TENON_EXTENT)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    if (tn_source_is_encoded (source))
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "it is stored through the filter %s",
                        source->backing->filter->table.id);
    const uint8_t *base = tn_source_map (source->backing, &why);
    if (!base)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    if (source->check && source->check_mapped && !atomic_load (&source->map_is_good)) {
        TN_TRY (tn_scan_all (file->context, source, NULL, NULL, error));
        atomic_store (&source->map_is_good, true);
    }
    base += source->backing_offset + tensor->offset;
    uint32_t alignment = alignment_of (tn_catalog_dtype (catalog, tensor->dtype));
    if (!file->unaligned && (uintptr_t) base % alignment != 0)
        return tn_fail (
            error, TENON_E_NOT_MAPPABLE, source->backing_offset + tensor->offset,
            "it does not lie at a multiple of %u (the flag TENON_OPEN_UNALIGNED maps it all the same)",
            alignment);
    *data = base;
    return TENON_OK;
}

TENON_API tenon_status
tenon_map (tenon_file *file, uint64_t index, const void **data, uint64_t *size, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    *data = NULL;
    *size = 0;
    map_tensor (file, index, data, size, &mine);
    return out (file, error, &mine);
}

/* ---- stream ---- */

struct consumer {
    int (*sink) (void *user, const void *data, uint64_t size);
    void *user;
};

static tenon_status
consume (void *opaque, const void *bytes, uint64_t length, tenon_error *error)
{
    struct consumer *consumer = opaque;
    return consumer->sink (consumer->user, bytes, length)
               ? tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "stopped by the program")
               : TENON_OK;
}

TENON_API tenon_status
tenon_stream (tenon_file *file, const tenon_request *request,
              int (*sink) (void *user, const void *data, uint64_t size), void *user,
              const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct consumer consumer = { sink, user };
    struct tn_request want;
    if (make_want (file, request, &want, &mine) == TENON_OK && want.size > 0) {
        struct tn_meter meter;
        tn_meter_begin (&meter, progress, want.size);
        tn_transfer_stream (file->context, &want, consume, &consumer, &meter, &mine);
        tn_meter_end (&meter);
    }
    return out (file, error, &mine);
}
