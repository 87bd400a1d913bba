/* SPDX-License-Identifier: MIT */
/* test_isolated_filters.c - filters and block dtypes of third-party plugins in a context that isolates: they
 * give what they give in the program, and what they do wrong ends their process only. */
#include "kit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* A context of the plugins that isolates, or not. */
static void
use_plugins (const char *plugins, const char *settings, int isolates)
{
    if (isolates)
        setenv ("KIT_ISOLATE", "1", 1);
    else
        unsetenv ("KIT_ISOLATE");
    kit_plugins (plugins, settings);
}

/* False where this system cannot isolate. */
static int
can_isolate (void)
{
    tenon_context_options options;
    KIT_INIT (options);
    options.flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT | TENON_CONTEXT_ISOLATE;
    options.plugin_path = kit_path ("plugins");
    tenon_context *context = NULL;
    tenon_status status = tenon_context_new (&context, &options, &kit_error);
    tenon_context_free (context);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    return status == TENON_OK;
}

/* ---- good plugins ---- */

enum { ROWS = 300, COLUMNS = 500 };
static uint16_t numbers[ROWS][COLUMNS];

static void
save_numbers (const char *name, const char *settings)
{
    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        numbers[i / COLUMNS][i % COLUMNS] = (uint16_t) (i * 7919);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "big", "u16", 0, 2, KIT_SHAPE (ROWS, COLUMNS), numbers, sizeof numbers);
    kit_add (plan, "small", "u16", 0, 1, KIT_SHAPE (5), numbers, 10);
    kit_add (plan, "empty", "u16", 0, 1, KIT_SHAPE (0), numbers, 0);
    tenon_status status = kit_write (plan, name, "toybox", settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}

/* Rows 10, 13, … of some columns, as f32. */
static void
expect_slice (tenon_file *file)
{
    enum { N = 90, M = 7 };
    static float found[N][M];
    tenon_request request;
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, "big", &request.index), TENON_OK);
    request.dtype = TENON_F32;
    request.rank = 2;
    request.start = KIT_SHAPE (10, 400);
    request.count = KIT_SHAPE (N, M);
    request.step = (const int64_t[]){ 3, 11 };
    request.data = found;
    request.size = sizeof found;
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    for (unsigned i = 0; i < N; i++)
        for (unsigned k = 0; k < M; k++)
            ck_assert_float_eq (found[i][k], numbers[10 + 3 * i][400 + 11 * k]);
}

static void
expect_numbers (tenon_file *file)
{
    kit_data (file, "x", "", "\1\2\3\4", 4);
    kit_data (file, "big", "", numbers, sizeof numbers);
    kit_data (file, "small", "", numbers, 10);
    kit_data (file, "empty", "", "", 0);
    expect_slice (file);
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

static const char *const packings[] = {
    "toybox.filter=toyxor",
    "toybox.filter=toyxor toybox.block_size=10kB",
    "toybox.filter=toyxor toybox.block_size=10kB toybox.blocks=no toybox.check=no",
    "toybox.filter=toyrot",
    "toybox.filter=toyxor toybox.group=0 toybox.block_size=64kB",
    "toybox.filter=deflate toybox.mix=2",
};

START_TEST (test_data_are_equal)
{
    use_plugins ("toyraw toybox toyxor", NULL, can_isolate ());
    save_numbers ("f.toybox", packings[_i]);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    expect_numbers (file);
    /* a plan keeps what its tensors are read from */
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    tenon_close (file);
    tenon_status status = kit_write (plan, "g.toybox", "toybox", packings[(_i + 1) % 6], NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    file = kit_open ("g.toybox", NULL, NULL);
    expect_numbers (file);
    tenon_close (file);
}
END_TEST

enum { BLOCKS = 40000 }; /* more than one exchange */

START_TEST (test_blocks_are_equal)
{
    static struct bytes head;
    static uint8_t file_bytes[300 + BLOCKS * 9 + 12];
    static float items[BLOCKS * 8];
    use_plugins ("toyraw toyblock", NULL, can_isolate ());
    head.size = 0;
    kit_raw_head (&head, 2, 0, 300);
    kit_raw_tensor (&head, "q", "tq8", 0, 2, KIT_SHAPE (BLOCKS, 8), 0, BLOCKS * 9);
    kit_raw_tensor (&head, "s", "ts4", 0, 1, KIT_SHAPE (4), BLOCKS * 9, 12);
    memcpy (file_bytes, head.data, head.size);
    for (unsigned i = 0; i < BLOCKS * 9; i++)
        file_bytes[300 + i] = (uint8_t) (i % 9 == 0 ? i % 5 : i * 31);
    for (unsigned i = 0; i < BLOCKS * 8; i++) { /* q × 2^e */
        const uint8_t *block = file_bytes + 300 + i / 8 * 9;
        items[i] = (float) ((int8_t) block[1 + i % 8] * (1 << block[0]));
    }
    kit_save ("f.toyraw", file_bytes, sizeof file_bytes);
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    kit_data (file, "q", "f32", items, sizeof items);
    kit_data (file, "s", "f32", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_close (file);
    memcpy (file_bytes + 300 + BLOCKS * 9, "\1\0\x80\x7f", 4); /* a NaN */
    kit_save ("f.toyraw", file_bytes, sizeof file_bytes);
    file = kit_open ("f.toyraw", NULL, NULL);
    kit_data_fails (file, "s", "f32", TENON_E_MALFORMED, "tensor 's': blocks of ts4 cannot be decoded");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_MALFORMED, "tensor 's': block 0 of 1");
    tenon_close (file);
}
END_TEST

/* ---- bad filters ---- */

static void
save_deed (const char *name, const char *deed, size_t at, size_t size, const char *settings)
{
    static char data[400000];
    memset (data, '.', sizeof data);
    memcpy (data + at, deed, strlen (deed));
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "y", "u8", 0, 1, KIT_SHAPE (size), data, size);
    tenon_status status = kit_write (plan, name, "toybox", settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
}

#define STREAM "toybox.filter=toyxor toybox.blocks=no"
#define BLOCKED "toybox.filter=toyxor toybox.block_size=20kB"
#define WHOLE "toybox.filter=toyrot"
#define LARGE 400000
#define LATE 200000 /* not needed to recognise the member, so it is decoded after opening */
#define CRASHED "the plugin badfilter crashed: signal"
#define CALLED "the plugin badfilter was stopped: it made a system call that isolation forbids"
#define SILENT "the plugin badfilter was stopped: it gave no answer in 1 s (isolated_seconds in [limits])"
#define ENDED "the plugin badfilter ended too early"
#define REASON                                                                                               \
    "f.toybox: member 'y.toyraw': …the filter toyxor cannot decode its data: it needs the word \\x07"
#define NO_MEMORY "out of memory in an isolated process (isolated_memory in [limits])"
static const struct {
    const char *deed, *packing;
    size_t at, size;
    tenon_status status; /* of opening, if the deed comes early; else of reading */
    const char *words;
} deeds[] = {
    /* where a codec that describes its file reads through the filter */
    { "@c1", WHOLE, 0, 1000, TENON_E_CRASHED, CRASHED },
    { "@c1", STREAM, 0, 1000, TENON_E_CRASHED, CRASHED },
    { "@c1", STREAM, 0, LARGE, TENON_E_CRASHED, CRASHED },
    { "@s1", WHOLE, 0, LARGE, TENON_E_CRASHED, CALLED },
    { "@l1", BLOCKED, 0, LARGE, TENON_E_LIMIT, SILENT },
    /* in decode */
    { "@c1", BLOCKED, LATE, LARGE, TENON_E_CRASHED, "f.toybox: member 'y.toyraw': …" CRASHED },
    { "@s1", BLOCKED, LATE, LARGE, TENON_E_CRASHED, CALLED },
    { "@e1", BLOCKED, LATE, LARGE, TENON_E_CRASHED, ENDED },
    { "@h1", BLOCKED, LATE, LARGE, TENON_E_CRASHED, CRASHED },
    { "@l1", BLOCKED, LATE, LARGE, TENON_E_LIMIT, SILENT },
    { "@M1", BLOCKED, LATE, LARGE, TENON_E_MEMORY, NO_MEMORY },
    { "@p1", BLOCKED, LATE, LARGE, TENON_E_MISUSE, "the filter toyxor returned 7" },
    /* in step */
    { "@c1", STREAM, LATE, LARGE, TENON_E_CRASHED, "f.toybox: member 'y.toyraw': …" CRASHED },
    { "@c3", STREAM, LATE, LARGE, TENON_E_CRASHED, CRASHED },
    { "@c9", STREAM, LATE, LARGE, TENON_OK, "" }, /* there are no nine calls */
    { "@s2", STREAM, LATE, LARGE, TENON_E_CRASHED, CALLED },
    { "@e2", STREAM, LATE, LARGE, TENON_E_CRASHED, ENDED },
    { "@h2", STREAM, LATE, LARGE, TENON_E_CRASHED, CRASHED },
    { "@l2", STREAM, LATE, LARGE, TENON_E_LIMIT, SILENT },
    { "@t2", STREAM, LATE, LARGE, TENON_E_MALFORMED, "its toyxor data are damaged near" },
    { "@m2", STREAM, LATE, LARGE, TENON_E_MALFORMED, "its toyxor data are damaged near" },
    { "@M2", STREAM, LATE, LARGE, TENON_E_MEMORY, NO_MEMORY },
    { "@p2", STREAM, LATE, LARGE, TENON_E_MISUSE, "the filter toyxor returned 7" },
    { "@u2", STREAM, LATE, LARGE, TENON_E_UNSUPPORTED, REASON },
    { "@L2", STREAM, LATE, LARGE, TENON_E_LIMIT, "the filter toyxor cannot decode its data: " },
};

/* Streams are read in order, step by step, with little memory only. */
#define LITTLE "limits.isolated_seconds=1 limits.memory=100kB core.threads=2"

START_TEST (test_deeds_are_contained)
{
    static uint8_t data[LARGE];
    if (!can_isolate ())
        return;
    int steps = strcmp (deeds[_i].packing, STREAM) == 0;
    use_plugins ("toyraw toybox badfilter", steps ? LITTLE : "limits.isolated_seconds=1", 1);
    save_deed ("f.toybox", deeds[_i].deed, deeds[_i].at, deeds[_i].size, deeds[_i].packing);
    if (deeds[_i].at != LATE) {
        kit_open_fails ("f.toybox", NULL, NULL, deeds[_i].status, deeds[_i].words);
        return;
    }
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    tenon_request request;
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, "y", &request.index), TENON_OK);
    for (int again = 0; again < 2; again++) { /* a process that is gone stays so, with the same words */
        request.data = data;
        request.size = sizeof data;
        kit_error = (tenon_error) TENON_ERROR_INIT;
        tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
        if (deeds[_i].status < 0)
            kit_failed (status, deeds[_i].status, deeds[_i].words);
        else
            ck_assert_msg (status == TENON_OK && data[LATE] == '@', "%s", kit_error.message);
    }
    /* another opening of the file has processes of its own */
    tenon_file *other = kit_open ("f.toybox", NULL, NULL);
    kit_data (other, "x", "", "\1\2\3\4", 4);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    if (deeds[_i].status < 0)
        kit_failed (tenon_verify (other, NULL, NULL, &kit_error), deeds[_i].status, deeds[_i].words);
    tenon_close (other);
    tenon_close (file);
}
END_TEST

/* ---- bad blocks ---- */

static tenon_file *
open_blocks (char letter, unsigned at)
{
    enum { COUNT = 1000 };
    static struct bytes file;
    file.size = 0;
    kit_raw_head (&file, 1, 0, 300);
    kit_raw_tensor (&file, "b", "tbad", 0, 1, KIT_SHAPE (COUNT * 4), 0, COUNT * 5);
    kit_pad (&file, 300);
    for (unsigned i = 0; i < COUNT; i++) {
        kit_le (&file, i == at ? (uint8_t) letter : '.', 1);
        kit_le (&file, (i & 255) * 0x01010101u, 4);
    }
    kit_file ("f.toyraw", &file);
    return kit_open ("f.toyraw", NULL, NULL);
}

static const struct {
    char letter;
    tenon_status status; /* of reading as f32 */
    const char *words;
    tenon_status checked; /* of verifying */
    const char *finding;
} blocks[] = {
    { '.', TENON_OK, "", TENON_OK, "" },
    { '-', TENON_E_MALFORMED, "blocks of tbad cannot be decoded", TENON_E_MALFORMED, "block 777 of 1000" },
    { 'c', TENON_E_CRASHED, "tensor 'b': " CRASHED, TENON_OK, "" },
    { 's', TENON_E_CRASHED, CALLED, TENON_OK, "" },
    { 'l', TENON_E_LIMIT, SILENT, TENON_OK, "" },
    { 'e', TENON_E_CRASHED, ENDED, TENON_OK, "" },
    { 'M', TENON_E_MEMORY, NO_MEMORY, TENON_OK, "" },
    { 'C', TENON_OK, "", TENON_E_CRASHED, "tensor 'b': " CRASHED },
    { 'L', TENON_OK, "", TENON_E_LIMIT, "tensor 'b': " SILENT },
    { 'B', TENON_OK, "", TENON_E_MISUSE, "tensor 'b': the check of tbad says that block" },
    { 'p', TENON_E_MISUSE, "tensor 'b': the decoder of tbad returned 7", TENON_OK, "" },
};

START_TEST (test_blocks_are_contained)
{
    static float items[4000];
    if (!can_isolate ())
        return;
    use_plugins ("toyraw badfilter", "limits.isolated_seconds=1", 1);
    for (unsigned i = 0; i < 4000; i++)
        items[i] = (float) ((i / 4) & 255);
    tenon_file *file = open_blocks (blocks[_i].letter, 777);
    for (int again = 0; again < 2; again++)
        if (blocks[_i].status == TENON_OK)
            kit_data (file, "b", "f32", items, sizeof items);
        else {
            kit_data_fails (file, "b", "f32", blocks[_i].status, blocks[_i].words);
            kit_error = (tenon_error) TENON_ERROR_INIT;
        }
    tenon_close (file);
    file = open_blocks (blocks[_i].letter, 777);
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    if (blocks[_i].checked == TENON_OK)
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    else
        kit_failed (status, blocks[_i].checked, blocks[_i].finding);
    kit_data (file, "b", "", kit_load ("f.toyraw", &(size_t){ 0 }) + 300, 5000); /* needs no decoding */
    tenon_close (file);
}
END_TEST

/* ---- results that do not exist ---- */

/* In the program, as in an isolated process (above), they are misuse, and never success. */
START_TEST (test_results_that_do_not_exist)
{
    use_plugins ("toyraw toybox badfilter", LITTLE, 0);
    save_deed ("f.toybox", "@u2", LATE, LARGE, STREAM);
    tenon_file *refused = kit_open ("f.toybox", NULL, NULL);
    kit_data_fails (refused, "y", "", TENON_E_UNSUPPORTED, REASON);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_close (refused);
    for (unsigned i = 0; i < 2; i++) {
        save_deed ("f.toybox", i ? "@p2" : "@p1", LATE, LARGE, i ? STREAM : BLOCKED);
        tenon_file *file = kit_open ("f.toybox", NULL, NULL);
        kit_data_fails (file, "y", "", TENON_E_MISUSE,
                        "f.toybox: member 'y.toyraw': …the filter toyxor returned 7");
        kit_error = (tenon_error) TENON_ERROR_INIT;
        tenon_close (file);
    }
    tenon_file *file = open_blocks ('p', 777);
    kit_data_fails (file, "b", "f32", TENON_E_MISUSE, "tensor 'b': the decoder of tbad returned 7");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_close (file);
    file = open_blocks ('B', 777);
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_MISUSE,
                "tensor 'b': the check of tbad says that");
    tenon_close (file);
}
END_TEST

START_TEST (test_encoding_results_that_do_not_exist)
{
    static const float sevens[] = { 7, 7, 7, 7 };
    use_plugins ("toyraw toybox badfilter", NULL, 0);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "y", "u8", 0, 1, KIT_SHAPE (3), "@!!", 3);
    kit_failed (kit_write (plan, "f.toybox", "toybox", WHOLE, NULL), TENON_OK, "");
    kit_failed (kit_write (plan, "f.toybox", "toybox", STREAM, NULL), TENON_E_MISUSE, "the filter toyxor");
    tenon_plan_free (plan);
    plan = kit_plan ();
    kit_add (plan, "seven", "f32", 0, 1, KIT_SHAPE (4), sevens, sizeof sevens);
    kit_write (plan, "g.toyraw", "toyraw", NULL, NULL);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("g.toyraw", NULL, NULL);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_data_fails (file, "seven", "tbad", TENON_E_MISUSE, "tensor 'seven': the encoder of tbad returned 7");
    tenon_close (file);
}
END_TEST

/* ---- threads, files and processes ---- */

static void *
read_often (void *opaque)
{
    static uint16_t found[8][ROWS * COLUMNS];
    static atomic_uint threads;
    static char missing[] = "no tensor was found", other[] = "other data were read";
    tenon_file *file = (tenon_file *) opaque;
    uint16_t *mine = found[atomic_fetch_add (&threads, 1) % 8];
    tenon_error error = TENON_ERROR_INIT;
    tenon_request request;
    KIT_INIT (request);
    if (tenon_find (file, "big", &request.index) < 0)
        return missing;
    for (unsigned i = 0; i < 10; i++) {
        request.data = mine;
        request.size = sizeof found[0];
        if (tenon_read (file, &request, 1, NULL, &error) < 0 || memcmp (mine, numbers, sizeof numbers) != 0)
            return other;
    }
    return NULL;
}

START_TEST (test_threads_share)
{
    pthread_t threads[8];
    use_plugins ("toyraw toybox toyxor", _i ? "core.threads=3" : LITTLE, can_isolate ());
    save_numbers ("f.toybox", packings[_i]);
    save_numbers ("g.toybox", packings[1]);
    tenon_file *files[2] = { kit_open ("f.toybox", NULL, NULL), kit_open ("g.toybox", NULL, NULL) };
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, read_often, files[i % 4 == 3]), 0);
    for (unsigned i = 0; i < 8; i++) {
        void *words = NULL;
        pthread_join (threads[i], &words);
        ck_assert_msg (words == NULL, "%s", (const char *) words);
    }
    tenon_close (files[0]);
    expect_numbers (files[1]);
    tenon_close (files[1]);
}
END_TEST

START_TEST (test_one_file_crashes)
{
    if (!can_isolate ())
        return;
    use_plugins ("toyraw toybox badfilter", NULL, 1);
    save_deed ("bad.toybox", "@c1", LATE, LARGE, BLOCKED);
    save_deed ("good.toybox", "...", LATE, LARGE, BLOCKED);
    tenon_file *bad = kit_open ("bad.toybox", NULL, NULL), *good = kit_open ("good.toybox", NULL, NULL);
    kit_data (good, "x", "", "\1\2\3\4", 4);
    kit_data_fails (bad, "y", "", TENON_E_CRASHED, "bad.toybox: member 'y.toyraw'");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_data (good, "x", "", "\1\2\3\4", 4);
    tenon_status status = tenon_verify (good, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_close (good);
    tenon_close (bad);
}
END_TEST

/* What a process that the program forked finds. */
static const char *
read_after_fork (tenon_file *old)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_request request;
    KIT_INIT (request);
    for (int again = 0; again < 2; again++) {
        request.data = numbers;
        request.size = 4;
        if (tenon_find (old, "x", &request.index) < 0
            || tenon_read (old, &request, 1, NULL, &error) != TENON_E_UNSUPPORTED
            || !strstr (error.message, "before the process forked"))
            return "a file of the other process was read";
        error = (tenon_error) TENON_ERROR_INIT;
        tenon_file *file = NULL; /* which begins isolation here */
        if (tenon_open (kit, kit_path ("f.toybox"), NULL, &file, &error) < 0
            || tenon_read (file, &request, 1, NULL, &error) < 0)
            return "a new file was not read";
        tenon_close (file);
    }
    return NULL;
}

START_TEST (test_fork)
{
    if (!can_isolate ())
        return;
    use_plugins ("toyraw toybox toyxor", NULL, 1);
    save_numbers ("f.toybox", packings[0]);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    pid_t process = fork ();
    if (process == 0) {
        const char *words = read_after_fork (file);
        tenon_close (file);
        if (words)
            fprintf (stderr, "%s\n", words);
        _exit (words != NULL);
    }
    int status = -1;
    ck_assert_int_eq (waitpid (process, &status, 0), process);
    ck_assert_int_eq (status, 0);
    expect_numbers (file);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    int deed_count = (int) (sizeof deeds / sizeof deeds[0]),
        block_count = (int) (sizeof blocks / sizeof blocks[0]);
    TCase *tests = kit_case (suite, "good");
    tcase_add_loop_test (tests, test_data_are_equal, 0, 6);
    tcase_add_test (tests, test_blocks_are_equal);
    tests = kit_case (suite, "contained");
    tcase_add_loop_test (tests, test_deeds_are_contained, 0, deed_count);
    tcase_add_loop_test (tests, test_blocks_are_contained, 0, block_count);
    tests = kit_case (suite, "results");
    tcase_add_test (tests, test_results_that_do_not_exist);
    tcase_add_test (tests, test_encoding_results_that_do_not_exist);
    tests = kit_case (suite, "together");
    tcase_add_loop_test (tests, test_threads_share, 0, 3);
    tcase_add_test (tests, test_one_file_crashes);
    tcase_add_test (tests, test_fork);
}

int
main (void)
{
    return kit_main ("isolated filters", fill_suite);
}
