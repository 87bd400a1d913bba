/* SPDX-License-Identifier: MIT */
/* test_readers.c - files that are read through functions of the program: on which threads they are called,
 * and what they say when they fail. */
#include "kit.h"
#include <pthread.h>
#include <stdatomic.h>

/* A reader of bytes in memory. */
struct served {
    const uint8_t *bytes;
    pthread_t thread;          /* that may call it */
    atomic_uint calls, others; /* on other threads */
    atomic_uint closed;
    uint64_t fail_from; /* reads that end behind it fail */
    int quiet;          /* it gives no reason */
};
static _Thread_local char last_reason[80];

static tenon_status
read_served (void *user, uint64_t offset, void *to, uint64_t length)
{
    struct served *served = user;
    atomic_fetch_add (&served->calls, 1);
    if (!pthread_equal (served->thread, pthread_self ()))
        atomic_fetch_add (&served->others, 1);
    if (offset + length > served->fail_from) {
        snprintf (last_reason, sizeof last_reason, "object 7: 503\nat %llu", (unsigned long long) offset);
        return TENON_E_BUSY;
    }
    memcpy (to, served->bytes + offset, length);
    return TENON_OK;
}

static void
close_served (void *user)
{
    atomic_fetch_add (&((struct served *) user)->closed, 1);
}

/* The reason is asked for on the thread of the read that failed. */
static const char *
tell_reason (void *user)
{
    return ((struct served *) user)->quiet ? NULL : last_reason;
}

static struct served served;
static tenon_reader reader;

static tenon_file *
open_served (const char *name, uint32_t flags)
{
    size_t size;
    tenon_open_options options;
    tenon_file *file = NULL;
    KIT_INIT (options);
    options.name = name;
    memset (&served, 0, sizeof served);
    served.bytes = kit_load (name, &size);
    served.thread = pthread_self ();
    served.fail_from = UINT64_MAX;
    KIT_INIT (reader);
    reader.flags = flags;
    reader.size = size;
    reader.read_at = read_served;
    reader.close = close_served;
    reader.reason = tell_reason;
    reader.user = &served;
    tenon_status status = tenon_open_reader (kit, &reader, &options, &file, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return file;
}

/* ---- threads ---- */

#define LARGE (3u << 20)

static void
save_plan (const char *name, const char *settings)
{
    static uint8_t numbers[LARGE];
    char text[20], list[200];
    const char *words[6];
    unsigned count = 0;
    tenon_plan *plan = NULL;
    for (uint32_t i = 0, x = 7; i < LARGE; i++)
        numbers[i] = (uint8_t) ((x = x * 1664525u + 1013904223u) >> 29);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (unsigned i = 0; i < 100; i++) {
        snprintf (text, sizeof text, "small%u", i);
        kit_add (plan, text, "u16", 0, 2, KIT_SHAPE (100, 20), numbers + i, 4000);
    }
    kit_add (plan, "large", "u16", 0, 2, KIT_SHAPE (1024, 1536), numbers, LARGE);
    kit_add (plan, "turned", "u16", TENON_FORTRAN, 2, KIT_SHAPE (1024, 1536), numbers, LARGE);
    snprintf (list, sizeof list, "%s", settings);
    for (char *word = strtok (list, " "); word; word = strtok (NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    tenon_save_options options;
    KIT_INIT (options);
    options.settings = words;
    tenon_status status = tenon_save (plan, kit_path (name), &options, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}

static void
load_all (tenon_file *file, uint32_t dtype, const uint64_t *start, const int64_t *step)
{
    static tenon_request requests[200];
    tenon_memory *memory;
    uint64_t count = tenon_count (file);
    ck_assert_uint_le (count, 200);
    for (uint64_t i = 0; i < count; i++) {
        KIT_INIT (requests[i]);
        requests[i].index = i;
        requests[i].dtype = dtype;
        requests[i].rank = start ? 2 : 0;
        requests[i].start = start;
        requests[i].step = step;
    }
    tenon_status status = tenon_load (file, requests, count, &memory, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_memory_free (memory);
}

static int
take_piece (void *user, const void *data, uint64_t size)
{
    (void) user, (void) data, (void) size;
    return 0;
}

static void
save_as (tenon_file *file, const char *name, const char *const *settings)
{
    tenon_plan *plan = kit_plan_of (file);
    tenon_save_options options;
    KIT_INIT (options);
    options.settings = settings;
    tenon_status status = tenon_save (plan, kit_path (name), &options, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}

/* All that can be done with a file. */
static void
use_file (tenon_file *file)
{
    tenon_report *report;
    load_all (file, TENON_NONE, NULL, NULL);
    load_all (file, TENON_F32, NULL, NULL);
    load_all (file, TENON_NONE, KIT_SHAPE (1, 1), (const int64_t[]){ 3, 2 });
    for (uint64_t i = 0; i < tenon_count (file); i += i < 3 ? 1 : 17) {
        tenon_request request;
        KIT_INIT (request);
        request.index = i;
        ck_assert_int_eq (tenon_stream (file, &request, take_piece, NULL, NULL, &kit_error), TENON_OK);
        request.dtype = TENON_F64;
        ck_assert_int_eq (tenon_stream (file, &request, take_piece, NULL, NULL, &kit_error), TENON_OK);
    }
    ck_assert_int_eq (tenon_verify (file, &report, NULL, &kit_error), TENON_OK);
    tenon_report_free (report);
    save_as (file, "copy.toyraw", NULL);
    save_as (file, "copy.toybox", (const char *const[]){ "toybox.filter=deflate", NULL });
    save_as (file, "copy.toydump", NULL);
}

static const struct {
    const char *name, *settings;
} files[] = {
    { "f.toyraw", "" },
    { "f.toybox", "toybox.check=yes" },
    { "f.toybox", "toybox.filter=deflate" },
    { "f.toybox", "toybox.filter=deflate toybox.block_size=65536" },
    { "f.toybox", "toybox.filter=toyxor toybox.group=0" },
    { "f.tree.zip", "" },
};
#define FILES ((int) (sizeof files / sizeof files[0]))

static void
same_tensors (const char *name, tenon_file *file)
{
    tenon_file *whole = kit_open (name, NULL, NULL);
    static uint8_t bytes[LARGE];
    for (uint64_t i = 0; i < tenon_count (whole); i++) {
        tenon_tensor_info info;
        tenon_request request;
        KIT_INIT (info);
        KIT_INIT (request);
        ck_assert_int_eq (tenon_get (whole, i, &info), TENON_OK);
        request.index = i;
        request.data = bytes;
        request.size = sizeof bytes;
        ck_assert_int_eq (tenon_read (whole, &request, 1, NULL, &kit_error), TENON_OK);
        kit_data (file, info.name, "", bytes, info.nbytes);
    }
    tenon_close (whole);
}

START_TEST (test_one_thread)
{
    kit_copy_zip ();
    kit_plugins ("toyraw toybox toyxor toydump tree", "core.threads=4");
    save_plan (files[_i].name, files[_i].settings);
    tenon_file *file = open_served (files[_i].name, TENON_READER_ONE_THREAD);
    use_file (file);
    same_tensors (files[_i].name, file);
    ck_assert_uint_gt (served.calls, 0);
    ck_assert_uint_eq (served.others, 0);
    tenon_close (file);
    ck_assert_uint_eq (served.closed, 1);
    /* without the flag other threads do so as well: else this test would be worth nothing */
    file = open_served (files[_i].name, 0);
    for (unsigned tries = 0; _i == 0 && tries < 500 && served.others == 0; tries++)
        load_all (file, TENON_F32, NULL, NULL);
    ck_assert (_i > 0 || served.others > 0);
    tenon_close (file);
}
END_TEST

/* Another context of the same plugins. False: the system cannot isolate. */
static int
isolate (const char *settings)
{
    tenon_status status = kit_context (settings);
    ck_assert (status == TENON_OK || status == TENON_E_UNSUPPORTED);
    return status == TENON_OK;
}

/* Where plugins run in processes of their own, these ask this process. */
START_TEST (test_one_thread_isolated)
{
    kit_plugins ("toyraw toybox toyxor toytext toydump", NULL);
    save_plan ("f.toybox", "toybox.filter=toyxor toybox.block_size=65536");
    kit_save ("f.toytext", "@a f32 2 2\n1 2 3 4\n.toytext\n", 28);
    if (!isolate ("core.threads=4 core.isolate=third-party"))
        return;
    tenon_file *file = open_served ("f.toybox", TENON_READER_ONE_THREAD);
    use_file (file);
    ck_assert_uint_eq (served.others, 0);
    tenon_close (file);
    file = open_served ("f.toytext", TENON_READER_ONE_THREAD);
    kit_data (file, "a", "u8", "\1\2\3\4", 4);
    ck_assert_uint_gt (served.calls, 0);
    ck_assert_uint_eq (served.others, 0);
    tenon_close (file);
}
END_TEST

/* A program may call from another thread than the one that opened the file. */
static void *
use_elsewhere (void *file)
{
    served.thread = pthread_self ();
    load_all (file, TENON_NONE, NULL, NULL);
    return NULL;
}

START_TEST (test_other_thread)
{
    pthread_t thread;
    kit_plugins ("toyraw", "core.threads=4");
    save_plan ("f.toyraw", "");
    tenon_file *file = open_served ("f.toyraw", TENON_READER_ONE_THREAD);
    ck_assert_int_eq (pthread_create (&thread, NULL, use_elsewhere, file), 0);
    pthread_join (thread, NULL);
    ck_assert_uint_eq (served.others, 0);
    tenon_close (file);
}
END_TEST

/* ---- reasons ---- */

START_TEST (test_reason)
{
    static const uint32_t flags[] = { 0, TENON_READER_ONE_THREAD };
    static tenon_request requests[102];
    tenon_memory *memory;
    tenon_report *report;
    kit_plugins ("toyraw toybox", "core.threads=4");
    save_plan (files[_i / 2].name, files[_i / 2].settings);
    tenon_file *file = open_served (files[_i / 2].name, flags[_i % 2]);
    served.fail_from = 0;
    for (unsigned i = 0; i < 102; i++) {
        KIT_INIT (requests[i]);
        requests[i].index = i;
    }
    kit_failed (tenon_load (file, requests, 102, &memory, NULL, &kit_error), TENON_E_BUSY,
                "the program's own reader failed: object 7: 503\\nat … (held or replaced by another save)");
    tenon_plan *plan = kit_plan_of (file);
    kit_failed (kit_write (plan, "new.toyraw", NULL, NULL, NULL), TENON_E_BUSY, "object 7: 503");
    tenon_plan_free (plan);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_verify (file, &report, NULL, &kit_error), TENON_E_BUSY);
    tenon_report_free (report);
    served.quiet = 1;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_load (file, requests, 1, &memory, NULL, &kit_error), TENON_E_BUSY,
                "the program's own reader failed: held or replaced by another save");
    tenon_close (file);
}
END_TEST

START_TEST (test_reason_of_opening)
{
    tenon_file *file;
    kit_plugins ("toyraw", NULL);
    save_plan ("f.toyraw", "");
    if (_i && !isolate ("core.isolate=third-party"))
        return;
    tenon_close (open_served ("f.toyraw", TENON_READER_ONE_THREAD));
    served.fail_from = 100;
    kit_failed (tenon_open_reader (kit, &reader, NULL, &file, &kit_error), TENON_E_BUSY, "object 7: 503");
    ck_assert_uint_eq (served.closed, 2);
    served.fail_from = 0;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open_reader (kit, &reader, NULL, &file, &kit_error), TENON_E_BUSY, "object 7: 503");
    ck_assert_uint_eq (served.closed, 3);
}
END_TEST

/* ---- hostile arguments ---- */

START_TEST (test_misuse)
{
    tenon_file *file = NULL;
    tenon_open_options options;
    kit_plugins ("toyraw", NULL);
    save_plan ("f.toyraw", "");
    tenon_close (open_served ("f.toyraw", 0));
    reader.flags = 0x20000;
    kit_failed (tenon_open_reader (kit, &reader, NULL, &file, &kit_error), TENON_E_MISUSE,
                "reader flags 0x20000 are not known");
    reader.flags = 0x20000 | TENON_READER_ONE_THREAD;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open_reader (kit, &reader, NULL, &file, &kit_error), TENON_E_MISUSE,
                "reader flags 0x20000 are not known");
    ck_assert_uint_eq (served.closed, 1);
    reader.flags = 0x20; /* of a later version, which only adds */
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_open_reader (kit, &reader, NULL, &file, &kit_error), TENON_OK);
    tenon_close (file);
    ck_assert_uint_eq (served.closed, 2);
    /* an older program's struct has no reason */
    reader.flags = 0;
    reader.struct_size = (uint32_t) offsetof (tenon_reader, reason);
    reader.reason = (const char *(*) (void *) ) 1;
    served.fail_from = 0;
    kit_failed (tenon_open_reader (kit, &reader, NULL, &file, &kit_error), TENON_E_BUSY, "reader failed");
    ck_assert_uint_eq (served.closed, 3);
    /* it is closed when the options are wrong, too */
    KIT_INIT (options);
    options.flags = TENON_OPEN_SHARDS;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_open_reader (kit, &reader, &options, &file, &kit_error), TENON_E_MISUSE,
                "TENON_OPEN_SHARDS");
    ck_assert_uint_eq (served.closed, 4);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "readers");
    tcase_set_timeout (tests, 60);
    tcase_add_loop_test (tests, test_one_thread, 0, FILES);
    tcase_add_test (tests, test_one_thread_isolated);
    tcase_add_test (tests, test_other_thread);
    tcase_add_loop_test (tests, test_reason, 0, 6);
    tcase_add_loop_test (tests, test_reason_of_opening, 0, 2);
    tcase_add_test (tests, test_misuse);
}

int
main (void)
{
    return kit_main ("readers", fill_suite);
}
