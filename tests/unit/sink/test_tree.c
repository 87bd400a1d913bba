/* SPDX-License-Identifier: MIT */
/* test_tree.c - folders that appear whole or not at all: what is replaced and what is not, rights, litter,
 * and file systems that cannot exchange two names. */
#include "saving.h"
#include "sink/tree.h"
#include "sink/tree_remove.h"
#include "sink/tree_swap.h"
#include <sys/file.h>
#include <sys/resource.h>

static struct tn_tree_options how;
static unsigned asked, saved;

static void
set_up_tree (void)
{
    set_up ();
    how = (struct tn_tree_options){ .lock.how = TN_LOCK_FAILS };
    asked = saved = 0;
}

static struct tn_tree *
begin_tree (const char *path)
{
    struct tn_tree *tree;
    ck_assert_msg (tn_tree_begin (&tree, path, &how, &error) == TENON_OK, "%s", error.message);
    return tree;
}

static void
put_key (struct tn_tree *tree, const char *key, const char *words)
{
    struct tn_sink *sink;
    ck_assert_msg (tn_tree_sink (tree, key, strlen (key), &sink, &error) == TENON_OK, "%s", error.message);
    ck_assert_int_eq (tn_sink_write (sink, words, strlen (words), &error), TENON_OK);
}

static tenon_status
try_key (struct tn_tree *tree, const char *key)
{
    struct tn_sink *sink;
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tn_tree_sink (tree, key, strlen (key), &sink, &error);
    ck_assert (status == TENON_OK || !sink);
    return status;
}

static void
save_tree (const char *path, const char *words)
{
    struct tn_tree *tree = begin_tree (path);
    put_key (tree, "a/b/c", words);
    put_key (tree, "a/d", words);
    put_key (tree, "top", words);
    ck_assert_msg (tn_tree_commit (tree, NULL, &error) == TENON_OK, "%s: %s", error.file, error.message);
}

static void
check_tree (const char *path, const char *words)
{
    char name[200];
    static const char *const keys[] = { "a/b/c", "a/d", "top" };
    for (size_t i = 0; i < TN_COUNT (keys); i++) {
        snprintf (name, sizeof name, "%s/%s", path, keys[i]);
        ck_assert_str_eq (contents_of (name), words);
    }
    ck_assert_uint_eq (count_entries (path), 2);
}

START_TEST (new_one)
{
    how.durable = _i;
    save_tree ("tree", "one");
    check_tree ("tree", "one");
    ck_assert_uint_eq (count_entries ("."), 1);
    ck_assert_uint_eq (mode_of ("tree"), 0755);
    ck_assert_uint_eq (mode_of ("tree/a"), 0755);
    ck_assert_uint_eq (mode_of ("tree/a/d"), 0644);
}
END_TEST

START_TEST (empty_one)
{
    struct tn_tree *tree = begin_tree ("tree/");
    ck_assert_uint_eq (count_entries ("."), 0);
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_OK);
    ck_assert_uint_eq (count_entries ("tree"), 0);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

START_TEST (aborted)
{
    struct tn_tree *tree = begin_tree ("tree");
    put_key (tree, "a/b/c", "lost");
    ck_assert_uint_eq (count_entries ("."), 1);
    ck_assert (!file_exists ("tree"));
    tn_tree_abort (tree);
    ck_assert_uint_eq (count_entries ("."), 0);
    tn_tree_abort (NULL);
}
END_TEST

/* Until the commit the old tree stays; then nothing of it is left. */
START_TEST (over_an_old_one)
{
    save_tree ("tree", "one");
    make_file ("tree/a/old", "old");
    struct tn_tree *tree = begin_tree ("tree///");
    put_key (tree, "a/b/c", "two");
    put_key (tree, "a/d", "two");
    put_key (tree, "top", "two");
    ck_assert_str_eq (contents_of ("tree/top"), "one");
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_OK);
    check_tree ("tree", "two");
    ck_assert (!file_exists ("tree/a/old"));
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

START_TEST (through_a_link)
{
    ck_assert_int_eq (mkdir ("elsewhere", 0777), 0);
    ck_assert_int_eq (symlink ("elsewhere/tree", "link"), 0);
    save_tree ("link", "one");
    save_tree ("link/", "two");
    check_tree ("elsewhere/tree", "two");
    ck_assert_uint_eq (count_entries ("elsewhere"), 1);
    struct stat status;
    ck_assert (lstat ("link", &status) == 0 && S_ISLNK (status.st_mode));
}
END_TEST

/* ---- what is not replaced ---- */

static tenon_status
refuse_words (void *user, const char *path, tenon_error *failure)
{
    (void) user, (void) path;
    asked++;
    return tn_fail (failure, TENON_E_EXISTS, TN_NO_OFFSET, "it holds something else");
}

static tenon_status
allow_once (void *user, const char *path, tenon_error *failure)
{
    (void) user, (void) path;
    return asked++ == 0 ? TENON_OK : tn_fail (failure, TENON_E_EXISTS, TN_NO_OFFSET, "it changed");
}

static tenon_status
begin_refused (const char *path)
{
    struct tn_tree *tree;
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tn_tree_begin (&tree, path, &how, &error);
    ck_assert (!tree);
    return status;
}

START_TEST (of_another_kind)
{
    make_file ("file", "file");
    ck_assert_int_eq (begin_refused ("file"), TENON_E_EXISTS);
    ck_assert_ptr_nonnull (strstr (error.message, "a file has it"));
    ck_assert_int_eq (begin_refused ("file/"), TENON_E_EXISTS);
    ck_assert_int_eq (mkfifo ("fifo", 0666), 0);
    ck_assert_int_eq (begin_refused ("fifo"), TENON_E_EXISTS);
    ck_assert_int_eq (begin_refused (""), TENON_E_NOT_FOUND);
    ck_assert_int_eq (begin_refused ("."), TENON_E_IO);
    ck_assert_int_eq (begin_refused (".."), TENON_E_IO);
    ck_assert_int_eq (begin_refused ("/"), TENON_E_IO);
    ck_assert_int_eq (begin_refused ("nowhere/tree"), TENON_E_NOT_FOUND);
    ck_assert_int_eq (begin_refused ("file/tree"), TENON_E_NOT_FOUND);
    ck_assert_str_eq (contents_of ("file"), "file");
}
END_TEST

START_TEST (of_another_owner)
{
    ck_assert_int_eq (mkdir ("tree", 0777), 0);
    make_file ("tree/precious", "precious");
    how.may_replace = refuse_words;
    ck_assert_int_eq (begin_refused ("tree"), TENON_E_EXISTS);
    ck_assert_str_eq (error.file, "tree");
    how.may_replace = allow_once;
    asked = 0;
    struct tn_tree *tree = begin_tree ("tree");
    put_key (tree, "a", "b");
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_E_EXISTS);
    ck_assert_str_eq (contents_of ("tree/precious"), "precious");
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* A folder without entries belongs to none. */
START_TEST (over_an_empty_one)
{
    ck_assert_int_eq (mkdir ("tree", 0750), 0);
    how.may_replace = refuse_words;
    save_tree ("tree", "one");
    check_tree ("tree", "one");
    ck_assert_uint_eq (asked, 0);
    ck_assert_uint_eq (mode_of ("tree"), 0750);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

START_TEST (that_must_be_new)
{
    how.must_be_new = true;
    save_tree ("tree", "one");
    ck_assert_int_eq (begin_refused ("tree"), TENON_E_EXISTS);
    struct tn_tree *tree = begin_tree ("other");
    put_key (tree, "a", "b");
    ck_assert_int_eq (mkdir ("other", 0777), 0);
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_E_EXISTS);
    ck_assert_uint_eq (count_entries ("other"), 0);
    ck_assert_uint_eq (count_entries ("."), 2);
}
END_TEST

/* It came while this one was written. */
START_TEST (that_came_meanwhile)
{
    struct tn_tree *tree = begin_tree ("tree");
    put_key (tree, "a", "b");
    save_tree ("tree", "one");
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_E_BUSY);
    check_tree ("tree", "one");
    error = (tenon_error) TENON_ERROR_INIT;
    tree = begin_tree ("tree");
    put_key (tree, "a", "b");
    save_tree ("tree", "two");
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_E_BUSY);
    check_tree ("tree", "two");
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

static bool
always_stale (void *user, const struct stat *target)
{
    (void) user;
    return S_ISDIR (target->st_mode);
}

static void
count_saved (void *user)
{
    (void) user;
    saved++;
}

START_TEST (that_is_stale)
{
    how.is_stale = always_stale;
    how.was_saved = count_saved;
    save_tree ("tree", "one");
    ck_assert_uint_eq (saved, 0);
    struct tn_tree *tree = begin_tree ("tree");
    put_key (tree, "a", "b");
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_E_BUSY);
    how.is_stale = NULL;
    error = (tenon_error) TENON_ERROR_INIT;
    save_tree ("tree", "two");
    ck_assert_uint_eq (saved, 1);
}
END_TEST

START_TEST (that_is_locked)
{
    struct tn_lock lock = TN_LOCK_INIT;
    int here = open (".", O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq (tn_lock_take (&lock, here, "tree", &how.lock, &error), TENON_OK);
    struct tn_tree *tree = begin_tree ("tree");
    put_key (tree, "a", "b");
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_E_BUSY);
    ck_assert (!file_exists ("tree"));
    tn_lock_release (&lock);
    close (here);
    ck_assert_uint_eq (count_entries ("."), 0);
}
END_TEST

/* ---- keys ---- */

START_TEST (bad_keys)
{
    static const char *const keys[] = { "", "/a", "../a", "a/../b", "a//b", "a/", ".", "a\\b", "a\xff" };
    struct tn_tree *tree = begin_tree ("tree");
    for (size_t i = 0; i < TN_COUNT (keys); i++)
        ck_assert_msg (try_key (tree, keys[i]) == TENON_E_MISUSE, "'%s': %s", keys[i], error.message);
    ck_assert_int_eq (try_key (tree, "a/b"), TENON_OK);
    ck_assert_int_eq (try_key (tree, "a/b"), TENON_E_EXISTS);
    ck_assert_ptr_nonnull (strstr (error.message, "was put before"));
    ck_assert_int_eq (try_key (tree, "a"), TENON_E_EXISTS);
    ck_assert_int_eq (try_key (tree, "a/b/c"), TENON_E_EXISTS);
    ck_assert_ptr_nonnull (strstr (error.message, "is a file of the tree"));
    ck_assert_int_eq (try_key (tree, "a/b/c/d"), TENON_E_EXISTS);
    ck_assert_int_eq (try_key (tree, "line\nfeed"), TENON_OK);
    tn_tree_abort (tree);
    ck_assert_uint_eq (count_entries ("."), 0);
}
END_TEST

/* Many keys, in an order that goes from folder to folder, with few descriptors. */
START_TEST (many_keys)
{
    char key[64];
    struct rlimit before, few = { 16, 0 };
    struct tn_tree *tree = begin_tree ("tree");
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
    few.rlim_max = before.rlim_max;
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf (key, sizeof key, "%u/%u/%u", i % 7, i % 11, i);
        put_key (tree, key, key);
    }
    ck_assert_int_eq (tn_tree_commit (tree, NULL, &error), TENON_OK);
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
    ck_assert_str_eq (contents_of ("tree/3/10/1869"), "(none)");
    ck_assert_str_eq (contents_of ("tree/0/10/1869"), "0/10/1869");
}
END_TEST

/* ---- rights ---- */

START_TEST (rights)
{
    save_tree ("tree", "one");
    ck_assert_int_eq (chmod ("tree", 02710), 0);
    ck_assert_int_eq (chmod ("tree/a", 0700), 0);
    ck_assert_int_eq (chmod ("tree/a/d", 0600), 0);
    ck_assert_int_eq (chmod ("tree/a/b", 01777), 0);
    ck_assert_int_eq (chmod ("tree/top", 0664), 0);
    save_tree ("tree", "two");
    check_tree ("tree", "two");
    ck_assert_uint_eq (mode_of ("tree"), 02710);
    ck_assert_uint_eq (mode_of ("tree/a"), 0700);
    ck_assert_uint_eq (mode_of ("tree/a/d"), 0600);
    ck_assert_uint_eq (mode_of ("tree/a/b"), 01777);
    ck_assert_uint_eq (mode_of ("tree/a/b/c"), 0644);
    ck_assert_uint_eq (mode_of ("tree/top"), 0664);
}
END_TEST

/* ---- litter ---- */

static void
make_litter (const char *name)
{
    char path[200];
    ck_assert_int_eq (mkdir (name, 0700), 0);
    snprintf (path, sizeof path, "%s/a", name);
    ck_assert_int_eq (mkdir (path, 0700), 0);
    snprintf (path, sizeof path, "%s/a/file", name);
    make_file (path, "litter");
}

/* That of dead saves goes, also that of a file of the same name; what a living one has stays. */
START_TEST (litter)
{
    make_litter (".tree.tenon-0.tmp");
    make_litter (".tree.tenon-1.tmp");
    make_file (".tree.tenon-2.tmp", "litter");
    make_litter (".other.tenon-0.tmp");
    int fd = open (".tree.tenon-1.tmp", O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq (flock (fd, LOCK_EX | LOCK_NB), 0);
    save_tree ("tree", "one");
    ck_assert (!file_exists (".tree.tenon-0.tmp"));
    ck_assert (file_exists (".tree.tenon-1.tmp/a/file"));
    ck_assert (!file_exists (".tree.tenon-2.tmp"));
    ck_assert (file_exists (".other.tenon-0.tmp/a/file"));
    close (fd);
    struct tn_atomic *file = begin_save ("other");
    file_of (file, NULL);
    ck_assert_int_eq (tn_atomic_commit (file, NULL, &error), TENON_OK);
    ck_assert (!file_exists (".other.tenon-0.tmp"));
}
END_TEST

/* A link in place of litter leads nowhere. */
START_TEST (trap)
{
    make_litter ("victim");
    ck_assert_int_eq (symlink ("victim", ".tree.tenon-0.tmp"), 0);
    ck_assert_int_eq (mkdir (".tree.tenon-1.tmp", 0700), 0);
    ck_assert_int_eq (symlink ("../victim", ".tree.tenon-1.tmp/link"), 0);
    save_tree ("tree", "one");
    check_tree ("tree", "one");
    ck_assert_str_eq (contents_of ("victim/a/file"), "litter");
    ck_assert (!file_exists (".tree.tenon-1.tmp"));
}
END_TEST

/* Deeper than any way may be long, with folders that may not be written: the superuser may write all, so it
 * is done as another user. */
START_TEST (removing)
{
    const uid_t user = geteuid ();
    ck_assert_int_eq (chmod (".", 0777), 0);
    if (user == 0)
        ck_assert_int_eq (seteuid (65534), 0);
    ck_assert_int_eq (mkdir ("deep", 0777), 0);
    int at = open ("deep", O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < 2500; i++) {
        close (openat (at, "file", O_WRONLY | O_CREAT, 0666));
        ck_assert_int_eq (mkdirat (at, "d", 0777), 0);
        ck_assert_int_eq (mkdirat (at, "e", 0777), 0);
        int next = openat (at, "d", O_RDONLY | O_DIRECTORY);
        if (i % 100 == 5)
            ck_assert_int_eq (fchmod (at, 0500), 0);
        close (at);
        at = next;
    }
    close (at);
    ck_assert (!tn_folder_is_empty (AT_FDCWD, "deep"));
    ck_assert (tn_tree_remove (AT_FDCWD, "deep"));
    ck_assert (!file_exists ("deep"));
    ck_assert (tn_tree_remove (AT_FDCWD, "deep"));
    ck_assert_int_eq (seteuid (user), 0);
    make_file ("file", "file");
    ck_assert (!tn_tree_remove (AT_FDCWD, "file"));
    ck_assert_str_eq (contents_of ("file"), "file");
}
END_TEST

/* ---- without an exchange ---- */

#define OLD ".tree.tenon-old.tmp"

/* What a crash between the two renames leaves. */
START_TEST (interrupted)
{
    int here = open (".", O_RDONLY | O_DIRECTORY);
    save_tree ("tree", "one");
    ck_assert (!tn_tree_is_unsettled (here, "tree"));
    ck_assert_int_eq (rename ("tree", OLD), 0);
    ck_assert (tn_tree_is_unsettled (here, "tree"));
    ck_assert (tn_tree_settle (here, "tree"));
    check_tree ("tree", "one");
    ck_assert (!tn_tree_settle (here, "tree"));
    ck_assert_int_eq (rename ("tree", OLD), 0); /* the next save finds it */
    how.may_replace = refuse_words;
    ck_assert_int_eq (begin_refused ("tree"), TENON_E_EXISTS);
    check_tree ("tree", "one");
    how.may_replace = NULL;
    make_litter (OLD); /* the crash came behind the second rename */
    ck_assert (!tn_tree_is_unsettled (here, "tree"));
    error = (tenon_error) TENON_ERROR_INIT;
    save_tree ("tree", "two");
    check_tree ("tree", "two");
    ck_assert_uint_eq (count_entries ("."), 1);
    close (here);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("tree");
    TCase *cases = tcase_create ("tree");
    tcase_add_checked_fixture (cases, set_up_tree, tear_down);
    tcase_set_timeout (cases, 60);
    tcase_add_loop_test (cases, new_one, 0, 2);
    tcase_add_test (cases, empty_one);
    tcase_add_test (cases, aborted);
    tcase_add_test (cases, over_an_old_one);
    tcase_add_test (cases, through_a_link);
    tcase_add_test (cases, of_another_kind);
    tcase_add_test (cases, of_another_owner);
    tcase_add_test (cases, over_an_empty_one);
    tcase_add_test (cases, that_must_be_new);
    tcase_add_test (cases, that_came_meanwhile);
    tcase_add_test (cases, that_is_stale);
    tcase_add_test (cases, that_is_locked);
    tcase_add_test (cases, bad_keys);
    tcase_add_test (cases, many_keys);
    tcase_add_test (cases, rights);
    tcase_add_test (cases, litter);
    tcase_add_test (cases, trap);
    tcase_add_test (cases, removing);
    tcase_add_test (cases, interrupted);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
