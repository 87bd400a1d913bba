/* SPDX-License-Identifier: MIT */
/* test_two_contexts.c - what tenon-threads(7) promises: contexts beside each other, forks, callbacks that use
 * the library, and a second copy of the library in one process. */
#include "kit.h"
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define NO_FORKS
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_FORKS
#endif
#endif

#define ITEMS (1u << 19)
#define ROUNDS 30

static float *items;
static char one[512], two[512], folder[512];
static atomic_uint wrong;

/* On a thread, or in a child, where Check's assertions do not work. */
#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf (stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                         \
            atomic_fetch_add (&wrong, 1);                                                                    \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

/* Two files of 2 MiB: `one` has one tensor, `two`, which a plugin of its own wrote, has two. */
static void
save_files (void)
{
    static const uint64_t shape[] = { ITEMS };
    kit_plugins ("toyraw toybox", "core.threads=4 save.durable=no");
    items = (float *) malloc (ITEMS * sizeof *items);
    ck_assert (items != NULL);
    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = (float) (i % 4099);
    for (int count = 1; count <= 2; count++) {
        tenon_plan *plan = count == 2 ? kit_plan () : NULL;
        if (!plan)
            ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
        kit_add (plan, "items", "f32", 0, 1, shape, items, ITEMS * sizeof *items);
        ck_assert_msg (kit_write (plan, count == 1 ? "one.toyraw" : "two.toybox", NULL, NULL, NULL)
                           == TENON_OK,
                       "%s", kit_error.message);
        tenon_plan_free (plan);
    }
    strcpy (one, kit_path ("one.toyraw"));
    strcpy (two, kit_path ("two.toybox"));
    strcpy (folder, kit_path ("plugins"));
    atomic_store (&wrong, 0);
}

static void
free_items (void)
{
    free (items);
    items = NULL;
    ck_assert_uint_eq (atomic_load (&wrong), 0);
}

static tenon_status
new_context (const char *const *settings, tenon_context **context)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_context_options options;
    KIT_INIT (options);
    options.flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT;
    options.settings = settings;
    options.plugin_path = folder;
    tenon_status status = tenon_context_new (context, &options, &error);
    if (status < 0)
        fprintf (stderr, "%s\n", error.message);
    return status;
}

/* Reads `items` of an open file as f64, on all threads of its context. */
static void
read_items (tenon_file *file)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_request request;
    tenon_memory *memory;
    KIT_INIT (request);
    request.dtype = TENON_F64;
    EXPECT (tenon_find (file, "items", &request.index) == TENON_OK);
    EXPECT (tenon_load (file, &request, 1, &memory, NULL, &error) == TENON_OK);
    const double *numbers = request.data;
    for (unsigned i = 0; i < ITEMS; i++)
        EXPECT (numbers[i] == (double) items[i]);
    tenon_memory_free (memory);
}

static void
open_and_read (tenon_context *context, const char *path)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    EXPECT (tenon_open (context, path, NULL, &file, &error) == TENON_OK);
    read_items (file);
    tenon_close (file);
}

/* ---- two contexts ---- */

static void *
use_strict (void *user)
{
    tenon_context *context = (tenon_context *) user;
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file = NULL;
    for (int i = 0; i < ROUNDS; i++) {
        open_and_read (context, one);
        if (tenon_open (context, two, NULL, &file, &error) == TENON_OK)
            tenon_close (file);
        if (error.status != TENON_E_UNRECOGNISED || tenon_limit (context, TENON_LIMIT_TENSORS) != 1)
            atomic_fetch_add (&wrong, 1);
    }
    return NULL;
}

static void *
use_lenient (void *user)
{
    tenon_context *context = (tenon_context *) user;
    for (int i = 0; i < ROUNDS; i++) {
        open_and_read (context, one);
        open_and_read (context, two);
        if (tenon_limit (context, TENON_LIMIT_TENSORS) != 1000)
            atomic_fetch_add (&wrong, 1);
    }
    return NULL;
}

/* One has other limits, threads and plugins than the other; a third comes and goes. */
START_TEST (test_at_once)
{
    static const char *const strict[] = { "core.threads=1", "limits.tensors=1", "plugin.toybox.enabled=no",
                                          NULL };
    static const char *const lenient[] = { "core.threads=4", "limits.tensors=1000", NULL };
    tenon_context *first, *second, *third;
    pthread_t threads[2];
    ck_assert_int_eq (new_context (strict, &first), TENON_OK);
    ck_assert_int_eq (new_context (lenient, &second), TENON_OK);
    ck_assert_int_eq (pthread_create (&threads[0], NULL, use_strict, first), 0);
    ck_assert_int_eq (pthread_create (&threads[1], NULL, use_lenient, second), 0);
    for (int i = 0; i < ROUNDS; i++) {
        ck_assert_int_eq (new_context (lenient, &third), TENON_OK);
        open_and_read (third, two);
        tenon_context_free (third);
    }
    for (int i = 0; i < 2; i++)
        pthread_join (threads[i], NULL);
    tenon_context_free (first);
    open_and_read (second, two);
    tenon_context_free (second);
}
END_TEST

/* The threads of this process; 1 where the system does not list them. */
static unsigned
count_threads (void)
{
    unsigned count = 0;
    DIR *tasks = opendir ("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir (tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        closedir (tasks);
    return tasks ? count : 1;
}

/* Waits until there are so many: the system lists a thread for a moment after it was joined. */
static void
await_threads (unsigned wanted)
{
    for (int i = 0; i < 5000 && count_threads () != wanted; i++)
        usleep (1000);
    ck_assert_uint_eq (count_threads (), wanted);
}

/* A context of one thread begins none, and what another one began ends with it. */
START_TEST (test_threads)
{
    static const char *const settings[2][2] = { { "core.threads=1", NULL }, { "core.threads=4", NULL } };
    tenon_context *context;
    tenon_context_free (kit);
    kit = NULL;
    unsigned before = count_threads (); /* a sanitizer may have one */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq (new_context (settings[i], &context), TENON_OK);
        open_and_read (context, two);
        if (i == 0)
            ck_assert_uint_eq (count_threads (), before);
        else
            ck_assert_uint_le (count_threads (), before + 3);
        tenon_context_free (context);
        await_threads (before);
    }
}
END_TEST

/* ---- forks ---- */

#ifndef NO_FORKS
static void
expect_exit (pid_t child)
{
    int status = -1;
    ck_assert_int_gt (child, 0);
    ck_assert_int_eq (waitpid (child, &status, 0), child);
    ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) == 0, "the child ended with %x",
                   (unsigned) status);
}

static void
save_again (tenon_context *context, tenon_file *file, const char *path)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_plan *plan;
    EXPECT (tenon_plan_new (context, &plan, &error) == TENON_OK);
    EXPECT (tenon_plan_add_file (plan, file, &error) == TENON_OK);
    EXPECT (tenon_save (plan, path, NULL, NULL, NULL, &error) == TENON_OK);
    tenon_plan_free (plan);
    open_and_read (context, path);
}

/* No other thread is inside the library: the child may use all that its parent has, and so may the parent. */
START_TEST (test_fork)
{
    char path[2][520];
    tenon_file *file = kit_open ("two.toybox", NULL, NULL);
    read_items (file); /* now there are threads of the pool, which the child lacks */
    for (int i = 0; i < 2; i++)
        snprintf (path[i], sizeof path[i], "%s", kit_path (i == 0 ? "parent.toybox" : "child.toybox"));
    for (int i = 0; i < 5; i++) {
        pid_t child = fork ();
        if (child == 0)
            alarm (60);
        read_items (file);
        save_again (kit, file, path[child == 0]);
        open_and_read (kit, one);
        if (child == 0) {
            tenon_close (file);
            tenon_context_free (kit);
            _exit (atomic_load (&wrong) > 0);
        }
        expect_exit (child);
    }
    tenon_close (file);
}
END_TEST

static atomic_bool enough;

static void *
read_for_ever (void *user)
{
    while (!atomic_load (&enough))
        open_and_read ((tenon_context *) user, two);
    return NULL;
}

/* Other threads read at the moment of the fork: the child uses what it makes itself. */
START_TEST (test_fork_in_use)
{
#ifdef __SANITIZE_ADDRESS__
    return; /* whose allocator may be locked at the fork */
#endif
    pthread_t threads[2];
    atomic_store (&enough, false);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, read_for_ever, kit), 0);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork ();
        if (child == 0) {
            tenon_context *own;
            alarm (60);
            if (new_context (NULL, &own) < 0)
                _exit (2);
            open_and_read (own, one);
            open_and_read (own, two);
            tenon_context_free (own);
            _exit (atomic_load (&wrong) > 0);
        }
        expect_exit (child);
    }
    atomic_store (&enough, true);
    for (int i = 0; i < 2; i++)
        pthread_join (threads[i], NULL);
}
END_TEST
#endif

/* ---- callbacks ---- */

struct caller {
    tenon_file *file;
    atomic_uint calls, inside;
};

/* Reads the same file, with the pool that does the work which is reported. */
static int
report_progress (void *user, uint64_t done, uint64_t total)
{
    struct caller *caller = (struct caller *) user;
    if (atomic_fetch_add (&caller->inside, 1) > 0 || done > total)
        atomic_fetch_add (&wrong, 1);
    if (atomic_fetch_add (&caller->calls, 1) == 0)
        read_items (caller->file);
    atomic_fetch_sub (&caller->inside, 1);
    return 0;
}

START_TEST (test_callback)
{
    struct caller caller = { .file = kit_open ("two.toybox", NULL, NULL) };
    tenon_progress progress = { sizeof progress, 0, report_progress, &caller };
    tenon_request request;
    tenon_memory *memory;
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (caller.file, "items", &request.index), TENON_OK);
    ck_assert_int_eq (tenon_load (caller.file, &request, 1, &memory, &progress, &kit_error), TENON_OK);
    ck_assert_uint_ge (atomic_load (&caller.calls), 1);
    ck_assert_int_eq (memcmp (request.data, items, ITEMS * sizeof *items), 0);
    tenon_close (caller.file);
    tenon_context_free (kit);
    kit = NULL;
    ck_assert_int_eq (memcmp (request.data, items, ITEMS * sizeof *items), 0);
    tenon_memory_free (memory);
}
END_TEST

/* ---- two copies of the library ---- */

/* True if the process has mapped a file of that name. */
static bool
is_mapped (const char *name)
{
    char line[1024];
    bool found = false;
    FILE *maps = fopen ("/proc/self/maps", "r");
    while (maps && fgets (line, sizeof line, maps))
        found = found || strstr (line, name);
    if (maps)
        fclose (maps);
    return found;
}

/* A function of the copy. */
#define FUNCTION(name) __typeof__ (&name) copy_##name = (__typeof__ (&name)) dlsym (copy, #name)

/* This program has the library in it; a plugin of a program may load the shared one as well, and unload it.
 */
START_TEST (test_two_copies)
{
    char path[1024];
    tenon_context_options options;
    tenon_context *context;
    tenon_file *file;
    const char *build = getenv ("TENON_BUILDDIR");
    snprintf (path, sizeof path, "%s/.libs/libtenon.so", build ? build : ".");
    if (access (path, R_OK) != 0)
        return; /* there is none */
    void *copy = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg (copy != NULL, "%s", dlerror ());
    FUNCTION (tenon_context_new);
    FUNCTION (tenon_context_free);
    FUNCTION (tenon_open);
    FUNCTION (tenon_close);
    FUNCTION (tenon_count);
    ck_assert (copy_tenon_open && copy_tenon_open != tenon_open);
    KIT_INIT (options);
    options.flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT;
    options.plugin_path = folder;
    ck_assert_int_eq (copy_tenon_context_new (&context, &options, &kit_error), TENON_OK);
    ck_assert_int_eq (copy_tenon_open (context, two, NULL, &file, &kit_error), TENON_OK);
    open_and_read (kit, two);
    ck_assert_uint_eq (copy_tenon_count (file), 2);
    copy_tenon_close (file);
    copy_tenon_context_free (context);
    ck_assert_int_eq (dlclose (copy), 0);
    ck_assert (!is_mapped ("/libtenon.so"));
    open_and_read (kit, two);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *test = kit_case (suite, "contexts");
    tcase_add_checked_fixture (test, save_files, free_items);
    tcase_add_test (test, test_at_once);
    tcase_add_test (test, test_threads);
#ifndef NO_FORKS
    tcase_add_test (test, test_fork);
    tcase_add_test (test, test_fork_in_use);
#endif
    tcase_add_test (test, test_callback);
    tcase_add_test (test, test_two_copies);
}

int
main (void)
{
    return kit_main ("two contexts", fill_suite);
}
