/* SPDX-License-Identifier: MIT */
/* test_held.c - the lock of a file whose descriptor was closed, and the file that is found again. */
#include "sink/held.h"
#include "sink/temporary.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static struct tn_destination destination;
static tenon_error error;

static void
set_up (void)
{
    strcpy (folder, "/tmp/tenon-held-XXXXXX");
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_ptr_nonnull (mkdtemp (folder));
    destination =
        (struct tn_destination){ .folder = tn_folder_open (AT_FDCWD, folder), .name = (char[]){ "x" } };
    ck_assert_int_ge (destination.folder, 0);
}

static void
tear_down (void)
{
    unlinkat (destination.folder, "t", 0);
    unlinkat (destination.folder, "u", 0);
    close (destination.folder);
    rmdir (folder);
}

static int
open_file (const char *name)
{
    int fd = openat (destination.folder, name, O_RDWR | O_CREAT, 0600);
    ck_assert_int_ge (fd, 0);
    return fd;
}

/* 1: the lock could be had, and was given up again. */
static int
can_lock (const char *name)
{
    int fd = open_file (name), got = tn_file_lock (fd);
    close (fd);
    return got;
}

START_TEST (locked_without_descriptor)
{
    struct tn_held held = { NULL };
    int fd = open_file ("t"), again; /* empty */
    ck_assert_int_eq (tn_file_lock (fd), 1);
    ck_assert_int_eq (tn_held_begin (&held, &fd, "t", &error), TENON_OK);
#ifdef __linux__
    ck_assert_ptr_nonnull (held.map);
    ck_assert_int_eq (fd, -1);
    ck_assert_int_eq (can_lock ("t"), 0);
    ck_assert_int_eq (tn_held_open (&held, &destination, "t", "x", &again, &error), TENON_OK);
    ck_assert_int_eq (write (again, "1", 1), 1);
    close (again);
    ck_assert_int_eq (can_lock ("t"), 0); /* the lock does not go with that descriptor */
    tn_held_end (&held);
    ck_assert_int_eq (can_lock ("t"), 1);
#else
    (void) again;
    close (fd);
#endif
}
END_TEST

/* Another file has the name: it is neither opened nor removed. */
START_TEST (another_file)
{
    struct tn_held held = { NULL };
    int fd = open_file ("t"), again;
    ck_assert_int_eq (tn_held_begin (&held, &fd, "t", &error), TENON_OK);
    if (fd >= 0)
        close (fd);
    close (open_file ("u"));
    ck_assert_int_eq (renameat (destination.folder, "u", destination.folder, "t"), 0);
    ck_assert_int_lt (tn_held_open (&held, &destination, "t", "x", &again, &error), 0);
    ck_assert_int_eq (again, -1);
    tn_held_remove (&held, &destination, "t");
    ck_assert_int_eq (faccessat (destination.folder, "t", F_OK, 0), 0);
    tn_held_end (&held);
}
END_TEST

START_TEST (removed)
{
    struct tn_held held = { NULL };
    int fd = open_file ("t");
    ck_assert_int_eq (tn_held_begin (&held, &fd, "t", &error), TENON_OK);
    if (fd >= 0)
        close (fd);
    tn_held_remove (&held, &destination, "t");
    ck_assert_int_lt (faccessat (destination.folder, "t", F_OK, 0), 0);
    tn_held_end (&held);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("held");
    TCase *tests = tcase_create ("held");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_add_test (tests, locked_without_descriptor);
    tcase_add_test (tests, another_file);
    tcase_add_test (tests, removed);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
