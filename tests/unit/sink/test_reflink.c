/* SPDX-License-Identifier: MIT */
/* test_reflink.c - which bytes the kernel is asked to copy: on a file system that shares blocks, only whole
 * ones, at the same place in a block on both sides. This program plays the file system: its fstatfs and
 * copy_file_range come before the C library's. */
#include "saving.h"
#include <stdlib.h>
#ifdef __linux__
#include <linux/magic.h>
#include <sys/vfs.h>
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define BLOCK 4096u
#define SIZE (1u << 20)

static long kind;        /* f_type that fstatfs returns */
static unsigned asked;   /* calls of copy_file_range */
static uint64_t copied;  /* by them */
static unsigned refused; /* copies that cannot share blocks */

int
fstatfs (int fd, struct statfs *status)
{
    (void) fd;
    memset (status, 0, sizeof *status);
    status->f_type = (__typeof__ (status->f_type)) kind;
    status->f_bsize = BLOCK;
    return 0;
}

ssize_t
copy_file_range (int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags)
{
    static uint8_t bytes[SIZE];
    (void) flags;
    asked++;
    refused += *from_at % BLOCK || *to_at % BLOCK || length % BLOCK;
    size_t piece = length < 5 * BLOCK ? length : 5 * BLOCK; /* less than the request, as the call may do */
    ssize_t done = pread (from, bytes, piece, *from_at);
    ck_assert_int_eq (pwrite (to, bytes, (size_t) done, *to_at), done);
    *from_at += done, *to_at += done, copied += (uint64_t) done;
    return done;
}

static uint8_t *numbers;
static int source;

static void
begin_all (void)
{
    set_up ();
    numbers = malloc (SIZE);
    ck_assert_ptr_nonnull (numbers);
    for (unsigned i = 0; i < SIZE; i++)
        numbers[i] = (uint8_t) (i * 2654435761u >> 23);
    source = open ("source", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq (write (source, numbers, SIZE), (ssize_t) SIZE);
    asked = refused = 0;
    copied = 0;
}

static void
end_all (void)
{
    close (source);
    free (numbers);
    tear_down ();
}

/* Saves `head` bytes, then `length` bytes of the source from `offset` on. The file must hold them, by
 * either way of copying. */
static void
copy_between (long file_system, uint64_t head, uint64_t offset, uint64_t length)
{
    static uint8_t found[2 * SIZE];
    struct tn_atomic *save = begin_save ("target");
    struct tn_sink *sink = file_of (save, NULL);
    kind = file_system;
    ck_assert_int_eq (tn_sink_write (sink, numbers, head, &error), TENON_OK);
    ck_assert_msg (tn_sink_copy (sink, source, offset, length, &error) == TENON_OK, "%s", error.message);
    put_words (sink, "end");
    commit_save (save);
    int fd = open ("target", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq (read (fd, found, sizeof found), (ssize_t) (head + length + 3));
    close (fd);
    ck_assert_mem_eq (found, numbers, head);
    ck_assert_mem_eq (found + head, numbers + offset, length);
    ck_assert_mem_eq (found + head + length, "end", 3);
}

/* The metadata of a file are edited in their place: all blocks but the first and the last are shared. */
START_TEST (same_place_in_a_block)
{
    copy_between (XFS_SUPER_MAGIC, 1000, 1000, SIZE - 1000 - 50);
    ck_assert_uint_eq (copied, SIZE - 2 * BLOCK);
    ck_assert_uint_eq (refused, 0);
    copied = 0;
    copy_between (BTRFS_SUPER_MAGIC, 1000 + 7 * BLOCK, 1000,
                  SIZE - 1000); /* blocks further, and up to the end */
    ck_assert_uint_eq (copied, SIZE - BLOCK);
    ck_assert_uint_eq (refused, 0);
    copied = 0;
    copy_between (XFS_SUPER_MAGIC, BLOCK, 2 * BLOCK, SIZE / 2);
    ck_assert_uint_eq (copied, SIZE / 2);
    ck_assert_uint_eq (refused, 0);
}
END_TEST

START_TEST (another_place_in_a_block)
{
    copy_between (XFS_SUPER_MAGIC, 1000, 1008, SIZE - 2000);
    copy_between (BTRFS_SUPER_MAGIC, 0, 1, SIZE - 1);
    ck_assert_uint_eq (asked, 0);
}
END_TEST

START_TEST (other_file_systems)
{
    copy_between (EXT4_SUPER_MAGIC, 1000, 1000, SIZE - 1000);
    copy_between (TMPFS_MAGIC, BLOCK, 0, SIZE);
    ck_assert_uint_eq (asked, 0);
    copy_between (NFS_SUPER_MAGIC, 1000, 1008, SIZE - 2000); /* the server copies, from anywhere */
    ck_assert_uint_eq (copied, SIZE - 2000);
}
END_TEST

/* Small pieces are gathered. */
START_TEST (too_small)
{
    copy_between (XFS_SUPER_MAGIC, 1000, 1000, 5000);
    copy_between (NFS_SUPER_MAGIC, 1000, 1000, 5000);
    ck_assert_uint_eq (asked, 0);
}
END_TEST
#endif

int
main (void)
{
    Suite *suite = suite_create ("reflink");
    TCase *cases = tcase_create ("reflink");
#ifdef __linux__
    tcase_add_checked_fixture (cases, begin_all, end_all);
    tcase_add_test (cases, same_place_in_a_block);
    tcase_add_test (cases, another_place_in_a_block);
    tcase_add_test (cases, other_file_systems);
    tcase_add_test (cases, too_small);
#endif
    suite_add_tcase (suite, cases);
    return run_suite (suite);
}
