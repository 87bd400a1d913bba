/* SPDX-License-Identifier: MIT */
/* test_lock.c - locks of names, journals of interrupted commits, and hostile files in their places. */
#include "saving.h"
#include "sink/journal.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define LOCK ".index.tenon.lock"

static struct tn_lock_options fails = { .how = TN_LOCK_FAILS };

static int
folder_now (void)
{
    int fd = tn_folder_open (AT_FDCWD, ".");
    ck_assert_int_ge (fd, 0);
    return fd;
}

static void
expect_failure (tenon_status status, tenon_status expected, const char *words)
{
    ck_assert_int_eq (status, expected);
    ck_assert_msg (strstr (error.message, words) != NULL, "%s", error.message);
    make_folder ();
}

/* ---- locks ---- */

START_TEST (one_at_a_time)
{
    struct tn_lock one = TN_LOCK_INIT, other = TN_LOCK_INIT;
    int here = folder_now ();
    ck_assert_int_eq (tn_lock_take (&one, here, "index", &fails, &error), TENON_OK);
    ck_assert (file_exists (LOCK) && !one.useless);
    expect_failure (tn_lock_take (&other, here, "index", &fails, &error), TENON_E_BUSY, LOCK);
    struct tn_lock_options waits = { .how = TN_LOCK_WAITS, .seconds = 0 };
    expect_failure (tn_lock_take (&other, here, "index", &waits, &error), TENON_E_BUSY, "after 0 s");
    ck_assert_int_eq (tn_lock_take (&other, here, "another", &fails, &error), TENON_OK);
    tn_lock_release (&other);
    tn_lock_release (&one);
    tn_lock_release (&one);
    ck_assert_uint_eq (count_entries ("."), 0);
    ck_assert_int_eq (tn_lock_take (&other, here, "index", &fails, &error), TENON_OK);
    tn_lock_release (&other);
    close (here);
}
END_TEST

static int
stop_third (void *user, uint64_t done, uint64_t total)
{
    ck_assert (done == 0 && total == 0);
    return ++*(int *) user == 3;
}

START_TEST (waiting_is_told_and_cancelled)
{
    struct tn_lock one = TN_LOCK_INIT, other = TN_LOCK_INIT;
    int calls = 0, here = folder_now ();
    tenon_progress progress = { sizeof progress, 0, stop_third, &calls };
    struct tn_lock_options waits = { .how = TN_LOCK_WAITS, .seconds = 1000, .progress = &progress };
    ck_assert_int_eq (tn_lock_take (&one, here, "index", &fails, &error), TENON_OK);
    expect_failure (tn_lock_take (&other, here, "index", &waits, &error), TENON_E_CANCELLED, "waited");
    ck_assert_int_eq (calls, 3);
    tn_lock_release (&one);
    close (here);
}
END_TEST

/* A child that fork made has the descriptor, too, but the lock ends with its holder's release. */
START_TEST (a_child_holds_nothing)
{
    struct tn_lock lock = TN_LOCK_INIT;
    int here = folder_now ();
    ck_assert_int_eq (tn_lock_take (&lock, here, "index", &fails, &error), TENON_OK);
    ck_assert_int_eq (fcntl (lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    pid_t pid = fork ();
    ck_assert_int_ge (pid, 0);
    if (pid == 0)
        for (;;)
            pause ();
    tn_lock_release (&lock);
    ck_assert_int_eq (tn_lock_take (&lock, here, "index", &fails, &error), TENON_OK);
    tn_lock_release (&lock);
    kill (pid, SIGKILL);
    ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
    close (here);
}
END_TEST

#define THREADS 8
#define ROUNDS 50

static int inside, counter;

static void *
count_under_lock (void *user)
{
    struct tn_lock_options waits = { .how = TN_LOCK_WAITS, .seconds = 1000 };
    (void) user;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct tn_lock lock = TN_LOCK_INIT;
        tenon_error own = TENON_ERROR_INIT;
        int here = folder_now ();
        ck_assert_msg (tn_lock_take (&lock, here, "index", &waits, &own) == TENON_OK, "%s", own.message);
        ck_assert_int_eq (__atomic_fetch_add (&inside, 1, __ATOMIC_SEQ_CST), 0);
        counter++;
        ck_assert_int_eq (__atomic_fetch_sub (&inside, 1, __ATOMIC_SEQ_CST), 1);
        tn_lock_release (&lock);
        close (here);
    }
    return NULL;
}

START_TEST (threads_exclude_each_other)
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, count_under_lock, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    ck_assert_int_eq (counter, THREADS * ROUNDS);
    ck_assert_uint_eq (count_entries ("."), 0);
}
END_TEST

START_TEST (traps)
{
    struct tn_lock lock = TN_LOCK_INIT;
    int here = folder_now ();
    make_file ("victim", "untouched");
    ck_assert_int_eq (symlink ("victim", LOCK), 0);
    ck_assert_int_eq (tn_lock_take (&lock, here, "index", &fails, &error), TENON_E_IO);
    make_folder ();
    ck_assert_int_eq (unlink (LOCK), 0);
    ck_assert_int_eq (mkfifo (LOCK, 0600), 0);
    expect_failure (tn_lock_take (&lock, here, "index", &fails, &error), TENON_E_IO, "no regular file");
    ck_assert_int_eq (unlink (LOCK), 0);
    ck_assert_int_eq (mkdir (LOCK, 0700), 0);
    ck_assert_int_eq (tn_lock_take (&lock, here, "index", &fails, &error), TENON_E_IO);
    make_folder ();
    ck_assert_str_eq (contents_of ("victim"), "untouched");
    ck_assert_int_eq (rmdir (LOCK), 0);
    make_file (LOCK, ""); /* left by a crash */
    ck_assert_int_eq (tn_lock_take (&lock, here, "index", &fails, &error), TENON_OK);
    tn_lock_release (&lock);
    ck_assert (!file_exists (LOCK));
    close (here);
}
END_TEST

/* ---- journals ---- */

static struct stat
status_of (const char *name)
{
    struct stat status;
    ck_assert_msg (lstat (name, &status) == 0, "%s", name);
    return status;
}

/* Writes the journal of a set: each pair is a name and a temporary file of the words "new NAME". */
static void
leave_journal (const char *const *names, unsigned count, uint32_t flags)
{
    char temporaries[4][64], words[64];
    struct tn_journal journal = { .flags = flags };
    for (unsigned i = 0; i < count; i++) {
        snprintf (temporaries[i], sizeof temporaries[i], ".%s.tenon-set-0.tmp", names[i]);
        snprintf (words, sizeof words, "new %s", names[i]);
        make_file (temporaries[i], words);
        struct stat status = status_of (temporaries[i]);
        ck_assert (tn_journal_add (&journal, names[i], temporaries[i], &status));
    }
    int fd = open (LOCK, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge (fd, 0);
    ck_assert_int_eq (tn_journal_write (fd, &journal, &error), TENON_OK);
    close (fd);
    tn_journal_free (&journal);
}

static const char *const set[] = { "part-1", "part-2", "index" };

static tenon_status
settle_now (bool *found)
{
    int here = folder_now ();
    tenon_status status = tn_lock_settle (here, "index", &fails, found, &error);
    close (here);
    return status;
}

/* A commit that was interrupted after `_i` of its renames. */
START_TEST (rolls_forward)
{
    bool found;
    make_file ("index", "old");
    make_file ("part-2", "old");
    leave_journal (set, 3, 0);
    for (int i = 0; i < _i; i++) {
        char temporary[64];
        snprintf (temporary, sizeof temporary, ".%s.tenon-set-0.tmp", set[i]);
        ck_assert_int_eq (rename (temporary, set[i]), 0);
    }
    ck_assert_int_eq (settle_now (&found), TENON_OK);
    ck_assert (found == (_i < 3));
    ck_assert_str_eq (contents_of ("part-1"), "new part-1");
    ck_assert_str_eq (contents_of ("part-2"), "new part-2");
    ck_assert_str_eq (contents_of ("index"), "new index");
    ck_assert_uint_eq (count_entries ("."), 3);
    ck_assert_int_eq (settle_now (&found), TENON_OK);
    ck_assert (!found);
}
END_TEST

/* The next save of the name does it, too, before its own; and when it cannot, replaces the set as a whole. */
START_TEST (saves_roll_forward)
{
    leave_journal (set, 3, 0);
    if (_i)
        ck_assert_int_eq (unlink (".part-2.tenon-set-0.tmp"), 0);
    struct tn_atomic *save = begin_save ("index");
    put_words (file_of (save, "part-1"), "newer");
    ck_assert_str_eq (contents_of ("part-1"), _i ? "(none)" : "new part-1");
    put_words (file_of (save, "part-2"), "newer");
    put_words (file_of (save, NULL), "newer");
    commit_save (save);
    ck_assert_str_eq (contents_of ("part-1"), "newer");
    ck_assert_str_eq (contents_of ("part-2"), "newer");
    ck_assert_str_eq (contents_of ("index"), "newer");
    ck_assert (!file_exists (LOCK));
    /* the shards of the journal that could not be carried out are litter now */
    save = begin_save ("index");
    put_words (file_of (save, "part-3"), "x");
    tn_atomic_abort (save);
    ck_assert_uint_eq (count_entries ("."), _i ? 4 : 3); /* .index.tenon-set-0.tmp waits for a commit */
}
END_TEST

START_TEST (half_a_journal)
{
    bool found;
    char bytes[1024];
    leave_journal (set, 3, 0);
    FILE *file = fopen (LOCK, "r");
    size_t size = fread (bytes, 1, sizeof bytes, file);
    fclose (file);
    ck_assert (size > 100 && size < sizeof bytes);
    for (size_t length = 1; length < size; length++) {
        make_file (LOCK, "");
        ck_assert_int_eq (truncate (LOCK, 0), 0);
        file = fopen (LOCK, "r+");
        ck_assert_uint_eq (fwrite (bytes, 1, length, file), length);
        fclose (file);
        ck_assert_int_eq (settle_now (&found), TENON_OK);
        ck_assert_msg (!found, "%zu bytes", length);
    }
    ck_assert (!file_exists ("part-1") && !file_exists ("index"));
}
END_TEST

/* Every byte of a journal counts. */
START_TEST (damaged_journal)
{
    bool found;
    for (size_t at = 0;; at++) {
        uint8_t byte;
        leave_journal (set, 3, 0);
        if (at >= (size_t) status_of (LOCK).st_size) /* each has other inodes, in one digit more or less */
            break;
        int fd = open (LOCK, O_RDWR | O_CLOEXEC);
        ck_assert_int_eq (pread (fd, &byte, 1, (off_t) at), 1);
        byte ^= 1;
        ck_assert_int_eq (pwrite (fd, &byte, 1, (off_t) at), 1);
        close (fd);
        ck_assert_int_eq (settle_now (&found), TENON_OK);
        ck_assert (!found && !file_exists ("part-1") && !file_exists ("index"));
    }
}
END_TEST

/* What was unpacked or copied has another inode. */
START_TEST (a_copy)
{
    bool found;
    make_file ("index", "old");
    leave_journal (set, 3, 0);
    ck_assert_int_eq (system ("cp " LOCK " copy && mv copy " LOCK), 0);
    expect_failure (settle_now (&found), TENON_E_MALFORMED, "copy of a set");
    ck_assert_str_eq (contents_of ("index"), "old");
    ck_assert (!file_exists ("part-1") && file_exists (".part-1.tenon-set-0.tmp"));
}
END_TEST

START_TEST (what_a_journal_may_not_do)
{
    bool found;
    make_file ("victim", "untouched");
    make_file (".mine", "bytes");
    struct stat mine = status_of (".mine"), victim = status_of ("victim");
    make_file (".index.tenon-set-0.tmp", "new");
    struct stat good = status_of (".index.tenon-set-0.tmp");
    const struct {
        const char *name, *temporary;
        const struct stat *status;
    } wrong[] = {
        { "victim", ".mine", &mine },                     /* it was not made for that name */
        { "victim", ".index.tenon-set-0.tmp", &good },    /* likewise */
        { "victim", NULL, &victim },                      /* removes what is no shard of the set */
        { "index", NULL, &good },                         /* removes what it makes */
        { "../victim", ".index.tenon-set-0.tmp", &good }, /* no bare name */
        { "..", ".index.tenon-set-0.tmp", &good },        /* likewise */
        { "index", "./.index.tenon-set-0.tmp", &good },   /* likewise */
        { "index2", ".index2.tenon-set-0.tmp", &good },   /* is not there */
        { "index3", ".index3.tenon-set-0.tmp", &mine },   /* another file (a link, below) */
    };
    ck_assert_int_eq (symlink (".mine", ".index3.tenon-set-0.tmp"), 0);
    for (unsigned i = 0; i < TN_COUNT (wrong); i++) {
        struct tn_journal journal = { 0 };
        ck_assert (tn_journal_add (&journal, wrong[i].name, wrong[i].temporary, wrong[i].status));
        ck_assert (tn_journal_add (&journal, "index", ".index.tenon-set-0.tmp", &good));
        int fd = open (LOCK, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_eq (tn_journal_write (fd, &journal, &error), TENON_OK);
        close (fd);
        tn_journal_free (&journal);
        ck_assert_msg (settle_now (&found) == TENON_E_MALFORMED, "%u", i);
        make_folder ();
        ck_assert_str_eq (contents_of ("victim"), "untouched");
        ck_assert_str_eq (contents_of (".mine"), "bytes");
        ck_assert (!file_exists ("index") && file_exists (".index.tenon-set-0.tmp"));
    }
}
END_TEST

/* Shards of the old set that the new one does not have. */
START_TEST (removes_old_shards)
{
    bool found;
    make_file ("index", "old");
    make_file ("part-7", "old");
    make_file ("part-8", "of somebody");
    make_file (".part-1.tenon-set-0.tmp", "new");
    make_file (".index.tenon-set-0.tmp", "new");
    struct tn_journal journal = { 0 };
    struct stat part = status_of (".part-1.tenon-set-0.tmp"), index = status_of (".index.tenon-set-0.tmp");
    struct stat old = status_of ("part-7"), other = status_of ("part-8");
    ck_assert (tn_journal_add (&journal, "part-1", ".part-1.tenon-set-0.tmp", &part));
    ck_assert (tn_journal_add (&journal, "index", ".index.tenon-set-0.tmp", &index));
    ck_assert (tn_journal_add (&journal, "part-7", NULL, &old));
    ck_assert (tn_journal_add (&journal, "part-8", NULL, &other));
    int fd = open (LOCK, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_eq (tn_journal_write (fd, &journal, &error), TENON_OK);
    close (fd);
    tn_journal_free (&journal);
    make_file ("new", "of somebody"); /* takes the place of a shard after the crash */
    ck_assert_int_eq (rename ("new", "part-8"), 0);
    ck_assert_int_eq (settle_now (&found), TENON_OK);
    ck_assert (found && !file_exists ("part-7"));
    ck_assert_str_eq (contents_of ("part-8"), "of somebody");
    ck_assert_str_eq (contents_of ("index"), "new");
}
END_TEST

/* A set that had to be new does not replace what has its name by now. */
START_TEST (a_new_set_is_taken_back)
{
    bool found;
    leave_journal (set, 3, TN_JOURNAL_NEW);
    ck_assert_int_eq (rename (".part-1.tenon-set-0.tmp", "part-1"), 0);
    make_file ("index", "somebody else's");
    ck_assert_int_eq (settle_now (&found), TENON_OK);
    ck_assert_str_eq (contents_of ("index"), "somebody else's");
    ck_assert (!file_exists ("part-1") && !file_exists ("part-2") && !file_exists (LOCK));
}
END_TEST

/* A reader that may not write gets an error, and nothing changes. */
START_TEST (a_folder_that_is_read_only)
{
    if (geteuid () == 0)
        return; /* root may write anywhere */
    bool found;
    leave_journal (set, 3, 0);
    ck_assert_int_eq (chmod (".", 0500), 0);
    tenon_status status = settle_now (&found);
    ck_assert_int_eq (chmod (".", 0700), 0);
    expect_failure (status, TENON_E_IO, "was interrupted");
    ck_assert (!file_exists ("part-1") && !file_exists ("index"));
}
END_TEST

START_TEST (names_but_for_digits)
{
    ck_assert (tn_same_but_digits ("a-1-of-3.x", 10, "a-22-of-1.x", 11));
    ck_assert (!tn_same_but_digits ("a-1.x", 5, "b-1.x", 5));
    ck_assert (!tn_same_but_digits ("a-1.x", 5, "a-1.xy", 6));
    ck_assert (tn_same_but_digits ("12", 2, "", 0));
    ck_assert (tn_temporary_is_of (".a.tenon-0.tmp", "a") && tn_temporary_is_of (".a.tenon-set-12.tmp", "a"));
    ck_assert (!tn_temporary_is_of (".a.tenon-.tmp", "a") && !tn_temporary_is_of (".a.tenon-0.tmp", "b"));
    ck_assert (!tn_temporary_is_of (".a.tenon-0.tmp2", "a") && !tn_temporary_is_of ("a.tenon-0.tmp", "a"));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("lock");
    TCase *cases = tcase_create ("lock");
    tcase_add_checked_fixture (cases, set_up, tear_down);
    tcase_set_timeout (cases, 60);
    tcase_add_test (cases, one_at_a_time);
    tcase_add_test (cases, waiting_is_told_and_cancelled);
    tcase_add_test (cases, a_child_holds_nothing);
    tcase_add_test (cases, threads_exclude_each_other);
    tcase_add_test (cases, traps);
    tcase_add_loop_test (cases, rolls_forward, 0, 4);
    tcase_add_loop_test (cases, saves_roll_forward, 0, 2);
    tcase_add_test (cases, half_a_journal);
    tcase_add_test (cases, damaged_journal);
    tcase_add_test (cases, a_copy);
    tcase_add_test (cases, what_a_journal_may_not_do);
    tcase_add_test (cases, removes_old_shards);
    tcase_add_test (cases, a_new_set_is_taken_back);
    tcase_add_test (cases, a_folder_that_is_read_only);
    tcase_add_test (cases, names_but_for_digits);
    suite_add_tcase (suite, cases);
    return run_suite (suite);
}
