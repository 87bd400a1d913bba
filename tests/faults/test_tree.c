/* SPDX-License-Identifier: MIT */
/* test_tree.c - trees that are saved while calls fail, or while the process is killed: the old tree or the
 * new one is whole, and the next save leaves nothing else. */
#include "sink/tree.h"
#include "sink/tree_swap.h"
/* Check defines fail */
#include "rig.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const keys[] = { "a/b/c", "a/b/d", "a/e", "top", "z/f" };
#define KEYS (sizeof keys / sizeof keys[0])
#define SMALL 100u

/* The second generation has bytes that bypass the buffer, and a key less. */
static tenon_status
put_generation (struct tn_tree *tree, unsigned number, tenon_error *error)
{
    static char bytes[400000];
    memset (bytes, (int) number, sizeof bytes);
    for (size_t i = 0; i < KEYS - (number == 2); i++) {
        struct tn_sink *sink;
        TN_TRY (tn_tree_sink (tree, keys[i], strlen (keys[i]), &sink, error));
        TN_TRY (tn_sink_write (sink, bytes, number == 2 && i == 1 ? sizeof bytes : SMALL, error));
    }
    return TENON_OK;
}

/* The second one is synced. */
static tenon_status
save_generation (unsigned number, tenon_error *error)
{
    struct tn_tree_options options = { .durable = number == 2, .lock.how = TN_LOCK_FAILS };
    struct tn_tree *tree;
    TN_TRY (tn_tree_begin (&tree, "tree", &options, error));
    if (put_generation (tree, number, error) == TENON_OK)
        return tn_tree_commit (tree, NULL, error);
    tn_tree_abort (tree);
    return error->status;
}

/* The first byte of a file, which its whole generation has; 0: there is none. */
static int
first_byte (const char *key)
{
    char path[64];
    int byte = 0;
    snprintf (path, sizeof path, "tree/%s", key);
    FILE *file = fopen (path, "rb");
    if (file)
        byte = fgetc (file);
    if (file)
        fclose (file);
    return byte;
}

/* Of the tree, as a program finds it; 0: there is none, -1: it is no generation. */
static int
find_generation (void)
{
    int here = open (".", O_RDONLY | O_DIRECTORY);
    if (tn_tree_is_unsettled (here, "tree"))
        tn_tree_settle (here, "tree");
    close (here);
    if (access ("tree", F_OK) < 0)
        return 0;
    int number = first_byte (keys[0]);
    bool whole = number == 1 || number == 2;
    for (size_t i = 0; i < KEYS; i++)
        whole = whole && first_byte (keys[i]) == (number == 2 && i == KEYS - 1 ? 0 : number);
    return whole ? number : -1;
}

static unsigned
count_names (void)
{
    unsigned count = 0;
    DIR *list = opendir (".");
    ck_assert_ptr_nonnull (list);
    while (readdir (list))
        count++;
    closedir (list);
    return count - 2;
}

static void
begin_in_folder (void)
{
    char folder[512];
    strcpy (folder, kit_path ("x"));
    *strrchr (folder, '/') = 0;
    strcat (folder, "/trees");
    ck_assert_int_eq (mkdir (folder, 0777), 0);
    ck_assert_int_eq (chdir (folder), 0);
}

static void
make_old (int old)
{
    tenon_error error = TENON_ERROR_INIT;
    ck_assert_int_eq (system ("rm -rf tree .tree*"), 0);
    if (old)
        ck_assert_msg (save_generation (1, &error) == TENON_OK, "%s", error.message);
}

/* ---- killed ---- */

static int
run_and_kill (const char *fault)
{
    int status = -1;
    pid_t pid = fork ();
    ck_assert_int_ge (pid, 0);
    if (pid == 0) {
        tenon_error error = TENON_ERROR_INIT;
        _exit (rig.set (fault) < 0 || save_generation (2, &error) < 0);
    }
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    return status;
}

/* Bit 0: the call was made before. Bit 1: there is an old tree. Bit 2: names cannot be exchanged. */
START_TEST (at_every_call)
{
    const int old = _i >> 1 & 1;
    int status = -1;
    unsigned number = 0;
    begin_in_folder ();
    rig.exchange (!(_i & 4));
    while (status != 0) {
        char fault[64];
        tenon_error error = TENON_ERROR_INIT;
        make_old (old);
        snprintf (fault, sizeof fault, "disk:%s:%u", _i & 1 ? "killed" : "kill", ++number);
        status = run_and_kill (fault);
        ck_assert_msg (status == 0 || (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL), "%s: %x", fault,
                       (unsigned) status);
        int found = find_generation ();
        ck_assert_msg (found == 2 || found == old, "%s: %d", fault, found);
        ck_assert_msg (status != 0 || found == 2, "%s: it was not saved", fault);
        ck_assert_msg (save_generation (1, &error) == TENON_OK, "after %s: %s", fault, error.message);
        ck_assert_msg (find_generation () == 1 && count_names () == 1, "after %s: litter", fault);
    }
    ck_assert_uint_gt (number, 40); /* so many calls there are */
}
END_TEST

/* ---- calls that fail ---- */

static const char *const failures[] = { "EIO", "ENOSPC", "EINTR" };

/* What follows the renaming may fail, too, so a failure does not tell which generation is there. */
START_TEST (failing)
{
    begin_in_folder ();
    rig.exchange (_i & 1);
    for (unsigned number = 1, hits = 1; hits > 0; number++) {
        tenon_error error = TENON_ERROR_INIT;
        make_old (_i & 2);
        rig_fail ("disk:%s:%u", failures[_i / 4], number);
        tenon_status status = save_generation (2, &error);
        hits = (unsigned) rig.hits ();
        rig_stop ();
        int found = find_generation ();
        ck_assert_msg (found == 2 || found == (_i >> 1 & 1), "%s at %u: %d", failures[_i / 4], number, found);
        ck_assert_msg (status < 0 || found == 2, "%s at %u: it was not saved", failures[_i / 4], number);
        ck_assert_int_eq (status, error.status);
        error = (tenon_error) TENON_ERROR_INIT;
        ck_assert_msg (save_generation (1, &error) == TENON_OK, "%s at %u: then %s", failures[_i / 4], number,
                       error.message);
        ck_assert_uint_eq (count_names (), 1);
    }
}
END_TEST

static tenon_status
save_work (int number, tenon_error *error)
{
    return save_generation ((unsigned) number, error);
}

START_TEST (without_memory)
{
    begin_in_folder ();
    make_old (1);
    rig_sweep (save_work, 2, "a tree", _i ? "-" : "");
    ck_assert_int_eq (find_generation (), 2);
    ck_assert_uint_eq (count_names (), 1);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "tree");
    tcase_set_timeout (cases, 300);
    tcase_add_loop_test (cases, at_every_call, 0, 8);
    tcase_add_loop_test (cases, failing, 0, 4 * (int) (sizeof failures / sizeof failures[0]));
    tcase_add_loop_test (cases, without_memory, 0, 2);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("tree", fill_suite);
}
