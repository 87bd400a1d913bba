/* SPDX-License-Identifier: MIT */
/* speculate.c - makes members before they are asked for, on all threads. */
#include "codec/member.h"

/* So many are made the first time, for each thread. When all were asked for, there are more the next time. */
#define FIRST_GUESSES 4u
#define MOST_GUESSES 4096u
#define MORE 4u
/* A larger member has blocks enough to keep the threads busy by itself. */
#define BLOCKS_BY_ITSELF 4u

/* A sink that keeps what is written. */
struct kept {
    struct tn_sink sink;
    uint8_t *bytes;
    uint64_t room;
};

struct guess {
    struct kept kept;
    struct tn_member_result made;
    uint64_t losses;
    tenon_report *report; /* NULL: nothing was said */
    tenon_status status;
};

/* What a thread keeps from guess to guess. */
struct guesser {
    struct tn_arena arena;
    tenon_report *report;
};

struct tn_speculation {
    struct tn_encoder *encoder;
    struct guesser *guessers; /* as many as there are threads */
    unsigned width;
    struct tn_member_spec next; /* what is asked for next, if it goes on like this */
    bool goes_on;
    uint64_t at_once;
    struct guess *guesses;
    uint64_t count, taken;
    bool *done;        /* of the tensors of all guesses */
    tenon_error error; /* of the first guess that failed */
};

static tenon_status
kept_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct kept *kept = (struct kept *) sink;
    uint64_t size = sink->position + length;
    if (size > kept->room) {
        /* most members have one block, and come in one piece */
        uint64_t room = kept->room == 0 ? size : TN_MAX (size, kept->room + kept->room / 2);
        uint8_t *more = realloc (kept->bytes, room);
        if (!more)
            return tn_fail_memory (error);
        kept->bytes = more;
        kept->room = room;
    }
    memcpy (kept->bytes + sink->position, bytes, length);
    return TENON_OK;
}

static void
drop_guess (struct guess *guess)
{
    free (guess->kept.bytes);
    free (guess->made.ends);
    tenon_report_free (guess->report);
    memset (guess, 0, sizeof *guess);
}

static void
drop_guesses (struct tn_speculation *ahead)
{
    for (uint64_t i = ahead->taken; i < ahead->count; i++)
        drop_guess (&ahead->guesses[i]);
    free (ahead->guesses);
    free (ahead->done);
    ahead->guesses = NULL;
    ahead->done = NULL;
    ahead->count = ahead->taken = 0;
}

static void
ahead_free (void *it)
{
    struct tn_speculation *ahead = it;
    drop_guesses (ahead);
    for (unsigned i = 0; ahead->guessers && i < ahead->width; i++) {
        tn_arena_free (&ahead->guessers[i].arena);
        tenon_report_free (ahead->guessers[i].report);
    }
    free (ahead->guessers);
    tn_encoder_free (ahead->encoder);
    free (ahead);
}

static bool
same_way (const struct tn_member_spec *a, const struct tn_member_spec *b)
{
    return a->count == b->count && a->codec == b->codec && a->filter == b->filter && a->level == b->level
           && a->sums == b->sums && a->block_size == b->block_size;
}

static tenon_status
ahead_new (struct tn_call *call, const struct tn_member_spec *wanted)
{
    struct tn_speculation *ahead = call->ahead = calloc (1, sizeof *ahead);
    if (!ahead)
        return tn_fail_memory (call->session->error);
    tn_call_own (call, ahead_free, ahead);
    ahead->width = tn_pool_width (call->session->context->pool);
    ahead->at_once = FIRST_GUESSES * ahead->width;
    ahead->next = *wanted; /* many codecs never ask otherwise: no need to wait for the second */
    ahead->goes_on = true;
    ahead->guessers = calloc (ahead->width, sizeof *ahead->guessers);
    return ahead->guessers ? TENON_OK : tn_fail_memory (call->session->error);
}

tenon_status
tn_speculation_encoder (struct tn_call *call, const struct tn_member_spec *wanted,
                        struct tn_encoder **encoder)
{
    struct tn_session *session = call->session;
    const struct tenon_filter *filter = &wanted->filter->table;
    if (!call->ahead)
        TN_TRY (ahead_new (call, wanted));
    struct tn_speculation *ahead = call->ahead;
    int32_t level = wanted->level < 0 ? filter->default_level : wanted->level;
    if (!ahead->encoder || ahead->encoder->filter != filter || ahead->encoder->level != level) {
        tn_encoder_free (ahead->encoder);
        ahead->encoder = NULL;
        TN_TRY (tn_encoder_new (session->context, filter, level, &ahead->encoder, session->error));
    }
    *encoder = ahead->encoder;
    return TENON_OK;
}

/* ---- making ---- */

struct job {
    struct tn_call *call;
    struct tn_speculation *ahead;
    struct tn_member_spec wanted; /* the first of them */
};

/* The member's codec runs with an error, a report and an arena of its own. */
static void
make_guess (struct job *job, uint64_t number, struct guess *guess, struct guesser *guesser, unsigned worker,
            tenon_error *error)
{
    struct tn_speculation *ahead = job->ahead;
    const struct tn_writer *outer = job->call->writer;
    struct tn_session session = *job->call->session;
    struct tn_member_spec wanted = job->wanted;
    struct tn_encode_sink stage;
    uint64_t block_size, size;
    wanted.first += number * wanted.count;
    size = tn_member_size (outer, &wanted);
    session.error = error;
    session.report = guesser->report;
    session.progress = NULL;
    session.arena = guesser->arena;
    session.arena.used = job->call->session->arena.used; /* it counts against the same limit */
    guess->kept.sink = (struct tn_sink){ .name = outer->sink->name, .write = kept_write };
    if (tn_encoder_block_size (ahead->encoder, wanted.block_size, size,
                               session.context->limits[TENON_LIMIT_MEMORY], &block_size, error)
        < 0)
        return;
    struct tn_writer inner = { .ahead = true,
                               .done = ahead->done,
                               .done_first = outer->first + job->wanted.first,
                               .losses = &guess->losses };
    tn_encode_sink_open (&stage, session.context, &guess->kept.sink, wanted.sums);
    tn_encode_sink_filter (&stage, ahead->encoder, block_size, size, true, worker);
    if (tn_member_write (&session, outer, &inner, &wanted, &stage) == TENON_OK)
        tn_member_result_fill (&guess->made, &stage);
    tn_encode_sink_close (&stage);
    guesser->arena = session.arena;
}

static tenon_status
guess_item (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct job *job = opaque;
    struct guess *guess = &job->ahead->guesses[item];
    struct guesser *guesser = &job->ahead->guessers[worker];
    if (job->call->session->report && !guesser->report && !(guesser->report = tn_report_new ()))
        tn_fail_memory (error);
    else
        make_guess (job, item, guess, guesser, worker, error);
    if (guesser->report && tenon_report_count (guesser->report) > 0) {
        guess->report = guesser->report;
        guesser->report = NULL;
    }
    guess->status = error->status;
    return error->status; /* nobody will ask for those behind it */
}

/* How many members fit: what is in flight, and what waits. */
static uint64_t
fitting (const struct tn_call *call, const struct tn_speculation *ahead, uint64_t size)
{
    uint64_t limit = call->session->context->limits[TENON_LIMIT_MEMORY], bound, in_flight;
    bound = ahead->encoder->filter->bound (ahead->encoder->level, size);
    if (tn_add (bound, size, &in_flight) || tn_multiply (in_flight, (uint64_t) ahead->width, &in_flight)
        || bound == 0)
        return 0;
    return in_flight < limit / 2 ? (limit - in_flight) / bound : limit / 2 / (size + bound);
}

static bool
is_small (const struct tn_member_spec *wanted, const struct tn_writer *outer, uint64_t block_size,
          unsigned width, uint64_t *size)
{
    uint64_t most;
    *size = tn_member_size (outer, wanted);
    return tn_multiply (block_size, BLOCKS_BY_ITSELF * (uint64_t) width, &most) || *size <= most;
}

/* How many members are made now, the one that is asked for among them. */
static uint64_t
guesses_now (const struct tn_call *call, const struct tn_member_spec *wanted, uint64_t block_size)
{
    const struct tn_speculation *ahead = call->ahead;
    const struct tn_writer *outer = call->writer;
    uint64_t size, largest = 0, count = 0;
    if (ahead->width < 2 || outer->dry || outer->ahead || wanted->count == 0 || !ahead->goes_on)
        return 0;
    struct tn_member_spec next = *wanted;
    for (; count < ahead->at_once && next.first + next.count <= outer->count; next.first += next.count) {
        bool in_order = false; /* such a reader is called from one thread */
        for (uint64_t i = 0; i < next.count; i++)
            in_order |= tn_origin_source (&outer->plan->origins[outer->first + next.first + i])->in_order;
        if (in_order || !is_small (&next, outer, block_size, ahead->width, &size))
            break;
        largest = TN_MAX (largest, size);
        if (count + 1 > fitting (call, ahead, largest))
            break;
        count++;
    }
    return count;
}

static tenon_status
make_guesses (struct tn_call *call, const struct tn_member_spec *wanted, uint64_t count)
{
    struct tn_speculation *ahead = call->ahead;
    struct job job = { call, ahead, *wanted };
    ahead->guesses = calloc (count, sizeof *ahead->guesses);
    ahead->done = calloc (count * wanted->count, sizeof *ahead->done);
    if (!ahead->guesses || !ahead->done) {
        drop_guesses (ahead);
        return tn_fail_memory (call->session->error);
    }
    ahead->count = count;
    ahead->error = (tenon_error) TENON_ERROR_INIT;
    tn_pool_run (call->session->context->pool, count, guess_item, &job, &ahead->error);
    return TENON_OK;
}

/* ---- taking ---- */

/* As if it had been made just now. */
static tenon_status
deliver (struct tn_call *call, const struct tn_member_spec *wanted, struct guess *guess,
         struct tn_member_result *made)
{
    struct tn_session *session = call->session;
    struct tn_writer *outer = call->writer;
    const struct tn_speculation *ahead = call->ahead;
    if (guess->report && session->report)
        tn_report_append (session->report, guess->report);
    *outer->losses += guess->losses;
    if (guess->status < 0) {
        *session->error = ahead->error;
        return session->error->status;
    }
    const bool *done = ahead->done + ahead->taken * wanted->count;
    for (uint64_t i = 0; i < wanted->count; i++) {
        uint64_t index = outer->first + wanted->first + i;
        outer->done[index - outer->done_first] |= done[i];
        TN_TRY (
            tn_meter_add (outer->meter, tn_catalog_tensor (outer->plan->own, index)->length, session->error));
    }
    TN_TRY (tn_sink_write (outer->sink, guess->kept.bytes, guess->made.stored, session->error));
    *made = guess->made;
    guess->made.ends = NULL;
    return TENON_OK;
}

tenon_status
tn_speculation_find (struct tn_call *call, const struct tn_member_spec *wanted, uint64_t block_size,
                     struct tn_member_result *made, bool *found)
{
    struct tn_speculation *ahead = call->ahead;
    bool as_expected = same_way (wanted, &ahead->next) && wanted->first == ahead->next.first;
    *found = false;
    if (!as_expected) {
        drop_guesses (ahead);
        ahead->at_once = FIRST_GUESSES * ahead->width;
    }
    ahead->goes_on = as_expected;
    ahead->next = *wanted;
    ahead->next.first += wanted->count;
    if (ahead->taken == ahead->count) {
        if (ahead->count > 0) /* all of them were asked for */
            ahead->at_once = TN_MIN (ahead->at_once * MORE, MOST_GUESSES);
        drop_guesses (ahead);
        uint64_t count = guesses_now (call, wanted, block_size);
        if (count < 2)
            return TENON_OK;
        TN_TRY (make_guesses (call, wanted, count));
    }
    *found = true;
    tenon_status status = deliver (call, wanted, &ahead->guesses[ahead->taken], made);
    drop_guess (&ahead->guesses[ahead->taken++]);
    return status;
}
