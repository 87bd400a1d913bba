/* SPDX-License-Identifier: MIT */
/* load.c - data of tensors into memory that the library allocates. */
#include "open/load.h"
#include <sys/mman.h>

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

/* Gives some jobs their places in the memory. */
static void
lay_out (struct tn_transfer_job *jobs, uint64_t count, uint8_t *next)
{
    for (uint64_t i = 0; next && i < count; i++) {
        struct tn_transfer_job *job = &jobs[i];
        job->to = next + align_up (job->before);
        next = (uint8_t *) job->to + align_up (job->request->span + job->after);
        job->to = (uint8_t *) job->to + job->request->low; /* item 0 … 0 */
    }
}

/* Tells the caller where the results are, or that there are none. */
static void
tell_places (const struct tn_reading *reading, tenon_status status)
{
    for (uint64_t i = 0; i < reading->count && reading->jobs[i].request; i++) {
        tn_reading_at (reading->requests, i)->data = status == TENON_OK ? reading->jobs[i].to : NULL;
        tn_reading_at (reading->requests, i)->size = reading->jobs[i].request->span;
    }
}

/* Memory of at least this many bytes begins at a multiple of it, and takes huge pages. */
#define HUGE_PAGE (2u << 20)

/* Pages for `size` bytes, with what it takes to begin at a huge page. *start: where to begin. */
static bool
map_room (uint64_t size, void **base, uint64_t *mapped, uint8_t **start)
{
    *base = NULL, *mapped = 0, *start = NULL;
    if (size == 0)
        return true;
    /* room to begin at a huge page: the kernel only then gives one at the first touch */
    bool huge = size >= HUGE_PAGE;
    uint64_t room = huge ? (size + 2 * (uint64_t) HUGE_PAGE - 1) & ~(uint64_t) (HUGE_PAGE - 1) : size;
    if (room > SIZE_MAX)
        return false;
    void *pages = mmap (NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return false;
#ifdef MADV_HUGEPAGE
    if (huge)
        madvise (pages, room, MADV_HUGEPAGE);
#endif
    *base = pages;
    *mapped = room;
    *start = huge ? (uint8_t *) pages + (-(uintptr_t) pages & (HUGE_PAGE - 1)) : pages;
    return true;
}

static tenon_status
fail_room (uint64_t size, tenon_error *error)
{
    return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "%llu bytes of memory could not be allocated",
                    (unsigned long long) size);
}

/* ---- one piece for all ---- */

tenon_status
tn_load (struct tn_reading *reading, tenon_memory **result, const tenon_progress *progress,
         tenon_error *error)
{
    uint64_t total = 0;
    uint8_t *start;
    *result = NULL;
    TN_TRY (tn_reading_make (reading, error));
    for (uint64_t i = 0; i < reading->count; i++)
        total += plan_room (&reading->jobs[i]);
    tenon_memory *memory = calloc (1, sizeof *memory);
    if (!memory || !map_room (total, &memory->base, &memory->size, &start)) {
        free (memory);
        return fail_room (total, error);
    }
    lay_out (reading->jobs, reading->count, start);
    tenon_status status = tn_reading_run (reading, progress, error);
    tell_places (reading, status);
    if (status == TENON_OK)
        *result = memory;
    else
        tenon_memory_free (memory);
    return status;
}

TENON_API tenon_status
tenon_load (tenon_file *file, tenon_request *requests, uint64_t count, tenon_memory **memory,
            const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_memory *loaded = NULL;
    if (memory)
        *memory = NULL;
    struct tn_reading reading = { .file = file, .requests = requests, .count = count };
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, requests || !count, "requests")
        && tn_load (&reading, &loaded, progress, &mine) == TENON_OK)
        tn_file_hand_over (file, loaded, memory);
    tn_reading_free (&reading);
    return tn_reading_end (file, error, &mine);
}

/* ---- one piece for each ---- */

/* A tensor that takes so much has pages of its own; smaller ones share, to have few mappings and little
 * waste. */
#define OWN_PAGES (256u << 10)
/* Pages that are shared. They stay until the last one that shares them goes. */
#define SHARED_PAGES (1u << 20)

/* Memory for the first jobs that are still without: one with pages of its own, or as many as share. Returns
 * their number; 0: no memory. */
static uint64_t
share_pages (struct tn_transfer_job *jobs, uint64_t count, tenon_memory **memories, uint64_t *room)
{
    uint64_t some = 1;
    uint8_t *start;
    *room = plan_room (&jobs[0]);
    for (; *room < OWN_PAGES && some < count; some++) {
        uint64_t more = plan_room (&jobs[some]);
        if (more >= OWN_PAGES || *room + more > SHARED_PAGES)
            break;
        *room += more;
    }
    struct tn_memory_slab *slab = calloc (1, sizeof *slab + some * sizeof slab->members[0]);
    if (!slab || !map_room (*room, &slab->base, &slab->size, &start)) {
        free (slab);
        return 0;
    }
    atomic_init (&slab->users, some);
    lay_out (jobs, some, start);
    for (uint64_t i = 0; i < some; i++) {
        slab->members[i].slab = slab;
        memories[i] = &slab->members[i];
    }
    return some;
}

static tenon_status
load_each (struct tn_reading *reading, tenon_memory **memories, const tenon_progress *progress,
           tenon_error *error)
{
    TN_TRY (tn_reading_make (reading, error));
    for (uint64_t i = 0, some, room; i < reading->count; i += some)
        if (!(some = share_pages (&reading->jobs[i], reading->count - i, &memories[i], &room)))
            return fail_room (room, error);
    return tn_reading_run (reading, progress, error);
}

TENON_API tenon_status
tenon_load_each (tenon_file *file, tenon_request *requests, uint64_t count, tenon_memory **memories,
                 const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_reading reading = { .file = file, .requests = requests, .count = count };
    bool given = TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, requests || !count, "requests")
                 && TN_GIVEN (&mine, memories || !count, "memories");
    for (uint64_t i = 0; memories && i < count; i++)
        memories[i] = NULL;
    if (given) {
        load_each (&reading, memories, progress, &mine);
        if (reading.jobs)
            tell_places (&reading, mine.status);
    }
    for (uint64_t i = 0; given && mine.status < 0 && i < count; i++) {
        tenon_memory_free (memories[i]);
        memories[i] = NULL;
    }
    tn_reading_free (&reading);
    return tn_reading_end (file, error, &mine);
}
