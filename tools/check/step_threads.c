/* SPDX-License-Identifier: MIT */
/* step_threads.c - a plugin gives the same results on many threads at once. */
#include "check/check.h"
#include "check/reading.h"
#include "library.h"
#include "memory.h"
#include "report.h"
#include <pthread.h>

#define THREADS 4
/* Each thread opens each sample so often, unless the time is over. */
#define TIMES 4
#define MOST_SECONDS 3.0

enum { ITEM_SHARED, ITEM_PLAIN, ITEM_OWN, ITEM_VERIFY };

struct threads {
    struct check *check;
    uint64_t samples;
    struct catalog *alone; /* of each sample, as one thread read it */
    double end;            /* of the time for the threads */
};

/* One thread. What it finds is told when all have ended. */
struct reader {
    const struct threads *threads;
    tenon_context *context;
    unsigned number;
    uint64_t opened;
    bool differs;
    uint64_t sample; /* that differs, and how */
    char words[CATALOG_WORDS];
};

/* Opens all samples, each thread in another order. */
static void *
read_samples (void *user)
{
    struct reader *reader = user;
    const struct threads *threads = reader->threads;
    for (uint64_t i = 0; i < threads->samples * TIMES && !reader->differs; i++) {
        uint64_t sample = (i + reader->number * threads->samples / THREADS) % threads->samples;
        struct catalog found;
        if (i > threads->samples && reading_clock () > threads->end)
            break;
        reading_catalog (reader->context, &threads->check->samples[sample], NULL, READING_PATH, CATALOG_ALL,
                         &found);
        reader->opened++;
        reader->differs = catalog_differs (&threads->alone[sample], &found, false, reader->words);
        reader->sample = sample;
        catalog_free (&found);
    }
    return NULL;
}

/* Runs the threads, with the contexts that they have. */
static void
run_readers (struct threads *threads, struct reader readers[THREADS], const char *how)
{
    pthread_t handles[THREADS];
    unsigned begun = 0;
    threads->end = reading_clock () + MOST_SECONDS;
    while (begun < THREADS && pthread_create (&handles[begun], NULL, read_samples, &readers[begun]) == 0)
        begun++;
    for (unsigned i = 0; i < begun; i++) {
        pthread_join (handles[i], NULL);
        for (uint64_t k = 0; k < readers[i].opened; k++)
            check_counted (threads->check);
        if (readers[i].differs)
            check_found (threads->check, RULE_THREADS, threads->check->samples[readers[i].sample].name,
                         "read on %d threads at once, %s, %s", THREADS, how, readers[i].words);
    }
}

/* All threads with one context, or each with one of its own. */
static void
check_readers (struct threads *threads, bool own, const char *how)
{
    struct reader *readers = get_memory (NULL, THREADS, sizeof *readers);
    tenon_context *shared = own ? NULL : check_context (threads->check, NULL);
    bool works = own || shared;
    for (unsigned i = 0; i < THREADS; i++) {
        readers[i] = (struct reader){ .threads = threads, .number = i, .context = shared };
        if (own)
            works = works && (readers[i].context = check_context (threads->check, NULL)) != NULL;
    }
    if (works)
        run_readers (threads, readers, how);
    for (unsigned i = 0; i < THREADS && own; i++)
        tenon_context_free (readers[i].context);
    tenon_context_free (shared);
    free (readers);
}

/* The checks of TENON_DEBUG=abi take a lock for each service: without them threads are closer together. */
static void
check_without_locks (struct threads *threads)
{
    CLEAN (text)
    char *debug =
        getenv ("TENON_DEBUG") ? copy_text (getenv ("TENON_DEBUG"), strlen (getenv ("TENON_DEBUG"))) : NULL;
    unsetenv ("TENON_DEBUG");
    check_readers (threads, false, "in one context without TENON_DEBUG");
    if (debug)
        setenv ("TENON_DEBUG", debug, 1);
}

/* ---- verifying ---- */

/* The words of a verification, in an order that does not depend on threads. */
static char *
verify_words (tenon_context *context, const char *path)
{
    struct text_list list = { 0 };
    CLEAN (file) tenon_file *file = NULL;
    CLEAN (report) tenon_report *report = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_report_entry entry;
    size_t length = 64;
    if (tenon_open (context, path, NULL, &file, &error) < 0)
        return copy_text (tenon_status_name (error.status), strlen (tenon_status_name (error.status)));
    tenon_status status = tenon_verify (file, &report, NULL, &error);
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);) {
        list_add (&list, entry.message);
        length += strlen (entry.message) + 2;
    }
    for (size_t i = 1; i < list.count; i++) /* a short list */
        for (size_t k = i; k > 0 && strcmp (list.items[k - 1], list.items[k]) > 0; k--) {
            const char *kept = list.items[k];
            list.items[k] = list.items[k - 1];
            list.items[k - 1] = kept;
        }
    char *words = get_memory (NULL, length, 1),
         *to = words + sprintf (words, "%s", status < 0 ? "fails" : "ok");
    for (size_t i = 0; i < list.count; i++)
        to += sprintf (to, "; %s", list.items[i]);
    list_free (&list);
    return words;
}

static void
check_verify (struct threads *threads)
{
    static const char *const one[] = { "core.threads=1", NULL }, *const four[] = { "core.threads=4", NULL };
    CLEAN (context) tenon_context *alone = check_context (threads->check, one);
    CLEAN (context) tenon_context *many = alone ? check_context (threads->check, four) : NULL;
    for (uint64_t i = 0; i < threads->samples && many; i++) {
        const struct check_sample *sample = &threads->check->samples[i];
        CLEAN (text) char *expected = verify_words (alone, sample->path);
        CLEAN (text) char *found = verify_words (many, sample->path);
        check_counted (threads->check);
        if (strcmp (expected, found) != 0)
            check_found (threads->check, RULE_THREADS, sample->name,
                         "verified on four threads: %.500s; on one thread: %.500s", found, expected);
    }
}

/* ---- the step ---- */

static void
run_threads (struct check *check, uint64_t from)
{
    struct threads threads = { .check = check, .samples = reading_count (check) };
    CLEAN (context) tenon_context *context = threads.samples ? check_context (check, NULL) : NULL;
    if (!context)
        return;
    threads.alone = get_memory (NULL, threads.samples, sizeof *threads.alone);
    for (uint64_t i = 0; i < threads.samples; i++)
        reading_catalog (context, &check->samples[i], NULL, READING_PATH, CATALOG_ALL, &threads.alone[i]);
    if (check_item (check, from, ITEM_SHARED, "reading the samples on %d threads", THREADS))
        check_readers (&threads, false, "in one context");
    if (check_item (check, from, ITEM_PLAIN, "reading the samples on %d threads without TENON_DEBUG",
                    THREADS))
        check_without_locks (&threads);
    if (check_item (check, from, ITEM_OWN, "reading the samples on %d threads with contexts of their own",
                    THREADS))
        check_readers (&threads, true, "each in a context of its own");
    if (check_item (check, from, ITEM_VERIFY, "verifying the samples on one thread and on four"))
        check_verify (&threads);
    for (uint64_t i = 0; i < threads.samples; i++)
        catalog_free (&threads.alone[i]);
    free (threads.alone);
}

const struct check_step check_threads_step = { "threads", "the same results on many threads at once",
                                               run_threads };
