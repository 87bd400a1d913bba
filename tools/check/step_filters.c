/* SPDX-License-Identifier: MIT */
/* step_filters.c - the filters of a plugin: whole blocks, streams in pieces, damage, levels and threads. */
#include "check/coder.h"
#include "check/making.h"
#include "library.h"
#include <pthread.h>
#include <time.h>

#define TOGETHER 4
/* What is wrong with one block is mostly wrong with all. */
#define MOST_TOLD 5
#define LARGEST (1u << 20)
/* A stream is damaged at so many places at most. */
#define MOST_FLIPS 60
/* Flips of one stream end after so many seconds of the processor: some filters get megabytes for each. */
#define FLIP_SECONDS 0.1

struct trial {
    struct check *check;
    struct coder coder;
    char subject[120];
    unsigned *told;          /* findings */
    uint8_t *data, *decoded; /* LARGEST bytes, and a margin */
};

/* ---- data ---- */

enum kind { KIND_ZEROS, KIND_RANDOM, KIND_STEPS, KINDS };
static const char *const kinds[KINDS] = { "zeros", "random bytes", "numbers that grow" };

static void
fill_kind (uint8_t *data, uint64_t size, enum kind kind)
{
    uint64_t state = 7;
    memset (data, 0, size);
    if (kind == KIND_RANDOM)
        made_bytes (&state, data, size);
    for (uint64_t i = 0; kind == KIND_STEPS && i < size; i++)
        data[i] = (uint8_t) (i / 4 >> 8 * (i % 4));
}

/* ---- one block ---- */

PRINTF_LIKE (3, 4)
static void
tell_filter (const struct trial *trial, enum check_rule rule, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    if (++*trial->told <= MOST_TOLD)
        check_found (trial->check, rule, trial->subject, "level %d, %s", (int) trial->coder.level, text);
}

static const char *
result_words (int64_t result)
{
    if (result == CODER_SPILLS)
        return "it writes beyond its room";
    if (result < 0)
        return tenon_status_name ((tenon_status) result);
    return "it ends early, or wants more bytes than there are";
}

/* Decodes a stream in every way. */
static void
check_decoded (const struct trial *trial, const char *what, const uint8_t *stream, uint64_t stored,
               uint64_t size)
{
    static const uint64_t pieces[] = { 1, 13, 4096, UINT64_MAX / 4 };
    int64_t result = coder_decode (&trial->coder, stream, stored, trial->decoded, size);
    if (result < 0 || memcmp (trial->decoded, trial->data, size) != 0)
        tell_filter (trial, RULE_FILTER_DECODES, "%llu bytes, %s: %s gives %s", (unsigned long long) size,
                     what, trial->coder.filter->decode ? "decode" : "step",
                     result < 0 ? result_words (result) : "other bytes");
    for (unsigned i = size > 100000 ? 2 : 0; trial->coder.filter->step && i < COUNT_OF (pieces); i++) {
        uint64_t made = 0;
        memset (trial->decoded, 0x5a, size);
        result = coder_step (&trial->coder, stream, stored, pieces[i], trial->decoded, size, &made);
        bool ended = result == TENON_STEP_END || result == TENON_STEP_MAY_END;
        if (!ended || made != size || memcmp (trial->decoded, trial->data, size) != 0) {
            tell_filter (trial, RULE_FILTER_DECODES,
                         "%llu bytes, %s: step, in pieces of %llu bytes, gives %s", (unsigned long long) size,
                         what, (unsigned long long) pieces[i], ended ? "other bytes" : result_words (result));
            break;
        }
    }
    result = coder_unpack (&trial->coder, stream, stored, trial->decoded, size);
    if (result != TENON_E_UNSUPPORTED
        && (result != (int64_t) size || memcmp (trial->decoded, trial->data, size) != 0))
        tell_filter (trial, RULE_FILTER_DECODES, "%llu bytes, %s: unpack gives %s", (unsigned long long) size,
                     what, result < 0 ? result_words (result) : "another size, or other bytes");
    check_counted (trial->check);
}

/* A stream that is cut off is refused, whichever function reads it. */
static void
check_cuts (const struct trial *trial, const uint8_t *stream, uint64_t stored, uint64_t size)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t cut = i < 4 ? stored * i / 4 : stored - (i - 3), made = 0;
        if (cut >= stored)
            continue;
        uint8_t *copy = get_memory (NULL, cut, 1); /* so that a sanitizer sees what is read behind it */
        memcpy (copy, stream, cut);
        int32_t whole = coder_decode (&trial->coder, copy, cut, trial->decoded, size);
        int32_t step = coder_step (&trial->coder, copy, cut, 4096, trial->decoded, size, &made);
        bool ended = step == TENON_STEP_END || step == TENON_STEP_MAY_END;
        free (copy);
        if (whole == TENON_OK || whole == CODER_SPILLS || (ended && made == size)) {
            tell_filter (trial, RULE_FILTER_DAMAGE,
                         "%llu of the %llu bytes of a stream: %s takes them for all",
                         (unsigned long long) cut, (unsigned long long) stored,
                         whole == TENON_OK       ? trial->coder.filter->decode ? "decode" : "step"
                         : whole == CODER_SPILLS ? "decode spills, and"
                                                 : "step");
            break;
        }
    }
    check_counted (trial->check);
}

/* A damaged stream gives a failure, or bytes: never more than there is room for. */
static void
check_flips (const struct trial *trial, const uint8_t *stream, uint64_t stored, uint64_t size)
{
    uint64_t made = 0, apart = stored / MOST_FLIPS + 1;
    uint8_t *copy = get_memory (NULL, stored, 1);
    clock_t end = clock () + (clock_t) (FLIP_SECONDS * CLOCKS_PER_SEC);
    for (uint64_t i = 0; i < stored && clock () < end; i += apart) {
        memcpy (copy, stream, stored);
        copy[i] ^= (uint8_t) (1u << i % 8);
        int32_t whole = coder_decode (&trial->coder, copy, stored, trial->decoded, size);
        int32_t step = coder_step (&trial->coder, copy, stored, 4096, trial->decoded, size, &made);
        int64_t all = coder_unpack (&trial->coder, copy, stored, trial->decoded, size);
        if (whole == CODER_SPILLS || step == CODER_SPILLS || all == CODER_SPILLS) {
            tell_filter (trial, RULE_FILTER_DAMAGE, "a flip of byte %llu of %llu: it writes beyond its room",
                         (unsigned long long) i, (unsigned long long) stored);
            break;
        }
    }
    free (copy);
    check_counted (trial->check);
}

/* Two blocks, joined as the filter says that they can be. */
static void
check_joined (const struct trial *trial, uint64_t size)
{
    uint32_t flags = trial->coder.filter->flags;
    uint8_t *first = NULL, *second = NULL;
    uint64_t bound, half = size / 3;
    bool frames = flags & TENON_FILTER_FRAMES;
    if (!frames && !(flags & TENON_FILTER_JOINS))
        return;
    int64_t a =
        coder_encode (&trial->coder, frames ? TENON_FILTER_FIRST | TENON_FILTER_LAST : TENON_FILTER_FIRST,
                      trial->data, half, &first, &bound);
    int64_t b =
        coder_encode (&trial->coder, frames ? TENON_FILTER_FIRST | TENON_FILTER_LAST : TENON_FILTER_LAST,
                      trial->data + half, size - half, &second, &bound);
    if (a >= 0 && b >= 0) {
        first = get_memory (first, (size_t) (a + b), 1);
        memcpy (first + a, second, (size_t) b);
        check_decoded (trial, "two blocks joined", first, (uint64_t) (a + b), size);
    }
    free (first);
    free (second);
}

/* Encodes data of a kind and looks at the stream. `damage`: also cuts and flips. */
static void
check_block (const struct trial *trial, enum kind kind, uint64_t size, bool damage)
{
    const uint32_t flags = TENON_FILTER_FIRST | TENON_FILTER_LAST;
    uint8_t *stream = NULL, *again = NULL;
    uint64_t bound = 0;
    fill_kind (trial->data, size, kind);
    int64_t stored = coder_encode (&trial->coder, flags, trial->data, size, &stream, &bound);
    int64_t same = coder_encode (&trial->coder, flags, trial->data, size, &again, &bound);
    if (stored == TENON_E_UNSUPPORTED) { /* not every block is one that it can encode */
        check_counted (trial->check);
    } else if (stored < 0) {
        tell_filter (trial, stored == CODER_SPILLS ? RULE_FILTER_BOUND : RULE_FILTER_DECODES,
                     "%llu bytes, %s: encode: %s", (unsigned long long) size, kinds[kind],
                     result_words (stored));
    } else {
        if (same != stored || memcmp (stream, again, (size_t) stored) != 0)
            tell_filter (trial, RULE_FILTER_SAME, "%llu bytes, %s: encoding it again gives other bytes",
                         (unsigned long long) size, kinds[kind]);
        if (trial->coder.filter->flags & TENON_FILTER_FIXED && (uint64_t) stored != bound)
            tell_filter (trial, RULE_FILTER_BOUND,
                         "%llu bytes: %lld bytes are stored, and with TENON_FILTER_FIXED bound says %llu",
                         (unsigned long long) size, (long long) stored, (unsigned long long) bound);
        check_decoded (trial, kinds[kind], stream, (uint64_t) stored, size);
        if (damage && size > 0) {
            check_cuts (trial, stream, (uint64_t) stored, size);
            check_flips (trial, stream, (uint64_t) stored, size);
            check_joined (trial, size);
        }
    }
    free (stream);
    free (again);
}

/* ---- threads ---- */

struct worker {
    const struct trial *trial;
    enum kind kind;
    bool wrong;
};

static void *
code_often (void *argument)
{
    struct worker *worker = argument;
    const uint64_t size = 20000;
    uint8_t *data = get_memory (NULL, size, 1), *decoded = get_memory (NULL, size + CODER_MARGIN, 1);
    fill_kind (data, size, worker->kind);
    for (unsigned i = 0; i < 8 && !worker->wrong; i++) {
        uint8_t *stream = NULL;
        uint64_t bound;
        int64_t stored = coder_encode (&worker->trial->coder, TENON_FILTER_FIRST | TENON_FILTER_LAST, data,
                                       size, &stream, &bound);
        worker->wrong =
            stored != TENON_E_UNSUPPORTED
            && (stored < 0
                || coder_decode (&worker->trial->coder, stream, (uint64_t) stored, decoded, size) < 0
                || memcmp (data, decoded, size) != 0);
        free (stream);
    }
    free (data);
    free (decoded);
    return NULL;
}

static void
check_together (const struct trial *trial)
{
    struct worker workers[TOGETHER];
    pthread_t threads[TOGETHER];
    unsigned begun = 0;
    for (unsigned i = 0; i < TOGETHER; i++)
        workers[i] = (struct worker){ trial, i % KINDS, false };
    while (begun < TOGETHER && pthread_create (&threads[begun], NULL, code_often, &workers[begun]) == 0)
        begun++;
    bool wrong = false;
    for (unsigned i = 0; i < begun; i++) {
        pthread_join (threads[i], NULL);
        wrong |= workers[i].wrong;
    }
    if (wrong)
        tell_filter (trial, RULE_FILTER_SAME, "on %d threads at once it fails, or gives other bytes",
                     TOGETHER);
    check_counted (trial->check);
}

/* ---- the step ---- */

/* A setup with which the filter opens: none, or small numbers, as those of transforms are. False: it has
 * another one. */
static bool
find_setup (struct coder *coder)
{
    static const uint8_t setups[][12] = { { 4 }, { 2, 0, 0, 0, 8 }, { 8, 0, 0, 0, 7, 0, 0, 0, 1 }, { 1 } };
    static const uint64_t sizes[] = { 4, 8, 12, 1 };
    for (unsigned i = 0; i <= COUNT_OF (setups); i++) {
        coder->setup = i ? setups[i - 1] : NULL;
        coder->setup_size = i ? sizes[i - 1] : 0;
        if (coder_works (coder))
            return true;
    }
    return false;
}

/* Level number `i` that is tried. False: there are no more. */
static bool
next_level (const struct tenon_filter *filter, unsigned i, int32_t *level)
{
    int64_t span = (int64_t) filter->most_level - filter->least_level;
    if (span < 10)
        *level = (int32_t) (filter->least_level + (int64_t) i);
    else /* the least, and the greater half of those that differ most */
        *level = i == 0 ? filter->least_level : (int32_t) (filter->most_level - (int64_t) (9 - i) * 2);
    return i <= (span < 10 ? span : 9);
}

static void
check_filter_blocks (struct trial *trial, uint64_t from, uint64_t *number)
{
    static const uint64_t sizes[] = { 0,    1,    2,     4,     8,     100,    1000,        4095,
                                      4096, 4097, 65535, 65536, 65537, 262145, LARGEST - 8, LARGEST };
    const struct tenon_filter *filter = trial->coder.filter;
    for (unsigned i = 0; i < COUNT_OF (sizes); i++)
        if (check_item (trial->check, from, (*number)++, "the %s with %llu bytes", trial->subject,
                        (unsigned long long) sizes[i]))
            for (unsigned kind = 0; kind < (sizes[i] > 5000 ? KIND_STEPS : KINDS); kind++)
                check_block (trial, kind, sizes[i], sizes[i] == 8 || sizes[i] == 1000);
    if (check_item (trial->check, from, (*number)++, "the %s on many threads", trial->subject))
        check_together (trial);
    for (unsigned i = 0; next_level (filter, i, &trial->coder.level); i++)
        if (check_item (trial->check, from, (*number)++, "the %s at level %d", trial->subject,
                        (int) trial->coder.level))
            check_block (trial, KIND_STEPS, 3000, false);
}

static void
check_filter (struct check *check, const struct tenon_filter *filter, uint64_t from, uint64_t *number)
{
    unsigned told = 0;
    struct trial trial = { .check = check,
                           .coder = { .filter = filter, .level = filter->default_level },
                           .told = &told };
    snprintf (trial.subject, sizeof trial.subject, "filter %.80s", filter->id);
    check_item (check, from, (*number)++, "opening the %s", trial.subject);
    if (!filter->encode || (!filter->decode && !filter->step) || !find_setup (&trial.coder)) {
        check_left_out (check, "%s: it only decodes, or needs a setup that is not known", trial.subject);
        return;
    }
    trial.data = get_memory (NULL, LARGEST, 1);
    trial.decoded = get_memory (NULL, LARGEST + CODER_MARGIN, 1);
    check_filter_blocks (&trial, from, number);
    free (trial.data);
    free (trial.decoded);
}

static void
run_filters (struct check *check, uint64_t from)
{
    uint64_t number = 0;
    tenon_context *context = check_context (check, NULL);
    if (context && check_has_filter (check, context)) {
        const struct tenon_filter *const *filters = coder_filters (check->file);
        if (!filters)
            check_left_out (check, "the filters: the plugin is a part of the library");
        for (; filters && *filters; filters++)
            check_filter (check, *filters, from, &number);
    }
    tenon_context_free (context);
}

const struct check_step check_filters_step = {
    "filters", "filters decode what they encoded, whole, in pieces and at every level", run_filters
};
