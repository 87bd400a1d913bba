/* SPDX-License-Identifier: MIT */
/* step_fails.c - a save that fails says so, and leaves nothing; saves at the same time do not disturb each
 * other. */
#include "check/round.h"
#include "library.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define TOGETHER 4 /* saves at the same time */
#define TIMES 8    /* of each */

/* ---- a disk that is full ---- */

static void
tell_wrong_end (const struct round *round, const char *what, uint64_t most, tenon_status status,
                const tenon_error *error)
{
    check_counted (round->check);
    if (status == TENON_OK)
        check_found (round->check, RULE_FAILS, round->subject,
                     "%s takes no more than %llu bytes, and the save succeeds", what,
                     (unsigned long long) most);
    else if (status != TENON_E_IO)
        check_found (round->check, RULE_FAILS, round->subject,
                     "%s takes no more than %llu bytes, and the save fails with %s, not with the status "
                     "TENON_E_IO of the failure: %s",
                     what, (unsigned long long) most, tenon_status_name (status), error->message);
}

/* Memory that fails at some bytes: the first, the last, and some between. */
static APART void
fail_target (const struct round *round, tenon_plan *plan)
{
    CLEAN (text) char *path = round_path (round);
    const char *name = strrchr (path, '/') + 1;
    CLEAN (target) struct target target = { .most = UINT64_MAX };
    tenon_error error = TENON_ERROR_INIT;
    if (target_save (&target, plan, round->codec.id, name, 1, &error) < 0)
        return;
    uint64_t size = target.size;
    for (unsigned i = 0; i <= 16 && size > 0; i++) {
        target.most = i == 16 ? size - 1 : i < 8 ? i * 4 % size : size / 16 * i;
        tenon_status status = target_save (&target, plan, round->codec.id, name, 1, &error);
        tell_wrong_end (round, "the target", target.most, status, &error);
    }
}

static APART void
fail_file (const struct round *round, tenon_plan *plan)
{
    CLEAN (text) char *path = round_path (round);
    tenon_error error = TENON_ERROR_INIT;
    struct rlimit old, small = { 100000, RLIM_INFINITY };
    if (getrlimit (RLIMIT_FSIZE, &old) < 0)
        return;
    small.rlim_max = old.rlim_max;
    if (setrlimit (RLIMIT_FSIZE, &small) < 0)
        return;
    void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
    tenon_status status = made_save (plan, &round->codec, path, 0, NULL, NULL, &error);
    setrlimit (RLIMIT_FSIZE, &old);
    signal (SIGXFSZ, handler);
    uint64_t digest;
    if (status == TENON_OK && round->codec.flags & TENON_CAN_READ) {
        CLEAN (record) struct record record = { 0 };
        round_read (round, path, NULL, &record); /* several small files, or one that is compressed */
    } else if (status < 0)
        tell_wrong_end (round, "the disk", small.rlim_cur, status, &error);
    if (status < 0 && access (path, F_OK) == 0 && digest_path (path, &digest))
        check_found (round->check, RULE_FAILS, round->subject, "a save that failed left its file");
    round_remove (path);
}

/* ---- saves at the same time ---- */

struct saver {
    const struct round *round;
    const struct making *making;
    uint64_t digest; /* of what it saved first */
    bool works, differs;
};

static void *
save_often (void *argument)
{
    struct saver *saver = argument;
    CLEAN (target) struct target target = { .most = UINT64_MAX };
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (plan) tenon_plan *plan = making_plan (saver->round->context, saver->making, &error);
    saver->works = plan != NULL;
    for (unsigned i = 0; saver->works && i < TIMES; i++) {
        saver->works = target_save (&target, plan, saver->round->codec.id, "made", 1, &error) == TENON_OK;
        uint64_t digest = digest_bytes (DIGEST_START, target.data, target.size);
        saver->differs |= i > 0 && digest != saver->digest;
        saver->digest = digest;
    }
    return NULL;
}

/* Each thread saves a plan of its own, two of them the same one. */
static APART void
save_together (const struct round *round, const struct making_list *list)
{
    struct saver alone[TOGETHER], savers[TOGETHER];
    pthread_t threads[TOGETHER];
    unsigned begun = 0;
    for (unsigned i = 0; i < TOGETHER; i++) {
        savers[i] = alone[i] = (struct saver){ .round = round, .making = &list->items[i / 2 % list->count] };
        save_often (&alone[i]);
    }
    while (begun < TOGETHER && pthread_create (&threads[begun], NULL, save_often, &savers[begun]) == 0)
        begun++;
    for (unsigned i = 0; i < begun; i++)
        pthread_join (threads[i], NULL);
    for (unsigned i = 0; i < begun; i++)
        if (alone[i].works
            && (!savers[i].works || savers[i].differs || savers[i].digest != alone[i].digest)) {
            check_found (round->check, RULE_WRITES_SAME, round->subject,
                         "saved on %d threads at once, the file '%s' %s", TOGETHER, alone[i].making->title,
                         savers[i].works ? "has other bytes" : "fails");
            break;
        }
    check_counted (round->check);
}

/* ---- the step ---- */

static const struct making *
find_making (const struct making_list *list, const char *title)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp (list->items[i].title, title) == 0)
            return &list->items[i];
    return NULL;
}

static APART void
check_fails (struct round *round, uint64_t from, uint64_t number)
{
    struct making_list list = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    making_list_make (round->context, &round->codec, NULL, NULL, &list);
    const struct making *large = find_making (&list, "large");
    CLEAN (plan) tenon_plan *plan = large ? making_plan (round->context, large, &error) : NULL;
    if (check_item (round->check, from, number, "saves of the codec %s that fail", round->codec.id) && plan)
        fail_target (round, plan);
    if (check_item (round->check, from, number + 1, "a save of the codec %s on a full disk", round->codec.id)
        && plan)
        fail_file (round, plan);
    if (check_item (round->check, from, number + 2, "saves of the codec %s at the same time", round->codec.id)
        && list.count > 0)
        save_together (round, &list);
    making_list_clean (&list);
}

static void
run_fails (struct check *check, uint64_t from)
{
    tenon_codec_info codec;
    uint64_t number = 0;
    tenon_context *context = check_context (check, NULL);
    for (uint64_t i = 0; context && check_next_codec (check, context, &i, &codec); number += 3)
        if (codec.flags & TENON_CAN_WRITE) {
            struct round round;
            round_start (&round, check, context, &codec);
            check_fails (&round, from, number);
        }
    tenon_context_free (context);
}

const struct check_step check_fails_step = {
    "fails", "a save that fails says so, and saves beside each other do not mix", run_fails
};
