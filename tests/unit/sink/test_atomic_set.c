/* SPDX-License-Identifier: MIT */
/* test_atomic_set.c - saving several files at once, several saves at once, and the litter of killed saves. */
#include "saving.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>

static void
save_set (const char *words)
{
    struct tn_atomic *save = begin_save ("index");
    file_of (save, NULL);
    for (unsigned i = 0; i < 3; i++) {
        char name[20];
        snprintf (name, sizeof name, "part-%u", i);
        put_words (file_of (save, name), words);
    }
    put_words (file_of (save, NULL), words);
    commit_save (save);
}

static void
file_fails (struct tn_atomic *save, const char *name, tenon_status status, const char *words)
{
    struct tn_sink *sink;
    ck_assert_int_eq (tn_atomic_sink (save, name, &sink, &error), status);
    ck_assert_ptr_null (sink);
    ck_assert_msg (strstr (error.message, words) != NULL, "%s", error.message);
    make_folder ();
}

START_TEST (a_set)
{
    options.durable = _i;
    save_set ("first");
    ck_assert_uint_eq (count_entries ("."), 4);
    ck_assert_str_eq (contents_of ("part-0"), "first");
    ck_assert_str_eq (contents_of ("part-2"), "first");
    ck_assert_str_eq (contents_of ("index"), "first");
    save_set ("second");
    ck_assert_uint_eq (count_entries ("."), 4);
    ck_assert_str_eq (contents_of ("part-2"), "second");
    ck_assert_str_eq (contents_of ("index"), "second");
}
END_TEST

START_TEST (in_another_folder)
{
    ck_assert_int_eq (mkdir ("sub", 0755), 0);
    struct tn_atomic *save = begin_save ("sub/index");
    put_words (file_of (save, "part"), "in sub");
    commit_save (save); /* without an index */
    ck_assert_str_eq (contents_of ("sub/part"), "in sub");
    ck_assert_uint_eq (count_entries ("sub"), 1);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* Names that are links to files elsewhere, as in download caches. */
START_TEST (through_links)
{
    options.durable = true;
    ck_assert_int_eq (mkdir ("blobs", 0755), 0);
    ck_assert_int_eq (mkdir ("snapshot", 0755), 0);
    make_file ("blobs/1", "old");
    make_file ("blobs/2", "old");
    ck_assert_int_eq (symlink ("../blobs/1", "snapshot/index"), 0);
    ck_assert_int_eq (symlink ("../blobs/2", "snapshot/part-1"), 0);
    struct tn_atomic *save = begin_save ("snapshot/index");
    put_words (file_of (save, "part-1"), "one");
    put_words (file_of (save, "part-2"), "two");
    put_words (file_of (save, NULL), "new");
    commit_save (save);
    ck_assert_str_eq (contents_of ("blobs/1"), "new");
    ck_assert_str_eq (contents_of ("blobs/2"), "one");
    ck_assert_str_eq (contents_of ("snapshot/part-2"), "two");
    ck_assert_uint_eq (count_entries ("blobs"), 2);
    ck_assert_uint_eq (count_entries ("snapshot"), 3);
}
END_TEST

START_TEST (names_of_parts)
{
    ck_assert_int_eq (mkdir ("sub", 0755), 0);
    ck_assert_int_eq (mkfifo ("fifo", 0600), 0);
    ck_assert_int_eq (symlink ("index", "alias"), 0);
    make_file ("index", "old");
    struct tn_atomic *save = begin_save ("./index");
    put_words (file_of (save, "part"), "x");
    file_fails (save, "part", TENON_E_MISUSE, "same name");
    file_fails (save, "index", TENON_E_MISUSE, "same name");
    file_fails (save, "alias", TENON_E_MISUSE, "same name");
    file_fails (save, "a/b", TENON_E_MISUSE, "bare");
    file_fails (save, "..", TENON_E_MISUSE, "bare");
    file_fails (save, "", TENON_E_MISUSE, "bare");
    file_fails (save, "sub", TENON_E_IO, "folder");
    file_fails (save, "fifo", TENON_E_IO, "FIFO");
    tn_atomic_abort (save);
    ck_assert_uint_eq (count_entries ("."), 4);
    ck_assert_str_eq (contents_of ("index"), "old");
}
END_TEST

START_TEST (a_finished_part)
{
    struct tn_atomic *save = begin_save ("index");
    struct tn_sink *one = file_of (save, "one");
    put_words (one, "1");
    struct tn_sink *two = file_of (save, "two");
    ck_assert_int_eq (tn_sink_write (one, "1", 1, &error), TENON_E_MISUSE);
    make_folder ();
    ck_assert_int_eq (tn_sink_patch (one, 0, "1", 1, &error), TENON_E_MISUSE);
    make_folder ();
    put_words (two, "2");
    struct tn_sink *index = file_of (save, NULL);
    put_words (index, "i");
    file_of (save, "three");
    put_words (index, "j"); /* the target stays open */
    commit_save (save);
    ck_assert_str_eq (contents_of ("index"), "ij");
    ck_assert_str_eq (contents_of ("one"), "1");
    ck_assert_str_eq (contents_of ("two"), "2");
    ck_assert_str_eq (contents_of ("three"), "");
}
END_TEST

START_TEST (new_parts)
{
    options.must_be_new = true;
    make_file ("part-1", "old");
    struct tn_atomic *save = begin_save ("index");
    put_words (file_of (save, NULL), "new");
    file_fails (save, "part-1", TENON_E_EXISTS, "");
    put_words (file_of (save, "part-0"), "new");
    put_words (file_of (save, "part-2"), "new");
    make_file ("part-2", "somebody else's");
    ck_assert_int_eq (tn_atomic_commit (save, NULL, &error), TENON_E_EXISTS);
    ck_assert_str_eq (error.file, "part-2");
    ck_assert_str_eq (contents_of ("part-2"), "somebody else's");
    ck_assert_uint_eq (count_entries ("."), 2);
}
END_TEST

/* What a set cannot replace is found before anything changes. */
START_TEST (old_index)
{
    make_file ("index", "old");
    struct tn_atomic *save = begin_save ("index");
    put_words (file_of (save, NULL), "new");
    put_words (file_of (save, "part-0"), "new");
    put_words (file_of (save, "part-1"), "new");
    ck_assert_int_eq (mkdir ("part-1", 0755), 0);
    ck_assert_int_eq (tn_atomic_commit (save, NULL, &error), TENON_E_IO);
    ck_assert_str_eq (contents_of ("index"), "old");
    ck_assert_str_eq (contents_of ("part-0"), "(none)");
    make_folder ();

    ck_assert_int_eq (rmdir ("part-1"), 0);
    make_file ("part-0", "old");
    save = begin_save ("index");
    put_words (file_of (save, NULL), "new");
    put_words (file_of (save, "part-0"), "newer"); /* replaces one */
    put_words (file_of (save, "part-1"), "newer");
    ck_assert_int_eq (mkdir ("part-1", 0755), 0);
    ck_assert_int_eq (tn_atomic_commit (save, NULL, &error), TENON_E_IO);
    ck_assert_str_eq (contents_of ("index"), "old");
    ck_assert_str_eq (contents_of ("part-0"), "old");
    ck_assert_uint_eq (count_entries ("."), 3);
}
END_TEST

/* ---- litter ---- */

START_TEST (litter_is_removed)
{
    static const char *const names[] = { ".a.bin.tenon-0.tmp", ".a.bin.tenon-1.tmp", ".a.bin.tenon-2.tmp",
                                         ".a.bin.tenon-5.tmp", ".a.bin.tenon-9.tmp" };
    for (unsigned i = 0; i < TN_COUNT (names); i++) {
        make_file (names[i], "half a fi");
        ck_assert_int_eq (chmod (names[i], i % 2 ? 0400 : 0644), 0);
    }
    make_file (".b.bin.tenon-0.tmp", "of another name");
    save_words ("a.bin", "new");
    ck_assert_str_eq (contents_of ("a.bin"), "new");
    ck_assert_uint_eq (count_entries ("."), 2);
    make_file (".a.bin.tenon-3.tmp", "x");
    struct tn_atomic *save = begin_save ("a.bin");
    file_of (save, NULL);
    ck_assert (file_exists (".a.bin.tenon-0.tmp") && !file_exists (".a.bin.tenon-3.tmp"));
    tn_atomic_abort (save);
    ck_assert_uint_eq (count_entries ("."), 2);
}
END_TEST

START_TEST (what_is_held_stays)
{
    make_file (".a.bin.tenon-0.tmp", "being written");
    make_file (".a.bin.tenon-1.tmp", "litter");
    int fd = open (".a.bin.tenon-0.tmp", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq (flock (fd, LOCK_EX), 0);
    save_words ("a.bin", "new");
    ck_assert_uint_eq (count_entries ("."), 2);
    ck_assert_str_eq (contents_of (".a.bin.tenon-0.tmp"), "being written");
    close (fd);
    save_words ("a.bin", "newer");
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* Hostile names in the folder. */
START_TEST (traps)
{
    make_file ("victim", "untouched");
    ck_assert_int_eq (symlink ("victim", ".a.bin.tenon-0.tmp"), 0);
    ck_assert_int_eq (mkdir (".a.bin.tenon-1.tmp", 0755), 0);
    ck_assert_int_eq (mkfifo (".a.bin.tenon-2.tmp", 0600), 0);
    ck_assert_int_eq (link ("victim", ".a.bin.tenon-3.tmp"), 0);
    save_words ("a.bin", "new");
    ck_assert_str_eq (contents_of ("a.bin"), "new");
    ck_assert_str_eq (contents_of ("victim"), "untouched");
    ck_assert (!file_exists (".a.bin.tenon-1.tmp")); /* a dead save of a tree may have made it */
    ck_assert_uint_eq (count_entries ("."), 4);
}
END_TEST

START_TEST (two_saves_of_a_name)
{
    struct tn_atomic *one = begin_save ("a.bin"), *other = begin_save ("a.bin");
    put_words (file_of (one, NULL), "one");
    put_words (file_of (other, NULL), "other");
    ck_assert_uint_eq (count_entries ("."), 2);
    commit_save (one);
    ck_assert_str_eq (contents_of ("a.bin"), "one");
    commit_save (other);
    ck_assert_str_eq (contents_of ("a.bin"), "other");
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* ---- many at once ---- */

#define THREADS 6
#define ROUNDS 60

static atomic_uint wrong;

static bool
save_letters (char letter, tenon_error *own)
{
    char bytes[3000];
    struct tn_atomic *save;
    struct tn_sink *sink;
    struct tn_atomic_options none = { .lock = { .seconds = 60 } };
    memset (bytes, letter, sizeof bytes);
    if (tn_atomic_begin (&save, "a.bin", &none, own) < 0)
        return false;
    tn_atomic_expect (save, sizeof bytes);
    if (tn_atomic_sink (save, NULL, &sink, own) < 0 || tn_sink_write (sink, bytes, sizeof bytes, own) < 0) {
        tn_atomic_abort (save);
        return false;
    }
    if (letter % 3 == 0) {
        tn_atomic_abort (save);
        return true;
    }
    return tn_atomic_commit (save, NULL, own) == TENON_OK;
}

static void *
save_many (void *letter)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        tenon_error own = TENON_ERROR_INIT;
        char bytes[3001];
        if (!save_letters ((char) (*(char *) letter + (i % 2)), &own)) {
            fprintf (stderr, "%s\n", own.message);
            atomic_fetch_add (&wrong, 1);
        }
        FILE *file = fopen ("a.bin", "r");
        size_t size = file ? fread (bytes, 1, sizeof bytes, file) : 0;
        if (size != 3000 || memcmp (bytes, bytes + 1, 2999) != 0)
            atomic_fetch_add (&wrong, 1);
        if (file)
            fclose (file);
    }
    return NULL;
}

START_TEST (many_saves_of_a_name)
{
    static char letters[THREADS] = { 'a', 'b', 'c', 'd', 'e', 'f' };
    pthread_t threads[THREADS];
    ck_assert (save_letters ('a', &error));
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, save_many, &letters[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    ck_assert_uint_eq (wrong, 0);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("save_set");
    TCase *sets = tcase_create ("sets");
    tcase_add_checked_fixture (sets, set_up, tear_down);
    tcase_set_timeout (sets, 60);
    tcase_add_loop_test (sets, a_set, 0, 2);
    tcase_add_test (sets, in_another_folder);
    tcase_add_test (sets, through_links);
    tcase_add_test (sets, names_of_parts);
    tcase_add_test (sets, a_finished_part);
    tcase_add_test (sets, new_parts);
    tcase_add_test (sets, old_index);
    tcase_add_test (sets, litter_is_removed);
    tcase_add_test (sets, what_is_held_stays);
    tcase_add_test (sets, traps);
    tcase_add_test (sets, two_saves_of_a_name);
    tcase_add_test (sets, many_saves_of_a_name);
    suite_add_tcase (suite, sets);
    return run_suite (suite);
}
