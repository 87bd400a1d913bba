/* SPDX-License-Identifier: MIT */
/* test_isolation.c - files that are described in a process without rights: the catalogs are the same, and
 * codecs that crash, take all, or reach for others harm one open and nothing else. */
#include "kit.h"
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- hostile codecs ---- */

static const uint8_t bytes[64] = { 'b', 'y', 't', 'e', 's' };

static void
isolate (const char *settings)
{
    char all[200];
    snprintf (all, sizeof all, "core.isolate=third-party%s%s", settings ? " " : "", settings ? settings : "");
    kit_plugins ("hostile", all);
    kit_save ("file", bytes, sizeof bytes);
}

/* What another codec does with the same context does not suffer. */
static void
expect_health (void)
{
    tenon_file *file = kit_open ("file", "well_behaved", NULL);
    ck_assert_uint_eq (tenon_count (file), 1);
    kit_data (file, "good", "", "byte", 4);
    tenon_close (file);
}

static const struct {
    const char *codec;
    tenon_status status;
    const char *words;
} hostile[] = {
    { "crashes", TENON_E_CRASHED, "the plugin hostile crashed: signal 11" },
    { "fills_stack", TENON_E_CRASHED, "the plugin hostile crashed: signal 11" },
    { "scribbles", TENON_E_CRASHED, "the plugin hostile crashed: signal 11" },
    { "leaves", TENON_E_CRASHED, "the plugin hostile ended too early" },
    { "aborts", TENON_E_CRASHED,
      "the plugin hostile was stopped: it made a system call that isolation forbids" },
    { "forks", TENON_E_CRASHED, "a system call that isolation forbids" },
    { "executes", TENON_E_CRASHED, "a system call that isolation forbids" },
    { "connects", TENON_E_CRASHED, "a system call that isolation forbids" },
    { "starts_thread", TENON_E_CRASHED, "a system call that isolation forbids" },
    { "sends_noise", TENON_E_CRASHED, "it broke the rules of isolation" },
    { "sends_long_name", TENON_E_CRASHED, "it broke the rules of isolation" },
    { "sends_high_rank", TENON_E_CRASHED, "it broke the rules of isolation" },
};

START_TEST (test_hostile)
{
    isolate (NULL);
    kit_open_fails ("file", hostile[_i].codec, NULL, hostile[_i].status, hostile[_i].words);
    expect_health ();
}
END_TEST

/* The program takes the end for the end: the file has no tensors, whatever the child says later. */
START_TEST (test_false_end)
{
    isolate (NULL);
    tenon_file *file = kit_open ("file", "sends_end", NULL);
    ck_assert_uint_eq (tenon_count (file), 0);
    tenon_close (file);
    expect_health ();
}
END_TEST

/* The store that a child lists is not listed anew, and so given up, while that goes on. */
START_TEST (test_lists_itself)
{
    uint64_t number = 0;
    tenon_codec_info codec;
    KIT_INIT (codec);
    isolate (NULL);
    while (tenon_codec_get (kit, number, &codec) == TENON_OK && strcmp (codec.id, "lists_itself") != 0)
        number++;
    kit_save ("archive", &number, sizeof number);
    kit_open_fails ("archive", "lists_itself", NULL, TENON_E_CRASHED, "it broke the rules of isolation");
    expect_health ();
}
END_TEST

START_TEST (test_time)
{
    isolate (NULL);
    alarm (30); /* half of isolated_seconds: the limit is what ends it */
    kit_open_fails ("file", "adds_for_ever", NULL, TENON_E_LIMIT, "raise open_work_ratio in [limits]");
    alarm (0);
    ck_assert_int_eq (kit_context ("core.isolate=yes limits.isolated_seconds=1"), TENON_OK);
    kit_open_fails ("file", "loops", NULL, TENON_E_LIMIT,
                    "gave no answer in 1 s (isolated_seconds in [limits])");
    expect_health ();
}
END_TEST

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
START_TEST (test_memory)
{
    unsigned got = 0;
    isolate ("limits.isolated_memory=32MiB");
    kit_open_fails ("file", "eats_memory", NULL, TENON_E_MEMORY, "MiB");
    const char *number = strstr (kit_error.message, " MiB");
    while (number > kit_error.message && number[-1] >= '0' && number[-1] <= '9')
        number--;
    got = (unsigned) atoi (number);
    ck_assert_msg (got >= 16 && got <= 32, "%s", kit_error.message);
    expect_health ();
}
END_TEST
#endif

static int
stop_after (void *user, uint64_t done, uint64_t total)
{
    unsigned *left = user;
    (void) done, (void) total;
    return (*left)-- == 0;
}

/* A codec that never ends is stopped by the program's progress function. */
START_TEST (test_cancel)
{
    static const char *const codecs[] = { "loops", "adds_for_ever" };
    unsigned left = 2;
    tenon_progress progress = { sizeof progress, 0, stop_after, &left };
    tenon_open_options options;
    tenon_file *file;
    KIT_INIT (options);
    isolate (NULL);
    options.format = codecs[_i];
    options.progress = &progress;
    kit_failed (tenon_open (kit, kit_path ("file"), &options, &file, &kit_error), TENON_E_CANCELLED,
                "cancelled");
    expect_health ();
}
END_TEST

/* The failure of a codec is the same as without isolation, to the byte. */
START_TEST (test_failure)
{
    tenon_error plain;
    tenon_open_options options;
    tenon_file *file;
    KIT_INIT (options);
    KIT_INIT (plain);
    options.format = "complains";
    kit_plugins ("hostile", "core.isolate=no");
    kit_save ("file", bytes, sizeof bytes);
    ck_assert_int_eq (tenon_open (kit, kit_path ("file"), &options, &file, &plain), TENON_E_MALFORMED);
    ck_assert_int_eq (kit_context ("core.isolate=third-party"), TENON_OK);
    ck_assert_int_eq (tenon_open (kit, kit_path ("file"), &options, &file, &kit_error), TENON_E_MALFORMED);
    ck_assert_str_eq (kit_error.message, plain.message);
    ck_assert_str_eq (kit_error.file, plain.file);
    ck_assert_uint_eq (kit_error.offset, 7);
}
END_TEST

START_TEST (test_files)
{
    isolate (NULL);
    kit_save ("path", kit_path ("made"), strlen (kit_path ("made")));
    tenon_file *file = kit_open ("path", "opens_files", NULL);
    ck_assert_str_eq (kit_tensor (file, "refused").name, "refused");
    tenon_close (file);
    ck_assert (!kit_exists ("made"));
    expect_health ();
}
END_TEST

START_TEST (test_signals)
{
    char text[32];
    int status;
    pid_t victim = fork ();
    if (victim == 0)
        for (;;)
            pause ();
    isolate (NULL);
    snprintf (text, sizeof text, "%d", (int) victim);
    kit_save ("victim", text, sizeof text);
    kit_open_fails ("victim", "kills", NULL, TENON_E_CRASHED, "a system call that isolation forbids");
    ck_assert_int_eq (waitpid (victim, &status, WNOHANG), 0);
    kill (victim, SIGKILL);
    waitpid (victim, &status, 0);
    expect_health ();
}
END_TEST

START_TEST (test_probe)
{
    tenon_report *report;
    isolate (NULL);
    kit_open_fails ("file", NULL, NULL, TENON_E_CRASHED, "the plugin hostile crashed: signal 11");
    kit_failed (tenon_why (kit, kit_path ("file"), NULL, &report, &kit_error), TENON_E_CRASHED,
                "the plugin hostile");
    tenon_report_free (report);
    expect_health ();
}
END_TEST

/* A tensor is served by the child that described the file: after a crash each further read fails likewise. */
START_TEST (test_read)
{
    isolate ("limits.isolated_seconds=1");
    tenon_file *file = kit_open ("file", "crashes_in_read", NULL);
    for (int i = 0; i < 2; i++)
        kit_data_fails (file, "served", "", TENON_E_CRASHED, "the plugin hostile crashed: signal 11");
    tenon_file *other = kit_open ("file", "loops_in_read", NULL);
    kit_data_fails (other, "served", "", TENON_E_LIMIT, "isolated_seconds");
    expect_health ();
    tenon_close (file);
    tenon_close (other);
}
END_TEST

/* ---- the zygote ---- */

/* A program that forks has two processes, each with a zygote of its own. */
START_TEST (test_fork)
{
    int status;
    isolate (NULL);
    expect_health ();
    pid_t child = fork ();
    expect_health ();
    kit_open_fails ("file", "crashes", NULL, TENON_E_CRASHED, "the plugin hostile crashed: signal 11");
    if (child == 0)
        _exit (0);
    ck_assert_int_eq (waitpid (child, &status, 0), child);
    ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 0);
    expect_health ();
    /* The library leaves no child that its program would find. */
    ck_assert_int_eq (waitpid (-1, &status, WNOHANG), -1);
}
END_TEST

static void *
open_often (void *user)
{
    unsigned *failed = user;
    for (int i = 0; i < 50; i++) {
        tenon_error error = TENON_ERROR_INIT;
        tenon_open_options options;
        tenon_file *file;
        KIT_INIT (options);
        options.format = i % 5 == 4 ? "crashes" : "well_behaved";
        tenon_status status = tenon_open (kit, kit_path ("file"), &options, &file, &error);
        *failed += status != (i % 5 == 4 ? TENON_E_CRASHED : TENON_OK);
        tenon_close (file);
    }
    return NULL;
}

START_TEST (test_threads)
{
    pthread_t threads[8];
    unsigned failed[8] = { 0 };
    isolate (NULL);
#ifdef __SANITIZE_ADDRESS__
    /* The zygote begins before the threads: a fork may find the sanitizer's allocator locked. */
    expect_health ();
#endif
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, open_often, &failed[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join (threads[i], NULL);
        ck_assert_uint_eq (failed[i], 0);
    }
}
END_TEST

/* ---- the same catalogs ---- */

static tenon_context *open_context, *isolated_context;
static char *paths[4096];
static unsigned path_count;

static int
take_path (const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void) status, (void) walk;
    bool sample = strstr (path, "/samples/") || strstr (path, "/seeds/") || strstr (path, "/examples/data/");
    if (sample && (type == FTW_F || type == FTW_D) && path_count < 4096)
        paths[path_count++] = strdup (path);
    return 0;
}

static int
compare_paths (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
collect_paths (void)
{
    static const char *const folders[] = { "plugins", "tests", "examples" };
    for (unsigned i = 0; i < 3; i++) {
        char path[4096];
        snprintf (path, sizeof path, "%s/%s", getenv ("TENON_SRCDIR"), folders[i]);
        ck_assert_int_eq (nftw (path, take_path, 16, FTW_PHYS), 0);
    }
    qsort (paths, path_count, sizeof paths[0], compare_paths);
    ck_assert_uint_gt (path_count, 100);
    tenon_context_options options;
    KIT_INIT (options);
    options.flags = TENON_CONTEXT_NO_FILES;
    ck_assert_int_eq (tenon_context_new (&open_context, &options, &kit_error), TENON_OK);
    options.flags |= TENON_CONTEXT_ISOLATE;
    tenon_status status = tenon_context_new (&isolated_context, &options, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

/* All that an application can learn of a file without reading its data. */
static void
describe_value (FILE *to, const tenon_file *file, const struct tenon_value *value, unsigned depth)
{
    fprintf (to, "(%u %u %llu %u %u %llu %llu", value->type, value->item_type,
             (unsigned long long) value->count, value->encoding, value->source,
             (unsigned long long) value->offset, (unsigned long long) value->length);
    if (value->type == TENON_STRING)
        fwrite (value->as.string, 1, value->count, to);
    else if (value->type == TENON_MAP)
        for (uint64_t i = 0; i < 2 * value->count && depth < 8; i++)
            describe_value (to, file, &value->as.items[i], depth + 1);
    else if (value->type != TENON_ARRAY)
        fprintf (to, " %llu", (unsigned long long) value->as.u);
    else {
        struct tenon_value items[64];
        tenon_memory *memory = NULL;
        tenon_error error = TENON_ERROR_INIT;
        uint64_t n = value->count < 64 ? value->count : 64;
        tenon_status status = tenon_value_items (file, value, 0, n, items, &memory, &error);
        fprintf (to, " %d %s", status, error.message);
        for (uint64_t i = 0; i < n && status == TENON_OK && depth < 8; i++)
            describe_value (to, file, &items[i], depth + 1);
        tenon_memory_free (memory);
    }
    fputc (')', to);
}

static void
describe_file (FILE *to, tenon_file *file)
{
    tenon_file_info about;
    KIT_INIT (about);
    tenon_file_get (file, &about);
    fprintf (to, "%s %s %llu %llu %llu %llu %llu\n", about.path, about.format,
             (unsigned long long) about.size, (unsigned long long) about.tensors,
             (unsigned long long) about.sources, (unsigned long long) about.elements,
             (unsigned long long) about.nbytes);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info;
        KIT_INIT (info);
        tenon_get (file, i, &info);
        fprintf (to, "%s %s %u %u %u %s %llu %llu %s", info.name, info.dtype_name, info.flags, info.storage,
                 info.source, info.source_name, (unsigned long long) info.offset,
                 (unsigned long long) info.stored, info.filter ? info.filter : "-");
        for (uint32_t k = 0; k < info.rank; k++)
            fprintf (to, " %llu", (unsigned long long) info.shape[k]);
        for (uint32_t k = 0; info.chunk_shape && k < info.rank; k++)
            fprintf (to, ",%llu", (unsigned long long) info.chunk_shape[k]);
        fputc ('\n', to);
    }
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++) {
        tenon_metadata_info info;
        KIT_INIT (info);
        tenon_metadata_get (file, i, &info);
        fprintf (to, "%s = ", info.key);
        describe_value (to, file, &info.value, 0);
        fputc ('\n', to);
    }
    const tenon_report *report = tenon_file_report (file);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry;
        KIT_INIT (entry);
        tenon_report_get (report, i, &entry);
        fprintf (to, "%u %d %s %s %s\n", entry.kind, entry.status, entry.subject, entry.file, entry.message);
    }
}

static char *
describe_path (tenon_context *context, const char *path, bool as_memory)
{
    char *text = NULL;
    size_t size = 0, length = 0;
    FILE *to = open_memstream (&text, &size);
    FILE *from = as_memory ? fopen (path, "rb") : NULL;
    uint8_t *data = from ? malloc (1 << 24) : NULL;
    tenon_open_options options;
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file = NULL;
    KIT_INIT (options);
    if (data)
        length = fread (data, 1, 1 << 24, from);
    options.name = path;
    if (as_memory)
        tenon_open_memory (context, data, length, &options, &file, &error);
    else
        tenon_open (context, path, NULL, &file, &error);
    fprintf (to, "%d %s|%s|%s|%llu\n", error.status, error.message, error.file, error.tensor,
             (unsigned long long) error.offset);
    if (file)
        describe_file (to, file);
    tenon_close (file);
    fclose (to);
    free (data);
    if (from)
        fclose (from);
    return text;
}

static void
expect_same (const char *path, bool as_memory)
{
    char *plain = describe_path (open_context, path, as_memory);
    char *isolated = describe_path (isolated_context, path, as_memory);
    ck_assert_msg (strcmp (plain, isolated) == 0, "%s%s:\n%s\nin isolation:\n%s", path,
                   as_memory ? " in memory" : "", plain, isolated);
    free (plain);
    free (isolated);
}

START_TEST (test_same)
{
    collect_paths ();
    for (unsigned i = 0; i < path_count; i++) {
        struct stat status;
        expect_same (paths[i], false);
        if (stat (paths[i], &status) == 0 && S_ISREG (status.st_mode))
            expect_same (paths[i], true);
        free (paths[i]);
    }
    tenon_context_free (open_context);
    tenon_context_free (isolated_context);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "hostile");
    tcase_add_loop_test (tests, test_hostile, 0, sizeof hostile / sizeof hostile[0]);
    tcase_add_test (tests, test_false_end);
    tcase_add_test (tests, test_lists_itself);
    tcase_add_test (tests, test_time);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
    tcase_add_test (tests, test_memory);
#endif
    tcase_add_loop_test (tests, test_cancel, 0, 2);
    tcase_add_test (tests, test_failure);
    tcase_add_test (tests, test_files);
    tcase_add_test (tests, test_signals);
    tcase_add_test (tests, test_probe);
    tcase_add_test (tests, test_read);
    tests = kit_case (suite, "zygote");
    tcase_add_test (tests, test_fork);
    tcase_add_test (tests, test_threads);
    tcase_add_test (kit_case (suite, "same"), test_same);
}

int
main (void)
{
#ifdef HAVE_LINUX_SECCOMP_H
    return kit_main ("isolation", fill_suite);
#else
    puts ("100%: Checks: 0, Failures: 0, Errors: 0 (this system has no isolation)");
    return 0;
#endif
}
