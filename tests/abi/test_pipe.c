/* SPDX-License-Identifier: MIT */
/* test_pipe.c - tenon_open_fd with pipes and sockets, which are read to their ends. */
#include "kit.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct bytes file_bytes;

static void
make_bytes (void)
{
    file_bytes.size = 0;
    kit_raw_head (&file_bytes, 1, 0, 200);
    kit_raw_tensor (&file_bytes, "t", "u8", 0, 1, KIT_SHAPE (20000), 0, 20000);
    kit_pad (&file_bytes, 200);
    while (file_bytes.size < 20200)
        kit_le (&file_bytes, file_bytes.size * 7, 1);
    kit_file ("whole", &file_bytes);
}

/* A descriptor that brings the bytes of "whole", which fit into any pipe. */
static int
feed_pipe (int socket)
{
    int ends[2];
    ck_assert_int_eq (socket ? socketpair (AF_UNIX, SOCK_STREAM, 0, ends) : pipe (ends), 0);
    ck_assert_int_eq (write (ends[1], file_bytes.data, file_bytes.size), (ssize_t) file_bytes.size);
    close (ends[1]);
    return ends[0];
}

static void
same_as_whole (int fd)
{
    tenon_file *piped = NULL, *whole = kit_open ("whole", NULL, NULL);
    tenon_status status = tenon_open_fd (kit, fd, NULL, &piped, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    close (fd);
    ck_assert_uint_eq (tenon_count (piped), 1);
    static uint8_t expected[20000];
    tenon_request request;
    KIT_INIT (request);
    request.data = expected;
    request.size = sizeof expected;
    ck_assert_int_eq (tenon_read (whole, &request, 1, NULL, &kit_error), TENON_OK);
    kit_data (piped, "t", "", expected, sizeof expected);
    tenon_close (piped);
    tenon_close (whole);
}

START_TEST (test_whole)
{
    kit_plugins ("toyraw", _i < 2 ? NULL : "limits.memory=65536");
    make_bytes ();
    int fd = feed_pipe (_i % 2);
    fcntl (fd, F_SETFL, O_NONBLOCK);
    same_as_whole (fd);
}
END_TEST

static int
stop_at_once (void *user, uint64_t done, uint64_t total)
{
    (void) done, (void) total;
    ++*(unsigned *) user;
    return 1;
}

START_TEST (test_stopped)
{
    unsigned calls = 0;
    tenon_progress progress = { sizeof progress, 0, stop_at_once, &calls };
    tenon_open_options options;
    tenon_file *file;
    kit_plugins ("toyraw", NULL);
    make_bytes ();
    KIT_INIT (options);
    options.progress = &progress;
    int fd = feed_pipe (0);
    kit_failed (tenon_open_fd (kit, fd, &options, &file, &kit_error), TENON_E_CANCELLED, "cancelled");
    ck_assert_uint_eq (calls, 1);
    ck_assert_ptr_null (file);
    close (fd);
}
END_TEST

START_TEST (test_bounds)
{
    tenon_file *file;
    kit_plugins ("toyraw", "limits.inflated_bytes=20199");
    make_bytes ();
    int fd = feed_pipe (0);
    kit_failed (tenon_open_fd (kit, fd, NULL, &file, &kit_error), TENON_E_LIMIT, "inflated_bytes");
    close (fd);
    /* nothing comes */
    int ends[2];
    ck_assert_int_eq (pipe (ends), 0);
    close (ends[1]);
    kit_failed (tenon_open_fd (kit, ends[0], NULL, &file, &kit_error), TENON_E_UNRECOGNISED, "it is empty");
    close (ends[0]);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *pipes = kit_case (suite, "pipes");
    tcase_add_loop_test (pipes, test_whole, 0, 4);
    tcase_add_test (pipes, test_stopped);
    tcase_add_test (pipes, test_bounds);
}

int
main (void)
{
    return kit_main ("pipe", fill_suite);
}
