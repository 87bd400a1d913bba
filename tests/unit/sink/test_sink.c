/* SPDX-License-Identifier: MIT */
/* test_sink.c - the sinks without a file of their own, and the common functions of all sinks. */
#include "sink/memory.h"
#include "sink/sink.h"
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 400000u

static uint8_t pattern[SIZE], back[SIZE];
static tenon_error error;

static void
set_up (void)
{
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    for (uint32_t i = 0, x = 1; i < SIZE; i++) {
        x = x * 1103515245u + 12345u;
        pattern[i] = (uint8_t) (x >> 24);
    }
}

static int
temporary_file (void)
{
    char name[] = "/tmp/tenon-sink-XXXXXX";
    int fd = mkstemp (name);
    ck_assert_int_ge (fd, 0);
    ck_assert_int_eq (unlink (name), 0);
    return fd;
}

START_TEST (small_and_large_writes)
{
    static const uint64_t pieces[] = { 1, 0, 128, 65535, 1, 1, 65536, 65537, 3, 100000, 7 };
    int fd = temporary_file ();
    struct tn_sink *sink = tn_sink_fd_new (fd, "out");
    uint64_t at = 0;
    ck_assert (!sink->seekable);
    for (unsigned i = 0; i < TN_COUNT (pieces); i++) {
        ck_assert_int_eq (tn_sink_write (sink, pattern + at, pieces[i], &error), TENON_OK);
        at += pieces[i];
        ck_assert_uint_eq (sink->position, at);
    }
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    tn_sink_fd_free (sink);
    ck_assert_int_eq (pread (fd, back, SIZE, 0), (ssize_t) at);
    ck_assert_mem_eq (back, pattern, at);
    close (fd);
}
END_TEST

/* It grows from nothing, keeps what it has, and can be changed anywhere. */
START_TEST (grows_in_memory)
{
    int fd = temporary_file ();
    struct tn_sink *sink = tn_memory_sink_new ("memory", _i ? UINT64_MAX : 0);
    const uint64_t rounds = 30;
    void *base;
    uint64_t mapped;
    ck_assert_int_eq (pwrite (fd, pattern, SIZE, 0), (ssize_t) SIZE);
    for (uint64_t i = 0; i < rounds; i++) {
        ck_assert_int_eq (tn_sink_write (sink, pattern, i, &error), TENON_OK);
        ck_assert_int_eq (tn_sink_copy (sink, fd, i, SIZE - i, &error), TENON_OK);
    }
    ck_assert_uint_eq (sink->position, rounds * SIZE);
    ck_assert_int_eq (tn_sink_patch (sink, SIZE - 4, "patched", 7, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_patch (sink, rounds * SIZE - 1, "no", 2, &error), TENON_E_MISUSE);
    tn_memory_sink_take (sink, &base, &mapped);
    tn_memory_sink_free (sink);
    ck_assert_uint_ge (mapped, rounds * SIZE);
    ck_assert_uint_lt (mapped, rounds * SIZE + 65536);
    for (uint64_t i = 0; i < rounds; i++) {
        memcpy (back, pattern, SIZE);
        if (i == 0)
            memcpy (back + SIZE - 4, "patc", 4);
        if (i == 1)
            memcpy (back, "hed", 3);
        ck_assert_mem_eq ((uint8_t *) base + i * SIZE, back, SIZE);
    }
    munmap (base, mapped);
    close (fd);
}
END_TEST

/* An end of the file in the middle is no success. */
START_TEST (memory_of_a_short_file)
{
    int fd = temporary_file ();
    struct tn_sink *sink = tn_memory_sink_new ("memory", 0);
    ck_assert_int_eq (pwrite (fd, pattern, 100, 0), 100);
    ck_assert_int_eq (tn_sink_copy (sink, fd, 50, 51, &error), TENON_E_TRUNCATED);
    tn_memory_sink_free (sink);
    tn_memory_sink_free (NULL);
    close (fd);
}
END_TEST

START_TEST (goes_on_where_the_descriptor_is)
{
    int fd = temporary_file ();
    ck_assert_int_eq (write (fd, "before", 6), 6);
    struct tn_sink *sink = tn_sink_fd_new (fd, NULL);
    ck_assert_int_eq (tn_sink_write (sink, "after", 5, &error), TENON_OK);
    ck_assert_uint_eq (sink->position, 5);
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    tn_sink_fd_free (sink);
    ck_assert_int_eq (pread (fd, back, SIZE, 0), 11);
    ck_assert_mem_eq (back, "beforeafter", 11);
    close (fd);
}
END_TEST

/* Reads a pipe slowly to its end; returns the number of bytes. */
static void *
read_slowly (void *fd)
{
    uint64_t at = 0;
    for (;;) {
        usleep (500);
        ssize_t done = read (*(int *) fd, back + at, 20000);
        if (done <= 0)
            break;
        at += (uint64_t) done;
    }
    return (void *) (uintptr_t) at;
}

START_TEST (waits_for_a_pipe)
{
    int ends[2];
    void *arrived;
    pthread_t reader;
    ck_assert_int_eq (pipe (ends), 0);
    ck_assert_int_eq (fcntl (ends[1], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq (pthread_create (&reader, NULL, read_slowly, &ends[0]), 0);
    struct tn_sink *sink = tn_sink_fd_new (ends[1], "pipe");
    ck_assert_int_eq (tn_sink_write (sink, pattern, 1000, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_write (sink, pattern + 1000, SIZE - 1000, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    tn_sink_fd_free (sink);
    close (ends[1]);
    pthread_join (reader, &arrived);
    ck_assert_uint_eq ((uintptr_t) arrived, SIZE);
    ck_assert_mem_eq (back, pattern, SIZE);
    close (ends[0]);
}
END_TEST

static void
on_alarm (int number)
{
    (void) number;
}

START_TEST (signals_interrupt_nothing)
{
    int ends[2];
    void *arrived;
    pthread_t reader;
    struct sigaction action = { .sa_handler = on_alarm }; /* without SA_RESTART */
    sigset_t alarms;
    ck_assert_int_eq (sigaction (SIGALRM, &action, NULL), 0);
    ck_assert_int_eq (pipe (ends), 0);
    sigemptyset (&alarms);
    sigaddset (&alarms, SIGALRM);
    pthread_sigmask (SIG_BLOCK, &alarms, NULL);
    ck_assert_int_eq (pthread_create (&reader, NULL, read_slowly, &ends[0]), 0);
    pthread_sigmask (SIG_UNBLOCK, &alarms, NULL);
    ualarm (300, 300);
    struct tn_sink *sink = tn_sink_fd_new (ends[1], "pipe");
    ck_assert_int_eq (tn_sink_write (sink, pattern, SIZE, &error), TENON_OK);
    ualarm (0, 0);
    tn_sink_fd_free (sink);
    close (ends[1]);
    pthread_join (reader, &arrived);
    ck_assert_uint_eq ((uintptr_t) arrived, SIZE);
    ck_assert_mem_eq (back, pattern, SIZE);
    close (ends[0]);
}
END_TEST

START_TEST (nobody_reads)
{
    int ends[2];
    signal (SIGPIPE, SIG_IGN);
    ck_assert_int_eq (pipe (ends), 0);
    close (ends[0]);
    struct tn_sink *sink = tn_sink_fd_new (ends[1], "the pipe");
    ck_assert_int_eq (tn_sink_write (sink, "abc", 3, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_E_IO);
    ck_assert_str_eq (error.file, "the pipe");
    ck_assert_ptr_nonnull (strstr (error.message, "cannot be written: "));
    tn_sink_fd_free (sink);
    tn_sink_fd_free (NULL);
    close (ends[1]);
}
END_TEST

START_TEST (only_for_reading)
{
    int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    struct tn_sink *sink = tn_sink_fd_new (fd, "out");
    ck_assert_int_eq (tn_sink_write (sink, pattern, SIZE, &error), TENON_E_IO);
    tn_sink_fd_free (sink);
    close (fd);
}
END_TEST

START_TEST (disk_full)
{
    int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    struct tn_sink *sink = tn_sink_fd_new (fd, "out");
    ck_assert_int_eq (tn_sink_write (sink, pattern, 10, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_write (sink, pattern, SIZE, &error), TENON_E_IO);
    /* nothing is left to retry */
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    tn_sink_fd_free (sink);
    close (fd);
}
END_TEST

START_TEST (copies_by_reading)
{
    int from = temporary_file (), to = temporary_file ();
    ck_assert_int_eq (write (from, pattern, SIZE), SIZE);
    struct tn_sink *sink = tn_sink_fd_new (to, "out");
    ck_assert_int_eq (tn_sink_copy (sink, from, 7, 0, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_copy (sink, from, 7, 1000, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_copy (sink, from, 1007, SIZE - 1007, &error), TENON_OK);
    ck_assert_uint_eq (sink->position, SIZE - 7);
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    ck_assert_int_eq (pread (to, back, SIZE, 0), SIZE - 7);
    ck_assert_mem_eq (back, pattern + 7, SIZE - 7);
    ck_assert_int_eq (tn_sink_copy (sink, from, 10, SIZE, &error), TENON_E_TRUNCATED);
    ck_assert_uint_eq (error.offset, SIZE);
    set_up ();
    ck_assert_int_eq (tn_sink_copy (sink, from, UINT64_MAX - 5, 10, &error), TENON_E_MISUSE);
    set_up ();
    ck_assert_int_eq (tn_sink_copy (sink, -1, 0, 10, &error), TENON_E_IO);
    tn_sink_fd_free (sink);
    close (from), close (to);
}
END_TEST

START_TEST (patches)
{
    struct tn_sink null, *sink = tn_sink_fd_new (1, "stream");
    ck_assert_int_eq (tn_sink_patch (sink, 0, "", 0, &error), TENON_E_UNSUPPORTED);
    tn_sink_fd_free (sink);
    set_up ();
    tn_sink_null_init (&null);
    ck_assert (null.seekable);
    ck_assert_int_eq (tn_sink_write (&null, NULL, 100, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_patch (&null, 96, pattern, 4, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_patch (&null, 100, pattern, 0, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_patch (&null, 96, pattern, 5, &error), TENON_E_MISUSE);
    set_up ();
    ck_assert_int_eq (tn_sink_patch (&null, 101, pattern, 0, &error), TENON_E_MISUSE);
    set_up ();
    ck_assert_int_eq (tn_sink_patch (&null, 5, pattern, UINT64_MAX, &error), TENON_E_MISUSE);
}
END_TEST

START_TEST (nowhere)
{
    struct tn_sink null;
    tn_sink_null_init (&null);
    ck_assert_int_eq (tn_sink_write (&null, pattern, SIZE, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_copy (&null, -1, 0, 1000, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_fill (&null, 7, 100000, &error), TENON_OK);
    ck_assert_uint_eq (null.position, SIZE + 101000);
    ck_assert_int_eq (tn_sink_copy (&null, -1, 0, INT64_MAX - null.position, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_write (&null, pattern, 1, &error), TENON_E_MISUSE);
    set_up ();
    ck_assert_int_eq (tn_sink_copy (&null, -1, 0, 1, &error), TENON_E_MISUSE);
    set_up ();
    ck_assert_int_eq (tn_sink_fill (&null, 0, 1, &error), TENON_E_MISUSE);
    ck_assert_uint_eq (null.position, INT64_MAX);
}
END_TEST

START_TEST (fills)
{
    int fd = temporary_file ();
    struct tn_sink *sink = tn_sink_fd_new (fd, "out");
    ck_assert_int_eq (tn_sink_fill (sink, 0xa5, 0, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_fill (sink, 0xa5, 70000, &error), TENON_OK);
    ck_assert_int_eq (tn_sink_fd_flush (sink, &error), TENON_OK);
    ck_assert_int_eq (pread (fd, back, SIZE, 0), 70000);
    for (unsigned i = 0; i < 70000; i++)
        ck_assert (back[i] == 0xa5);
    tn_sink_fd_free (sink);
    close (fd);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("sink");
    TCase *sinks = tcase_create ("sinks");
    tcase_add_checked_fixture (sinks, set_up, NULL);
    tcase_set_timeout (sinks, 60);
    tcase_add_test (sinks, small_and_large_writes);
    tcase_add_loop_test (sinks, grows_in_memory, 0, 2);
    tcase_add_test (sinks, memory_of_a_short_file);
    tcase_add_test (sinks, goes_on_where_the_descriptor_is);
    tcase_add_test (sinks, waits_for_a_pipe);
    tcase_add_test (sinks, signals_interrupt_nothing);
    tcase_add_test (sinks, nobody_reads);
    tcase_add_test (sinks, only_for_reading);
    tcase_add_test (sinks, disk_full);
    tcase_add_test (sinks, copies_by_reading);
    tcase_add_test (sinks, patches);
    tcase_add_test (sinks, nowhere);
    tcase_add_test (sinks, fills);
    suite_add_tcase (suite, sinks);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
