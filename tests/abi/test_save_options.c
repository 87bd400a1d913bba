/* SPDX-License-Identifier: MIT */
/* test_save_options.c - threads, memory and durability of one save. */
#include "kit.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Takes the place of the C library's, also for libtenon. */
static unsigned syncs;
int
fsync (int fd)
{
    syncs++;
    return (int) syscall (SYS_fsync, fd);
}

static unsigned most_threads;
static tenon_save_options options;

/* Threads of this process; 0: the system does not tell. */
static unsigned
count_threads (void)
{
    unsigned count = 0;
    DIR *folder = opendir ("/proc/self/task");
    for (struct dirent *entry; folder && (entry = readdir (folder));)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir (folder);
    return count;
}

/* pthread_join returns once a thread has told that it ends; the system takes it from /proc a little later. */
static void
wait_for_threads (unsigned wanted)
{
    unsigned found = count_threads ();
    for (unsigned i = 0; found != wanted && i < 5000; i++, found = count_threads ())
        usleep (1000);
    ck_assert_uint_eq (found, wanted);
}

static tenon_status
look_at_threads (void *user, const void *bytes, uint64_t length)
{
    unsigned count = count_threads ();
    (void) user, (void) bytes, (void) length;
    most_threads = count > most_threads ? count : most_threads;
    return TENON_OK;
}

static tenon_status
replace_nothing (void *user, uint64_t position, const void *bytes, uint64_t length)
{
    (void) user, (void) position, (void) bytes, (void) length;
    return TENON_OK;
}

static tenon_plan *
make_plan (void)
{
    static uint8_t numbers[1u << 20];
    tenon_plan *plan = NULL;
    for (uint32_t i = 0; i < sizeof numbers; i++)
        numbers[i] = (uint8_t) (i * i >> 7);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, "x", "u8", 0, 1, KIT_SHAPE (sizeof numbers), numbers, sizeof numbers);
    return plan;
}

/* ---- threads ---- */

static unsigned
threads_of_save (tenon_plan *plan)
{
    tenon_output output;
    KIT_INIT (output);
    output.write = look_at_threads;
    output.patch = replace_nothing;
    most_threads = 0;
    tenon_status status = tenon_save_to (plan, &output, &options, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return most_threads;
}

START_TEST (test_threads)
{
    kit_plugins ("toyraw toybox", "core.threads=1");
    tenon_plan *plan = make_plan ();
    unsigned before = count_threads ();
    if (before == 0)
        return;
    KIT_INIT (options);
    options.format = "toybox";
    options.settings = (const char *const[]){ "toybox.filter=deflate", "toybox.block_size=16384", NULL };
    ck_assert_uint_eq (threads_of_save (plan), before);
    options.threads = 3;
    ck_assert_uint_eq (threads_of_save (plan), before + 2);
    wait_for_threads (before); /* they end with the save */
    options.threads = 0;
    ck_assert_uint_eq (threads_of_save (plan), before);
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_fewer_threads)
{
    kit_plugins ("toyraw toybox", "core.threads=4");
    tenon_plan *plan = make_plan ();
    unsigned before = count_threads ();
    if (before == 0)
        return;
    KIT_INIT (options);
    options.format = "toybox";
    options.settings = (const char *const[]){ "toybox.filter=deflate", "toybox.block_size=16384", NULL };
    options.threads = 1;
    ck_assert_uint_eq (threads_of_save (plan), before);
    options.threads = 0;
    ck_assert_uint_eq (threads_of_save (plan), before + 3);
    tenon_plan_free (plan);
}
END_TEST

/* ---- memory ---- */

/* The filter toyrot encodes only all at once. */
static tenon_status
save_rotated (tenon_plan *plan, uint64_t memory)
{
    KIT_INIT (options);
    options.settings = (const char *const[]){ "toybox.filter=toyrot", NULL };
    options.memory = memory;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    return tenon_save (plan, kit_path ("x.toybox"), &options, NULL, NULL, &kit_error);
}

START_TEST (test_memory)
{
    kit_plugins ("toyraw toybox toyxor", _i ? "limits.memory=100000" : NULL);
    tenon_plan *plan = make_plan ();
    tenon_status status = save_rotated (plan, 0);
    if (_i)
        kit_failed (status, TENON_E_LIMIT, "encodes only all at once");
    else
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    status = save_rotated (plan, (uint64_t) 64 << 20);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_failed (save_rotated (plan, 65536), TENON_E_LIMIT, "encodes only all at once");
    kit_failed (save_rotated (plan, 65535), TENON_E_MISUSE, "65536 bytes of memory at least, not 65535");
    status = save_rotated (plan, UINT64_MAX);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}
END_TEST

/* ---- durability ---- */

static unsigned
syncs_of_save (tenon_plan *plan, int to_fd)
{
    tenon_status status;
    syncs = 0;
    if (to_fd) {
        int fd = open (kit_path ("fd"), O_RDWR | O_CREAT, 0600);
        status = to_fd == 1 ? tenon_save_fd (plan, fd, &options, NULL, NULL, &kit_error)
                            : tenon_save_at (plan, fd, 0, NULL, &options, NULL, NULL, &kit_error);
        close (fd);
    } else
        status = tenon_save (plan, kit_path ("x.toyraw"), &options, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return syncs;
}

START_TEST (test_durable)
{
    int configured = _i;
    kit_plugins ("toyraw", configured ? "save.durable=yes" : "save.durable=no");
    tenon_plan *plan = make_plan ();
    KIT_INIT (options);
    options.format = "toyraw";
    ck_assert_uint_eq (syncs_of_save (plan, 0), configured ? 2 : 0); /* the file and its folder */
    ck_assert_uint_eq (syncs_of_save (plan, 1), 0);
    ck_assert_uint_eq (syncs_of_save (plan, 2), configured ? 1 : 0);
    options.durable = TENON_DURABLE_YES;
    ck_assert_uint_eq (syncs_of_save (plan, 0), 2);
    ck_assert_uint_eq (syncs_of_save (plan, 1), 1);
    ck_assert_uint_eq (syncs_of_save (plan, 2), 1);
    options.durable = TENON_DURABLE_NO;
    ck_assert_uint_eq (syncs_of_save (plan, 0), 0);
    ck_assert_uint_eq (syncs_of_save (plan, 1), 0);
    ck_assert_uint_eq (syncs_of_save (plan, 2), 0);
    options.durable = 3;
    kit_failed (tenon_save (plan, kit_path ("x.toyraw"), &options, NULL, NULL, &kit_error), TENON_E_MISUSE,
                "the durability 3, which this version does not know");
    /* a program that was made before has a shorter struct */
    options.struct_size = (uint32_t) offsetof (tenon_save_options, durable);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_uint_eq (syncs_of_save (plan, 0), configured ? 2 : 0);
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "save options");
    tcase_add_test (tests, test_threads);
    tcase_add_test (tests, test_fewer_threads);
    tcase_add_loop_test (tests, test_memory, 0, 2);
    tcase_add_loop_test (tests, test_durable, 0, 2);
}

int
main (void)
{
    return kit_main ("save options", fill_suite);
}
