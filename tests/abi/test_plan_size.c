/* SPDX-License-Identifier: MIT */
/* test_plan_size.c - the size of a save before it: compared with the files that the save makes, in the
 * formats of this tree and in those of the tests. */
#include "kit.h"
#include <ftw.h>
#include <sys/stat.h>

static uint64_t total;

static int
add_file (const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void) path, (void) walk;
    total += kind == FTW_F ? (uint64_t) about->st_size : 0;
    return 0;
}

static uint64_t
bytes_below (const char *path)
{
    total = 0;
    ck_assert_int_eq (nftw (path, add_file, 8, FTW_PHYS), 0);
    return total;
}

/* A function that must not be called: no tensor is read to learn a size. */
static tenon_status
refuse_to_fill (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) offset, (void) to, (void) length;
    return *(const int *) user ? memset (to, 0, length), TENON_OK : TENON_E_MISUSE;
}

static int may_fill;

static void
add (tenon_plan *plan, const char *name, uint32_t rank, const uint64_t *shape, uint32_t dtype, uint32_t as)
{
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = dtype,
                          .name = name,
                          .shape = shape,
                          .rank = rank,
                          .fill = refuse_to_fill,
                          .user = &may_fill,
                          .as = as };
    tenon_status status = tenon_plan_add (plan, &array, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

static tenon_plan *
make_plan (unsigned tensors)
{
    char name[64];
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (unsigned i = 0; i < tensors; i++) {
        snprintf (name, sizeof name, "model.layers.%u.weight", i);
        add (plan, name, 2, KIT_SHAPE (i + 1, 64), TENON_F32, i % 3 == 1 ? TENON_F16 : TENON_NONE);
    }
    if (tensors > 1)
        add (plan, "empty", 2, KIT_SHAPE (0, 3), TENON_F32, TENON_NONE);
    kit_set_text (plan, "author", NULL, "somebody");
    return plan;
}

static const char *const *
settings_of (const char *text, const char *list[4])
{
    static char copy[200];
    unsigned count = 0;
    snprintf (copy, sizeof copy, "%s", text ? text : "");
    for (char *word = strtok (copy, " "); word && count < 3; word = strtok (NULL, " "))
        list[count++] = word;
    list[count] = NULL;
    return list;
}

static void
formats_of_this_tree (void)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .plugin_path = getenv ("TENON_PLUGIN_PATH") };
    tenon_context_free (kit);
    ck_assert_int_eq (tenon_context_new (&kit, &options, &kit_error), TENON_OK);
}

static void
compare_size (tenon_plan *plan, const char *name, const char *settings, const char *format)
{
    const char *list[4];
    uint64_t size = 0;
    char path[600];
    tenon_save_options options = { .struct_size = sizeof options,
                                   .format = format,
                                   .settings = settings_of (settings, list) };
    snprintf (path, sizeof path, "%s", kit_path ("out"));
    ck_assert_int_eq (mkdir (path, 0777), 0);
    snprintf (path, sizeof path, "%s/%s", kit_path ("out"), name);
    may_fill = 0;
    tenon_status status = tenon_plan_size (plan, &options, path, &size, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s: %s", name, kit_error.message);
    ck_assert_uint_eq (bytes_below (kit_path ("out")), 0); /* it made nothing */
    may_fill = 1;
    status = tenon_save (plan, path, &options, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s: %s", name, kit_error.message);
    ck_assert_msg (bytes_below (kit_path ("out")) == size, "%s %s: %llu bytes are said, %llu were written",
                   name, settings ? settings : "", (unsigned long long) size, (unsigned long long) total);
    tenon_plan_free (plan);
}

static const struct {
    const char *name, *settings;
    unsigned tensors;
} saves[] = {
    { "a.npy", NULL, 1 },
    { "a.npz", NULL, 40 },
    { "a.npz", "npz.metadata=member", 3 },
    { "a.safetensors", NULL, 40 },
    { "m.safetensors.index.json", "safetensors.shard_size=4KiB", 40 },
    { "a.gguf", NULL, 40 },
    { "m.gguf", "gguf.shard_tensors=7", 40 },
    { "a.pt", NULL, 40 },
};

START_TEST (test_formats)
{
    formats_of_this_tree ();
    compare_size (make_plan (saves[_i].tensors), saves[_i].name, saves[_i].settings, NULL);
}
END_TEST

START_TEST (test_toys)
{
    static const struct {
        const char *name, *settings;
    } toys[] = {
        { "a.toyraw", NULL },
        { "a.toybox", NULL },
        { "a.toyset", "toyset.each=3" },
        { "a.tree", NULL },
    };
    kit_copy_zip ();
    kit_plugins ("toyraw toybox toyxor toytext toyset tree", NULL);
    compare_size (make_plan (10), toys[_i].name, toys[_i].settings, NULL);
}
END_TEST

/* Only compressing tells. */
START_TEST (test_encoded)
{
    const char *settings[] = { "npz.compression=deflate", NULL };
    tenon_save_options options = { .struct_size = sizeof options, .settings = settings };
    uint64_t size = 5;
    formats_of_this_tree ();
    tenon_plan *plan = make_plan (3);
    may_fill = 0;
    kit_failed (tenon_plan_size (plan, &options, "x.npz", &size, &kit_error), TENON_E_UNSUPPORTED,
                "the filter deflate");
    tenon_plan_free (plan);
}
END_TEST

/* Nothing is read, however much it is. */
START_TEST (test_huge)
{
    uint64_t size = 0;
    formats_of_this_tree ();
    tenon_save_options options = { .struct_size = sizeof options, .format = "safetensors" };
    tenon_plan *plan = make_plan (0);
    add (plan, "huge", 1, KIT_SHAPE (UINT64_C (1) << 50), TENON_F32, TENON_F16);
    may_fill = 0;
    tenon_status status = tenon_plan_size (plan, &options, NULL, &size, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_gt (size, UINT64_C (1) << 51);
    ck_assert_uint_lt (size, (UINT64_C (1) << 51) + 1000);
    options.format = "npz";
    ck_assert_int_eq (tenon_plan_size (plan, &options, NULL, &size, &kit_error), TENON_OK);
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_misuse)
{
    uint64_t size = 0;
    tenon_save_options options = { .struct_size = sizeof options };
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    kit_failed (tenon_plan_size (plan, &options, NULL, &size, &kit_error), TENON_E_MISUSE, "format");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_size (plan, NULL, NULL, &size, &kit_error), TENON_E_MISUSE, "format");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_size (plan, NULL, "x.toyraw", NULL, &kit_error), TENON_E_MISUSE, "size");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_size (NULL, NULL, "x.toyraw", &size, &kit_error), TENON_E_MISUSE, "plan");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_size (plan, NULL, "x.unheard", &size, &kit_error), TENON_E_UNRECOGNISED,
                "no codec writes");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    options.flags = 0x400000;
    kit_failed (tenon_plan_size (plan, &options, "x.toyraw", &size, &kit_error), TENON_E_MISUSE,
                "save flags");
    /* a file that is added to counts, too */
    options = (tenon_save_options){ .struct_size = sizeof options, .flags = TENON_SAVE_STRICT };
    ck_assert_int_eq (tenon_plan_size (plan, &options, "x.toyraw", &size, NULL), TENON_OK);
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_append)
{
    uint64_t size = 0;
    struct stat about;
    const char *path;
    formats_of_this_tree ();
    may_fill = 1;
    tenon_plan *plan = make_plan (3), *more = make_plan (0);
    ck_assert_int_eq (kit_write (plan, "a.npz", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    add (more, "more", 1, KIT_SHAPE (100), TENON_F32, TENON_NONE);
    path = kit_path ("a.npz");
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_APPEND };
    may_fill = 0;
    tenon_status status = tenon_plan_size (more, &options, path, &size, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    may_fill = 1;
    ck_assert_int_eq (tenon_save (more, path, &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (stat (path, &about), 0);
    ck_assert_uint_eq (size, (uint64_t) about.st_size);
    tenon_plan_free (more);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "sizes");
    tcase_add_loop_test (tests, test_formats, 0, sizeof saves / sizeof *saves);
    tcase_add_loop_test (tests, test_toys, 0, 4);
    tcase_add_test (tests, test_encoded);
    tcase_add_test (tests, test_huge);
    tcase_add_test (tests, test_misuse);
    tcase_add_test (tests, test_append);
}

int
main (void)
{
    return kit_main ("plan_size", fill_suite);
}
