/* SPDX-License-Identifier: MIT */
/* test_file_pool.c - many files with few descriptors: the right bytes on many threads at once, files that
 * were replaced, and files that are in use. */
#include "source/file_pool.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 300u
#define THREADS 8u
#define READS 4000u
#define ALLOWED 64u

static char folder[64];
static struct tn_file_pool *pool;
static struct tn_source *sources[FILES];

static const char *
file_path (unsigned number)
{
    static char path[128];
    snprintf (path, sizeof path, "%s/%u", folder, number);
    return path;
}

static void
put_file (unsigned number, uint32_t value)
{
    FILE *file = fopen (file_path (number), "wb");
    ck_assert_ptr_nonnull (file);
    ck_assert_uint_eq (fwrite (&value, sizeof value, 1, file), 1);
    ck_assert_int_eq (fclose (file), 0);
}

static unsigned
count_descriptors (void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl (fd, F_GETFD) >= 0;
    return count;
}

static struct rlimit limits_before;

static void
set_up (void)
{
    struct rlimit few;
    tenon_error error = TENON_ERROR_INIT;
    strcpy (folder, "/tmp/tenon-pool-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    for (unsigned i = 0; i < FILES; i++)
        put_file (i, i);
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limits_before), 0);
    few = (struct rlimit){ ALLOWED, limits_before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
    pool = tn_file_pool_new (folder);
    ck_assert_ptr_nonnull (pool);
    for (unsigned i = 0; i < FILES; i++) {
        ck_assert_int_eq (tn_source_open (file_path (i), true, &sources[i], &error), TENON_OK);
        ck_assert_int_eq (tn_file_pool_join (pool, sources[i], TN_LINKS_OF_NAMES, &error), TENON_OK);
    }
}

static void
tear_down (void)
{
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limits_before), 0);
    for (unsigned i = 0; i < FILES; i++) {
        tn_source_free (sources[i]);
        unlink (file_path (i));
    }
    tn_file_pool_free (pool);
    rmdir (folder);
}

static tenon_status
read_value (unsigned number, uint32_t *value, tenon_error *error)
{
    return tn_source_read (sources[number], 0, value, sizeof *value, error);
}

static void *
read_many (void *seed)
{
    uint32_t random = *(uint32_t *) seed, value;
    uintptr_t wrong = 0;
    for (unsigned i = 0; i < READS; i++) {
        tenon_error error = TENON_ERROR_INIT;
        random = random * 1664525u + 1013904223u;
        unsigned number = (random >> 8) % FILES;
        wrong += read_value (number, &value, &error) < 0 || value != number;
    }
    return (void *) wrong;
}

START_TEST (on_many_threads)
{
    pthread_t threads[THREADS];
    uint32_t seeds[THREADS];
    ck_assert_uint_lt (count_descriptors (), ALLOWED / 2);
    for (uint32_t i = 0; i < THREADS; i++) {
        seeds[i] = i;
        ck_assert_int_eq (pthread_create (&threads[i], NULL, read_many, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join (threads[i], &wrong);
        ck_assert_uint_eq ((uintptr_t) wrong, 0);
    }
    ck_assert_uint_lt (count_descriptors (), ALLOWED / 2);
}
END_TEST

/* Others that were closed are opened again; the one that was replaced is not the one that was described. */
START_TEST (replaced)
{
    tenon_error error = TENON_ERROR_INIT;
    uint32_t value;
    unlink (file_path (0)); /* it is closed: the newest are open */
    ck_assert_int_eq (read_value (0, &value, &error), TENON_E_BUSY);
    put_file (FILES, 7);
    char other[128];
    strcpy (other, file_path (FILES));
    ck_assert_int_eq (rename (other, file_path (0)), 0);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (read_value (0, &value, &error), TENON_E_BUSY);
    ck_assert_ptr_nonnull (strstr (error.message, "it was replaced, changed or removed"));
    ck_assert_str_eq (error.file, file_path (0));
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (read_value (1, &value, &error), TENON_OK);
    ck_assert_uint_eq (value, 1);
}
END_TEST

/* The times of a file can be set, so that they tell nothing of a change. */
START_TEST (grown)
{
    tenon_error error = TENON_ERROR_INIT;
    struct stat before;
    uint32_t value;
    ck_assert_int_eq (stat (file_path (0), &before), 0); /* it is closed: the newest are open */
    FILE *file = fopen (file_path (0), "ab");
    ck_assert_ptr_nonnull (file);
    fputc (7, file);
    fclose (file);
    ck_assert_int_eq (
        utimensat (AT_FDCWD, file_path (0), (struct timespec[]){ before.st_atim, before.st_mtim }, 0), 0);
    ck_assert_int_eq (read_value (0, &value, &error), TENON_E_BUSY);
}
END_TEST

/* A descriptor stays while it is used, however many others are asked for; a mapping stays without one. */
START_TEST (in_use)
{
    tenon_error error = TENON_ERROR_INIT;
    const char *why;
    uint32_t value;
    int fd = tn_source_take_fd (sources[5], &error);
    ck_assert_int_ge (fd, 0);
    const uint8_t *map = tn_source_map (sources[6], &why);
    ck_assert_ptr_nonnull (map);
    for (unsigned i = 0; i < FILES; i++)
        ck_assert_int_eq (read_value (i, &value, &error), TENON_OK);
    ck_assert_int_eq (pread (fd, &value, sizeof value, 0), sizeof value);
    ck_assert_uint_eq (value, 5);
    memcpy (&value, map, sizeof value);
    ck_assert_uint_eq (value, 6);
    tn_source_give_fd (sources[5]);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("file pool");
    TCase *tests = tcase_create ("file pool");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 60);
    tcase_add_test (tests, on_many_threads);
    tcase_add_test (tests, replaced);
    tcase_add_test (tests, grown);
    tcase_add_test (tests, in_use);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
