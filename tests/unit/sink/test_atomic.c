/* SPDX-License-Identifier: MIT */
/* test_atomic.c - saving one file: its bytes, mode and name, and the file that it replaces. */
#include "saving.h"
#include <pthread.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define SIZE 3000000u
#define ORDINARY_USER 65534

START_TEST (new_file)
{
    umask (027);
    for (unsigned i = 0; i < 2; i++) {
        options.durable = i > 0;
        struct tn_atomic *save = begin_save ("a.bin");
        ck_assert_uint_eq (count_entries ("."), i); /* no file exists before the sink is made */
        put_words (file_of (save, NULL), "abc");
        ck_assert_uint_eq (count_entries ("."), i + 1);
        ck_assert_str_eq (contents_of ("a.bin"), i ? "abc" : "(none)");
        commit_save (save);
        ck_assert_str_eq (contents_of ("a.bin"), "abc");
        ck_assert_uint_eq (mode_of ("a.bin"), 0640);
        ck_assert_uint_eq (count_entries ("."), 1);
    }
}
END_TEST

START_TEST (empty_file)
{
    expected_size = 1000;
    struct tn_atomic *save = begin_save ("a.bin");
    file_of (save, NULL);
    commit_save (save);
    ck_assert_str_eq (contents_of ("a.bin"), "");
    commit_save (begin_save ("b.bin")); /* no sink: no file */
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* The target is made with its first byte, however early its sink was made. */
START_TEST (opened_by_the_first_byte)
{
    struct tn_sink *sink;
    struct tn_atomic *save = begin_save ("a.bin");
    ck_assert_int_eq (tn_atomic_sink (save, NULL, &sink, &error), TENON_OK);
    ck_assert (sink->seekable);
    put_words (sink, "");
    ck_assert_uint_eq (count_entries ("."), 0);
    put_words (sink, "abc");
    ck_assert_uint_eq (count_entries ("."), 1);
    commit_save (save);
    ck_assert_str_eq (contents_of ("a.bin"), "abc");
    save = begin_save ("b.bin");
    ck_assert_int_eq (tn_atomic_sink (save, NULL, &sink, &error), TENON_OK);
    commit_save (save); /* no byte: no file */
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

START_TEST (aborted)
{
    make_file ("a.bin", "old");
    struct tn_atomic *save = begin_save ("a.bin");
    put_words (file_of (save, NULL), "new");
    put_words (file_of (save, "b.bin"), "part");
    tn_atomic_abort (save);
    ck_assert_str_eq (contents_of ("a.bin"), "old");
    ck_assert_uint_eq (count_entries ("."), 1);
    tn_atomic_abort (begin_save ("a.bin"));
    tn_atomic_abort (NULL);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

START_TEST (keeps_the_mode)
{
    static const mode_t modes[] = { 0600, 0644, 0664, 0777, 0751, 0200 };
    for (unsigned i = 0; i < TN_COUNT (modes); i++) {
        make_file ("a.bin", "old");
        ck_assert_int_eq (chmod ("a.bin", modes[i]), 0);
        save_words ("a.bin", "new");
        ck_assert_uint_eq (mode_of ("a.bin"), modes[i]);
        ck_assert_int_eq (unlink ("a.bin"), 0);
    }
    make_file ("a.bin", "old");
    ck_assert_int_eq (chmod ("a.bin", 06755), 0);
    save_words ("a.bin", "new");
    ck_assert_uint_eq (mode_of ("a.bin"), 0755);
}
END_TEST

START_TEST (hidden_while_it_is_written)
{
    make_file ("a.bin", "secret");
    ck_assert_int_eq (chmod ("a.bin", 0600), 0);
    struct tn_atomic *save = begin_save ("a.bin");
    put_words (file_of (save, NULL), "secret too");
    ck_assert_uint_eq (mode_of (".a.bin.tenon-0.tmp"), 0600);
    tn_atomic_abort (save);
}
END_TEST

START_TEST (keeps_the_owner)
{
    struct stat status;
    if (geteuid () != 0)
        return;
    make_file ("a.bin", "old");
    ck_assert_int_eq (chown ("a.bin", 12345, 23456), 0);
    ck_assert_int_eq (chmod ("a.bin", 0640), 0);
    save_words ("a.bin", "new");
    ck_assert_int_eq (stat ("a.bin", &status), 0);
    ck_assert_uint_eq (status.st_uid, 12345);
    ck_assert_uint_eq (status.st_gid, 23456);
    ck_assert_uint_eq (status.st_mode & 07777, 0640);
}
END_TEST

/* Without root's rights: the new file must not give its group the rights that the old file gave to another
 * group. */
START_TEST (group_that_cannot_be_kept)
{
    if (geteuid () != 0)
        return;
    make_file ("a.bin", "old");
    ck_assert_int_eq (chown ("a.bin", ORDINARY_USER, 23456), 0);
    ck_assert_int_eq (chmod ("a.bin", 0674), 0);
    ck_assert_int_eq (chown (".", ORDINARY_USER, ORDINARY_USER), 0);
    ck_assert_int_eq (setegid (ORDINARY_USER), 0);
    ck_assert_int_eq (seteuid (ORDINARY_USER), 0);
    save_words ("a.bin", "new");
    ck_assert_int_eq (seteuid (0), 0);
    ck_assert_int_eq (setegid (getgid ()), 0);
    ck_assert_uint_eq (mode_of ("a.bin"), 0644);
}
END_TEST

START_TEST (protected_target)
{
    make_file ("a.bin", "old");
    ck_assert_int_eq (chmod ("a.bin", 0444), 0);
    if (geteuid () == 0) {
        ck_assert_int_eq (chmod (".", 0777), 0);
        ck_assert_int_eq (seteuid (ORDINARY_USER), 0);
    }
    begin_fails ("a.bin", TENON_E_IO, "cannot be written: ");
    ck_assert_int_eq (seteuid (getuid ()), 0);
    ck_assert_str_eq (contents_of ("a.bin"), "old");
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* ---- bytes ---- */

static uint8_t model[2 * SIZE], back[2 * SIZE];
static uint32_t state = 1;

static uint32_t
draw_number (uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (uint32_t) (((uint64_t) state * below) >> 32);
}

/* A random length, often near the size of a buffer. */
static uint32_t
any_length (void)
{
    static const uint32_t near[] = { 4096, 65536, 262144, 1048576 };
    switch (draw_number (4)) {
    case 0: return draw_number (20);
    case 1: return draw_number (5000);
    case 2: return near[draw_number (4)] - 2 + draw_number (4);
    default: return draw_number (400000);
    }
}

static void
check_bytes (const char *name, uint64_t size)
{
    struct stat status;
    int fd = open (name, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge (fd, 0);
    ck_assert_int_eq (fstat (fd, &status), 0);
    ck_assert_uint_eq ((uint64_t) status.st_size, size);
    ck_assert_int_eq (read (fd, back, sizeof back), (ssize_t) size);
    ck_assert (memcmp (back, model, size) == 0);
    close (fd);
}

static void
one_step (struct tn_sink *sink, int fd, const uint8_t *source)
{
    uint64_t length = any_length (), at = sink->position, from = draw_number (1000);
    switch (draw_number (5)) {
    case 0:
        ck_assert_int_eq (tn_sink_write (sink, source + from, length, &error), TENON_OK);
        memcpy (model + at, source + from, length);
        break;
    case 1:
        ck_assert_int_eq (tn_sink_copy (sink, fd, from, length, &error), TENON_OK);
        memcpy (model + at, source + from, length);
        break;
    case 2:
        length = draw_number (10000);
        ck_assert_int_eq (tn_sink_fill (sink, (uint8_t) from, length, &error), TENON_OK);
        memset (model + at, (uint8_t) from, length);
        break;
    default: /* twice as often */
        length = TN_MIN (length, at);
        at = draw_number ((uint32_t) (at - length + 1));
        ck_assert_int_eq (tn_sink_patch (sink, at, source + from, length, &error), TENON_OK);
        memcpy (model + at, source + from, length);
    }
}

START_TEST (any_sequence)
{
    static uint8_t source[1100000];
    state = (uint32_t) _i + 1;
    for (uint32_t i = 0; i < sizeof source; i++)
        source[i] = (uint8_t) draw_number (256);
    int fd = open ("source", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq (write (fd, source, sizeof source), (ssize_t) sizeof source);
    expected_size = draw_number (3) * draw_number (SIZE);
    options.durable = draw_number (2);
    struct tn_atomic *save = begin_save ("a.bin");
    struct tn_sink *sink = file_of (save, NULL);
    while (sink->position < SIZE)
        one_step (sink, fd, source);
    uint64_t size = sink->position;
    commit_save (save);
    check_bytes ("a.bin", size);
    close (fd);
}
END_TEST

START_TEST (gives_back_what_was_too_much)
{
    struct stat status;
    expected_size = 64 << 20;
    struct tn_atomic *save = begin_save ("a.bin");
    struct tn_sink *sink = file_of (save, NULL);
    ck_assert_int_eq (tn_sink_write (sink, model, SIZE, &error), TENON_OK);
    commit_save (save);
    ck_assert_int_eq (stat ("a.bin", &status), 0);
    ck_assert_uint_eq ((uint64_t) status.st_size, SIZE);
    ck_assert_uint_lt ((uint64_t) status.st_blocks * 512, 2 * SIZE);
}
END_TEST

START_TEST (more_than_the_disk)
{
    expected_size = INT64_MAX;
    make_file ("a.bin", "old");
    struct tn_atomic *save = begin_save ("a.bin");
    tenon_status status = tn_sink_write (file_of (save, NULL), model, SIZE, &error);
    ck_assert (status == TENON_E_IO || status == TENON_OK); /* not every file system can preallocate */
    tn_atomic_abort (save);
    ck_assert_str_eq (contents_of ("a.bin"), "old");
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

/* Of a guess that is a little too high nothing stays reserved, neither while the file is written nor later.
 */
START_TEST (more_than_is_free)
{
    struct statvfs before, after;
    struct stat status;
    ck_assert_int_eq (statvfs (".", &before), 0);
    expected_size = before.f_bfree * before.f_frsize + (1u << 30);
    struct tn_atomic *save = begin_save ("a.bin");
    ck_assert_int_eq (tn_sink_write (file_of (save, NULL), model, SIZE, &error), TENON_OK);
    ck_assert_int_eq (statvfs (".", &after), 0);
    ck_assert_uint_gt (after.f_bfree, before.f_bfree / 2);
    commit_save (save);
    ck_assert_int_eq (stat ("a.bin", &status), 0);
    ck_assert_uint_lt ((uint64_t) status.st_blocks * 512, 2 * SIZE);
}
END_TEST

START_TEST (source_that_ends_early)
{
    make_file ("source", "0123456789");
    int fd = open ("source", O_RDONLY | O_CLOEXEC);
    static const uint64_t lengths[] = { 11, 1 << 20 };
    for (unsigned i = 0; i < TN_COUNT (lengths); i++) {
        make_folder ();
        struct tn_atomic *save = begin_save ("a.bin");
        ck_assert_int_eq (tn_sink_copy (file_of (save, NULL), fd, 0, lengths[i], &error), TENON_E_TRUNCATED);
        ck_assert_uint_eq (error.offset, 10);
        tn_atomic_abort (save);
    }
    close (fd);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

START_TEST (source_and_target_are_one)
{
    make_file ("a.bin", "0123456789");
    int fd = open ("a.bin", O_RDONLY | O_CLOEXEC);
    struct tn_atomic *save = begin_save ("a.bin");
    struct tn_sink *sink = file_of (save, NULL);
    ck_assert_int_eq (tn_sink_copy (sink, fd, 5, 5, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_copy (sink, fd, 0, 5, &error), TENON_OK);
    commit_save (save);
    close (fd);
    ck_assert_str_eq (contents_of ("a.bin"), "5678901234");
}
END_TEST

/* ---- targets ---- */

START_TEST (links_are_followed)
{
    char path[100];
    ck_assert_int_eq (mkdir ("there", 0755), 0);
    ck_assert_int_eq (mkdir ("here", 0755), 0);
    make_file ("there/a.bin", "old");
    ck_assert_int_eq (symlink ("../there/b", "here/a"), 0);
    snprintf (path, sizeof path, "%s/there/c", folder);
    ck_assert_int_eq (symlink (path, "there/b"), 0);
    ck_assert_int_eq (symlink ("a.bin", "there/c"), 0);
    save_words ("here/a", "new");
    ck_assert_str_eq (contents_of ("there/a.bin"), "new");
    save_words ("there/../here/a", "newer");
    ck_assert_str_eq (contents_of ("there/a.bin"), "newer");
    ck_assert_int_eq (unlink ("there/a.bin"), 0);
    save_words ("here/a", "made through a dangling link");
    ck_assert_str_eq (contents_of ("there/a.bin"), "made through a dangling link");
    ck_assert_uint_eq (count_entries ("there"), 3);
    ck_assert_uint_eq (count_entries ("here"), 1);
    ck_assert_int_gt (readlink ("here/a", path, sizeof path), 0);
}
END_TEST

START_TEST (no_targets)
{
    char name[300];
    ck_assert_int_eq (symlink ("loop", "loop"), 0);
    ck_assert_int_eq (symlink ("nowhere/a", "lost"), 0);
    ck_assert_int_eq (mkdir ("sub", 0755), 0);
    ck_assert_int_eq (symlink ("sub", "tosub"), 0);
    make_file ("plain", "");
    begin_fails ("loop", TENON_E_IO, "cannot be written: ");
    begin_fails ("lost", TENON_E_NOT_FOUND, "its folder 'nowhere' cannot be opened: ");
    begin_fails ("nowhere/a.bin", TENON_E_NOT_FOUND, "its folder 'nowhere' cannot be opened: ");
    begin_fails ("plain/a.bin", TENON_E_NOT_FOUND, "cannot be written: ");
    begin_fails ("sub", TENON_E_IO, "folder");
    begin_fails ("tosub", TENON_E_IO, "folder");
    begin_fails ("sub/", TENON_E_IO, "folder");
    begin_fails ("new/", TENON_E_NOT_FOUND, "folder");
    begin_fails ("plain/", TENON_E_NOT_FOUND, "cannot be written: ");
    begin_fails (".", TENON_E_IO, "folder");
    begin_fails ("..", TENON_E_IO, "folder");
    begin_fails ("/", TENON_E_IO, "folder");
    begin_fails ("", TENON_E_NOT_FOUND, "cannot be written: ");
    memset (name, 'x', 256);
    name[256] = 0;
    begin_fails (name, TENON_E_IO, "cannot be written: ");
    ck_assert_uint_eq (count_entries ("."), 5);
}
END_TEST

START_TEST (long_names)
{
    char name[256];
    for (unsigned length = 90; length <= 255; length += length == 99 ? 156 : 1) {
        memset (name, 0, sizeof name);
        for (unsigned i = 0; i + 1 < length; i += 2)
            memcpy (name + i, "\xc3\xa4", 2);
        memset (name + (length & ~1u), 'x', length & 1);
        struct tn_atomic *save = begin_save (name), *beside;
        put_words (file_of (save, NULL), "long");
        name[length - 2] = 'y', name[length - 1] = 'y'; /* the names differ at the end only */
        beside = begin_save (name);
        put_words (file_of (beside, NULL), "longer");
        ck_assert_uint_eq (count_entries ("."), 2);
        commit_save (save);
        commit_save (beside);
        ck_assert_str_eq (contents_of (name), "longer");
        ck_assert_uint_eq (count_entries ("."), 2);
        ck_assert_int_eq (system ("rm -f *"), 0);
    }
}
END_TEST

static void *
read_fifo (void *text)
{
    return strcpy (text, contents_of ("fifo"));
}

START_TEST (written_straight)
{
    pthread_t reader;
    char text[4096];
    ck_assert_int_eq (mkfifo ("fifo", 0600), 0);
    ck_assert_int_eq (symlink ("fifo", "link"), 0);
    options.durable = true;
    options.must_be_new = true; /* applies to files only */
    ck_assert_int_eq (pthread_create (&reader, NULL, read_fifo, text), 0);
    struct tn_atomic *save = begin_save ("link");
    struct tn_sink *sink = file_of (save, NULL), *part;
    ck_assert (!sink->seekable);
    put_words (sink, "through the pipe");
    ck_assert_int_eq (tn_atomic_sink (save, "part", &part, &error), TENON_E_UNSUPPORTED);
    make_folder ();
    ck_assert_int_eq (tn_sink_patch (sink, 0, "T", 1, &error), TENON_E_UNSUPPORTED);
    make_folder ();
    ck_assert_ptr_eq (file_of (save, NULL), sink);
    commit_save (save);
    pthread_join (reader, NULL);
    ck_assert_str_eq (text, "through the pipe");
    ck_assert_uint_eq (count_entries ("."), 2);
    save_words ("/dev/null", "away");
    ck_assert (file_exists ("/dev/null"));
}
END_TEST

START_TEST (must_be_new)
{
    options.must_be_new = true;
    make_file ("a.bin", "old");
    ck_assert_int_eq (symlink ("a.bin", "link"), 0);
    begin_fails ("a.bin", TENON_E_EXISTS, "");
    begin_fails ("link", TENON_E_EXISTS, "");
    struct tn_atomic *save = begin_save ("b.bin");
    put_words (file_of (save, NULL), "mine");
    make_file ("b.bin", "somebody else's");
    ck_assert_int_eq (tn_atomic_commit (save, NULL, &error), TENON_E_EXISTS);
    ck_assert_str_eq (error.file, "b.bin");
    ck_assert_str_eq (contents_of ("b.bin"), "somebody else's");
    ck_assert_uint_eq (count_entries ("."), 3);
    make_folder ();
    save_words ("c.bin", "new");
    ck_assert_str_eq (contents_of ("c.bin"), "new");
    ck_assert_uint_eq (count_entries ("."), 4);
}
END_TEST

START_TEST (target_becomes_a_folder)
{
    struct tn_atomic *save = begin_save ("a.bin");
    put_words (file_of (save, NULL), "new");
    ck_assert_int_eq (mkdir ("a.bin", 0755), 0);
    ck_assert_int_eq (tn_atomic_commit (save, NULL, &error), TENON_E_IO);
    ck_assert_uint_eq (count_entries ("."), 1);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("save");
    TCase *files = tcase_create ("files");
    tcase_add_checked_fixture (files, set_up, tear_down);
    tcase_set_timeout (files, 60);
    tcase_add_test (files, new_file);
    tcase_add_test (files, empty_file);
    tcase_add_test (files, opened_by_the_first_byte);
    tcase_add_test (files, aborted);
    tcase_add_test (files, keeps_the_mode);
    tcase_add_test (files, hidden_while_it_is_written);
    tcase_add_test (files, keeps_the_owner);
    tcase_add_test (files, group_that_cannot_be_kept);
    tcase_add_test (files, protected_target);
    tcase_add_loop_test (files, any_sequence, 0, 20);
    tcase_add_test (files, gives_back_what_was_too_much);
    tcase_add_test (files, more_than_the_disk);
    tcase_add_test (files, more_than_is_free);
    tcase_add_test (files, source_that_ends_early);
    tcase_add_test (files, source_and_target_are_one);
    tcase_add_test (files, links_are_followed);
    tcase_add_test (files, no_targets);
    tcase_add_test (files, long_names);
    tcase_add_test (files, written_straight);
    tcase_add_test (files, must_be_new);
    tcase_add_test (files, target_becomes_a_folder);
    suite_add_tcase (suite, files);
    return run_suite (suite);
}
