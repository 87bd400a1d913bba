/* SPDX-License-Identifier: MIT */
/* step_samples.c - the samples of all other steps: those that are given, or else what the plugin writes. */
#include "check/making.h"
#include "library.h"
#include "memory.h"
#include "samples.h"
#include <sys/stat.h>

/* Files that one codec writes of one kind (dtypes, shapes …). */
#define MOST_OF_KIND 4
/* Items for one codec. */
#define ITEMS_OF_CODEC 1000
#define FIRST_MADE 10000

static bool
is_same_kind (const char *one, const char *other)
{
    size_t length = strcspn (one, "-");
    return length == strcspn (other, "-") && memcmp (one, other, length) == 0;
}

/* Many tensors and large ones are for the steps that measure. */
static bool
is_wanted (const struct making_list *list, size_t index)
{
    size_t before = 0;
    if (is_same_kind (list->items[index].title, "many") || list->items[index].count == 0)
        return false;
    for (size_t i = 0; i < index; i++)
        before += is_same_kind (list->items[i].title, list->items[index].title);
    return before < MOST_OF_KIND;
}

static void
make_sample (struct check *check, tenon_context *context, const tenon_codec_info *codec,
             const struct making *making)
{
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (plan) tenon_plan *plan = making_plan (context, making, &error);
    const char *extension = codec->extensions && codec->extensions[0] ? codec->extensions[0] : codec->id;
    CLEAN (text) char *path = check_path (check, "samples/%s-%s.%s", codec->id, making->title, extension);
    struct stat status;
    check_counted (check);
    if (!plan || made_save (plan, codec, path, 0, NULL, NULL, &error) < 0) {
        check_left_out (check, "a sample of %s, which %s does not write: %s", making->title, codec->id,
                        error.message);
        return;
    }
    char name[128];
    snprintf (name, sizeof name, "made sample %s-%s.%s", codec->id, making->title, extension);
    check_has_sample (
        check, &(struct check_sample){ .path = path,
                                       .name = name,
                                       .codec = codec->id,
                                       .made = true,
                                       .folder = stat (path, &status) == 0 && S_ISDIR (status.st_mode) });
}

static void
make_samples (struct check *check, tenon_context *context, uint64_t from, uint64_t number,
              const tenon_codec_info *codec)
{
    struct making_list list = { 0 };
    if (!check_item (check, from, number, "asking %s what it can write", codec->id) && number + 1 == from)
        return; /* it has crashed there */
    making_list_make (context, codec, NULL, NULL, &list);
    for (size_t i = 0; i < list.count; i++)
        if (is_wanted (&list, i)
            && check_item (check, from, number + 1 + i, "%s: writing %s", codec->id, list.items[i].title))
            make_sample (check, context, codec, &list.items[i]);
    making_list_clean (&list);
}

static void
make_all (struct check *check, tenon_context *context, uint64_t from)
{
    CLEAN (text) char *folder = check_path (check, "samples");
    uint64_t number = FIRST_MADE;
    tenon_codec_info info;
    mkdir (folder, 0700);
    for (uint64_t i = 0; check_next_codec (check, context, &i, &info); number += ITEMS_OF_CODEC)
        if (!(info.flags & TENON_CAN_WRITE) || (info.flags & TENON_CAN_ARCHIVE))
            check_left_out (check, "%s writes no samples", info.id);
        else if (info.flags & TENON_CAN_READ)
            make_samples (check, context, from, number, &info);
}

static void
run_samples (struct check *check, uint64_t from)
{
    uint64_t number = 1;
    check_item (check, from, 0, "loading the plugin");
    tenon_context *context = check_context (check, NULL);
    if (!context)
        return;
    if (!check->arguments[0] && !samples_has_reader (check, context))
        check_left_out (check, "no sample was given, and the plugin has no codec that could write one");
    if (check->arguments[0])
        samples_look (check, context, from, &number);
    else
        make_all (check, context, from);
    tenon_context_free (context);
}

const struct check_step check_samples_step = { "samples", "samples are recognised, or made", run_samples };
