/* SPDX-License-Identifier: MIT */
/* test_kill.c - the process is killed at any moment of a save: the target is whole, the old one or the new
 * one, and the next save of that name removes the litter. */
#include "rig.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Checks the folder after the kill, and after the next save. What is opened is the old generation or the new
 * one, and stays that; a set of which a part has its name is finished by opening it. */
static void
judge_death (int kind, int old, const char *when)
{
    const char *why = "";
    tenon_error error = TENON_ERROR_INIT;
    int now = rig_generation (kind, &why);
    ck_assert_msg (now == old || now == 2, "%s, killed %s: %d: %s", rig_names[kind], when, now, why);
    ck_assert_msg (rig_generation (kind, &why) == now, "%s, killed %s: it changed when it was opened again",
                   rig_names[kind], when);
    tenon_status status = rig_save (kind, 1, &error);
    ck_assert_msg (status == TENON_OK, "%s, after being killed %s: %s", rig_names[kind], when, error.message);
    ck_assert_msg (rig_litter () == 0, "%s, killed %s: the next save left litter", rig_names[kind], when);
    ck_assert_msg (rig_generation (kind, &why) == 1, "%s, after being killed %s: %s", rig_names[kind], when,
                   why);
}

static int
wait_for (pid_t pid)
{
    int status = -1;
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    return status;
}

/* Kills before, and in, each call that changes the disk. */
START_TEST (at_every_call)
{
    int kind = _i / 2, status = -1;
    char fault[64];
    rig_setup (1);
    ck_assert_int_eq (rig_save (kind, 1, &kit_error), TENON_OK);
    for (unsigned number = 1; status != 0; number++) {
        snprintf (fault, sizeof fault, "disk:%s:%u", _i % 2 ? "killed" : "kill", number);
        pid_t pid = fork ();
        ck_assert_int_ge (pid, 0);
        if (pid == 0) {
            tenon_error error = TENON_ERROR_INIT;
            _exit (rig.set (fault) < 0 || rig_save (kind, 2, &error) < 0);
        }
        status = wait_for (pid);
        ck_assert_msg (status == 0 || (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL),
                       "%s, %s: status %x", rig_names[kind], fault, (unsigned) status);
        judge_death (kind, 1, fault);
    }
}
END_TEST

/* Likewise when there is no old file, and the next save is of the same generation, or of the other. */
START_TEST (at_every_call_of_a_new_one)
{
    int kind = _i, status = -1;
    char fault[64];
    rig_setup (1);
    for (unsigned number = 1; status != 0; number++) {
        rig_remove (kind);
        snprintf (fault, sizeof fault, "disk:kill:%u", number);
        pid_t pid = fork ();
        ck_assert_int_ge (pid, 0);
        if (pid == 0) {
            tenon_error error = TENON_ERROR_INIT;
            _exit (rig.set (fault) < 0 || rig_save (kind, 2, &error) < 0);
        }
        status = wait_for (pid);
        judge_death (kind, 0, fault);
    }
}
END_TEST

/* A folder whose name cannot be exchanged with another: for a moment it has none. Bit 0: the call was made
 * before. */
START_TEST (at_every_call_without_exchange)
{
    int status = -1;
    char fault[64];
    rig_setup (1);
    rig.exchange (0);
    ck_assert_int_eq (rig_save (RIG_TREE, 1, &kit_error), TENON_OK);
    for (unsigned number = 1; status != 0; number++) {
        snprintf (fault, sizeof fault, "disk:%s:%u", _i ? "killed" : "kill", number);
        pid_t pid = fork ();
        ck_assert_int_ge (pid, 0);
        if (pid == 0) {
            tenon_error error = TENON_ERROR_INIT;
            _exit (rig.set (fault) < 0 || rig_save (RIG_TREE, 2, &error) < 0);
        }
        status = wait_for (pid);
        judge_death (RIG_TREE, 1, fault);
    }
}
END_TEST

/* ---- any moment ---- */

static uint64_t
clock_now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000000000u + (uint64_t) time.tv_nsec;
}

/* Saves one generation after the other until it is killed; tells when it begins. */
static void
save_for_ever (int kind, int tell)
{
    tenon_error error = TENON_ERROR_INIT;
    if (write (tell, "", 1) != 1)
        _exit (1);
    for (unsigned number = 2;; number = 3 - number)
        if (rig_save (kind, number, &error) < 0)
            _exit (1);
}

static void
kill_after (int kind, uint64_t nanoseconds, const char *when)
{
    int ends[2];
    char byte;
    ck_assert_int_eq (pipe (ends), 0);
    pid_t pid = fork ();
    ck_assert_int_ge (pid, 0);
    if (pid == 0)
        save_for_ever (kind, ends[1]);
    ck_assert_int_eq (read (ends[0], &byte, 1), 1);
    struct timespec rest = { (time_t) (nanoseconds / 1000000000u), (long) (nanoseconds % 1000000000u) };
    nanosleep (&rest, NULL);
    kill (pid, SIGKILL);
    int status = wait_for (pid);
    ck_assert_msg (WIFSIGNALED (status), "%s, %s: it ended by itself", rig_names[kind], when);
    close (ends[0]);
    close (ends[1]);
}

START_TEST (at_random_moments)
{
    uint64_t state = 20240229u + (uint64_t) _i;
    rig_setup (_i % 2);
    for (unsigned round = 0; round < 100; round++) {
        int kind = _i < 2    ? RIG_RAW
                   : _i == 2 ? (int) (round % RIG_FD)
                   : _i == 3 ? RIG_TREE
                             : RIG_SET + _i - 4;
        char when[64];
        uint64_t begun = clock_now ();
        ck_assert_int_eq (rig_save (kind, 1, &kit_error), TENON_OK);
        uint64_t length = clock_now () - begun;
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t rest = (uint64_t) ((double) (state >> 11) / 9007199254740992.0 * 2.0 * (double) length);
        snprintf (when, sizeof when, "after %llu µs, seed %d, round %u", (unsigned long long) rest / 1000, _i,
                  round);
        kill_after (kind, rest, when);
        judge_death (kind, 1, when);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "kill");
    tcase_set_timeout (cases, 300);
    tcase_add_loop_test (cases, at_every_call, 0, 2 * RIG_FD);
    tcase_add_loop_test (cases, at_every_call_of_a_new_one, 0, RIG_FD);
    tcase_add_loop_test (cases, at_every_call_without_exchange, 0, 2);
    tcase_add_loop_test (cases, at_random_moments, 0, 4 + RIG_APPEND - RIG_SET + 1);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("kill", fill_suite);
}
