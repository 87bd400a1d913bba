/* SPDX-License-Identifier: MIT */
/* test_aliases.c - tensors of a plan that are the same bytes: shared by a format that can, told by one that
 * cannot. */
#include "kit.h"
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

static const uint8_t numbers[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static tenon_plan *
new_plan (void)
{
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    return plan;
}

/* "a" and its twin "b", and tensors of the same bytes that are no twins of it. */
static tenon_plan *
tied_plan (void)
{
    static uint8_t copy[12];
    memcpy (copy, numbers, sizeof copy);
    tenon_plan *plan = new_plan ();
    kit_add (plan, "a", "u8", 0, 1, KIT_SHAPE (12), numbers, 12);
    kit_add (plan, "other", "u8", 0, 1, KIT_SHAPE (12), copy, 12); /* other memory */
    kit_add (plan, "b", "u8", 0, 1, KIT_SHAPE (12), numbers, 12);
    kit_add (plan, "shape", "u8", 0, 2, KIT_SHAPE (3, 4), numbers, 12);
    kit_add (plan, "order", "u8", TENON_FORTRAN, 2, KIT_SHAPE (3, 4), numbers, 12);
    kit_add (plan, "dtype", "i8", 0, 1, KIT_SHAPE (12), numbers, 12);
    kit_add (plan, "less", "u8", 0, 1, KIT_SHAPE (11), numbers, 11);
    kit_add (plan, "c", "u8", 0, 1, KIT_SHAPE (12), numbers, 12);
    kit_add (plan, "none", "u8", 0, 1, KIT_SHAPE (0), numbers, 0);
    kit_add (plan, "empty", "u8", 0, 1, KIT_SHAPE (0), numbers, 0);
    return plan;
}

static unsigned
count_twice (const tenon_report *report)
{
    tenon_report_entry entry;
    unsigned count = 0;
    KIT_INIT (entry);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        if (!strstr (entry.message, "written twice"))
            continue;
        ck_assert_uint_eq (entry.kind, TENON_NOTE);
        ck_assert_str_eq (entry.message, "written twice: it shares its bytes with 'a'");
        ck_assert (strcmp (entry.subject, "b") == 0 || strcmp (entry.subject, "c") == 0);
        count++;
    }
    return count;
}

static unsigned
save_twice (tenon_plan *plan, const char *name, const char *format, const char *settings)
{
    tenon_report *report = NULL;
    tenon_status status = kit_write (plan, name, format, settings, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    unsigned count = count_twice (report);
    tenon_report_free (report);
    return count;
}

static void
check_tied (const char *name, uint64_t size)
{
    size_t found;
    tenon_file *file = kit_open (name, NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 10);
    kit_data (file, "a", "", numbers, 12);
    kit_data (file, "b", "", numbers, 12);
    kit_data (file, "c", "", numbers, 12);
    kit_data (file, "order", "", "\1\4\7\12\2\5\10\13\3\6\11\14", 12);
    kit_data (file, "less", "", numbers, 11);
    tenon_close (file);
    kit_load (name, &found);
    if (size > 0)
        ck_assert_uint_eq (found, size);
}

/* Arrays of one address. */
START_TEST (test_arrays)
{
    kit_plugins ("toytied toyraw", NULL);
    tenon_plan *plan = tied_plan ();
    ck_assert_uint_eq (save_twice (plan, "f", "toytied", NULL), 0);
    check_tied ("f", 8 + 10 * 64 + 5 * 12 + 11);
    ck_assert_uint_eq (save_twice (plan, "g", "toyraw", NULL), 2);
    check_tied ("g", 0);
    tenon_report *report = NULL;
    kit_failed (kit_write (plan, "h", "careless", NULL, &report), TENON_E_MISUSE,
                "tensor 'b': the codec careless: it did not write this tensor");
    tenon_report_free (report);
    tenon_plan_free (plan);
}
END_TEST

/* Tensors of an open file that shares bytes, under other names, and added twice. */
START_TEST (test_file)
{
    kit_plugins ("toytied toyraw toybox", NULL);
    tenon_plan *plan = tied_plan ();
    ck_assert_uint_eq (save_twice (plan, "f", "toytied", NULL), 0);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("f", NULL, NULL);
    plan = new_plan ();
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    ck_assert_uint_eq (save_twice (plan, "g", "toytied", NULL), 0);
    check_tied ("g", 8 + 10 * 64 + 5 * 12 + 11);
    ck_assert_uint_eq (save_twice (plan, "h", "toyraw", NULL), 2);
    /* a member has no earlier tensor to share with, and the container tells it */
    ck_assert_uint_eq (save_twice (plan, "i", "toybox", "toybox.member=toytied"), 2);
    tenon_plan_free (plan);
    tenon_close (file);
    file = kit_open ("h", NULL, NULL); /* a tensor that was added under two names */
    plan = new_plan ();
    uint64_t index;
    ck_assert_int_eq (tenon_find (file, "shape", &index), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, index, "a", TENON_NONE, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, index, "c", TENON_NONE, &kit_error), TENON_OK);
    ck_assert_uint_eq (save_twice (plan, "j", "toyraw", NULL), 1);
    ck_assert_uint_eq (save_twice (plan, "k", "toytied", NULL), 0);
    tenon_plan_free (plan);
    tenon_close (file);
    size_t size;
    kit_load ("k", &size);
    ck_assert_uint_eq (size, 8 + 2 * 64 + 12);
}
END_TEST

/* A tensor that is cast is another one, and two that are cast alike are the same. */
START_TEST (test_casts)
{
    size_t size;
    kit_plugins ("toytied", NULL);
    tenon_plan *plan = tied_plan ();
    ck_assert_uint_eq (save_twice (plan, "f", "toytied", NULL), 0);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("f", NULL, NULL);
    plan = new_plan ();
    uint64_t a, b, c;
    ck_assert_int_eq (tenon_find (file, "a", &a), TENON_OK);
    ck_assert_int_eq (tenon_find (file, "b", &b), TENON_OK);
    ck_assert_int_eq (tenon_find (file, "c", &c), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, a, NULL, TENON_NONE, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, b, NULL, TENON_F32, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, c, NULL, TENON_F32, &kit_error), TENON_OK);
    ck_assert_uint_eq (save_twice (plan, "g", "toytied", NULL), 0);
    tenon_plan_free (plan);
    tenon_close (file);
    kit_load ("g", &size);
    ck_assert_uint_eq (size, 8 + 3 * 64 + 12 + 48);
    file = kit_open ("g", NULL, NULL);
    kit_data (file, "c", "u8", numbers, 12);
    tenon_close (file);
}
END_TEST

/* ---- what repeats ---- */

#define SHARED ((size_t) 200000)
#define VIEWS 100u

/* A file of 206,408 bytes whose hundred tensors are all of its data: they repeat them. The second takes
 * 193,592 bytes more than the file has, each that follows 200,000; 1 MiB is free, so six can be read. */
START_TEST (test_repeated)
{
    static uint8_t file[8 + 64 * VIEWS + SHARED];
    memcpy (file, "TOYTIED", 7);
    file[7] = VIEWS;
    for (unsigned i = 0; i < VIEWS; i++) {
        uint8_t *entry = file + 8 + (size_t) 64 * i;
        snprintf ((char *) entry, 24, "view %u", i);
        memcpy (entry + 24, "u8", 2);
        for (unsigned k = 0; k < 4; k++) {
            entry[32 + k] = (uint8_t) (SHARED >> 8 * k);
            entry[48 + k] = (uint8_t) ((8 + 64 * VIEWS) >> 8 * k);
        }
    }
    kit_plugins ("toytied", NULL);
    kit_save ("x.toytied", file, sizeof file);
    tenon_file *open = kit_open ("x.toytied", NULL, NULL);
    ck_assert_msg (tenon_verify (open, NULL, NULL, &kit_error) == TENON_OK, "%s", kit_error.message);
    tenon_close (open);
    ck_assert_int_eq (kit_context ("limits.inflated_ratio=60"), TENON_OK); /* twice the size of the file */
    open = kit_open ("x.toytied", NULL, NULL);
    ck_assert_uint_eq (tenon_count (open), VIEWS);
    kit_data (open, "view 5", "", file + 8 + 64 * VIEWS, SHARED);
    kit_data_fails (open, "view 6", "", TENON_E_LIMIT,
                    "would expand to 1193592 bytes, more than 2 times the 206408 that the file has; raise "
                    "inflated_ratio");
    kit_data_fails (open, "view 99", "", TENON_E_LIMIT, "inflated_ratio");
    tenon_close (open);
}
END_TEST

/* ---- what no disk has room for ---- */

static tenon_status
fail_filling (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) offset, (void) to, (void) length;
    ++*(unsigned *) user;
    return TENON_E_BUSY;
}

/* Behind a tensor without bytes, which says nothing about the others. */
static tenon_plan *
plan_of_petabytes (unsigned *calls)
{
    static const uint64_t shape[] = { (uint64_t) 1 << 50 }, none[] = { 0 };
    tenon_plan *plan = new_plan ();
    tenon_array array;
    kit_add (plan, "0", "u8", 0, 1, none, NULL, 0);
    for (unsigned i = 0; i < 2; i++) {
        KIT_INIT (array);
        array.dtype = TENON_U8;
        array.name = i ? "b" : "a";
        array.shape = shape;
        array.rank = 1;
        array.fill = fail_filling;
        array.user = calls;
        ck_assert_msg (tenon_plan_add (plan, &array, &kit_error) == TENON_OK, "%s", kit_error.message);
    }
    return plan;
}

/* The file system of the tests' folder tells: its bytes are not compressed, nor shared. */
static int
has_known_room (void)
{
#ifdef __linux__
    struct statfs status;
    return statfs (kit_path (""), &status) == 0 && status.f_blocks > 0
           && (status.f_type == 0xef53 /* ext4 */ || status.f_type == 0x01021994 /* tmpfs */);
#else
    return 0;
#endif
}

/* Found before the first byte, and only where the size is known: a filter makes less of them. */
START_TEST (test_no_room)
{
    unsigned calls = 0;
    kit_plugins ("toytied toybox toyraw", NULL);
    tenon_plan *plan = plan_of_petabytes (&calls);
    const int known = has_known_room ();
    tenon_status status = kit_write (plan, "x.toytied", NULL, NULL, NULL);
    if (known) {
        kit_failed (status, TENON_E_IO,
                    "its tensors need 2251799813685248 bytes, and its file system has … free");
        ck_assert_int_eq (kit_error.system, ENOSPC);
        ck_assert_uint_eq (calls, 0);
    }
    status = kit_write (plan, "x.toybox", NULL, NULL, NULL);
    if (known)
        kit_failed (status, TENON_E_IO, "its tensors need 2251799813685248 bytes");
    ck_assert_uint_eq (calls == 0, known);
    kit_failed (kit_write (plan, "x.toybox", NULL, "toybox.filter=deflate", NULL), TENON_E_BUSY, "");
    ck_assert_uint_gt (calls, 0);
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

/* One byte that strides of 0 repeat, twice: a format that shares it needs half, and the other one is told. */
START_TEST (test_no_room_for_twins)
{
    static const uint64_t shape[] = { (uint64_t) 1 << 50 };
    static const int64_t strides[] = { 0 };
    struct rlimit before, small;
    kit_plugins ("toytied tree", NULL);
    tenon_plan *plan = new_plan ();
    for (unsigned i = 0; i < 2; i++) {
        tenon_array array;
        KIT_INIT (array);
        array.dtype = TENON_U8;
        array.name = i ? "b" : "a";
        array.shape = shape;
        array.rank = 1;
        array.data = numbers;
        array.size = 1;
        array.strides = strides;
        ck_assert_msg (tenon_plan_add (plan, &array, &kit_error) == TENON_OK, "%s", kit_error.message);
    }
    /* what is not refused must not fill the disk */
    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){ 1 << 20, before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &small), 0);
    tenon_status tied = has_known_room () ? kit_write (plan, "x.toytied", NULL, NULL, NULL) : TENON_E_IO;
    tenon_error error = kit_error;
    tenon_status twice = has_known_room () ? kit_write (plan, "x.tree", NULL, NULL, NULL) : TENON_E_IO;
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
    if (has_known_room ()) {
        kit_failed (twice, TENON_E_IO, "its tensors need 2251799813685248 bytes");
        kit_said (kit_error.advice,
                  "1125899906842624 of these bytes are needed because some tensors are the same");
        kit_error = error;
        kit_failed (tied, TENON_E_IO, "its tensors need 1125899906842624 bytes");
        ck_assert_str_eq (kit_error.advice, "");
    }
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *test = kit_case (suite, "aliases");
    tcase_add_test (test, test_arrays);
    tcase_add_test (test, test_file);
    tcase_add_test (test, test_casts);
    tcase_add_test (test, test_repeated);
    tcase_add_test (test, test_no_room);
    tcase_add_test (test, test_no_room_for_twins);
}

int
main (void)
{
    return kit_main ("aliases", fill_suite);
}
