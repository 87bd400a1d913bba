/* SPDX-License-Identifier: MIT */
/* step_archives.c - archives of the plugin, through the codecs that store their files in them. */
#include "check/round.h"
#include "library.h"

#define MANY 1000
#define MOST_FLIPS 12

/* A codec that writes into archives of the plugin, by the format that is saved: "npz", "zarr.zip". */
struct keeper {
    struct round round;
    char format[100], name[140]; /* name: of a file of that format */
};

static bool
save_memory (const struct keeper *keeper, tenon_plan *plan, struct target *target, tenon_error *error)
{
    return target_save (target, plan, keeper->format, keeper->name, 1, error) == TENON_OK;
}

static tenon_status
open_keeper (const struct keeper *keeper, const struct target *target, tenon_file **file, tenon_error *error)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = keeper->name };
    return tenon_open_memory (keeper->round.context, target->data, target->size, &options, file, error);
}

/* ---- members ---- */

static APART void
check_members (const struct keeper *keeper, const struct making *making)
{
    CLEAN (target) struct target target = { .most = UINT64_MAX };
    CLEAN (record) struct record expected = { 0 }, record = { 0 };
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    const struct record_rules rules = { RULE_ARCHIVE, RULE_ARCHIVE, RULE_ARCHIVE };
    CLEAN (plan) tenon_plan *plan = making_plan (keeper->round.context, making, &error);
    if (!plan || !save_memory (keeper, plan, &target, &error))
        return round_judge_refusal (&keeper->round, making->title, &error);
    making_record (keeper->round.context, making, &expected);
    if (open_keeper (keeper, &target, &file, &error) == TENON_OK
        && tenon_verify (file, NULL, NULL, &error) == TENON_OK
        && record_file (keeper->round.context, file, &record, &error) == TENON_OK)
        record_same (keeper->round.check, &rules, keeper->round.subject, &expected, &record, NULL, NULL,
                     RECORD_MORE);
    else
        check_found (keeper->round.check, RULE_ARCHIVE, keeper->round.subject, "%s: %s", making->title,
                     error.message);
}

/* A thousand members. */
static APART void
check_many (const struct keeper *keeper)
{
    struct making many = { .title = "a thousand tensors", .count = MANY };
    const uint64_t shape[] = { 1 };
    many.tensors = get_memory (NULL, MANY, sizeof *many.tensors);
    for (unsigned i = 0; i < MANY; i++) {
        char name[40];
        snprintf (name, sizeof name, "member.%u", i * 7919 % MANY);
        made_tensor_fill (keeper->round.context, &many.tensors[i], name, TENON_F32, 1, shape);
    }
    check_members (keeper, &many);
    making_free (&many);
}

/* ---- checksums ---- */

/* Whether verifying fails after one byte of the data of a tensor was changed. */
static APART bool
notices_flip (const struct keeper *keeper, struct target *target, uint64_t place)
{
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    target->data[place] ^= 0x10;
    bool noticed =
        open_keeper (keeper, target, &file, &error) < 0 || tenon_verify (file, NULL, NULL, &error) < 0;
    tenon_close (file);
    file = NULL;
    target->data[place] ^= 0x10;
    return noticed;
}

/* An archive has checksums of all members, or of none. */
static APART void
check_sums (const struct keeper *keeper, const struct making *making)
{
    CLEAN (target) struct target target = { .most = UINT64_MAX };
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    unsigned noticed = 0, tried = 0;
    CLEAN (plan) tenon_plan *plan = making_plan (keeper->round.context, making, &error);
    if (!plan || !save_memory (keeper, plan, &target, &error)
        || open_keeper (keeper, &target, &file, &error) < 0)
        return;
    char missed[200] = "";
    for (uint64_t i = 0; i < tenon_count (file) && tried < MOST_FLIPS; i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (info.storage != 0 || info.stored == 0 || info.offset + info.stored > target.size)
            continue;
        tried++;
        bool seen = notices_flip (keeper, &target, info.offset + info.stored / 2);
        noticed += seen;
        if (!seen)
            snprintf (missed, sizeof missed, "%s", info.name);
    }
    if (noticed > 0 && noticed < tried)
        check_found (keeper->round.check, RULE_ARCHIVE, keeper->round.subject,
                     "one byte of the tensor '%s' was changed: verifying notices that in %u of %u tensors",
                     missed, noticed, tried);
    else if (noticed == 0 && tried > 0)
        check_left_out (keeper->round.check, "%s: checksums, of which the archive seems to have none",
                        keeper->round.subject);
    check_counted (keeper->round.check);
}

/* ---- appending ---- */

static APART void
check_append (const struct keeper *keeper, const struct making *making)
{
    static const uint64_t shape[] = { 3 };
    struct made_tensor tensor;
    struct making more = { .title = "appended", .tensors = &tensor, .count = 1 };
    const struct round *round = &keeper->round;
    const struct record_rules rules = { RULE_ARCHIVE, RULE_ARCHIVE, RULE_ARCHIVE };
    CLEAN (text) char *path = check_path (round->check, "%s", keeper->name);
    CLEAN (record) struct record expected = { 0 }, record = { 0 };
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_save_options options = { .struct_size = sizeof options,
                                   .lock = TENON_LOCK_NO,
                                   .durable = TENON_DURABLE_NO };
    made_tensor_fill (round->context, &tensor, "appended.tensor", TENON_F32, 1, shape);
    making_record (round->context, making, &expected);
    making_record (round->context, &more, &expected);
    CLEAN (plan) tenon_plan *plan = making_plan (round->context, making, &error);
    CLEAN (plan) tenon_plan *addition = making_plan (round->context, &more, &error);
    round_remove (path);
    if (plan && addition && tenon_save (plan, path, &options, NULL, NULL, &error) == TENON_OK) {
        options.flags = TENON_SAVE_APPEND;
        if (tenon_save (addition, path, &options, NULL, NULL, &error) == TENON_OK
            && tenon_open (round->context, path, NULL, &file, &error) == TENON_OK
            && tenon_verify (file, NULL, NULL, &error) == TENON_OK
            && record_file (round->context, file, &record, &error) == TENON_OK)
            record_same (round->check, &rules, round->subject, &expected, &record, NULL, NULL, RECORD_MORE);
        else if (error.status != TENON_E_UNSUPPORTED)
            check_found (round->check, RULE_ARCHIVE, round->subject, "adding a tensor fails: %s",
                         error.message);
    }
    round_remove (path);
    free (tensor.data);
}

/* ---- the step ---- */

/* True if the format is written in this context, and is not without the plugin. */
static APART bool
needs_plugin (struct keeper *keeper, tenon_context *without)
{
    static const uint64_t shape[] = { 2 };
    struct made_tensor tensor;
    CLEAN (target) struct target target = { .most = UINT64_MAX };
    CLEAN (plan) tenon_plan *with_it = NULL, *without_it = NULL;
    tenon_error error = TENON_ERROR_INIT;
    made_tensor_fill (keeper->round.context, &tensor, "a", TENON_F32, 1, shape);
    bool needed = tenon_plan_new (keeper->round.context, &with_it, &error) == TENON_OK
                  && making_add (with_it, &tensor, &error) && save_memory (keeper, with_it, &target, &error)
                  && tenon_plan_new (without, &without_it, &error) == TENON_OK
                  && making_add (without_it, &tensor, &error)
                  && !save_memory (keeper, without_it, &target, &error);
    free (tensor.data);
    return needed;
}

static APART void
check_keeper (struct keeper *keeper, uint64_t from, uint64_t *number)
{
    struct making_list list = { 0 };
    round_about (&keeper->round, "as %s", keeper->format);
    const char *format = keeper->format;
    making_list_make (keeper->round.context, &keeper->round.codec, NULL, NULL, &list);
    for (size_t i = 0; i < list.count; i++) {
        const struct making *making = &list.items[i];
        if (check_item (keeper->round.check, from, (*number)++, "an archive %s of %s", format, making->title)
            && !making->metadata) /* its losses are the codec's, and a report has them */
            check_members (keeper, making);
        if (strcmp (making->title, "names") != 0)
            continue;
        if (check_item (keeper->round.check, from, (*number)++, "checksums in an archive %s", format))
            check_sums (keeper, making);
        if (check_item (keeper->round.check, from, (*number)++, "adding to an archive %s", format))
            check_append (keeper, making);
    }
    if (check_item (keeper->round.check, from, (*number)++, "an archive %s of %d tensors", format, MANY)
        && keeper->round.codec.max_tensors == 0)
        check_many (keeper);
    making_list_clean (&list);
}

/* All formats that are stored in the archives of this codec. Returns their number. */
static APART unsigned
check_archive (struct check *check, tenon_context *context, tenon_context *without,
               const tenon_codec_info *archive, uint64_t from, uint64_t *number)
{
    tenon_codec_info codec = TENON_INIT (codec);
    const uint32_t both = TENON_CAN_READ | TENON_CAN_WRITE;
    unsigned found = 0;
    for (uint64_t i = 0; tenon_codec_get (context, i, &codec) == TENON_OK; i++)
        for (unsigned inside = 0; inside <= 1; inside++) {
            struct keeper keeper;
            if ((codec.flags & both) != both || codec.flags & (TENON_IS_HIDDEN | TENON_CAN_ARCHIVE)
                || !codec.extensions || !codec.extensions[0] || !archive->extensions[0])
                continue;
            round_start (&keeper.round, check, context, &codec);
            snprintf (keeper.format, sizeof keeper.format, inside ? "%.40s.%.40s" : "%.40s", codec.id,
                      archive->extensions[0]);
            snprintf (keeper.name, sizeof keeper.name, inside ? "made.%.40s.%.40s" : "made.%.40s",
                      codec.extensions[0], archive->extensions[0]);
            if (needs_plugin (&keeper, without)) {
                check_keeper (&keeper, from, number);
                found++;
                break;
            }
        }
    return found;
}

static void
run_archives (struct check *check, uint64_t from)
{
    tenon_codec_info codec;
    uint64_t number = 0;
    tenon_context *context = check_context (check, NULL), *without = round_without (check);
    for (uint64_t i = 0; context && without && check_next_codec (check, context, &i, &codec);)
        if (codec.flags & TENON_CAN_ARCHIVE && codec.extensions
            && check_archive (check, context, without, &codec, from, &number) == 0)
            check_left_out (check, "codec %s: no other codec writes into its archives", codec.id);
    tenon_context_free (context);
    tenon_context_free (without);
}

const struct check_step check_archives_step = { "archives",
                                                "archives give back what other codecs put into them",
                                                run_archives };
