/* SPDX-License-Identifier: MIT */
/* test_formats.c - the plugins read and write their samples while every allocation fails once, alone and
 * with all that follow. */
#include "rig.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        status = (call);                                                                                     \
        if (status < 0)                                                                                      \
            goto done;                                                                                       \
    } while (0)

/* The source is a sample of the source tree, or, without a slash, the target of an earlier case. `read` is
 * the setting with which it is opened, `opens` the file of a set that stands for its target; or NULL. */
static const struct {
    const char *from, *to;
    const char *settings[4];
    const char *read, *opens;
} cases[] = {
    { "safetensors/samples/golden/dtypes.safetensors", "dtypes.safetensors", { NULL } },
    { "safetensors/samples/golden/metadata.safetensors", "metadata.npz", { "npz.metadata=member", NULL } },
    { "safetensors/samples/odd/keys-in-another-order.safetensors", "order.safetensors", { NULL } },
    { "safetensors/samples/odd/escapes.safetensors", "escapes.safetensors", { NULL } },
    { "safetensors/samples/odd/unknown-keys.safetensors", "keys.safetensors", { NULL } },
    { "safetensors/samples/set/model.safetensors.index.json", "one.safetensors", { NULL } },
    { "safetensors/samples/set-in-order.safetensors",
      "m.safetensors.index.json",
      { "safetensors.shard_size=16", NULL } },
    { "gguf/samples/quants/quants.gguf", "quants.safetensors", { NULL } },
    { "quants.safetensors", "quants.gguf", { NULL } },
    { "quants.safetensors", "quants.npz", { "npz.metadata=member", "npz.compression=deflate", NULL } },
    { "gguf/samples/others/v2-values.gguf", "values.safetensors", { NULL } },
    { "values.safetensors", "values.gguf", { NULL } },
    { "values.safetensors", "values.npz", { "npz.metadata=member", NULL } },
    { "values.npz", "again.safetensors", { NULL } },
    { "wrong.safetensors", "right.safetensors", { NULL } },
    { "gguf/samples/aligned-set/m-00001-of-00003.gguf",
      "m.gguf",
      { "gguf.shard_tensors=2", NULL },
      .opens = "m-00001-of-00003.gguf" },
    { "gguf/samples/golden/blocks.gguf", "triples.safetensors", { NULL }, .read = "gguf.mlx=triple" },
    { "triples.safetensors", "triples.gguf", { "gguf.mlx=triple", NULL } },
};
#define CASES (sizeof cases / sizeof cases[0])

static char sources[CASES][512], targets[CASES][512], opens[CASES][512];
static tenon_context *formats;

/* ---- what is done ---- */

static tenon_status
see_metadata (tenon_file *file, tenon_error *error)
{
    static struct tenon_value items[4];
    tenon_metadata_info info = { .struct_size = sizeof info };
    tenon_status status = TENON_OK;
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++) {
        tenon_memory *memory = NULL;
        TRY (tenon_metadata_get (file, i, &info));
        uint64_t count = info.value.count < 4 ? info.value.count : 4;
        if (info.value.type == TENON_ARRAY && count > 0) {
            status = tenon_value_items (file, &info.value, 0, count, items, &memory, error);
            tenon_memory_free (memory);
            TRY (status);
        }
    }
done:
    if (status < 0 && error->status == TENON_OK)
        error->status = status;
    return status;
}

static tenon_status
see_tensors (tenon_file *file, tenon_error *error)
{
    static uint8_t bytes[1 << 20];
    tenon_status status = TENON_OK;
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_request request = {
            .struct_size = sizeof request, .index = i, .data = bytes, .size = sizeof bytes
        };
        TRY (tenon_read (file, &request, 1, NULL, error));
    }
done:
    return status;
}

/* Opens a sample, saves it in another format, and reads the result. */
static tenon_status
convert_sample (int number, tenon_error *error)
{
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = TENON_SAVE_CARRY,
                                   .settings = cases[number].settings };
    const char *const read[] = { cases[number].read, NULL };
    tenon_open_options open = { .struct_size = sizeof open, .settings = read };
    tenon_file *file = NULL, *back = NULL;
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    tenon_status status;
    TRY (tenon_open (formats, sources[number], &open, &file, error));
    TRY (tenon_plan_new (formats, &plan, error));
    TRY (tenon_plan_add_file (plan, file, error));
    TRY (tenon_save (plan, targets[number], &options, &report, NULL, error));
    TRY (tenon_open (formats, opens[number], NULL, &back, error));
    TRY (see_metadata (back, error));
    TRY (see_tensors (back, error));
done:
    tenon_report_free (report);
    tenon_plan_free (plan);
    tenon_close (back);
    tenon_close (file);
    return status;
}

/* ---- the tests ---- */

/* A record of types that is correct up to its end. */
static void
put_wrong (void)
{
    static const char header[] =
        "{\"__metadata__\":{\"a\":\"[\\\"x\\\",{\\\"hex\\\":\\\"ff\\\"}]\",\"b\":\"256\","
        "\"tenon.metadata\":\"{\\\"version\\\":1,\\\"types\\\":{\\\"a\\\":[\\\"string\\\"],"
        "\\\"b\\\":\\\"u8\\\"},\\\"order\\\":[\\\"b\\\",\\\"a\\\"]}\"}}";
    struct bytes file = { .size = 0 };
    kit_le (&file, sizeof header - 1, 8);
    kit_text (&file, header);
    kit_file ("wrong.safetensors", &file);
}

static void
begin_context (void)
{
    static const char *const settings[] = { "save.durable=no", "core.threads=2", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    const char *tree = getenv ("TENON_SRCDIR");
    ck_assert_int_eq (tenon_context_new (&formats, &options, &kit_error), TENON_OK);
    put_wrong ();
    for (unsigned i = 0; i < CASES; i++) {
        const char *from = cases[i].from;
        if (strchr (from, '/'))
            snprintf (sources[i], sizeof sources[i], "%s/plugins/%s", tree ? tree : ".", from);
        else
            snprintf (sources[i], sizeof sources[i], "%s", kit_path (from));
        snprintf (targets[i], sizeof targets[i], "%s", kit_path (cases[i].to));
        snprintf (opens[i], sizeof opens[i], "%s", kit_path (cases[i].opens ? cases[i].opens : cases[i].to));
    }
}

START_TEST (converting)
{
    int number = _i / 2;
    begin_context ();
    for (int before = 0; before < number; before++) { /* a case may read the target of an earlier one */
        tenon_status status = convert_sample (before, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s: %s", cases[before].from, kit_error.message);
    }
    rig_sweep (convert_sample, number, cases[number].from, _i % 2 ? "-" : "");
    tenon_context_free (formats);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "formats");
    tcase_set_timeout (tests, 300);
    tcase_add_loop_test (tests, converting, 0, (int) (2 * CASES));
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("memory faults in plugins", fill_suite);
}
