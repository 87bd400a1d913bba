/* SPDX-License-Identifier: MIT */
/* step_others.c - what a file holds comes back from other formats that carry it, and the codec carries what
 * its own format cannot hold. */
#include "check/round.h"
#include "library.h"

/* Data of samples beyond this are left out. */
#define MOST_DATA ((uint64_t) 16 << 20)
/* The record of a carried file, which is in its metadata where it could not be restored. */
#define TYPES_KEY "tenon.types"

static void
start_other (struct round *round, const struct round *own, const tenon_codec_info *codec)
{
    round_start (round, own->check, own->context, codec);
    round->rules = (struct record_rules){ RULE_CARRIES, RULE_CARRIES, RULE_CARRIES };
    round->differences = codec->max_tensors == 1 ? RECORD_NAMELESS | RECORD_RENAMED : RECORD_ORDERED;
    snprintf (round->subject, sizeof round->subject, "%.200s, as %.40s", own->subject, codec->id);
}

/* Saves a plan, with what the format cannot hold, as that of the round, and opens that. False: it is refused,
 * or there was a finding. */
static APART bool
carry_plan (const struct round *round, tenon_plan *plan, const char *path, const struct record *expected,
            tenon_file **file)
{
    CLEAN (report) tenon_report *report = NULL;
    CLEAN (record) struct record record = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    if (made_save (plan, &round->codec, path, TENON_SAVE_CARRY | TENON_SAVE_SKIP_UNREADABLE, NULL, &report,
                   &error)
            == TENON_OK
        && made_open (round->context, &round->codec, path, NULL, file, &error) == TENON_OK
        && record_file (round->context, *file, &record, &error) == TENON_OK)
        return record_same (round->check, &round->rules, round->subject, expected, &record, report,
                            tenon_file_report (*file), round->differences);
    if (error.status != TENON_E_UNSUPPORTED && error.status != TENON_E_LIMIT)
        check_found (round->check, RULE_CARRIES, round->subject, "%s", error.message);
    return false;
}

static APART bool
carry_to (const struct round *round, tenon_file *from, const char *path, const struct record *expected,
          tenon_file **file)
{
    CLEAN (plan) tenon_plan *plan = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_plan_new (round->context, &plan, &error) == TENON_OK
        && tenon_plan_add_file (plan, from, &error) == TENON_OK)
        return carry_plan (round, plan, path, expected, file);
    check_found (round->check, RULE_CARRIES, round->subject, "%s", error.message);
    return false;
}

/* From a file of the own codec to another one, and back. */
static APART void
carry_around (const struct round *own, const tenon_codec_info *other, tenon_file *file,
              const struct record *expected)
{
    struct round there, back;
    CLEAN (file) tenon_file *carried = NULL, *returned = NULL;
    start_other (&there, own, other);
    start_other (&back, own, &own->codec);
    CLEAN (text) char *path = check_path (own->check, "there.%s", other->extensions[0]);
    CLEAN (text) char *back_path = check_path (own->check, "back.%s", own->codec.extensions[0]);
    if (carry_to (&there, file, path, expected, &carried)) {
        CLEAN (record) struct record record = { 0 };
        tenon_error error = TENON_ERROR_INIT;
        uint64_t key;
        if (own->codec.flags & TENON_CAN_WRITE && own->codec.flags & TENON_CAN_READ
            && tenon_metadata_find (carried, TYPES_KEY, &key) < 0
            && record_file (own->context, carried, &record, &error) == TENON_OK)
            carry_to (&back, carried, back_path, &record, &returned);
    }
    round_remove (path);
    round_remove (back_path);
}

static bool
is_carrier (const tenon_codec_info *codec, const struct round *own, uint64_t tensors)
{
    const uint32_t both = TENON_CAN_READ | TENON_CAN_WRITE;
    return strcmp (codec->plugin, own->check->plugin) != 0 && (codec->flags & both) == both
           && !(codec->flags & (TENON_CAN_ARCHIVE | TENON_IS_HIDDEN)) && codec->extensions
           && codec->extensions[0] && (codec->max_tensors == 0 || tensors <= codec->max_tensors);
}

/* An open file of the own codec through every other format; an item for each. */
static APART void
carry_file (const struct round *own, tenon_file *file, uint64_t from, uint64_t *number)
{
    CLEAN (record) struct record expected = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    tenon_codec_info other = TENON_INIT (other);
    if (!own->codec.extensions || !own->codec.extensions[0]
        || record_file (own->context, file, &expected, &error) < 0)
        return;
    for (uint64_t i = 0; tenon_codec_get (own->context, i, &other) == TENON_OK; i++)
        if (is_carrier (&other, own, expected.tensors)
            && check_item (own->check, from, (*number)++, "the %s carried as %s and back", own->subject,
                           other.id))
            carry_around (own, &other, file, &expected);
}

/* ---- files of the own codec ---- */

static APART void
carry_making (const struct round *own, const struct making *making, uint64_t from, uint64_t *number)
{
    CLEAN (text)
    char *path =
        check_path (own->check, "own.%s", own->codec.extensions ? own->codec.extensions[0] : own->codec.id);
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (plan) tenon_plan *plan = making_plan (own->context, making, &error);
    if (plan && made_save (plan, &own->codec, path, 0, NULL, NULL, &error) == TENON_OK
        && made_open (own->context, &own->codec, path, NULL, &file, &error) == TENON_OK)
        carry_file (own, file, from, number);
    round_remove (path);
}

/* For formats with one tensor a file, some files are enough; files that are merely large show nothing more.
 */
static bool
is_worth (const struct making *making, size_t i)
{
    return strcmp (making->title, "many") != 0 && strcmp (making->title, "large") != 0
           && (!strchr (making->title, '-') || i % 4 == 0);
}

/* Tensors of every dtype, and metadata of every type, in the own format. */
static APART void
carry_all (const struct round *own)
{
    struct round round;
    struct making all = { .title = "all", .metadata = own->codec.metadata > 0 };
    CLEAN (record) struct record expected = { 0 };
    CLEAN (file) tenon_file *file = NULL;
    CLEAN (text) char *path = round_path (own);
    tenon_error error = TENON_ERROR_INIT;
    for (uint32_t id = TENON_NONE; (id = tenon_dtype_next (own->context, id)) != TENON_NONE;) {
        struct tenon_dtype about = { .struct_size = sizeof about };
        char name[96];
        tenon_dtype_get (own->context, NULL, id, &about);
        const uint64_t shape[] = { 2, about.block_items };
        snprintf (name, sizeof name, "z%u.%.70s", (unsigned) (100 - id % 100), about.name);
        all.tensors = get_memory (all.tensors, all.count + 1, sizeof *all.tensors);
        made_tensor_fill (own->context, &all.tensors[all.count++], name, id, 2, shape);
    }
    CLEAN (plan) tenon_plan *plan = making_plan (own->context, &all, &error);
    making_record (own->context, &all, &expected);
    start_other (&round, own, &own->codec);
    if (plan)
        carry_plan (&round, plan, path, &expected, &file);
    round_remove (path);
    for (size_t i = 0; i < all.count; i++)
        free (all.tensors[i].data);
    free (all.tensors);
}

/* ---- the step ---- */

static APART void
carry_codec (struct round *own, uint64_t from, uint64_t *number)
{
    struct making_list list = { 0 };
    round_about (own, "all dtypes, carried");
    if (check_item (own->check, from, (*number)++, "the %s", own->subject) && own->codec.metadata > 0
        && own->codec.max_tensors == 0)
        carry_all (own);
    making_list_make (own->context, &own->codec, NULL, NULL, &list);
    for (size_t i = 0; i < list.count; i++) {
        round_about (own, "made file '%s'", list.items[i].title);
        if (is_worth (&list.items[i], i))
            carry_making (own, &list.items[i], from, number);
    }
    making_list_clean (&list);
}

static APART void
carry_sample (struct round *own, const struct check_sample *sample, uint64_t from, uint64_t *number)
{
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    round_about (own, "sample %.150s", sample->name);
    tenon_open_options options = { .struct_size = sizeof options, .format = own->codec.id };
    if (tenon_open (own->context, sample->path, &options, &file, &error) < 0)
        return; /* the steps that read say so */
    if (file_get (file).nbytes > MOST_DATA)
        check_left_out (own->check, "%s: it has more than %llu MiB of data", own->subject,
                        (unsigned long long) (MOST_DATA >> 20));
    else
        carry_file (own, file, from, number);
}

static void
run_others (struct check *check, uint64_t from)
{
    tenon_codec_info codec;
    uint64_t number = 0;
    tenon_context *context = check_context (check, NULL);
    for (uint64_t i = 0; context && check_next_codec (check, context, &i, &codec);) {
        struct round own;
        round_start (&own, check, context, &codec);
        if (codec.flags & TENON_CAN_WRITE && !(codec.flags & TENON_CAN_ARCHIVE))
            carry_codec (&own, from, &number);
        for (const struct check_sample *sample = check->samples; sample->path; sample++)
            if (!sample->made && sample->codec && strcmp (sample->codec, codec.id) == 0)
                carry_sample (&own, sample, from, &number);
    }
    tenon_context_free (context);
}

const struct check_step check_others_step = {
    "others", "what a file holds comes back from every other format that carries it", run_others
};
