/* SPDX-License-Identifier: MIT */
/* test_stores.c - folders and archives that keyed codecs read and write, tensors in strides, and pipelines of
 * filters, while every allocation fails once, and every call of the system. */
#include "rig.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        status = (call);                                                                                     \
        if (status < 0)                                                                                      \
            goto done;                                                                                       \
    } while (0)

enum { ROWS = 60, COLUMNS = 50, ITEMS = ROWS * COLUMNS };

/* What is opened, and as what it is saved. Tensors are then added to the target if `adds` is a setting. */
static const struct {
    const char *from, *to, *format, *settings, *adds;
    int transposes; /* it reads and adds arrays in strides, too */
} cases[] = {
    { "in.tree", "out.tree", NULL, NULL, NULL, 0 },
    { "in.tree.pack", "out.tree.pack", NULL, NULL, NULL, 0 },
    { "in.tree.pack", "out.toyraw", NULL, NULL, NULL, 0 },
    { "in.tree", "out.crate", "crate",
      "crate.do=key:crate:deflate,text:A,member:0:a.inner:toyraw:deflate:1,member:1:b.inner:toyraw:deflate,"
      "key:c::64,text:C,key:d:deflate,text:D",
      "crate.do=open:c,drop:c,key:c,tensor:0,key:_e:deflate,text:E", 0 },
    { "in.toylay", "strides.toyraw", NULL, NULL, NULL, 1 },
    { "in.toypipe", "out.toypipe", NULL, "toypipe.steps=pshuffle:4 pframe deflate", NULL, 0 },
    { "in.toypipe", "blocks.toypipe", NULL, "toypipe.steps=pframe", NULL, 0 },
};
#define CASES ((int) (sizeof cases / sizeof cases[0]))

static char paths[CASES][2][512];

/* ---- what is done ---- */

static tenon_status
see_all (const char *path, tenon_error *error)
{
    static uint8_t bytes[1 << 17];
    tenon_file *file = NULL;
    tenon_status status;
    TRY (tenon_open (kit, path, NULL, &file, error));
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_request request = {
            .struct_size = sizeof request, .index = i, .data = bytes, .size = sizeof bytes
        };
        TRY (tenon_read (file, &request, 1, NULL, error));
    }
    TRY (tenon_verify (file, NULL, NULL, error));
done:
    tenon_close (file);
    return status;
}

/* Loads the first tensor into strides, and adds the result, so seen, to the plan. */
static tenon_status
transpose (tenon_file *file, tenon_plan *plan, tenon_memory **memory, tenon_error *error)
{
    static const int64_t strides[2] = { 1, -ROWS };
    static const uint64_t shape[2] = { ROWS, COLUMNS };
    tenon_request request = { .struct_size = sizeof request, .strides = strides };
    tenon_status status = tenon_load (file, &request, 1, memory, NULL, error);
    if (status < 0)
        return status;
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_F32,
                          .rank = 2,
                          .name = "turned",
                          .shape = shape,
                          .data = request.data,
                          .size = sizeof (float) * ITEMS,
                          .strides = strides };
    return tenon_plan_add (plan, &array, error);
}

static tenon_status
save_plan (tenon_plan *plan, int number, const char *setting, uint32_t flags, tenon_error *error)
{
    const char *const settings[] = { setting, NULL };
    tenon_save_options options = {
        .struct_size = sizeof options, .flags = flags, .format = cases[number].format, .settings = settings
    };
    tenon_report *report = NULL;
    tenon_status status = tenon_save (plan, paths[number][1], &options, &report, NULL, error);
    tenon_report_free (report);
    return status;
}

static tenon_status
add_to_target (int number, tenon_error *error)
{
    static const uint8_t byte[1] = { 7 };
    static const uint64_t shape[1] = { 1 };
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_U8,
                          .rank = 1,
                          .name = "c",
                          .shape = shape,
                          .data = byte,
                          .size = 1 };
    tenon_plan *plan = NULL;
    tenon_status status;
    TRY (tenon_plan_new (kit, &plan, error));
    TRY (tenon_plan_add (plan, &array, error));
    TRY (save_plan (plan, number, cases[number].adds, TENON_SAVE_APPEND, error));
done:
    tenon_plan_free (plan);
    return status;
}

static tenon_status
copy_and_see (int number, tenon_error *error)
{
    tenon_file *file = NULL;
    tenon_plan *plan = NULL;
    tenon_memory *memory = NULL;
    tenon_status status;
    TRY (see_all (paths[number][0], error));
    TRY (tenon_open (kit, paths[number][0], NULL, &file, error));
    TRY (tenon_plan_new (kit, &plan, error));
    TRY (tenon_plan_add_file (plan, file, error));
    if (cases[number].transposes)
        TRY (transpose (file, plan, &memory, error));
    TRY (save_plan (plan, number, cases[number].settings, 0, error));
    if (cases[number].adds)
        TRY (add_to_target (number, error));
    TRY (see_all (paths[number][1], error));
done:
    tenon_plan_free (plan);
    tenon_memory_free (memory);
    tenon_close (file);
    return status;
}

/* ---- the sources ---- */

static float numbers[ITEMS];

static void
save_source (const char *name, const char *format, const char *settings)
{
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, "n", "f32", 0, 2, KIT_SHAPE (ROWS, COLUMNS), numbers, sizeof numbers);
    kit_add (plan, "m", "f32", 0, 1, KIT_SHAPE (ITEMS), numbers, sizeof numbers);
    tenon_status status = kit_write (plan, name, format, settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s: %s", name, kit_error.message);
    tenon_plan_free (plan);
}

/* A tensor of columns, from the last to the first. */
static void
put_lay (void)
{
    static struct bytes file;
    file.size = 0;
    kit_text (&file, "TLAY");
    kit_le (&file, 1, 4);
    kit_le (&file, 1, 4);
    kit_le (&file, 0, 4);
    kit_le (&file, 256, 8);
    kit_le (&file, sizeof numbers, 8);
    kit_le (&file, sizeof numbers, 8);
    kit_le (&file, 0, 8);
    kit_le (&file, TENON_F32, 1);
    kit_le (&file, 0, 1);
    kit_le (&file, 2, 1);
    kit_le (&file, 0, 1);
    kit_le (&file, 4 * (COLUMNS - 1) * ROWS, 8);
    kit_le (&file, ROWS, 8);
    kit_le (&file, COLUMNS, 8);
    kit_le (&file, 1, 8);
    kit_le (&file, (uint64_t) -ROWS, 8);
    kit_pad (&file, 256);
    kit_put (&file, numbers, sizeof numbers);
    kit_file ("in.toylay", &file);
}

static void
begin (int number)
{
    kit_plugins ("pack crate tree toyraw toylay toyxor toypipe", "save.durable=no core.threads=2");
    for (unsigned i = 0; i < ITEMS; i++)
        numbers[i] = (float) (i % 97);
    save_source ("in.tree", "tree", NULL);
    save_source ("in.tree.pack", NULL, NULL);
    put_lay ();
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, "n", "f32", 0, 1, KIT_SHAPE (ITEMS), numbers, sizeof numbers);
    ck_assert_int_eq (kit_write (plan, "in.toypipe", "toypipe",
                                 number % 2 ? "toypipe.steps=pframe toypipe.block_size=4kB toypipe.blocks=yes"
                                            : "toypipe.steps=prle toypipe.unknown=yes",
                                 NULL),
                      TENON_OK);
    tenon_plan_free (plan);
    snprintf (paths[number][0], sizeof paths[number][0], "%s", kit_path (cases[number].from));
    snprintf (paths[number][1], sizeof paths[number][1], "%s", kit_path (cases[number].to));
}

/* ---- the tests ---- */

START_TEST (without_memory)
{
    begin (_i / 2);
    ck_assert_msg (copy_and_see (_i / 2, &kit_error) == TENON_OK, "%s", kit_error.message);
    unsigned files = kit_count_files ();
    rig_sweep (copy_and_see, _i / 2, cases[_i / 2].to, _i % 2 ? "-" : "");
    ck_assert_uint_eq (kit_count_files (), files);
}
END_TEST

static const struct {
    const char *calls, *fault;
} faults[] = {
    { "input", "EIO" },
    { "disk", "ENOSPC" },
};
#define FAULTS ((int) (sizeof faults / sizeof faults[0]))

/* Folders that cannot be looked into, and files that cannot be looked at again, are not replaced. */
static int
is_honest (tenon_status status, int number)
{
    return status == TENON_OK || status == TENON_E_IO || status == TENON_E_NOT_FOUND
           || (strcmp (cases[number].to, "out.tree") == 0
               && (status == TENON_E_EXISTS || status == TENON_E_BUSY))
           || (cases[number].adds && status == TENON_E_UNSUPPORTED);
}

/* A save that failed leaves the old target or the new one, whole: the next one succeeds over it. */
START_TEST (calls_fail)
{
    const int number = _i / FAULTS, fault = _i % FAULTS;
    begin (number);
    tenon_status status = copy_and_see (number, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s: %s", cases[number].to, kit_error.message);
    unsigned files = kit_count_files ();
    unsigned descriptors = rig_descriptors ();
    int64_t live = 0;
    for (uint64_t hits = 1, call = 1; hits > 0; call++) {
        tenon_error error = TENON_ERROR_INIT;
        rig_fail ("%s:%s:%llu", faults[fault].calls, faults[fault].fault, (unsigned long long) call);
        status = copy_and_see (number, &error);
        hits = rig.hits ();
        rig_stop ();
        ck_assert_msg (status == error.status, "%s, %s %llu: %s, the error says %s", cases[number].to,
                       faults[fault].calls, (unsigned long long) call, tenon_status_name (status),
                       tenon_status_name (error.status));
        ck_assert_msg (is_honest (status, number), "%s, %s %llu: %s: %s", cases[number].to,
                       faults[fault].calls, (unsigned long long) call, tenon_status_name (status),
                       error.message);
        ck_assert_msg (rig_descriptors () == descriptors, "%s, %s %llu: a descriptor is lost (%s)",
                       cases[number].to, faults[fault].calls, (unsigned long long) call, error.message);
        error = (tenon_error) TENON_ERROR_INIT;
        ck_assert_msg (see_all (paths[number][1], &error) == TENON_OK, "%s, after %s %llu: %s",
                       cases[number].to, faults[fault].calls, (unsigned long long) call, error.message);
        if (call == 3)
            live = rig.live ();
    }
    ck_assert_msg (copy_and_see (number, &kit_error) == TENON_OK, "%s", kit_error.message);
    ck_assert_int_le (rig.live (), live + 8);
    ck_assert_uint_eq (kit_count_files (), files);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "stores");
    tcase_set_timeout (tests, 300);
    tcase_add_loop_test (tests, without_memory, 0, 2 * CASES);
    tcase_add_loop_test (tests, calls_fail, 0, FAULTS * CASES);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("faults of stores", fill_suite);
}
