/* SPDX-License-Identifier: MIT */
/* read.c - a tensor's data for the caller: map, read, load, stream. */
#include "catalog/file.h"
#include "plan/packed.h"
#include "source/scan.h"
#include "transfer/transfer.h"
#include <sys/mman.h>

/* ---- requests ---- */

static tenon_status
copy_request (const tenon_file *file, const tenon_request *theirs, tenon_request *ours, struct tn_box *box,
              tenon_error *error)
{
    if (!tn_copy_struct (ours, sizeof *ours, theirs, offsetof (tenon_request, size) + sizeof ours->size))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_request has a wrong struct_size");
    if (ours->index >= file->catalog->count)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                        (unsigned long long) ours->index, (unsigned long long) file->catalog->count);
    if (ours->flags & TENON_FLAGS_MUST_KNOW) {
        tn_fail_in (error, NULL, tn_catalog_tensor (file->catalog, ours->index)->name);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "request flags %#x are not known to this version", ours->flags);
    }
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

static tenon_status
make_request (const tenon_file *file, const tenon_request *theirs, struct tn_request *request,
              tenon_error *error)
{
    tenon_request ours;
    struct tn_box box;
    TN_TRY (copy_request (file, theirs, &ours, &box, error));
    const struct tn_tensor *tensor = tn_catalog_tensor (file->catalog, ours.index);
    TN_TRY (refuse_packed (file, &ours, error));
    if (tn_request_make (request, file->catalog, tensor, &box, ours.dtype, 0, error) < 0)
        tn_fail_in (error, NULL, tensor->name);
    return error->status;
}

static tenon_status
finish_call (const tenon_file *file, tenon_error *to, tenon_error *mine)
{
    if (mine->status < 0 && file)
        tn_fail_in (mine, file->path[0] ? file->path : NULL, NULL);
    return tn_error_out (to, mine);
}

TENON_API tenon_status
tenon_request_size (const tenon_file *file, const tenon_request *request, uint64_t *size, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_request made;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, request, "request")
        && TN_GIVEN (&mine, size, "size") && make_request (file, request, &made, &mine) == TENON_OK)
        *size = made.span;
    return finish_call (file, error, &mine);
}

/* The caller's requests may be longer than ours: struct_size is their stride. */
static tenon_request *
request_at (tenon_request *requests, uint64_t index)
{
    return (tenon_request *) (void *) ((char *) requests + index * requests->struct_size);
}

/* One call of tenon_read or tenon_load. */
struct batch {
    tenon_file *file;
    tenon_request *requests;
    uint64_t count;
    uint64_t bytes, room; /* of the results, packed; and with what lies between their items */
    struct tn_transfer_job *jobs;
    struct tn_arena arena; /* holds their requests */
};

static void
free_jobs (struct batch *batch)
{
    tn_arena_free (&batch->arena);
    free (batch->jobs);
}

static tenon_status
make_jobs (struct batch *batch, tenon_error *error)
{
    if (batch->count > UINT32_MAX)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "more than 2^32 requests at once");
    if (!(batch->jobs = calloc (batch->count + 1, sizeof *batch->jobs)))
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < batch->count; i++) {
        struct tn_request request;
        struct tn_transfer_job *job = &batch->jobs[i];
        TN_TRY (make_request (batch->file, request_at (batch->requests, i), &request, error));
        tn_request_unpack (&request);
        if (!(job->request = tn_request_keep (&batch->arena, &request)))
            return tn_fail_memory (error);
        job->way = tn_way_choose (&request, TN_INTO_MEMORY);
        batch->bytes += request.size; /* no more than the room */
        if (tn_add (batch->room, request.span, &batch->room) || batch->room >= (uint64_t) 1 << 62)
            return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "the requests need 2^62 bytes or more");
    }
    return TENON_OK;
}

static tenon_status
run_jobs (struct batch *batch, const tenon_progress *progress, tenon_error *error)
{
    struct tn_meter meter;
    tn_meter_begin (&meter, progress, batch->bytes);
    tenon_status status = tn_transfer_read (batch->file->context, batch->jobs, batch->count, &meter, error);
    tn_meter_end (&meter);
    return status;
}

static tenon_status
read_jobs (struct batch *batch, const tenon_progress *progress, tenon_error *error)
{
    TN_TRY (make_jobs (batch, error));
    for (uint64_t i = 0; i < batch->count; i++) {
        tenon_request *request = request_at (batch->requests, i);
        uint64_t room = request->size, size = batch->jobs[i].request->span;
        request->size = size;
        if (room < size || (!request->data && size > 0)) {
            tn_fail_in (error, NULL, batch->jobs[i].request->tensor->name);
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "%llu bytes are needed, there is room for %llu", (unsigned long long) size,
                            (unsigned long long) (request->data ? room : 0));
        }
        batch->jobs[i].to = request->data;
    }
    return run_jobs (batch, progress, error);
}

TENON_API tenon_status
tenon_read (tenon_file *file, tenon_request *requests, uint64_t count, const tenon_progress *progress,
            tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct batch batch = { .file = file, .requests = requests, .count = count };
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, requests || !count, "requests"))
        read_jobs (&batch, progress, &mine);
    free_jobs (&batch);
    return finish_call (file, error, &mine);
}

/* ---- load ---- */

/* Smaller tensors are decoded aside and copied. */
#define LEAST_ROOM 4096u

static uint64_t
align_up (uint64_t number)
{
    return (number + 63) & ~(uint64_t) 63;
}

/* A tensor that fills an encoded member is decoded where it belongs, with what lies around it in the member.
 * Returns the bytes that the job takes; the tensor, not its member, is aligned to 64. */
static uint64_t
plan_room (struct tn_transfer_job *job)
{
    const struct tn_request *request = job->request;
    if (job->way.in_place && request->size >= LEAST_ROOM) {
        job->before = request->begin;
        job->after = request->source->size - request->begin - request->length;
    }
    return align_up (job->before) + align_up (request->span + job->after);
}

/* Gives each job its place in the memory. */
static void
lay_out (const struct batch *batch, uint8_t *next)
{
    for (uint64_t i = 0; next && i < batch->count; i++) {
        struct tn_transfer_job *job = &batch->jobs[i];
        job->to = next + align_up (job->before);
        next = (uint8_t *) job->to + align_up (job->request->span + job->after);
        job->to = (uint8_t *) job->to + job->request->low; /* item 0 … 0 */
    }
}

/* The caller gets the memory in `result`, or the file keeps it. */
static void
hand_over (tenon_file *file, tenon_memory *memory, tenon_memory **result)
{
    if (result) {
        *result = memory;
        return;
    }
    pthread_mutex_lock (&file->lock);
    memory->next = file->memory;
    file->memory = memory;
    pthread_mutex_unlock (&file->lock);
}

/* Memory of at least this many bytes begins at a multiple of it, and takes huge pages. */
#define HUGE_PAGE (2u << 20)

/* Room for `size` bytes, with what it takes to begin at a huge page. NULL: no memory. */
static tenon_memory *
map_memory (uint64_t size)
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

static tenon_status
load_jobs (struct batch *batch, tenon_memory **result, const tenon_progress *progress, tenon_error *error)
{
    uint64_t total = 0;
    TN_TRY (make_jobs (batch, error));
    for (uint64_t i = 0; i < batch->count; i++)
        total += plan_room (&batch->jobs[i]);
    tenon_memory *memory = map_memory (total);
    if (!memory)
        return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "no %llu bytes of memory could be had",
                        (unsigned long long) total);
    uintptr_t start = (uintptr_t) memory->base;
    if (total >= HUGE_PAGE)
        start = (start + HUGE_PAGE - 1) & ~(uintptr_t) (HUGE_PAGE - 1);
    lay_out (batch, (uint8_t *) start);
    tenon_status status = run_jobs (batch, progress, error);
    for (uint64_t i = 0; i < batch->count; i++) {
        request_at (batch->requests, i)->data = status == TENON_OK ? batch->jobs[i].to : NULL;
        request_at (batch->requests, i)->size = batch->jobs[i].request->span;
    }
    if (status == TENON_OK)
        hand_over (batch->file, memory, result);
    else
        tenon_memory_free (memory);
    return status;
}

TENON_API tenon_status
tenon_load (tenon_file *file, tenon_request *requests, uint64_t count, tenon_memory **memory,
            const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (memory)
        *memory = NULL;
    struct batch batch = { .file = file, .requests = requests, .count = count };
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, requests || !count, "requests"))
        load_jobs (&batch, memory, progress, &mine);
    free_jobs (&batch);
    return finish_call (file, error, &mine);
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
    TN_TRY (tn_catalog_readable (catalog, tensor, error));
    tn_fail_in (error, NULL, tensor->name);
    if (tn_tensor_strides (catalog, tensor))
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET,
                        "its items lie in strides, and not one behind the other");
    *size = tensor->length;
    *data = nothing;
    if (tensor->length == 0)
        return TENON_OK;
    *data = NULL;
    struct tn_way way = tn_way_to_map (tensor, source);
    if (way.kind == TN_WAY_SERVED)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    if (way.kind != TN_WAY_STORED)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "it is stored through the filter %s",
                        tn_source_filter (source));
    const uint8_t *base = tn_source_map (source->backing, &why);
    if (!base)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    if (way.sums_first)
        TN_TRY (tn_scan_all (file->context, source, NULL, NULL, error));
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
    if (!TN_GIVEN (&mine, file, "file") || !TN_GIVEN (&mine, data, "data") || !TN_GIVEN (&mine, size, "size"))
        return finish_call (file, error, &mine);
    *data = NULL;
    *size = 0;
    map_tensor (file, index, data, size, &mine);
    return finish_call (file, error, &mine);
}

/* ---- stream ---- */

struct consumer {
    int (*sink) (void *user, const void *data, uint64_t size);
    void *user;
};

static tenon_status
pass_on (void *opaque, const void *bytes, uint64_t length, tenon_error *error)
{
    struct consumer *consumer = opaque;
    return consumer->sink (consumer->user, bytes, length)
               ? tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "stopped by the program")
               : TENON_OK;
}

static tenon_status
check_stream (const struct tn_request *request, tenon_error *error)
{
    if (!request->scattered)
        return TENON_OK;
    tn_fail_in (error, NULL, request->tensor->name);
    return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a stream is packed, in C order: it has no strides");
}

TENON_API tenon_status
tenon_stream (tenon_file *file, const tenon_request *request,
              int (*sink) (void *user, const void *data, uint64_t size), void *user,
              const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct consumer consumer = { sink, user };
    struct tn_request made;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, request, "request")
        && TN_GIVEN (&mine, sink, "sink") && make_request (file, request, &made, &mine) == TENON_OK
        && check_stream (&made, &mine) == TENON_OK && made.size > 0) {
        struct tn_meter meter;
        tn_request_unpack (&made);
        tn_meter_begin (&meter, progress, made.size);
        tn_transfer_stream (file->context, &made, tn_way_choose (&made, TN_IN_ORDER), pass_on, &consumer,
                            &meter, &mine);
        tn_meter_end (&meter);
    }
    return finish_call (file, error, &mine);
}
