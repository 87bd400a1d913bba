/* SPDX-License-Identifier: MIT */
/* step_round.c - what is saved comes back: made plans and the samples. */
#include "check/round.h"
#include "library.h"
#include "report.h"
#include <unistd.h>

/* Data of samples beyond this are left out. */
#define MOST_DATA ((uint64_t) 64 << 20)

/* ---- one plan ---- */

static uint64_t
count_losses (const tenon_report *report)
{
    tenon_report_entry entry;
    uint64_t losses = 0;
    for (uint64_t i = 0; report_next (report, TENON_LOSS, &i, &entry);)
        losses++;
    return losses;
}

/* A dry run and a save with other threads are the same as the save. */
static APART void
check_again (struct round *round, tenon_plan *plan, uint64_t digest)
{
    CLEAN (text) char *path = round_path (round);
    CLEAN (report) tenon_report *report = NULL, *dry = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = TENON_SAVE_EXACT_NAME | TENON_SAVE_DRY_RUN,
                                   .format = round->codec.id,
                                   .lock = TENON_LOCK_NO,
                                   .durable = TENON_DURABLE_NO };
    tenon_status dry_status = tenon_save (plan, path, &options, &dry, NULL, &error);
    bool left = access (path, F_OK) == 0;
    options.flags = TENON_SAVE_EXACT_NAME;
    options.threads = 4;
    tenon_status status = tenon_save (plan, path, &options, &report, NULL, &error);
    uint64_t again = 0;
    if (status < 0)
        check_found (round->check, RULE_WRITES_SAME, round->subject,
                     "it was saved once, and with 4 threads it fails: %s", error.message);
    else if (!digest_path (path, &again) || again != digest)
        check_found (round->check, RULE_WRITES_SAME, round->subject,
                     "saved again, with 4 threads, it has other bytes");
    if (status == TENON_OK && (dry_status < 0 || left || count_losses (dry) != count_losses (report)))
        check_found (round->check, RULE_DRY_RUN, round->subject,
                     "a dry run: %s, %llu losses%s; the save: %llu losses", tenon_status_name (dry_status),
                     (unsigned long long) count_losses (dry), left ? ", and it leaves a file" : "",
                     (unsigned long long) count_losses (report));
    check_counted (round->check);
    round_remove (path);
}

/* From another context, whose secret of hashes is another one. */
static APART void
check_elsewhere (const struct round *round, const struct making *making, uint64_t digest)
{
    CLEAN (context) tenon_context *context = check_context (round->check, NULL);
    CLEAN (text) char *path = round_path (round);
    tenon_error error = TENON_ERROR_INIT;
    uint64_t again = 0;
    CLEAN (plan) tenon_plan *plan = context ? making_plan (context, making, &error) : NULL;
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = TENON_SAVE_EXACT_NAME,
                                   .format = round->codec.id,
                                   .lock = TENON_LOCK_NO,
                                   .durable = TENON_DURABLE_NO };
    if (plan && tenon_save (plan, path, &options, NULL, NULL, &error) == TENON_OK
        && digest_path (path, &again) && again != digest)
        check_found (round->check, RULE_WRITES_SAME, round->subject,
                     "saved from another context, it has other bytes");
    check_counted (round->check);
    round_remove (path);
}

/* To functions of the program, which can go back, or cannot. */
/* Returns false if that cannot be. */
static APART bool
check_target (struct round *round, tenon_plan *plan, const struct record *expected, bool streams)
{
    CLEAN (target) struct target target = { .most = UINT64_MAX, .streams = streams };
    CLEAN (record) struct record record = { 0 };
    CLEAN (text) char *path = round_path (round);
    tenon_error error = TENON_ERROR_INIT;
    uint64_t size = 0;
    tenon_save_options options = { .struct_size = sizeof options, .format = round->codec.id };
    if (target_save (&target, plan, round->codec.id, strrchr (path, '/') + 1, 1, &error) < 0) {
        if (error.status != TENON_E_UNSUPPORTED || (streams && round->codec.flags & TENON_CAN_STREAM))
            check_found (round->check, RULE_WRITES_SAME, round->subject,
                         "a file can be saved, and %s fails with it: %s", streams ? "a pipe" : "memory",
                         error.message);
        return false;
    }
    if (round_read (round, path, &target, &record))
        record_same (round->check, &round->rules, round->subject, expected, &record, NULL, NULL,
                     round->differences);
    if (!streams && tenon_plan_size (plan, &options, path, &size, &error) == TENON_OK && size != target.size)
        check_found (round->check, RULE_WRITES_SAME, round->subject,
                     "tenon_plan_size says %llu bytes, and the save makes %llu", (unsigned long long) size,
                     (unsigned long long) target.size);
    return true;
}

static APART void
check_making (struct round *round, const struct making *making)
{
    CLEAN (record) struct record expected = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    uint64_t digest = 0;
    CLEAN (plan) tenon_plan *plan = making_plan (round->context, making, &error);
    if (!plan)
        return check_left_out (round->check, "%s: %s", round->subject, error.message);
    making_record (round->context, making, &expected);
    if (!round_trip (round, plan, &expected, 0, &digest))
        return;
    check_again (round, plan, digest);
    check_elsewhere (round, making, digest);
    if (making->metadata || !(round->codec.flags & TENON_CAN_READ))
        return; /* the losses of that are told by a report, which check_target does not ask for */
    if (check_target (round, plan, &expected, false))
        check_target (round, plan, &expected, true);
}

/* ---- strides ---- */

/* The odd columns of a matrix, the last one first: a source that is not packed. */
static APART void
check_strides (struct round *round)
{
    static const uint64_t whole[] = { 7, 9 }, shape[] = { 7, 4 };
    static const int64_t strides[] = { 9, -2 };
    CLEAN (plan) tenon_plan *plan = NULL;
    CLEAN (record) struct record expected = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    struct made_tensor matrix;
    uint8_t picked[7 * 4 * 4];
    made_tensor_fill (round->context, &matrix, "strided", TENON_F32, 2, whole);
    const uint8_t *data = matrix.data;
    for (unsigned i = 0; i < 7 * 4; i++)
        memcpy (picked + (size_t) 4 * i, data + 4 * (size_t) (i / 4 * 9 + 7 - i % 4 * 2), 4);
    struct record_item *item = record_add (&expected, "strided", false);
    record_shape (item->what, sizeof item->what, "f32", 2, shape);
    item->digest = digest_bytes (DIGEST_START, picked, sizeof picked);
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_F32,
                          .name = "strided",
                          .shape = shape,
                          .rank = 2,
                          .data = data + (size_t) 4 * 7,
                          .size = 4 * (6 * 9 + 6 + 1),
                          .strides = strides };
    if (tenon_plan_new (round->context, &plan, &error) == TENON_OK
        && tenon_plan_add (plan, &array, &error) == TENON_OK)
        round_trip (round, plan, &expected, 0, NULL);
    else
        check_left_out (round->check, "%s: %s", round->subject, error.message);
    free (matrix.data);
}

/* ---- samples ---- */

static APART bool
add_sample (struct round *round, tenon_file *file, tenon_plan **plan)
{
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_plan_new (round->context, plan, &error) == TENON_OK
        && tenon_plan_add_file (*plan, file, &error) == TENON_OK)
        return true;
    check_left_out (round->check, "%s: %s", round->subject, error.message);
    return false;
}

static APART void
check_sample_file (struct round *round, tenon_file *file)
{
    CLEAN (plan) tenon_plan *plan = NULL;
    CLEAN (record) struct record expected = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    uint64_t digest = 0;
    if (file_get (file).nbytes > MOST_DATA)
        check_left_out (round->check, "%s: it has more than %llu MiB of data", round->subject,
                        (unsigned long long) (MOST_DATA >> 20));
    else if (record_file (round->context, file, &expected, &error) < 0)
        check_left_out (round->check, "%s: %s", round->subject, error.message);
    else if (add_sample (round, file, &plan)
             && round_trip (round, plan, &expected, TENON_SAVE_SKIP_UNREADABLE, &digest)
             && file_get (file).unreadable == 0)
        check_again (round, plan, digest);
}

static APART void
check_sample (struct check *check, tenon_context *context, const struct check_sample *sample)
{
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_codec_info codec;
    tenon_open_options options = { .struct_size = sizeof options, .format = sample->codec };
    if (tenon_open (context, sample->path, &options, &file, &error) < 0)
        return; /* the steps that read say so */
    for (uint64_t i = 0; check_next_codec (check, context, &i, &codec);)
        if (strcmp (codec.id, file_get (file).format) == 0 && codec.flags & TENON_CAN_WRITE) {
            struct round round;
            round_start (&round, check, context, &codec);
            round.differences |= RECORD_RENAMED;
            round_about (&round, "sample %.150s", sample->name);
            check_sample_file (&round, file);
        }
}

/* ---- the step ---- */

static void
judge_refused (void *user, const struct made_tensor *tensor, const tenon_error *error)
{
    char what[600];
    snprintf (what, sizeof what, "the tensor '%.300s' (%s)", tensor->name, tensor->what);
    round_judge_refusal (user, what, error);
}

/* Items `number` on: each made file, then strides. Returns the number of the next one. */
static APART uint64_t
check_codec (struct round *round, uint64_t from, uint64_t number)
{
    struct making_list list = { 0 };
    check_item (round->check, from, number, "asking the codec %s what it can write", round->codec.id);
    making_list_make (round->context, &round->codec, from <= number ? judge_refused : NULL, round, &list);
    number++;
    for (size_t i = 0; i < list.count; i++) {
        round_about (round, "made file '%s'", list.items[i].title);
        if (check_item (round->check, from, number++, "the round trip of the %s", round->subject))
            check_making (round, &list.items[i]);
    }
    round_about (round, "an array with strides");
    if (list.count > 0 && check_item (round->check, from, number, "the round trip of the %s", round->subject))
        check_strides (round);
    making_list_clean (&list);
    return number + 1;
}

static void
run_round (struct check *check, uint64_t from)
{
    tenon_codec_info codec;
    uint64_t number = 0, written = 0;
    tenon_context *context = check_context (check, NULL);
    for (uint64_t i = 0; context && check_next_codec (check, context, &i, &codec);)
        if (codec.flags & TENON_CAN_WRITE) {
            struct round round;
            round_start (&round, check, context, &codec);
            number = check_codec (&round, from, number);
            written++;
        }
    for (const struct check_sample *sample = check->samples; context && written && sample->path; sample++)
        if (check_item (check, from, number++, "the round trip of the sample %s", sample->name))
            check_sample (check, context, sample);
    if (context && written == 0)
        check_left_out (check, "the plugin writes nothing");
    tenon_context_free (context);
}

const struct check_step check_round_step = { "round",
                                             "what is saved comes back, or the save reports what is lost",
                                             run_round };
