/* SPDX-License-Identifier: MIT */
/* test_dtype.c - the fixed element types, and those that a plugin registers. */
#include "context/registry.h"
#include <check.h>

static tenon_context *context;

static void
set_up (void)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    ck_assert_int_eq (tenon_context_new (&context, &options, NULL), TENON_OK);
    /* no plugins, built in or installed */
    tn_registry_free (&context->registry);
}

static void
tear_down (void)
{
    tenon_context_free (context);
}

/* The statements of types.h, written a second time. */
static const struct {
    uint32_t id;
    const char *name;
    unsigned items, bytes, swap_size, swap_count;
} fixed[] = {
    { TENON_BOOL, "bool", 1, 1, 0, 0 },
    { TENON_U8, "u8", 1, 1, 0, 0 },
    { TENON_U16, "u16", 1, 2, 2, 1 },
    { TENON_U32, "u32", 1, 4, 4, 1 },
    { TENON_U64, "u64", 1, 8, 8, 1 },
    { TENON_I8, "i8", 1, 1, 0, 0 },
    { TENON_I16, "i16", 1, 2, 2, 1 },
    { TENON_I32, "i32", 1, 4, 4, 1 },
    { TENON_I64, "i64", 1, 8, 8, 1 },
    { TENON_F16, "f16", 1, 2, 2, 1 },
    { TENON_BF16, "bf16", 1, 2, 2, 1 },
    { TENON_F32, "f32", 1, 4, 4, 1 },
    { TENON_F64, "f64", 1, 8, 8, 1 },
    { TENON_C64, "c64", 1, 8, 4, 2 },
    { TENON_C128, "c128", 1, 16, 8, 2 },
    { TENON_F8_E4M3, "f8_e4m3", 1, 1, 0, 0 },
    { TENON_F8_E5M2, "f8_e5m2", 1, 1, 0, 0 },
    { TENON_F8_E4M3FNUZ, "f8_e4m3fnuz", 1, 1, 0, 0 },
    { TENON_F8_E5M2FNUZ, "f8_e5m2fnuz", 1, 1, 0, 0 },
    { TENON_F8_E8M0, "f8_e8m0", 1, 1, 0, 0 },
    { TENON_F6_E2M3, "f6_e2m3", 4, 3, 0, 0 },
    { TENON_F6_E3M2, "f6_e3m2", 4, 3, 0, 0 },
    { TENON_F4, "f4", 2, 1, 0, 0 },
};

START_TEST (fixed_ones)
{
    ck_assert_uint_eq (TN_COUNT (fixed), TENON_DTYPE_FIXED - 1);
    for (size_t i = 0; i < TN_COUNT (fixed); i++) {
        struct tenon_dtype info = { .struct_size = sizeof info };
        ck_assert_uint_eq (fixed[i].id, i + 1);
        ck_assert_int_eq (tenon_dtype_get (context, NULL, fixed[i].id, &info), TENON_OK);
        ck_assert_str_eq (info.name, fixed[i].name);
        ck_assert_uint_eq (info.kind, TENON_KIND_PLAIN);
        ck_assert (info.block_items == fixed[i].items && info.block_bytes == fixed[i].bytes);
        ck_assert_uint_eq (info.swap_count, fixed[i].swap_count > 0);
        if (info.swap_count > 0)
            ck_assert (info.swap->offset == 0 && info.swap->size == fixed[i].swap_size
                       && info.swap->count == fixed[i].swap_count && info.swap_size == sizeof *info.swap);
        ck_assert_uint_eq (tenon_dtype_find (context, fixed[i].name), fixed[i].id);
    }
}
END_TEST

START_TEST (no_dtypes)
{
    static const uint32_t ids[] = { TENON_NONE,  TENON_DTYPE_FIXED,   TENON_STRING,
                                    TENON_ARRAY, TENON_DTYPE_DYNAMIC, UINT32_MAX };
    struct tenon_dtype info = { .struct_size = sizeof info }, none = { .struct_size = 0 };
    for (size_t i = 0; i < TN_COUNT (ids); i++)
        ck_assert_int_eq (tenon_dtype_get (context, NULL, ids[i], &info), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_dtype_get (context, NULL, TENON_F32, &none), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_dtype_get (NULL, NULL, TENON_F32, &info), TENON_E_MISUSE);
    ck_assert_uint_eq (tenon_dtype_find (context, "F32"), TENON_NONE);
    ck_assert_uint_eq (tenon_dtype_find (context, ""), TENON_NONE);
    ck_assert_uint_eq (tenon_dtype_find (context, NULL), TENON_NONE);
}
END_TEST

START_TEST (structs_of_other_sizes)
{
    struct {
        struct tenon_dtype info;
        uint64_t more[2];
    } longer;
    struct tenon_dtype shorter;
    memset (&longer, 0xee, sizeof longer);
    memset (&shorter, 0xee, sizeof shorter);
    longer.info.struct_size = sizeof longer;
    shorter.struct_size = offsetof (struct tenon_dtype, block_items);
    ck_assert_int_eq (tenon_dtype_get (context, NULL, TENON_F4, &longer.info), TENON_OK);
    ck_assert (longer.info.struct_size == sizeof longer && longer.more[0] == 0 && longer.more[1] == 0);
    ck_assert_int_eq (tenon_dtype_get (context, NULL, TENON_F4, &shorter), TENON_OK);
    ck_assert_str_eq (shorter.name, "f4");
    ck_assert_uint_eq (shorter.block_items, 0xeeeeeeeeeeeeeeeeu);
}
END_TEST

/* ---- registered dtypes ---- */

static int32_t
decode_blocks (const void *blocks, float *items, uint64_t count)
{
    (void) blocks, (void) items, (void) count;
    return TENON_OK;
}

static int32_t
encode_blocks (const float *items, void *blocks, uint64_t count)
{
    (void) blocks, (void) items, (void) count;
    return TENON_OK;
}

static const struct tenon_swap_field fields[] = { { 0, 2, 1 }, { 2, 4, 4 } };
static const struct tenon_dtype both = { .struct_size = sizeof both,
                                         .kind = TENON_KIND_BLOCK,
                                         .name = "both",
                                         .block_items = 32,
                                         .block_bytes = 18,
                                         .swap = fields,
                                         .swap_size = sizeof fields[0],
                                         .swap_count = 2,
                                         .decode = decode_blocks,
                                         .encode = encode_blocks },
                                carried = { .struct_size = sizeof carried,
                                            .kind = TENON_KIND_BLOCK,
                                            .name = "carried",
                                            .block_items = 256,
                                            .block_bytes = 144 },
                                readable = { .struct_size = sizeof readable,
                                             .kind = TENON_KIND_BLOCK,
                                             .name = "readable",
                                             .block_items = 1,
                                             .block_bytes = 1,
                                             .decode = decode_blocks };
static const struct tenon_dtype *const dtypes[] = { &both, &carried, &readable, NULL };
static const struct tenon_plugin plugin = { .struct_size = sizeof plugin,
                                            .name = "blocks",
                                            .dtypes = dtypes };

START_TEST (registered_ones)
{
    char why[TN_WHY_ROOM];
    struct tenon_dtype info = { .struct_size = sizeof info };
    ck_assert_uint_eq (tenon_dtype_next (context, TENON_F4), TENON_NONE);
    ck_assert_int_eq (tn_registry_add (context, &plugin, "blocks", NULL, why), TENON_OK);
    ck_assert_uint_eq (tenon_dtype_find (context, "both"), TENON_DTYPE_DYNAMIC);
    ck_assert_uint_eq (tenon_dtype_find (context, "readable"), TENON_DTYPE_DYNAMIC + 2);
    ck_assert_int_eq (tenon_dtype_get (context, NULL, TENON_DTYPE_DYNAMIC, &info), TENON_OK);
    ck_assert (info.block_items == 32 && info.block_bytes == 18 && info.swap_count == 2
               && info.swap != fields);
    ck_assert_mem_eq (info.swap, fields, sizeof fields);
    uint32_t seen = 0, id = TENON_NONE;
    while ((id = tenon_dtype_next (context, id)) != TENON_NONE)
        seen++;
    ck_assert_uint_eq (seen, TN_COUNT (fixed) + 3);
    ck_assert_uint_eq (tenon_dtype_next (context, UINT32_MAX), TENON_NONE);
}
END_TEST

START_TEST (castable)
{
    char why[TN_WHY_ROOM];
    ck_assert_int_eq (tn_registry_add (context, &plugin, "blocks", NULL, why), TENON_OK);
    uint32_t blocks = tenon_dtype_find (context, "both"),
             only_carried = tenon_dtype_find (context, "carried"),
             only_readable = tenon_dtype_find (context, "readable");
    ck_assert (tenon_dtype_castable (context, TENON_F32, TENON_U8));
    ck_assert (tenon_dtype_castable (context, TENON_F4, TENON_C128));
    ck_assert (tenon_dtype_castable (context, blocks, TENON_F16)
               && tenon_dtype_castable (context, TENON_I32, blocks));
    ck_assert (tenon_dtype_castable (context, only_readable, blocks)
               && !tenon_dtype_castable (context, blocks, only_readable));
    ck_assert (tenon_dtype_castable (context, only_carried, only_carried));
    ck_assert (!tenon_dtype_castable (context, only_carried, TENON_F32)
               && !tenon_dtype_castable (context, TENON_F32, only_carried));
    ck_assert (!tenon_dtype_castable (context, TENON_NONE, TENON_F32)
               && !tenon_dtype_castable (context, TENON_F32, TENON_STRING));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("dtype");
    TCase *tests = tcase_create ("dtype");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_add_test (tests, fixed_ones);
    tcase_add_test (tests, no_dtypes);
    tcase_add_test (tests, structs_of_other_sizes);
    tcase_add_test (tests, registered_ones);
    tcase_add_test (tests, castable);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
