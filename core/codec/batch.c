/* SPDX-License-Identifier: MIT */
/* batch.c - writes announced members on all threads. */
#include "codec/batch.h"
#include "base/report.h"

/* A batch ends where the memory limit does; this bounds its table. */
#define MOST_MEMBERS 4096u
/* A larger member has blocks enough to keep all threads busy by itself. */
#define BLOCKS_BY_ITSELF 4u

/* A sink that keeps its bytes in memory. */
struct memory_sink {
    struct tn_sink sink;
    uint8_t *bytes;
    uint64_t room;
};

struct batch_member {
    struct memory_sink memory;
    struct tn_member_result result;
    uint64_t losses;
    tenon_report *report; /* NULL: nothing was said */
    tenon_status status;
};

/* What a thread keeps from member to member. */
struct batch_worker {
    struct tn_arena arena;
    tenon_report *report;
};

struct tn_batch {
    struct tn_encoder *encoder;
    struct batch_worker *workers; /* width */
    unsigned width;
    struct tn_member_spec next;  /* the member that is announced, while call->announced > 0 */
    struct tn_member_spec first; /* of the members that were written: */
    struct batch_member *members;
    uint64_t count, taken;
    tenon_error error; /* of the first member that failed */
};

static tenon_status
write_to_memory (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct memory_sink *memory = (struct memory_sink *) sink;
    uint64_t size = sink->position + length;
    if (size > memory->room) {
        /* most members have one block, and come in one piece */
        uint64_t room = memory->room == 0 ? size : TN_MAX (size, memory->room + memory->room / 2);
        uint8_t *more = realloc (memory->bytes, room);
        if (!more)
            return tn_fail_memory (error);
        memory->bytes = more;
        memory->room = room;
    }
    memcpy (memory->bytes + sink->position, bytes, length);
    return TENON_OK;
}

static void
free_member (struct batch_member *member)
{
    free (member->memory.bytes);
    free (member->result.ends);
    tenon_report_free (member->report);
}

static void
free_members (struct tn_batch *batch)
{
    for (; batch->taken < batch->count; batch->taken++)
        free_member (&batch->members[batch->taken]);
    free (batch->members);
    batch->members = NULL;
    batch->count = batch->taken = 0;
}

static void
release_batch (void *opaque)
{
    struct tn_batch *batch = opaque;
    free_members (batch);
    for (unsigned i = 0; batch->workers && i < batch->width; i++) {
        tn_arena_free (&batch->workers[i].arena);
        tenon_report_free (batch->workers[i].report);
    }
    free (batch->workers);
    tn_encoder_free (batch->encoder);
    free (batch);
}

static tenon_status
need_batch (struct tn_call *call)
{
    if (call->batch)
        return TENON_OK;
    struct tn_batch *batch = call->batch = calloc (1, sizeof *batch);
    if (!batch)
        return tn_fail_memory (call->session->error);
    tn_call_own (call, release_batch, batch);
    batch->width = tn_pool_width (call->session->context->pool);
    batch->workers = calloc (batch->width, sizeof *batch->workers);
    return batch->workers ? TENON_OK : tn_fail_memory (call->session->error);
}

/* ---- the promise ---- */

static bool
same_member (const struct tn_member_spec *a, const struct tn_member_spec *b)
{
    return a->first == b->first && a->count == b->count && a->codec == b->codec
           && tn_pipeline_same (a->pipeline, b->pipeline) && a->check == b->check
           && a->block_size == b->block_size;
}

tenon_status
tn_batch_expect (struct tn_call *call, const struct tn_member_spec *spec)
{
    if (call->announced > 0) {
        if (!same_member (spec, &call->batch->next))
            return tn_call_misuse (call, "it asks for another member than the one that it announced");
        call->announced--;
        call->batch->next.first += spec->count;
        return TENON_OK;
    }
    if (spec->announced == 0)
        return TENON_OK;
    TN_TRY (need_batch (call));
    call->announced = spec->announced;
    call->batch->next = *spec;
    call->batch->next.first += spec->count;
    return TENON_OK;
}

tenon_status
tn_batch_encoder (struct tn_call *call, const struct tn_member_spec *spec, struct tn_encoder **encoder)
{
    struct tn_session *session = call->session;
    TN_TRY (need_batch (call));
    struct tn_batch *batch = call->batch;
    if (!batch->encoder || !tn_pipeline_same (batch->encoder->pipeline, spec->pipeline)) {
        tn_encoder_free (batch->encoder);
        batch->encoder = NULL;
        TN_TRY (tn_encoder_new (session->context, spec->pipeline, &batch->encoder, session->error));
    }
    *encoder = batch->encoder;
    return TENON_OK;
}

/* ---- making ---- */

/* Writes a member into memory. Its codec runs with an error, a report and an arena of its own. */
static void
make_member (struct tn_call *call, uint64_t number, unsigned worker, tenon_error *error)
{
    struct tn_batch *batch = call->batch;
    struct batch_member *member = &batch->members[number];
    struct batch_worker *own = &batch->workers[worker];
    const struct tn_writer *outer = call->writer;
    struct tn_session session = *call->session;
    struct tn_member_spec spec = batch->first;
    struct tn_encode_sink sink;
    uint64_t block_size, size;
    spec.first += number * spec.count;
    size = tn_member_size (outer, &spec);
    session.error = error;
    session.report = own->report;
    session.budget = NULL;
    session.arena = own->arena;
    session.arena.used = call->session->arena.used; /* it counts against the same limit */
    member->memory.sink = (struct tn_sink){ .name = outer->sink->name, .write = write_to_memory };
    if (tn_encoder_block_size (batch->encoder, spec.block_size, size,
                               session.context->limits[TENON_LIMIT_MEMORY], &block_size, error)
        < 0)
        return;
    struct tn_writer inner = {
        .in_batch = true, .done = outer->done, .done_first = outer->done_first, .losses = &member->losses
    };
    tn_encode_sink_open (&sink, session.context, &member->memory.sink, spec.check);
    tn_encode_sink_filter (&sink, batch->encoder, block_size, size, true, worker);
    sink.meter = outer->meter; /* to be stopped: the bytes count when they are put */
    if (tn_member_write (&session, outer, &inner, &spec, &sink) == TENON_OK)
        tn_member_result_fill (&member->result, &sink);
    tn_encode_sink_close (&sink);
    own->arena = session.arena;
}

static tenon_status
make_item (void *opaque, uint64_t number, unsigned worker, tenon_error *error)
{
    struct tn_call *call = opaque;
    struct batch_member *member = &call->batch->members[number];
    struct batch_worker *own = &call->batch->workers[worker];
    if (call->session->report && !own->report && !(own->report = tn_report_new ()))
        tn_fail_memory (error);
    else
        make_member (call, number, worker, error);
    if (own->report && tenon_report_count (own->report) > 0) {
        member->report = own->report;
        own->report = NULL;
    }
    member->status = error->status;
    return error->status; /* the codec will not get to those behind it */
}

/* The reader of such a source is called from the thread of the save alone. */
static bool
has_own_thread (const struct tn_writer *outer, const struct tn_member_spec *spec)
{
    const struct tn_origin *origins = &outer->plan->origins[outer->first + spec->first];
    for (uint64_t i = 0; i < spec->count; i++)
        if (tn_origin_source (&origins[i])->in_order || tn_origin_source (&origins[i])->callers_thread)
            return true;
    return false;
}

/* How many members fit into a batch that begins with this one: small members, none of such a source,
 * within the memory limit for those in flight and those that wait. */
static uint64_t
count_fitting (const struct tn_call *call, const struct tn_member_spec *spec, uint64_t block_size)
{
    const struct tn_batch *batch = call->batch;
    const struct tn_encoder *encoder = batch->encoder;
    uint64_t limit = call->session->context->limits[TENON_LIMIT_MEMORY], width = batch->width;
    uint64_t most = TN_MIN (call->announced + 1, MOST_MEMBERS), largest = 0, waiting = 0, count = 0, small;
    if (tn_multiply (block_size, BLOCKS_BY_ITSELF * width, &small))
        small = limit;
    for (struct tn_member_spec next = *spec; count < most; next.first += next.count, count++) {
        uint64_t size = tn_member_size (call->writer, &next), in_flight;
        if (size > TN_MIN (small, limit) || has_own_thread (call->writer, &next))
            break;
        largest = TN_MAX (largest, size);
        if (tn_multiply (TN_MIN (count + 1, width), largest + tn_encoder_bound (encoder, largest), &in_flight)
            || tn_add (waiting, tn_encoder_bound (encoder, size), &waiting) || in_flight > limit
            || waiting > limit - in_flight)
            break;
    }
    return count;
}

static tenon_status
make_batch (struct tn_call *call, const struct tn_member_spec *spec, uint64_t count)
{
    struct tn_batch *batch = call->batch;
    if (!(batch->members = calloc (count, sizeof *batch->members)))
        return tn_fail_memory (call->session->error);
    batch->first = *spec;
    batch->count = count;
    batch->error = (tenon_error) TENON_ERROR_INIT;
    tn_pool_run (call->session->context->pool, count, make_item, call, &batch->error);
    return TENON_OK;
}

/* ---- handing out ---- */

/* Puts a member of the batch: its notes and losses, its failure or its bytes. */
static tenon_status
put_made (struct tn_call *call, const struct tn_member_spec *spec, struct batch_member *member,
          struct tn_member_result *result)
{
    struct tn_session *session = call->session;
    struct tn_writer *outer = call->writer;
    if (member->report && session->report)
        tn_report_append (session->report, member->report);
    *outer->losses += member->losses;
    if (member->status < 0) {
        *session->error = call->batch->error;
        return session->error->status;
    }
    for (uint64_t i = 0; i < spec->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (outer->plan->own, outer->first + spec->first + i);
        TN_TRY (tn_meter_add (outer->meter, tensor->length, session->error));
    }
    TN_TRY (tn_sink_write (outer->sink, member->memory.bytes, member->result.stored, session->error));
    *result = member->result;
    member->result.ends = NULL;
    return TENON_OK;
}

tenon_status
tn_batch_put (struct tn_call *call, const struct tn_member_spec *spec, uint64_t block_size,
              struct tn_member_result *result, bool *found)
{
    struct tn_batch *batch = call->batch;
    *found = false;
    if (batch->taken == batch->count) {
        free_members (batch);
        bool of_use = batch->width > 1 && call->announced > 0 && spec->count > 0 && !call->writer->dry
                      && !call->writer->in_batch;
        uint64_t count = of_use ? count_fitting (call, spec, block_size) : 0;
        if (count < 2)
            return TENON_OK;
        TN_TRY (make_batch (call, spec, count));
    }
    *found = true;
    struct batch_member *member = &batch->members[batch->taken++];
    tenon_status status = put_made (call, spec, member, result);
    free_member (member);
    return status;
}
