/* SPDX-License-Identifier: MIT */
/* test_threads.c - one context and one file, used by many threads at once. The test is for ThreadSanitizer,
 * but it also compares the results. */
#include "tests/abi/kit.h"
#include <pthread.h>
#include <stdatomic.h>

#define THREADS 6
#define ROUNDS 12
#define ITEMS 60000u

static float items[ITEMS];
static tenon_file *shared;
static char paths[4][512], target[512];
static atomic_uint wrong;

/* Check's assertions work on one thread only. */
#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf (stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition, error.message);     \
            atomic_fetch_add (&wrong, 1);                                                                    \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

static void
setup_files (void)
{
    static const char *const names[] = { "a.toyraw", "b.toybox", "c.toybox", "d.toyset" };
    static const char *const settings[] = { NULL, NULL, "toybox.filter=deflate toybox.block_size=16KiB",
                                            "toyset.each=1" };
    static const uint64_t shape[] = { 3, 20000 };
    kit_plugins ("toyraw toybox toyset toyxor toytext", "core.threads=4 save.durable=no");
    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = (float) (i % 7919);
    for (unsigned i = 0; i < 4; i++) {
        tenon_plan *plan = kit_plan ();
        kit_add (plan, "items", "f32", 0, 2, shape, items, sizeof items);
        ck_assert_msg (kit_write (plan, names[i], NULL, settings[i], NULL) == TENON_OK, "%s",
                       kit_error.message);
        tenon_plan_free (plan);
        strcpy (paths[i], kit_path (names[i]));
    }
    strcpy (target, kit_path ("target.toyraw"));
}

static void
read_tensors (tenon_file *file)
{
    tenon_error error = TENON_ERROR_INIT;
    static const uint64_t start[] = { 1, 10 }, count[] = { 1, 100 };
    static const int64_t step[] = { 1, 3 };
    double box[100];
    tenon_memory *memory;
    uint64_t index;
    float *all = (float *) malloc (sizeof items);
    EXPECT (all && tenon_find (file, "items", &index) == TENON_OK);
    tenon_request requests[2] = {
        { .struct_size = sizeof requests[0], .index = index, .data = all, .size = sizeof items },
        { .struct_size = sizeof requests[0],
          .index = index,
          .dtype = TENON_F64,
          .rank = 2,
          .start = start,
          .count = count,
          .step = step,
          .data = box,
          .size = sizeof box },
    };
    EXPECT (tenon_read (file, requests, 2, NULL, &error) == TENON_OK);
    EXPECT (memcmp (all, items, sizeof items) == 0);
    for (unsigned i = 0; i < 100; i++)
        EXPECT (box[i] == (double) items[20000 + 10 + 3 * i]);
    free (all);
    requests[0].data = NULL;
    EXPECT (tenon_load (file, requests, 1, &memory, NULL, &error) == TENON_OK);
    EXPECT (memcmp (requests[0].data, items, sizeof items) == 0);
    tenon_memory_free (memory);
    requests[0].data = NULL;
    EXPECT (tenon_load (file, requests, 1, NULL, NULL, &error) == TENON_OK); /* memory that the file owns */
    EXPECT (memcmp (requests[0].data, items, sizeof items) == 0);
}

static int
take_bytes (void *user, const void *data, uint64_t size)
{
    const float **at = (const float **) user;
    int different = memcmp (*at, data, size) != 0;
    *at += size / sizeof (float);
    return different;
}

static void
look_at_file (tenon_file *file)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_tensor_info info = { .struct_size = sizeof info };
    tenon_request request = { .struct_size = sizeof request };
    const void *data;
    const float *at = items;
    uint64_t size;
    EXPECT (tenon_find (file, "items", &request.index) == TENON_OK);
    EXPECT (tenon_get (file, request.index, &info) == TENON_OK);
    EXPECT (info.rank == 2 && info.shape[1] == 20000);
    tenon_status status = tenon_map (file, request.index, &data, &size, &error);
    EXPECT (status == TENON_E_NOT_MAPPABLE
            || (status == TENON_OK && memcmp (data, items, sizeof items) == 0));
    EXPECT (tenon_stream (file, &request, take_bytes, &at, NULL, &error) == TENON_OK);
    EXPECT (at == items + ITEMS);
    EXPECT (tenon_verify (file, NULL, NULL, &error) == TENON_OK);
}

static void
open_and_read (const char *path)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_report *report;
    tenon_file *file;
    EXPECT (tenon_open (kit, path, NULL, &file, &error) == TENON_OK);
    look_at_file (file);
    read_tensors (file);
    tenon_close (file);
    EXPECT (tenon_why (kit, path, NULL, &report, &error) == TENON_OK);
    tenon_report_free (report);
}

/* All threads save to the same name, in turn from memory and from another file. */
static void
save_round (unsigned round)
{
    tenon_error error = TENON_ERROR_INIT;
    static const uint64_t shape[] = { 3, 20000 };
    tenon_file *file;
    tenon_plan *plan;
    if (round % 2) {
        EXPECT (tenon_convert (kit, paths[round % 4], target, NULL, NULL, NULL, NULL, &error) == TENON_OK);
    } else {
        tenon_array array = {
            .struct_size = sizeof array, .dtype = TENON_F32, .name = "items", .shape = shape, .rank = 2
        };
        array.data = items;
        array.size = sizeof items;
        EXPECT (tenon_plan_new (kit, &plan, &error) == TENON_OK);
        EXPECT (tenon_plan_add (plan, &array, &error) == TENON_OK);
        EXPECT (tenon_save (plan, target, NULL, NULL, NULL, &error) == TENON_OK);
        tenon_plan_free (plan);
    }
    EXPECT (tenon_open (kit, target, NULL, &file, &error) == TENON_OK);
    read_tensors (file);
    tenon_close (file);
}

/* Reads the lists that all threads share in the context. */
static void
list_codecs (void)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_codec_info codec = { .struct_size = sizeof codec };
    tenon_config_entry entry = { .struct_size = sizeof entry };
    tenon_report_entry said = { .struct_size = sizeof said };
    const tenon_report *report = tenon_context_report (kit);
    for (uint64_t i = 0; i < tenon_codec_count (kit); i++)
        EXPECT (tenon_codec_get (kit, i, &codec) == TENON_OK);
    for (uint64_t i = 0; i < tenon_config_count (kit); i++)
        EXPECT (tenon_config_get (kit, i, &entry) == TENON_OK);
    for (uint64_t i = 0; i < tenon_report_count (report); i++)
        EXPECT (tenon_report_get (report, i, &said) == TENON_OK);
    EXPECT (tenon_dtype_find (kit, "bf16") == TENON_BF16);
}

static void *
work_rounds (void *number)
{
    unsigned own = *(unsigned *) number;
    for (unsigned round = 0; round < ROUNDS; round++) {
        switch ((round + own) % 5) {
        case 0: read_tensors (shared); break;
        case 1: open_and_read (paths[(round + own) % 4]); break;
        case 2: look_at_file (shared); break;
        case 3: save_round (round + own); break;
        default: list_codecs ();
        }
    }
    return NULL;
}

START_TEST (one_file_for_all)
{
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    setup_files ();
    shared = kit_open (strrchr (paths[_i], '/') + 1, NULL, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq (pthread_create (&threads[i], NULL, work_rounds, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    tenon_close (shared);
    ck_assert_uint_eq (atomic_load (&wrong), 0);
}
END_TEST

/* Contexts are independent of each other. */
static void *
own_context (void *settings)
{
    static const char *const few[] = { "limits.tensors=1", "core.threads=1", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    char plugins[512];
    (void) settings;
    strcpy (plugins, paths[0]);
    strcpy (strrchr (plugins, '/'), "/plugins");
    options.plugin_path = plugins;
    for (unsigned round = 0; round < 8; round++) {
        tenon_error error = TENON_ERROR_INIT;
        tenon_context *context;
        tenon_file *file;
        options.settings = round % 2 ? few : NULL;
        if (tenon_context_new (&context, &options, &error) < 0) {
            atomic_fetch_add (&wrong, 1);
            return NULL;
        }
        tenon_status status = tenon_open (context, paths[round % 4], NULL, &file, &error);
        if (status != (round % 2 ? TENON_E_LIMIT : TENON_OK))
            atomic_fetch_add (&wrong, 1);
        if (status == TENON_OK) {
            read_tensors (file);
            tenon_close (file);
        }
        tenon_context_free (context);
    }
    return NULL;
}

START_TEST (many_contexts)
{
    pthread_t threads[THREADS];
    setup_files ();
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, own_context, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    ck_assert_uint_eq (atomic_load (&wrong), 0);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "threads");
    tcase_set_timeout (cases, 300);
    tcase_add_loop_test (cases, one_file_for_all, 0, 4);
    tcase_add_test (cases, many_contexts);
}

int
main (void)
{
    return kit_main ("threads", fill_suite);
}
