/* SPDX-License-Identifier: MIT */
/* step_options.c - each option alone, at each of its choices and at both ends of its range. */
#include "check/round.h"
#include "library.h"
#include <math.h>
#include <sys/stat.h>

#define VALUE_ROOM 200
/* Values that are tried of one option. */
#define MOST_VALUES 40

struct trial {
    struct check *check;
    const char *codec; /* id */
    const struct tenon_option *option;
    const struct making_list *list;
    const uint64_t *digests; /* of the files of the list without options; 0: there is none */
    bool folders;            /* the format makes folders, which take their time */
};

/* ---- values ---- */

static void
put_number (char text[VALUE_ROOM], const struct tenon_option *option, double number)
{
    if (option->type == TENON_OPTION_NUMBER)
        snprintf (text, VALUE_ROOM, "%.17g", number);
    else if (fabs (number) < 0x1p62)
        snprintf (text, VALUE_ROOM, "%lld", (long long) number);
    else
        snprintf (text, VALUE_ROOM, "%s", option->value);
}

/* Value number `i` of an option: its default first, then the others. False: there are no more. */
static bool
option_value (const struct tenon_option *option, unsigned i, char text[VALUE_ROOM])
{
    static const char *const answers[] = { "yes", "no" };
    const char *at = option->choices;
    snprintf (text, VALUE_ROOM, "%s", option->value ? option->value : "");
    if (i == 0)
        return true;
    switch (option->type) {
    case TENON_OPTION_BOOL: snprintf (text, VALUE_ROOM, "%s", answers[(i - 1) & 1]); return i <= 2;
    case TENON_OPTION_INTEGER:
    case TENON_OPTION_SIZE:
    case TENON_OPTION_NUMBER:
        put_number (text, option, i == 1 ? option->least : option->most);
        return (option->least != 0 || option->most != 0) && i <= 2;
    case TENON_OPTION_CHOICE:
    case TENON_OPTION_FILTER:
        for (unsigned k = 1; at && k < i; k++)
            at = strchr (at, ' ') ? strchr (at, ' ') + 1 : NULL;
        if (at)
            snprintf (text, VALUE_ROOM, "%.*s", (int) strcspn (at, " "), at);
        return at != NULL;
    default: return false;
    }
}

/* ---- one value ---- */

/* A choice may mean another form of the tensors, such as three for each one that is quantised: what is
 * written is opened and verified then, and not compared. */
static bool
trial_compares (const struct tenon_option *option, bool is_default)
{
    return is_default || option->type != TENON_OPTION_CHOICE;
}

/* A filter needs more than a few bytes. At the ends of a range a few are enough: the least size of a chunk
 * would make a file of each item. */
static bool
trial_wants (const struct trial *trial, bool is_default, const struct making *making)
{
    const struct tenon_option *option = trial->option;
    if (trial->folders && making->count > 1)
        return false;
    bool large = strcmp (making->title, "large") == 0;
    bool range = option->type == TENON_OPTION_INTEGER || option->type == TENON_OPTION_SIZE
                 || option->type == TENON_OPTION_NUMBER;
    return is_default || (range ? !large : large || option->type != TENON_OPTION_FILTER);
}

static APART void
try_making (struct round *round, const struct tenon_option *option, const struct making *making,
            uint64_t digest, bool is_default)
{
    CLEAN (record) struct record expected = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    uint64_t found = 0;
    CLEAN (plan) tenon_plan *plan = making_plan (round->context, making, &error);
    if (!plan)
        return;
    making_record (round->context, making, &expected);
    if (round_trip (round, plan, trial_compares (option, is_default) ? &expected : NULL, 0, &found)
        && is_default && digest != 0 && found != digest)
        check_found (round->check, RULE_OPTION_DEFAULT, round->subject,
                     "the file '%s' has other bytes than without the option", making->title);
}

/* In a context of its own, so that saving and opening have it. */
static APART void
try_value (const struct trial *trial, const char *value, bool is_default)
{
    char setting[VALUE_ROOM + 200];
    const char *settings[] = { setting, NULL };
    tenon_codec_info codec;
    snprintf (setting, sizeof setting, "%s.%s=%s", trial->codec, trial->option->name, value);
    tenon_context *context = check_context (trial->check, settings);
    for (uint64_t i = 0; context && check_next_codec (trial->check, context, &i, &codec);) {
        struct round round;
        if (strcmp (codec.id, trial->codec) != 0)
            continue;
        round_start (&round, trial->check, context, &codec);
        round.has_option = !is_default;
        round_about (&round, "option %.150s", setting);
        for (size_t k = 0; k < trial->list->count; k++)
            if (trial_wants (trial, is_default, &trial->list->items[k]))
                try_making (&round, trial->option, &trial->list->items[k], trial->digests[k], is_default);
    }
    tenon_context_free (context);
}

static APART void
try_wrong (const struct trial *trial)
{
    char setting[VALUE_ROOM], subject[VALUE_ROOM + 20];
    const char *settings[] = { setting, NULL };
    tenon_error error = TENON_ERROR_INIT;
    tenon_context *context = NULL;
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings,
                                      .plugin_path = trial->check->plugin_path };
    snprintf (setting, sizeof setting, "%.60s.%.60s=?wrong", trial->codec, trial->option->name);
    snprintf (subject, sizeof subject, "option %s", setting);
    if (tenon_context_new (&context, &options, &error) == TENON_OK)
        check_found (trial->check, RULE_OPTION_RANGE, subject, "a wrong value is accepted");
    else if (!strstr (error.message, trial->option->name))
        check_found (trial->check, RULE_OPTION_RANGE, subject, "the refusal does not name it: %s",
                     error.message);
    check_counted (trial->check);
    tenon_context_free (context);
}

/* ---- the step ---- */

static APART uint64_t
digest_of_making (struct check *check, tenon_context *context, const tenon_codec_info *codec,
                  const struct making *making, bool *folder)
{
    struct stat about;
    struct round round;
    tenon_error error = TENON_ERROR_INIT;
    uint64_t digest = 0;
    round_start (&round, check, context, codec);
    CLEAN (text) char *path = round_path (&round);
    CLEAN (plan) tenon_plan *plan = making_plan (context, making, &error);
    if (!plan || made_save (plan, codec, path, 0, NULL, NULL, &error) < 0 || !digest_path (path, &digest))
        digest = 0;
    *folder = stat (path, &about) == 0 && S_ISDIR (about.st_mode);
    round_remove (path);
    return digest;
}

static bool
is_wanted (const struct making *making)
{
    static const char *const titles[] = { "dtypes", "shapes", "large", "metadata" };
    for (unsigned i = 0; i < COUNT_OF (titles); i++)
        if (strcmp (making->title, titles[i]) == 0)
            return true;
    return false;
}

/* The files that are tried: one of each kind. The others are freed. */
static void
keep_wanted (struct making_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (is_wanted (&list->items[i]))
            list->items[kept++] = list->items[i];
        else
            making_free (&list->items[i]);
    }
    list->count = kept;
}

static APART void
try_option (struct trial *trial, uint64_t from, uint64_t *number)
{
    char value[VALUE_ROOM];
    for (unsigned i = 0; i < MOST_VALUES && option_value (trial->option, i, value); i++)
        if (check_item (trial->check, from, (*number)++, "the option %s.%s=%s", trial->codec,
                        trial->option->name, value))
            try_value (trial, value, i == 0);
    if (trial->option->type != TENON_OPTION_TEXT
        && check_item (trial->check, from, (*number)++, "a wrong value of the option %s.%s", trial->codec,
                       trial->option->name))
        try_wrong (trial);
}

static APART void
try_codec (struct check *check, tenon_context *context, uint64_t index, const tenon_codec_info *codec,
           uint64_t from, uint64_t *number)
{
    struct making_list list = { 0 };
    uint64_t digests[8] = { 0 };
    bool folders = false;
    check_item (check, from, (*number)++, "files of the codec %s without options", codec->id);
    if (codec->flags & TENON_CAN_WRITE)
        making_list_make (context, codec, NULL, NULL, &list);
    keep_wanted (&list);
    for (size_t k = 0; k < list.count && k < COUNT_OF (digests); k++)
        digests[k] = digest_of_making (check, context, codec, &list.items[k], &folders);
    for (uint64_t i = 0; i < codec->option_count; i++) {
        struct tenon_option option = TENON_INIT (option);
        struct trial trial = { check, codec->id, &option, &list, digests, folders };
        if (tenon_codec_option (context, index, i, &option, NULL) == TENON_OK)
            try_option (&trial, from, number);
    }
    making_list_clean (&list);
}

static void
run_options (struct check *check, uint64_t from)
{
    tenon_codec_info codec;
    uint64_t number = 0;
    tenon_context *context = check_context (check, NULL);
    for (uint64_t i = 0; context && check_next_codec (check, context, &i, &codec);)
        if (codec.option_count > 0)
            try_codec (check, context, i - 1, &codec, from, &number);
    tenon_context_free (context);
}

const struct check_step check_options_step = {
    "options", "each option works at each of its choices and at both ends of its range", run_options
};
