/* SPDX-License-Identifier: MIT */
/* test_folder_races.c - a folder is read while another thread renames and replaces what lies in it and on the
 * way to it: files, folders, and links that lead out of it. Nothing from outside is read, nothing crashes,
 * and each failure says what happened. */
#include "kit.h"
#include "tests/draw.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES 12u
#define BYTES 4096u

/* What may take the place of a file. */
enum {
    A_FILE,
    OTHER_FILE,
    LINK_OUT,
    LINK_ABSOLUTE,
    LINK_INSIDE,
    LINK_LOOP,
    A_FIFO,
    A_FOLDER,
    NOTHING,
    KINDS
};

static char root[512];

static void
path_of (char to[600], const char *name)
{
    snprintf (to, 600, "%s/%s", root, name);
}

static void
file_of (char to[600], const char *folder, unsigned number)
{
    snprintf (to, 600, "%s/%s/%u", root, folder, number);
}

static void
fill_file (const char *path, char letter)
{
    static char bytes[BYTES];
    memset (bytes, letter, sizeof bytes);
    FILE *file = fopen (path, "wb");
    if (file) {
        (void) !fwrite (bytes, 1, sizeof bytes, file);
        fclose (file);
    }
}

/* Inside the files are of 'i', outside of 'S'. */
static void
make_folders (bool listed)
{
    char path[600], *end, text[4096] = "";
    strcpy (root, kit_path ("x"));
    *strrchr (root, '/') = 0;
    path_of (path, "x");
    ck_assert_int_eq (mkdir (path, 0777), 0);
    path_of (path, "x/sub");
    ck_assert_int_eq (mkdir (path, 0777), 0);
    path_of (path, "outside");
    ck_assert_int_eq (mkdir (path, 0777), 0);
    path_of (path, "spare");
    ck_assert_int_eq (mkdir (path, 0777), 0);
    for (unsigned i = 0; i < FILES; i++) {
        file_of (path, "x/sub", i);
        fill_file (path, 'i');
        file_of (path, "outside", i);
        fill_file (path, 'S');
        end = text + strlen (text);
        snprintf (end, sizeof text - (size_t) (end - text), "tensor %u u8 sub/%u %u\n", i, i, BYTES);
    }
    const char *index = listed ? "under sub/\n" : text;
    kit_save ("x/tree.index", index, strlen (index));
}

/* ---- the other thread ---- */

struct attacker {
    pthread_t thread;
    atomic_bool stop;
    uint64_t count;
};

static void
make_kind (const char *path, unsigned kind, unsigned number)
{
    char to[64];
    switch (kind) {
    case A_FILE:
    case OTHER_FILE: fill_file (path, 'i'); break;
    case LINK_OUT:
        snprintf (to, sizeof to, "../../outside/%u", number);
        (void) !symlink (to, path);
        break;
    case LINK_ABSOLUTE: (void) !symlink ("/etc/passwd", path); break;
    case LINK_INSIDE:
        snprintf (to, sizeof to, "../sub/%u", (number + 1) % FILES);
        (void) !symlink (to, path);
        break;
    case LINK_LOOP:
        snprintf (to, sizeof to, "%u", number);
        (void) !symlink (to, path);
        break;
    case A_FIFO: (void) !mkfifo (path, 0666); break;
    case A_FOLDER: (void) !mkdir (path, 0777); break;
    default: break;
    }
}

/* A name gets something else, in one step or with a moment without anything. */
static void
replace_file (void)
{
    char name[600], spare[600];
    unsigned number = (unsigned) draw_number (FILES);
    unsigned kind = draw_number (2) ? A_FILE : (unsigned) draw_number (KINDS);
    file_of (name, "x/sub", number);
    file_of (spare, "spare", number);
    if (unlink (spare) < 0)
        rmdir (spare);
    make_kind (spare, kind, number);
    if (draw_number (2) && unlink (name) < 0)
        rmdir (name);
    if (rename (spare, name) < 0
        && kind != NOTHING) { /* a folder in the way of a file, or a file of a folder */
        if (unlink (name) < 0)
            rmdir (name);
        (void) !rename (spare, name);
    }
}

/* The folder on the way goes elsewhere for a moment; a link to the outside, or nothing, is in its place. */
static void
replace_folder (void)
{
    char sub[600], away[600];
    path_of (sub, "x/sub");
    path_of (away, draw_number (2) ? "x/away" : "away");
    if (rename (sub, away) < 0)
        return;
    if (draw_number (2)) {
        (void) !symlink (draw_number (2) ? "../outside" : "/", sub);
        unlink (sub);
    }
    (void) !rename (away, sub);
}

/* The whole folder has another name for a moment. */
static void
replace_store (void)
{
    char store[600], away[600];
    path_of (store, "x");
    path_of (away, "x-away");
    if (rename (store, away) == 0)
        (void) !rename (away, store); /* unless a save has made it anew */
}

static void *
attack (void *user)
{
    struct attacker *attacker = user;
    while (!atomic_load (&attacker->stop)) {
        unsigned what = (unsigned) draw_number (8);
        if (what == 0)
            replace_store ();
        else if (what < 4)
            replace_folder ();
        else
            replace_file ();
        attacker->count++;
    }
    return NULL;
}

/* ---- this thread ---- */

/* A failure is one that the folder explains. */
static void
judge_failure (const char *what, const tenon_error *error)
{
    static const tenon_status known[] = { TENON_E_NOT_FOUND, TENON_E_MALFORMED, TENON_E_IO,
                                          TENON_E_BUSY,      TENON_E_TRUNCATED, TENON_E_UNRECOGNISED,
                                          TENON_E_EXISTS };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (error->status == known[i] && error->message[0])
            return;
    ck_abort_msg ("%s: %s: %s", what, tenon_status_name (error->status), error->message);
}

static uint64_t
read_all (tenon_file *file)
{
    uint64_t good = 0;
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        static uint8_t bytes[BYTES];
        tenon_tensor_info info;
        tenon_request request;
        tenon_error error = TENON_ERROR_INIT;
        KIT_INIT (info);
        KIT_INIT (request);
        ck_assert_int_eq (tenon_get (file, i, &info), TENON_OK);
        if (info.nbytes > sizeof bytes)
            continue;
        request.index = i;
        request.data = bytes;
        request.size = info.nbytes;
        if (tenon_read (file, &request, 1, NULL, &error) < 0) {
            judge_failure (info.name, &error);
            continue;
        }
        for (uint64_t k = 0; k < info.nbytes; k++)
            ck_assert_msg (bytes[k] == 'i', "%s: a byte from outside: %d", info.name, bytes[k]);
        good++;
    }
    return good;
}

static uint64_t
clock_milliseconds (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* Bit 0: files are not mapped, and few may be open, so that they are opened again. Bit 1: the folder is
 * listed. */
START_TEST (test_renames)
{
    struct attacker attacker = { .count = 0 };
    struct rlimit before, few;
    uint64_t opened = 0, good = 0, end = clock_milliseconds () + 1000;
    seed = 20260101u + (uint64_t) _i;
    kit_plugins ("tree", NULL);
    make_folders (_i & 2);
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ _i & 1 ? 64 : before.rlim_cur, before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
    ck_assert_int_eq (pthread_create (&attacker.thread, NULL, attack, &attacker), 0);
    do {
        tenon_open_options options;
        tenon_error error = TENON_ERROR_INIT;
        tenon_file *file;
        KIT_INIT (options);
        options.flags = _i & 1 ? TENON_OPEN_NO_MAP : 0;
        if (tenon_open (kit, kit_path ("x"), &options, &file, &error) < 0)
            judge_failure ("open", &error);
        else {
            opened++;
            good += read_all (file);
            good += read_all (file);
            tenon_close (file);
        }
    } while (clock_milliseconds () < end);
    atomic_store (&attacker.stop, true);
    pthread_join (attacker.thread, NULL);
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
    ck_assert_msg (opened > 0 && good > 0 && attacker.count > 10, "%llu opened, %llu read, %llu renamed",
                   (unsigned long long) opened, (unsigned long long) good,
                   (unsigned long long) attacker.count);
}
END_TEST

static void
check_outside (void)
{
    char path[600];
    for (unsigned i = 0; i < FILES; i++) {
        struct stat status;
        file_of (path, "outside", i);
        ck_assert_int_eq (stat (path, &status), 0);
        ck_assert_int_eq (status.st_size, BYTES);
        FILE *file = fopen (path, "rb");
        ck_assert_int_eq (fgetc (file), 'S');
        fclose (file);
    }
}

/* Saves over the folder remove, and write, nothing outside. */
START_TEST (test_saves)
{
    struct attacker attacker = { .count = 0 };
    uint64_t saved = 0, refused = 0, end = clock_milliseconds () + 1000;
    seed = 20260201u + (uint64_t) _i;
    kit_plugins ("tree", "save.durable=no");
    make_folders (false);
    ck_assert_int_eq (pthread_create (&attacker.thread, NULL, attack, &attacker), 0);
    tenon_plan *plan = kit_plan ();
    static uint8_t bytes[BYTES];
    memset (bytes, 'i', sizeof bytes);
    kit_add (plan, "y", "u8", 0, 1, KIT_SHAPE (BYTES), bytes, BYTES);
    do {
        tenon_error error = TENON_ERROR_INIT;
        if (tenon_save (plan, kit_path ("x.tree"), NULL, NULL, NULL, &error) < 0)
            judge_failure ("save", &error);
        if (tenon_save (plan, kit_path (_i ? "x" : "x/sub"),
                        &(tenon_save_options){ .struct_size = sizeof (tenon_save_options),
                                               .flags = TENON_SAVE_EXACT_NAME,
                                               .format = "tree" },
                        NULL, NULL, &error)
            < 0) {
            judge_failure ("save", &error);
            refused++;
        } else
            saved++;
    } while (clock_milliseconds () < end);
    atomic_store (&attacker.stop, true);
    pthread_join (attacker.thread, NULL);
    tenon_plan_free (plan);
    check_outside ();
    ck_assert_uint_gt (saved + refused, 0);
    ck_assert_uint_gt (attacker.count, 10);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *races = kit_case (suite, "races");
    tcase_set_timeout (races, 120);
    tcase_add_loop_test (races, test_renames, 0, 4);
    tcase_add_loop_test (races, test_saves, 0, 2);
}

int
main (void)
{
    return kit_main ("folder_races", fill_suite);
}
