/* SPDX-License-Identifier: MIT */
/* test_io.c - reads and writes that come in pieces, the end of a file, failures; names of files in paths. */
#include "base/io.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int
open_temporary (void)
{
    FILE *file = tmpfile ();
    ck_assert_ptr_nonnull (file);
    int fd = dup (fileno (file));
    fclose (file);
    return fd;
}

START_TEST (file_at_offsets)
{
    char bytes[8] = "";
    int fd = open_temporary ();
    ck_assert_uint_eq (tn_io_write (fd, TN_IO_CURRENT, "abcdef", 6), 6);
    ck_assert_uint_eq (tn_io_write (fd, 2, "CD", 2), 2);
    ck_assert_uint_eq (tn_io_read (fd, 1, bytes, 4), 4);
    ck_assert_str_eq (bytes, "bCDe");
    errno = EIO;
    ck_assert_uint_eq (tn_io_read (fd, 4, bytes, 8), 2);
    ck_assert_int_eq (errno, 0);
    errno = EIO;
    ck_assert_uint_eq (tn_io_read (fd, 6, bytes, 8), 0);
    ck_assert_int_eq (errno, 0);
    close (fd);
    ck_assert_uint_eq (tn_io_read (fd, 0, bytes, 8), 0);
    ck_assert_int_eq (errno, EBADF);
    ck_assert_uint_eq (tn_io_write (fd, 0, bytes, 8), 0);
    ck_assert_int_eq (errno, EBADF);
}
END_TEST

/* More than a pipe holds, through a non-blocking end: both sides see short counts, and the writer waits. */
START_TEST (pipe_in_pieces)
{
    enum { SIZE = 1000003 };
    static unsigned char sent[SIZE], received[SIZE + 1];
    int ends[2];
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (unsigned char) (i * 31 >> 3);
    ck_assert_int_eq (pipe (ends), 0);
    pid_t pid = fork ();
    if (pid == 0) {
        close (ends[0]);
        _exit (fcntl (ends[1], F_SETFL, O_NONBLOCK) != 0
               || tn_io_write (ends[1], TN_IO_CURRENT, sent, SIZE) != SIZE);
    }
    close (ends[1]);
    ck_assert_uint_eq (tn_io_read (ends[0], TN_IO_CURRENT, received, SIZE + 1), SIZE);
    ck_assert_int_eq (errno, 0);
    ck_assert_mem_eq (sent, received, SIZE);
    int status;
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert_int_eq (status, 0);
    close (ends[0]);
}
END_TEST

START_TEST (file_names)
{
    static const char *const good[] = { "a", ".a", "..a", "...", "a b", "\xc3\xa9" };
    static const char *const bad[] = { "", ".", "..", "/", "a/b", "a/", "\xff" };
    char longest[257];
    for (size_t i = 0; i < TN_COUNT (good); i++)
        ck_assert_msg (tn_is_file_name (good[i], strlen (good[i])), "'%s'", good[i]);
    for (size_t i = 0; i < TN_COUNT (bad); i++)
        ck_assert_msg (!tn_is_file_name (bad[i], strlen (bad[i])), "'%s'", bad[i]);
    ck_assert (!tn_is_file_name ("a\0b", 3));
    memset (longest, 'a', sizeof longest);
    ck_assert (tn_is_file_name (longest, 255));
    ck_assert (!tn_is_file_name (longest, 256));
}
END_TEST

START_TEST (names_of_members)
{
    static const char *const good[] = {
        "a",         "a.npy", "a/b.npy", "a.b/c..d/.e", "..a/b",    "...a", "w:0",
        "m/dense:0", "a b/c", "a/..b/c", ".a/b",        "\xc3\xa9", "CON",  "layers.0.self_attn.q_proj.weight"
    };
    static const char *const leaving[] = { "/a",  "/etc/x", "../x",        "../../x",  "a/../../b", "a/..",
                                           "..",  "\\a",    "..\\x",       "a\\..\\b", "C:\\x",     "C:/x",
                                           "c:x", "a:b",    "\\\\host\\x", "a/.. /b",  "...",       "a/.../b",
                                           ".. ", "/",      "a/../b" };
    static const char *const renamed[] = { "",     "a//b", "a/",   "./a", "a/./b", ".",
                                           "a\\b", "a./b", "a /b", "a.",  "a ",    " " };
    for (size_t i = 0; i < TN_COUNT (good); i++)
        ck_assert_msg (!tn_unpacking_words (good[i], strlen (good[i]), false), "'%s'", good[i]);
    for (size_t i = 0; i < TN_COUNT (leaving); i++) {
        const char *words = tn_unpacking_words (leaving[i], strlen (leaving[i]), false);
        ck_assert_msg (words && strstr (words, "outside of its folder"), "'%s': %s", leaving[i], words);
    }
    for (size_t i = 0; i < TN_COUNT (renamed); i++) {
        const char *words = tn_unpacking_words (renamed[i], strlen (renamed[i]), false);
        ck_assert_msg (words && strstr (words, "under another name"), "'%s': %s", renamed[i], words);
    }
    /* with an extension behind them these are "...npy", "a/.npy", "a..npy", "a .npy" */
    static const char *const go_on[] = { "..", ".", "a/", "a.", "a " };
    for (size_t i = 0; i < TN_COUNT (go_on); i++)
        ck_assert_msg (!tn_unpacking_words (go_on[i], strlen (go_on[i]), true), "'%s'", go_on[i]);
    ck_assert_ptr_nonnull (tn_unpacking_words ("../x", 4, true));
    ck_assert_ptr_nonnull (tn_unpacking_words ("a//b", 4, true));
    ck_assert_ptr_null (tn_unpacking_words ("ab/../c", 2, false)); /* no more than the length counts */
}
END_TEST

START_TEST (last_component)
{
    ck_assert_str_eq (tn_path_name ("a"), "a");
    ck_assert_str_eq (tn_path_name ("/a"), "a");
    ck_assert_str_eq (tn_path_name ("../b/a.npz"), "a.npz");
    ck_assert_str_eq (tn_path_name ("b/"), "");
    ck_assert_str_eq (tn_path_name (""), "");
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("io");
    TCase *io = tcase_create ("io");
    tcase_add_test (io, file_at_offsets);
    tcase_add_test (io, pipe_in_pieces);
    tcase_add_test (io, file_names);
    tcase_add_test (io, names_of_members);
    tcase_add_test (io, last_component);
    suite_add_tcase (suite, io);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
