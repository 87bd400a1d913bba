/* SPDX-License-Identifier: MIT */
/* grid.c - shares out the chunks of a request among the threads.
 *
 * Small chunks go in batches: those of a batch that lie close together in a file, as in a shard, are read
 * with one read. */
#include "transfer/grid.h"
#include "transfer/together.h"

/* A batch ends with so many bytes of the result, and not before. */
#define BATCH_BYTES ((uint64_t) 256 << 10)
/* Longer chunks are read each by itself, and so are those that lie further apart. */
#define MOST_FETCHED ((uint64_t) 64 << 10)
#define MOST_GAP 4096u

struct grid_run {
    const struct tn_request *request;
    const struct tn_grid_how *how;
    struct tn_walk walk;
    uint8_t *to;
    struct tn_findings *findings; /* verifying; NULL: the first failure ends it */
    unsigned lanes;
    uint64_t batch, count; /* boxes in a batch; batches */
    uint64_t item;         /* bytes that the meter counts for an item */
    _Atomic uint64_t next; /* the batch to be begun next */
    atomic_bool stop;
    pthread_mutex_t lock;
    uint64_t failed;    /* the lowest box that failed, and … */
    tenon_error *error; /* … its failure */
};

/* One thread. */
struct lane {
    struct grid_run *run;
    struct tn_chunk_reader reader;
    struct tn_walk_box box;
    struct tn_chunk found[TN_LOCATED_AT_ONCE];
    uint8_t order[TN_LOCATED_AT_ONCE]; /* of the chunks of a batch, as they lie in their sources */
    uint64_t failed;                   /* the lowest box of the batch that failed; UINT64_MAX: none */
    uint64_t bytes;                    /* that the meter counts of the batch */
};

/* ---- failures ---- */

static void
keep_finding (struct tn_findings *findings, uint64_t number, const tenon_error *error)
{
    uint64_t place = findings->kept_count;
    findings->count++;
    if (place == TN_MOST_FINDINGS && number > findings->numbers[place - 1])
        return;
    tenon_error *copy = place == TN_MOST_FINDINGS ? findings->kept[--place] : malloc (sizeof *copy);
    if (!copy)
        return;
    *copy = *error;
    findings->kept_count = place + 1;
    for (; place > 0 && findings->numbers[place - 1] > number; place--) {
        findings->numbers[place] = findings->numbers[place - 1];
        findings->kept[place] = findings->kept[place - 1];
    }
    findings->numbers[place] = number;
    findings->kept[place] = copy;
}

void
tn_findings_free (struct tn_findings *findings)
{
    for (uint64_t i = 0; i < findings->kept_count; i++)
        free (findings->kept[i]);
    findings->kept_count = 0;
}

/* Damage is collected while verifying; anything else ends the work. */
static bool
is_finding (const struct grid_run *run, const tenon_error *error)
{
    return run->findings && error->status != TENON_E_CANCELLED && error->status != TENON_E_MEMORY;
}

/* So much was made of nothing that it is not said of a chunk: which one depends on the threads. */
static bool
met_limit (const struct grid_run *run, const tenon_error *error)
{
    return error->status == TENON_E_LIMIT && run->how->made
           && atomic_load (&run->how->made->bytes) > run->how->made->most;
}

/* Keeps a failure of a box, and clears it. Boxes are begun in rising order, so all below a failed one have
 * been begun, too. */
static void
keep_box_failure (struct lane *lane, uint64_t number, const struct tn_chunk *found, tenon_error *error)
{
    struct grid_run *run = lane->run;
    bool limit = met_limit (run, error);
    if (!limit && is_finding (run, error)) {
        tn_chunk_fail_in (&run->walk, &lane->box, found, error);
        pthread_mutex_lock (&run->lock);
        keep_finding (run->findings, number, error);
        pthread_mutex_unlock (&run->lock);
        tn_error_clear (error);
        if (tn_chunk_count_bad (&lane->reader, error) == TENON_OK)
            return;
        limit = true;
    }
    if (limit)
        tn_fail_in (error, NULL, run->request->tensor->name);
    else
        tn_chunk_fail_in (&run->walk, &lane->box, found, error);
    pthread_mutex_lock (&run->lock);
    lane->failed = TN_MIN (lane->failed, number);
    atomic_store (&run->stop, true);
    if (run->error->status == TENON_OK || number < run->failed) {
        run->failed = number;
        *run->error = *error;
    }
    pthread_mutex_unlock (&run->lock);
    tn_error_clear (error);
}

/* ---- batches ---- */

/* Finds chunks `first` … `first + count - 1`. Returns how many of them are to be read: those before the first
 * that cannot be found, unless all are verified. */
static uint64_t
find_batch (struct lane *lane, uint64_t first, uint64_t count, tenon_error *error)
{
    struct grid_run *run = lane->run;
    for (uint64_t i = 0; i < count; i++) {
        tn_walk_go (&run->walk, &lane->box, first + i);
        if (tn_chunk_find (&lane->reader, &lane->box, &lane->found[i], error) == TENON_OK)
            continue;
        lane->found[i].source = NULL;
        lane->found[i].missing = false;
        keep_box_failure (lane, first + i, NULL, error);
        if (lane->failed == first + i)
            return i;
    }
    return count;
}

static bool
lies_before (const struct tn_chunk *a, const struct tn_chunk *b)
{
    if (a->source != b->source)
        return (uintptr_t) a->source < (uintptr_t) b->source;
    return a->offset < b->offset;
}

/* They mostly are in order. */
static void
order_batch (struct lane *lane, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t place = i;
        for (; place > 0 && lies_before (&lane->found[i], &lane->found[lane->order[place - 1]]); place--)
            lane->order[place] = lane->order[place - 1];
        lane->order[place] = (uint8_t) i;
    }
}

static bool
may_be_fetched (const struct tn_chunk *found)
{
    return !found->missing && found->source && found->source->backing->kind == TN_SOURCE_FD
           && found->stored > 0 && found->stored <= MOST_FETCHED;
}

/* Reads the stored bytes of the chunks from order[at] on that lie close together. Returns how many these are;
 * 1: nothing was read. */
static uint64_t
fetch_some (struct lane *lane, uint64_t at, uint64_t count)
{
    const struct tn_chunk *first = &lane->found[lane->order[at]];
    uint64_t some = 1;
    if (!may_be_fetched (first))
        return 1;
    uint64_t end = first->offset + first->stored;
    for (; at + some < count; some++) {
        const struct tn_chunk *next = &lane->found[lane->order[at + some]];
        if (!may_be_fetched (next) || next->source != first->source || next->offset > end + MOST_GAP
            || next->offset + next->stored - first->offset > TN_TOGETHER_SPAN)
            break;
        end = TN_MAX (end, next->offset + next->stored);
    }
    struct tn_source *source = first->source;
    if (some > 1)
        tn_decoder_fetch (&lane->reader.workers->decoder, source->backing,
                          source->backing_offset + first->offset, source->backing_offset + end);
    return some;
}

/* A served box is asked for once. */
static tenon_status
read_served (struct lane *lane, tenon_error *error)
{
    const struct tn_request *request = lane->run->request;
    int64_t to = request->to_first;
    for (uint32_t i = 0; i < request->rank; i++)
        to += (int64_t) (lane->box.items.first[i] * (uint64_t) request->axis[i].to);
    return tn_box_make (request, &lane->box.items, lane->reader.workers, lane->run->to + to, error);
}

static void
do_box (struct lane *lane, uint64_t number, const struct tn_chunk *found, tenon_error *error)
{
    struct grid_run *run = lane->run;
    tenon_status status;
    if (number > lane->failed || (found && !found->missing && !found->source))
        return;
    tn_walk_go (&run->walk, &lane->box, number);
    uint64_t bytes = run->item;
    for (uint32_t i = 0; i < run->request->rank; i++)
        bytes *= lane->box.items.count[i];
    lane->bytes += bytes;
    if (!found)
        status = read_served (lane, error);
    else if (run->findings)
        status = tn_chunk_verify (&lane->reader, &lane->box, found, error);
    else
        status = tn_chunk_read (&lane->reader, &lane->box, found, run->to, error);
    if (status < 0)
        keep_box_failure (lane, number, found, error);
}

static void
do_batch (struct lane *lane, uint64_t number, tenon_error *error)
{
    struct grid_run *run = lane->run;
    uint64_t first = number * run->batch, count = TN_MIN (run->batch, run->walk.count - first);
    struct tn_meter *meter = run->how->meter;
    lane->failed = UINT64_MAX;
    lane->bytes = 0;
    if (run->request->storage == TENON_SERVED)
        for (uint64_t i = 0; i < count; i++)
            do_box (lane, first + i, NULL, error);
    else {
        uint64_t found = find_batch (lane, first, count, error);
        order_batch (lane, found);
        for (uint64_t at = 0; at < found;)
            for (uint64_t some = fetch_some (lane, at, found); some > 0; some--, at++)
                do_box (lane, first + lane->order[at], &lane->found[lane->order[at]], error);
        tn_decoder_drop_window (&lane->reader.workers->decoder);
    }
    if (!meter || lane->failed != UINT64_MAX)
        return;
    if ((run->how->counts ? tn_meter_add (meter, lane->bytes, error) : tn_meter_ask (meter, error)) < 0)
        keep_box_failure (lane, first + count - 1, NULL, error);
}

/* ---- lanes ---- */

static tenon_status
do_lane (void *opaque, uint64_t number, unsigned worker, tenon_error *error)
{
    struct grid_run *run = opaque;
    struct lane *lane = malloc (sizeof *lane);
    (void) number;
    if (!lane)
        return tn_fail_memory (error);
    lane->run = run;
    memset (&lane->reader, 0, sizeof lane->reader);
    lane->box.known = false;
    lane->reader.request = run->request;
    lane->reader.walk = &run->walk;
    lane->reader.workers = &run->how->workers[worker];
    lane->reader.made = run->how->made;
    lane->reader.room = run->how->memory / run->lanes;
    lane->reader.pool = run->lanes == 1 && !run->findings ? run->how->pool : NULL;
    for (uint64_t batch; !atomic_load_explicit (&run->stop, memory_order_relaxed);) {
        batch = atomic_fetch_add_explicit (&run->next, 1, memory_order_relaxed);
        if (batch >= run->count)
            break;
        do_batch (lane, batch, error);
    }
    tn_chunk_reader_end (&lane->reader);
    free (lane);
    return TENON_OK;
}

/* Bytes of a chunk that a thread holds: stored, decoded, and while its items are cast. */
static uint64_t
held_bytes (const struct tn_request *request)
{
    uint64_t bytes = request->grid->chunk_bytes;
    if (request->storage == TENON_SERVED || !request->grid->pipeline)
        return TN_GRID_LEAST;
    return tn_multiply (bytes, 2, &bytes) || tn_add (bytes, TN_GRID_LEAST, &bytes) ? UINT64_MAX : bytes;
}

/* As many threads as there is memory for; one if there are few chunks that are large and stored as they are,
 * which then go on all threads one after the other. */
static void
plan_lanes (struct grid_run *run)
{
    const struct tn_request *request = run->request;
    unsigned width = tn_pool_width (run->how->pool);
    uint64_t bytes = request->grid->chunk_bytes,
             each = TN_MAX (request->size / TN_MAX (run->walk.count, 1), 1);
    uint64_t lanes = TN_MIN (TN_MAX (run->how->memory / held_bytes (request), 1), (uint64_t) width);
    if (request->storage != TENON_SERVED && !request->grid->pipeline && bytes > 8 * TN_SMALL
        && run->walk.count < 4 * (uint64_t) width)
        lanes = 1;
    uint64_t batch = TN_MIN (BATCH_BYTES / each, run->walk.count / (8 * lanes));
    run->batch = TN_MAX (TN_MIN (batch, TN_LOCATED_AT_ONCE), 1);
    run->count = (run->walk.count + run->batch - 1) / run->batch;
    run->lanes = (unsigned) TN_MAX (TN_MIN (lanes, run->count), 1);
}

static tenon_status
run_grid (struct grid_run *run, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    uint64_t most = run->how->memory / (3 * (uint64_t) tn_pool_width (run->how->pool));
    if (run->request->size == 0)
        return TENON_OK;
    tn_walk_begin (&run->walk, run->request, TN_MAX (most, 65536u));
    plan_lanes (run);
    run->error = &mine;
    pthread_mutex_init (&run->lock, NULL);
    tn_pool_run (run->how->pool, run->lanes, do_lane, run, error);
    pthread_mutex_destroy (&run->lock);
    if (mine.status < 0 && error->status == TENON_OK)
        *error = mine;
    return error->status;
}

tenon_status
tn_grid_read (const struct tn_request *request, const struct tn_grid_how *how, uint8_t *to,
              tenon_error *error)
{
    struct grid_run run = { .request = request, .how = how, .to = to };
    run.item = request->target->block_bytes;
    return run_grid (&run, error);
}

tenon_status
tn_grid_verify (const struct tn_request *request, const struct tn_grid_how *how, struct tn_findings *findings,
                tenon_error *error)
{
    struct grid_run run = { .request = request, .how = how, .findings = findings };
    run.item = request->unit_bytes;
    return run_grid (&run, error);
}
