/* SPDX-License-Identifier: MIT */
/* test_memory.c - every allocation, mapping and thread fails once, alone and with all that follow: the
 * library returns TENON_E_MEMORY or does without, and loses neither memory nor descriptors. */
#include "base/dlpack.h"
#include "rig.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        status = (call);                                                                                     \
        if (status < 0)                                                                                      \
            goto done;                                                                                       \
    } while (0)

/* ---- contexts ---- */

static tenon_status
make_context (int kind, tenon_error *error)
{
    static const char *const settings[] = { "core.threads=3", "limits.tensors=1000", "toybox.filter=deflate",
                                            NULL };
    tenon_context_options options = { .struct_size = sizeof options, .settings = settings };
    tenon_context *context;
    (void) kind;
    options.plugin_path = kit_path ("plugins");
    tenon_status status = tenon_context_new (&context, &options, error);
    if (status < 0)
        return status;
    tenon_config_entry entry = { .struct_size = sizeof entry };
    for (uint64_t i = 0; i < tenon_config_count (context); i++)
        tenon_config_get (context, i, &entry);
    tenon_context_free (context);
    return TENON_OK;
}

START_TEST (contexts)
{
    static const char text[] =
        "[core]\nthreads = 2\n[limits]\nheader_bytes = 1MiB\n[codec toybox]\nlevel = 3\n"
        "[codec nobody]\nsome = thing\n[plugin toyxor]\nenabled = no\n";
    kit_plugins ("toyraw toybox toyxor toyset", NULL);
    kit_save ("tenon.ini", text, sizeof text - 1);
    setenv ("TENON_CONFIG", kit_path ("tenon.ini"), 1);
    setenv ("XDG_CONFIG_HOME", kit_path ("none"), 1);
    rig_sweep (make_context, 0, "context", _i ? "-" : "");
}
END_TEST

/* ---- reading ---- */

static int
count_bytes (void *user, const void *data, uint64_t size)
{
    (void) data;
    *(uint64_t *) user += size;
    return 0;
}

static tenon_status
look_at_all (tenon_file *file, tenon_error *error)
{
    tenon_status status = TENON_OK;
    tenon_file_info info = { .struct_size = sizeof info };
    tenon_metadata_info entry = { .struct_size = sizeof entry };
    TRY (tenon_file_get (file, &info));
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        const void *data;
        uint64_t size;
        tenon_error own = TENON_ERROR_INIT;
        TRY (tenon_get (file, i, &tensor));
        if (tenon_map (file, i, &data, &size, &own) == TENON_E_MEMORY)
            return *error = own, TENON_E_MEMORY;
    }
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++)
        TRY (tenon_metadata_get (file, i, &entry));
done:
    if (status < 0)
        error->status = status;
    return status;
}

static tenon_status
read_all (tenon_file *file, tenon_error *error)
{
    static double cast[300000];
    static float box[1000];
    static const uint64_t start[] = { 1, 3 }, count[] = { 2, 500 };
    static const int64_t step[] = { 1, 7 };
    tenon_status status;
    tenon_memory *memory = NULL;
    tenon_report *report = NULL;
    uint64_t index, seen = 0;
    if (tenon_find (file, "long", &index) < 0)
        return error->status = TENON_E_NOT_FOUND;
    tenon_request requests[2] = { { .struct_size = sizeof requests[0],
                                    .index = index,
                                    .dtype = TENON_F64,
                                    .data = cast,
                                    .size = sizeof cast },
                                  { .struct_size = sizeof requests[0],
                                    .index = index,
                                    .rank = 2,
                                    .start = start,
                                    .count = count,
                                    .step = step,
                                    .data = box,
                                    .size = sizeof box } };
    TRY (tenon_read (file, requests, 2, NULL, error));
    requests[0].data = requests[1].data = NULL;
    TRY (tenon_load (file, requests, 2, &memory, NULL, error));
    requests[0].dtype = TENON_NONE;
    TRY (tenon_load (file, requests, 1, NULL, NULL, error));
    requests[1].dtype = TENON_BF16;
    TRY (tenon_stream (file, &requests[1], count_bytes, &seen, NULL, error));
    TRY (tenon_verify (file, &report, NULL, error));
done:
    tenon_memory_free (memory);
    tenon_report_free (report);
    return status;
}

/* What bindings do: memory for each tensor, and tensors that are lent and borrowed. */
static tenon_status
lend_all (tenon_file *file, tenon_error *error)
{
    tenon_status status;
    tenon_memory *memories[2] = { NULL, NULL }, *pages = NULL;
    struct DLManagedTensorVersioned *lent = NULL, *copy = NULL;
    tenon_plan *plan = NULL;
    void *data;
    uint64_t index, size;
    tenon_error own = TENON_ERROR_INIT;
    if (tenon_find (file, "long", &index) < 0)
        return error->status = TENON_E_NOT_FOUND;
    tenon_request requests[2] = { { .struct_size = sizeof requests[0], .index = index },
                                  { .struct_size = sizeof requests[0], .index = index, .dtype = TENON_F16 } };
    TRY (tenon_load_each (file, requests, 2, memories, NULL, error));
    if (tenon_map_private (file, index, &data, &size, &pages, &own) == TENON_E_MEMORY) {
        *error = own;
        status = own.status;
        goto done;
    }
    TRY (tenon_dlpack_get (file, &requests[0], 0, &lent, NULL, error));
    TRY (tenon_dlpack_get (file, &requests[1], TENON_DLPACK_COPY, &copy, NULL, error));
    TRY (tenon_plan_new (kit, &plan, error));
    TRY (tenon_plan_add_dlpack (plan, NULL, copy, error));
    copy = NULL; /* the plan has it */
done:
    tenon_plan_free (plan);
    if (lent)
        lent->deleter (lent);
    if (copy)
        copy->deleter (copy);
    tenon_memory_free (pages);
    tenon_memory_free (memories[0]);
    tenon_memory_free (memories[1]);
    return status;
}

static tenon_status
lend_file (int kind, tenon_error *error)
{
    tenon_file *file;
    tenon_status status = tenon_open (kit, rig_path (kind), NULL, &file, error);
    if (status < 0)
        return status;
    status = lend_all (file, error);
    tenon_close (file);
    return status;
}

START_TEST (lending)
{
    rig_setup (0);
    ck_assert_int_eq (rig_save (_i / 2, 1, &kit_error), TENON_OK);
    rig_sweep (lend_file, _i / 2, rig_names[_i / 2], _i % 2 ? "-" : "");
}
END_TEST

static tenon_status
read_file (int kind, tenon_error *error)
{
    tenon_file *file;
    tenon_status status = tenon_open (kit, rig_path (kind), NULL, &file, error);
    if (status < 0)
        return status;
    status = look_at_all (file, error);
    if (status == TENON_OK)
        status = read_all (file, error);
    tenon_close (file);
    return status;
}

START_TEST (reading)
{
    rig_setup (0);
    ck_assert_int_eq (rig_save (_i / 2, 1, &kit_error), TENON_OK);
    rig_sweep (read_file, _i / 2, rig_names[_i / 2], _i % 2 ? "-" : "");
}
END_TEST

static tenon_status
ask_why (int kind, tenon_error *error)
{
    tenon_report *report = NULL;
    tenon_status status = tenon_why (kit, rig_path (kind), NULL, &report, error);
    tenon_report_free (report);
    return status;
}

START_TEST (asking)
{
    rig_setup (0);
    ck_assert_int_eq (rig_save (RIG_BOX, 1, &kit_error), TENON_OK);
    rig_sweep (ask_why, RIG_BOX, "why", _i ? "-" : "");
}
END_TEST

/* Opens a folder, a shard, and asks why; each with and without an index. */
static tenon_status
open_set (int how, tenon_error *error)
{
    tenon_open_options options = { .struct_size = sizeof options, .flags = TENON_OPEN_SHARDS };
    char path[512];
    tenon_file *file = NULL;
    tenon_report *report = NULL;
    snprintf (path, sizeof path, "%s", kit_path (how == 1 ? "b-00002-of-00002.toyraw" : ""));
    tenon_status status;
    if (how == 2) {
        status = tenon_why (kit, path, &options, &report, error);
        tenon_report_free (report);
        return status;
    }
    TRY (tenon_open (kit, path, &options, &file, error));
    if (tenon_count (file) != 2)
        error->status = status = TENON_E_NOT_FOUND;
done:
    tenon_close (file);
    return status;
}

START_TEST (opening_sets)
{
    rig_setup (0);
    ck_assert_int_eq (rig_save (RIG_BESIDE, 1, &kit_error), TENON_OK);
    if (_i % 2)
        ck_assert_int_eq (remove (rig_path (RIG_BESIDE)), 0);
    rig_sweep (open_set, _i / 4, "a set", _i / 2 % 2 ? "-" : "");
}
END_TEST

/* Shards that repeat metadata, and blocks that verify checks. */
static tenon_status
open_and_verify (int blocks, tenon_error *error)
{
    char path[512];
    tenon_file *file = NULL;
    snprintf (path, sizeof path, "%s", kit_path (blocks ? "a.toyraw" : "m-00001-of-00003.toyfirst"));
    tenon_status status;
    TRY (tenon_open (kit, path, NULL, &file, error));
    TRY (tenon_verify (file, NULL, NULL, error));
done:
    tenon_close (file);
    return status;
}

START_TEST (parts_and_blocks)
{
    struct bytes file = { .size = 0 };
    kit_save ("m-00001-of-00003.toyfirst", "TOYFIRSTone", 11);
    kit_save ("m-00002-of-00003.toyfirst", "TOYFIRSTtwos", 12);
    kit_save ("m-00003-of-00003.toyfirst", "TOYFIRSTtre", 11);
    kit_raw_head (&file, 1, 0, 200);
    kit_raw_tensor (&file, "s", "ts4", 0, 1, KIT_SHAPE (8), 0, 24);
    kit_pad (&file, 224);
    kit_file ("a.toyraw", &file);
    kit_plugins ("toyraw toyblock toyfirst", NULL);
    rig_sweep (open_and_verify, _i / 2, _i / 2 ? "blocks" : "parts", _i % 2 ? "-" : "");
}
END_TEST

/* ---- saving ---- */

static tenon_status
save_second (int kind, tenon_error *error)
{
    return rig_save (kind, 2, error);
}

START_TEST (saving)
{
    const char *why = "";
    int kind = _i / 2;
    rig_setup (0);
    ck_assert_int_eq (rig_save (kind, 1, &kit_error), TENON_OK);
    rig_sweep (save_second, kind, rig_names[kind], _i % 2 ? "-" : "");
    ck_assert_msg (rig_generation (kind, &why) == 2, "%s", why);
    ck_assert_uint_eq (rig_litter (), 0);
}
END_TEST

/* Carries tensors into a format that holds little, and opens the result. */
static tenon_status
carry_and_open (int kind, tenon_error *error)
{
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = TENON_SAVE_EXACT_NAME | TENON_SAVE_CARRY };
    tenon_file *file = NULL, *back = NULL;
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    tenon_status status;
    char from[512], to[512];
    (void) kind;
    snprintf (from, sizeof from, "%s", kit_path ("a.toyraw"));
    snprintf (to, sizeof to, "%s", kit_path ("b.toyplain"));
    TRY (tenon_open (kit, from, NULL, &file, error));
    TRY (tenon_plan_new (kit, &plan, error));
    TRY (tenon_plan_add_file (plan, file, error));
    TRY (tenon_save (plan, to, &options, &report, NULL, error));
    TRY (tenon_open (kit, to, NULL, &back, error));
    tenon_tensor_info info = { .struct_size = sizeof info };
    TRY (tenon_get (back, 1, &info));
    if (info.dtype != TENON_I64)
        error->status = status = TENON_E_NOT_FOUND;
done:
    tenon_report_free (report);
    tenon_plan_free (plan);
    tenon_close (back);
    tenon_close (file);
    return status;
}

START_TEST (carrying)
{
    static const uint8_t data[64] = { 1, 2, 3 };
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 2, 0, 200);
    kit_raw_tensor (&file, "q", "tq8", 0, 2, KIT_SHAPE (1, 8), 0, 9);
    kit_raw_tensor (&file, "i", "i64", TENON_FORTRAN | TENON_BIG_ENDIAN, 2, KIT_SHAPE (2, 3), 16, 48);
    kit_pad (&file, 200);
    kit_put (&file, data, sizeof data);
    kit_file ("a.toyraw", &file);
    kit_plugins ("toyraw toyblock toyplain", "save.durable=no");
    rig_sweep (carry_and_open, 0, "carry", _i ? "-" : "");
}
END_TEST

/* Many arrays at once, metadata of the program, a size, and tensors one after the other, beyond the memory
 * that a writer has for them. */
static tenon_status
write_one_by_one (int kind, tenon_error *error)
{
    static const char *const texts[2] = { "one", "two" };
    static float items[5000];
    static const uint64_t shape[2] = { TENON_UNKNOWN_DIM, 100 }, one[1] = { 1 };
    tenon_array many[40], rows = { .struct_size = sizeof rows,
                                   .dtype = TENON_F32,
                                   .name = "rows",
                                   .shape = shape,
                                   .rank = 2,
                                   .as = TENON_F16 };
    tenon_writer *writer = NULL;
    tenon_status status;
    uint64_t size;
    (void) kind;
    for (unsigned i = 0; i < 40; i++)
        many[i] = (tenon_array){ .struct_size = sizeof many[i],
                                 .dtype = TENON_F32,
                                 .shape = one,
                                 .rank = 1,
                                 .data = &items[i],
                                 .size = sizeof items[i] };
    TRY (tenon_writer_new (kit, kit_path ("w.toyraw"), NULL, &writer, error));
    tenon_plan *plan = tenon_writer_plan (writer);
    TRY (tenon_plan_add_many (plan, many, 40, error));
    TRY (tenon_plan_set_numbers (plan, "items", 5, TENON_F32, items, 100, error));
    TRY (tenon_plan_set_strings (plan, "texts", 5, texts, NULL, 2, error));
    TRY (tenon_writer_begin (writer, &rows, error));
    TRY (tenon_writer_put (writer, items, 12000, error));
    TRY (tenon_writer_put (writer, items, 8000, error));
    TRY (tenon_writer_end (writer, error));
    many[0].name = "last";
    TRY (tenon_writer_add (writer, &many[0], error));
    TRY (tenon_writer_finish (writer, NULL, NULL, error));
    if (tenon_plan_count (plan) != 42 || tenon_plan_metadata_count (plan) != 2)
        error->status = status = TENON_E_NOT_FOUND;
    tenon_writer_free (writer);
    writer = NULL;
    TRY (tenon_plan_new (kit, &plan, error));
    status = tenon_plan_add_many (plan, many, 40, error);
    if (status == TENON_OK)
        status = tenon_plan_size (plan, NULL, "s.toyraw", &size, error);
    tenon_plan_free (plan);
done:
    tenon_writer_free (writer);
    return status;
}

START_TEST (one_by_one)
{
    kit_plugins ("toyraw", "save.durable=no limits.memory=64KiB core.threads=2");
    rig_sweep (write_one_by_one, 0, "writer", _i ? "-" : "");
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* Opens a file with tensors that cannot be read, by themselves and in a member, and saves the others. */
static tenon_status
leave_out (int kind, tenon_error *error)
{
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_SKIP_UNREADABLE };
    tenon_file *file = NULL;
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    tenon_status status;
    char from[512], to[512];
    (void) kind;
    snprintf (from, sizeof from, "%s", kit_path ("a.toyscript"));
    snprintf (to, sizeof to, "%s", kit_path ("b.toyraw"));
    TRY (tenon_open (kit, from, NULL, &file, error));
    TRY (tenon_plan_new (kit, &plan, error));
    TRY (tenon_plan_add_file (plan, file, error));
    TRY (tenon_save (plan, to, &options, &report, NULL, error));
    tenon_file_info info = { .struct_size = sizeof info };
    TRY (tenon_file_get (file, &info));
    if (info.unreadable != 4)
        error->status = status = TENON_E_NOT_FOUND;
done:
    tenon_report_free (report);
    tenon_plan_free (plan);
    tenon_close (file);
    return status;
}

START_TEST (unreadable)
{
    struct bytes file = { .size = 0 };
    kit_text (&file, "TOYSCRIPT\nadd a u8 4 390\nskip b type1 ? 0 - -3 not known\nadd c u8 9 1000\n"
                     "note 1 a a tail\nmeta k v\npart 300 80 p.toyscript\ninclude - 8\n"
                     "part 0 4 q.x\ninclude - 8\nend\n");
    kit_pad (&file, 300);
    kit_text (&file, "TOYSCRIPT\nadd p u8 4 0\nmeta m n\nfail -1 broken\n");
    kit_pad (&file, 400);
    kit_file ("a.toyscript", &file);
    kit_plugins ("toyscript toyraw", "save.durable=no");
    rig_sweep (leave_out, 0, "unreadable", _i ? "-" : "");
}
END_TEST

/* The system gives no thread, or one: everything still works. */
START_TEST (without_threads)
{
    rig_setup (0);
    for (int kind = 0; kind < RIG_SAVES; kind++) {
        ck_assert_int_eq (kit_context (_i ? "core.threads=8" : "core.threads=2"), TENON_OK);
        rig_fail ("pthread_create:EAGAIN:%d-", 1 + _i);
        tenon_status status = rig_save (kind, 1, &kit_error);
        if (status == TENON_OK)
            status = read_file (kind, &kit_error);
        uint64_t hits = rig.hits ();
        rig_stop ();
        ck_assert_msg (status == TENON_OK, "%s: %s", rig_names[kind], kit_error.message);
        ck_assert (hits > 0 || _i > 0);
    }
}
END_TEST

/* The first failure is reported correctly when building its message finds no memory. */
START_TEST (failure_while_failing)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    rig_setup (0);
    rig_fail ("memory:ENOMEM:1-");
    tenon_status status = tenon_open (kit, "/nonexistent/file", NULL, &file, &error);
    rig_stop ();
    ck_assert (status == TENON_E_MEMORY || status == TENON_E_NOT_FOUND);
    ck_assert_int_eq (status, error.status);
    ck_assert_uint_gt (strlen (error.message), 0);
}
END_TEST

/* ---- chunks ---- */

static tenon_status
give_floats (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) user, (void) offset;
    memset (to, 1, length);
    return TENON_OK;
}

/* Chunks behind each other, boxes of a callback, and files of a folder. */
static tenon_status
put_chunks (int kind, tenon_error *error)
{
    static const char *const words[] = { "toychunks.do=0/8x8/spframe",
                                         "toychunks.do=0/8x24/b1x0+1x1,0/8x24/b0x0+1x1",
                                         "toychunktree.do=0/8x8/k" };
    static const char *const names[] = { "out.toychunks", "out.toychunks", "out.chunktree" };
    static float floats[16 * 24];
    static const uint64_t shape[] = { 16, 24 };
    const char *const settings[] = { words[kind], NULL };
    tenon_array array = { .struct_size = sizeof array,
                          .name = "m",
                          .dtype = TENON_F32,
                          .shape = shape,
                          .rank = 2,
                          .size = sizeof floats };
    tenon_save_options options = { .struct_size = sizeof options, .settings = settings };
    tenon_plan *plan = NULL;
    tenon_status status;
    if (kind == 1)
        array.fill = give_floats;
    else
        array.data = floats;
    TRY (tenon_plan_new (kit, &plan, error));
    TRY (tenon_plan_add (plan, &array, error));
    TRY (tenon_save (plan, kit_path (names[kind]), &options, NULL, NULL, error));
done:
    tenon_plan_free (plan);
    return status;
}

START_TEST (chunks)
{
    kit_plugins ("toychunks toypipe", "core.threads=3");
    rig_sweep (put_chunks, _i / 2, "chunks", _i % 2 ? "-" : "");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "memory");
    tcase_set_timeout (cases, 300);
    tcase_add_loop_test (cases, contexts, 0, 2);
    tcase_add_loop_test (cases, reading, 0, 2 * RIG_SAVES);
    tcase_add_loop_test (cases, lending, 0, 2 * RIG_SAVES);
    tcase_add_loop_test (cases, asking, 0, 2);
    tcase_add_loop_test (cases, opening_sets, 0, 12);
    tcase_add_loop_test (cases, parts_and_blocks, 0, 4);
    tcase_add_loop_test (cases, saving, 0, 2 * RIG_SAVES);
    tcase_add_loop_test (cases, chunks, 0, 6);
    tcase_add_loop_test (cases, carrying, 0, 2);
    tcase_add_loop_test (cases, unreadable, 0, 2);
    tcase_add_loop_test (cases, one_by_one, 0, 2);
    tcase_add_loop_test (cases, without_threads, 0, 2);
    tcase_add_test (cases, failure_while_failing);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("memory faults", fill_suite);
}
