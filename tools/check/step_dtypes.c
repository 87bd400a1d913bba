/* SPDX-License-Identifier: MIT */
/* step_dtypes.c - the block dtypes of a plugin: what is decoded, encoded and decoded again. */
#include "check/round.h"
#include "library.h"
#include <math.h>
#include <pthread.h>

#define BLOCKS 24
#define TOGETHER 4

struct trial {
    struct check *check;
    tenon_context *context;
    struct tenon_dtype about;
    uint32_t dtype;
    char subject[120];
    uint64_t items, bytes; /* of all blocks */
    uint8_t *blocks, *other_blocks;
    float *numbers, *other_numbers;
};

/* Casts `count` blocks from one memory to the other; false after a finding. */
static APART bool
cast_blocks (const struct trial *trial, bool encode, const void *from, void *to, uint64_t count)
{
    tenon_error error = TENON_ERROR_INIT;
    uint64_t items = count * trial->about.block_items, bytes = count * trial->about.block_bytes;
    tenon_status status = encode ? tenon_cast (trial->context, TENON_F32, from, items * 4, trial->dtype, to,
                                               bytes, items, 0, &error)
                                 : tenon_cast (trial->context, trial->dtype, from, bytes, TENON_F32, to,
                                               items * 4, items, 0, &error);
    if (status == TENON_OK)
        return true;
    check_found (trial->check, RULE_DTYPE_ENCODES, trial->subject, "%s fails: %s",
                 encode ? "encoding" : "decoding", error.message);
    return false;
}

/* ---- wherever a block stands ---- */

static void
compare_places (const struct trial *trial, bool encode, const void *from, void *whole, void *single)
{
    const uint64_t wide = trial->about.block_items * 4, narrow = trial->about.block_bytes;
    const uint64_t in = encode ? wide : narrow, out = encode ? narrow : wide;
    bool same = cast_blocks (trial, encode, from, whole, BLOCKS);
    for (uint64_t i = 0; same && i < BLOCKS; i++) {
        same = cast_blocks (trial, encode, (const char *) from + i * in, (char *) single + i * out, 1);
        if (same && memcmp ((char *) whole + i * out, (char *) single + i * out, out) != 0) {
            check_found (trial->check, RULE_DTYPE_SLICES, trial->subject,
                         "block %llu alone is %s to other %s than among %d", (unsigned long long) i,
                         encode ? "encoded" : "decoded", encode ? "bytes" : "numbers", BLOCKS);
            same = false;
        }
    }
    check_counted (trial->check);
}

/* ---- near ---- */

/* The root of the mean square of the differences, over that of the numbers. */
static double
relative_error (const float *numbers, const float *found, uint64_t count)
{
    double errors = 0, squares = 0;
    for (uint64_t i = 0; i < count; i++) {
        double difference = (double) numbers[i] - (double) found[i];
        errors += difference * difference;
        squares += (double) numbers[i] * (double) numbers[i];
    }
    return sqrt (errors / squares);
}

/* Even a bit for a number leaves something of it: with less, items or scales are at wrong places. */
static void
check_near (const struct trial *trial)
{
    uint64_t state = 5;
    for (uint64_t i = 0; i < trial->items; i++)
        trial->numbers[i] =
            (float) ((double) (made_random (&state) >> 40) / 0x1p24 * 2 - 1) * (float) (1 + i / 64);
    if (!cast_blocks (trial, true, trial->numbers, trial->blocks, BLOCKS)
        || !cast_blocks (trial, false, trial->blocks, trial->other_numbers, BLOCKS))
        return;
    double far = relative_error (trial->numbers, trial->other_numbers, trial->items);
    if (!(far < 0.9))
        check_found (trial->check, RULE_DTYPE_ENCODES, trial->subject,
                     "random numbers come back with an error of %.0f %% of their size", far * 100);
    memset (trial->numbers, 0, trial->items * 4);
    if (cast_blocks (trial, true, trial->numbers, trial->blocks, BLOCKS)
        && cast_blocks (trial, false, trial->blocks, trial->other_numbers, BLOCKS))
        for (uint64_t i = 0; i < trial->items; i++)
            if (!(fabsf (trial->other_numbers[i]) < 1e-3f)) {
                check_found (trial->check, RULE_DTYPE_ENCODES, trial->subject, "zeros come back as %g",
                             (double) trial->other_numbers[i]);
                break;
            }
    check_counted (trial->check);
}

/* Numbers that no block has: they may come back as anything, and nothing else happens. */
static void
check_extremes (const struct trial *trial)
{
    static const float extremes[] = { INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 1e-45f, -0.0f, 1 };
    for (uint64_t i = 0; i < trial->items; i++)
        trial->numbers[i] = extremes[(i + i / 7) % COUNT_OF (extremes)];
    if (cast_blocks (trial, true, trial->numbers, trial->blocks, BLOCKS))
        cast_blocks (trial, false, trial->blocks, trial->other_numbers, BLOCKS);
    check_counted (trial->check);
}

/* ---- threads ---- */

struct caster {
    const struct trial *trial;
    float *numbers;
    bool works;
};

static void *
decode_often (void *argument)
{
    struct caster *caster = argument;
    caster->works = true;
    for (unsigned i = 0; i < 8 && caster->works; i++)
        caster->works = cast_blocks (caster->trial, false, caster->trial->blocks, caster->numbers, BLOCKS)
                        && memcmp (caster->numbers, caster->trial->numbers, caster->trial->items * 4) == 0;
    return NULL;
}

static void
check_together (const struct trial *trial)
{
    struct caster casters[TOGETHER];
    pthread_t threads[TOGETHER];
    unsigned begun = 0;
    bool works = cast_blocks (trial, false, trial->blocks, trial->numbers, BLOCKS);
    for (unsigned i = 0; i < TOGETHER; i++)
        casters[i] = (struct caster){ trial, get_memory (NULL, trial->items, 4), works };
    while (works && begun < TOGETHER
           && pthread_create (&threads[begun], NULL, decode_often, &casters[begun]) == 0)
        begun++;
    for (unsigned i = 0; i < begun; i++)
        pthread_join (threads[i], NULL);
    for (unsigned i = 0; i < TOGETHER; i++) {
        works &= casters[i].works;
        free (casters[i].numbers);
    }
    if (begun > 0 && !works)
        check_found (trial->check, RULE_DTYPE_SLICES, trial->subject,
                     "on %d threads at once, blocks decode to other numbers", TOGETHER);
    check_counted (trial->check);
}

/* ---- the step ---- */

static APART void
check_decoding (struct trial *trial)
{
    uint64_t state = 3;
    made_bytes (&state, trial->blocks, trial->bytes);
    memset (trial->blocks, 0, trial->about.block_bytes);
    memset (trial->blocks + trial->about.block_bytes, 0xff, trial->about.block_bytes);
    /* a decoder may refuse blocks that stand for no numbers */
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_cast (trial->context, trial->dtype, trial->blocks, trial->bytes, TENON_F32, trial->numbers,
                    trial->items * sizeof (float), trial->items, 0, &error)
        < 0)
        memset (trial->blocks, 0, trial->bytes);
    compare_places (trial, false, trial->blocks, trial->numbers, trial->other_numbers);
    check_together (trial);
}

static void
check_encoding (struct trial *trial)
{
    check_near (trial);
    uint64_t state = 9;
    for (uint64_t i = 0; i < trial->items; i++)
        trial->numbers[i] = (float) ((double) (made_random (&state) >> 40) / 0x1p24 - 0.5);
    compare_places (trial, true, trial->numbers, trial->blocks, trial->other_blocks);
    check_extremes (trial);
}

static void
check_dtype (struct trial *trial, uint64_t from, uint64_t *number)
{
    trial->items = BLOCKS * trial->about.block_items;
    trial->bytes = BLOCKS * trial->about.block_bytes;
    trial->blocks = get_memory (NULL, trial->bytes, 1);
    trial->other_blocks = get_memory (NULL, trial->bytes, 1);
    trial->numbers = get_memory (NULL, trial->items, sizeof (float));
    trial->other_numbers = get_memory (NULL, trial->items, sizeof (float));
    bool decodes = tenon_dtype_castable (trial->context, trial->dtype, TENON_F32);
    bool encodes = tenon_dtype_castable (trial->context, TENON_F32, trial->dtype);
    if (check_item (trial->check, from, (*number)++, "decoding blocks of the %s", trial->subject) && decodes)
        check_decoding (trial);
    if (check_item (trial->check, from, (*number)++, "encoding blocks of the %s", trial->subject) && decodes
        && encodes)
        check_encoding (trial);
    if (!decodes)
        check_left_out (trial->check, "%s: its blocks are copied, not decoded", trial->subject);
    free (trial->blocks);
    free (trial->other_blocks);
    free (trial->numbers);
    free (trial->other_numbers);
}

static void
run_dtypes (struct check *check, uint64_t from)
{
    uint64_t number = 0;
    tenon_context *context = check_context (check, NULL), *without = round_without (check);
    for (uint32_t id = TENON_NONE;
         context && without && (id = tenon_dtype_next (context, id)) != TENON_NONE;) {
        struct trial trial = {
            .check = check, .context = context, .about = TENON_INIT (trial.about), .dtype = id
        };
        if (tenon_dtype_get (context, NULL, id, &trial.about) < 0 || trial.about.kind != TENON_KIND_BLOCK
            || tenon_dtype_find (without, trial.about.name) != TENON_NONE)
            continue;
        snprintf (trial.subject, sizeof trial.subject, "dtype %.80s", trial.about.name);
        check_dtype (&trial, from, &number);
    }
    tenon_context_free (context);
    tenon_context_free (without);
}

const struct check_step check_dtypes_step = {
    "dtypes", "blocks decode to the same numbers everywhere, and encoding keeps numbers near", run_dtypes
};
