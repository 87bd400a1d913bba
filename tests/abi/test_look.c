/* SPDX-License-Identifier: MIT */
/* test_look.c - looking at the tensors of a file: many at once, by names with a length, and by patterns. */
#include "kit.h"

static tenon_file *file;

/* blk.0.weight, blk.0.bias, blk.1.weight …, u8 [i + 1], and at last "w[0]". */
static void
begin (void)
{
    static const uint8_t data[64];
    tenon_plan *plan = kit_empty_plan ("toyraw");
    for (unsigned i = 0; i < 20; i++) {
        char name[32];
        snprintf (name, sizeof name, "blk.%u.%s", i / 2, i % 2 ? "bias" : "weight");
        kit_add (plan, name, "u8", 0, 1, KIT_SHAPE (i + 1), data, i + 1);
    }
    kit_add (plan, "w[0]", "f32", 0, 2, KIT_SHAPE (2, 3), data, 24);
    file = kit_reopen (plan);
}

/* Compares field by field: the bytes between fields are undefined. */
static void
is_same_info (const tenon_tensor_info *one, const tenon_tensor_info *other)
{
    ck_assert_uint_eq (one->struct_size, other->struct_size);
    ck_assert_uint_eq (one->dtype, other->dtype);
    ck_assert_ptr_eq (one->name, other->name);
    ck_assert_uint_eq (one->name_length, other->name_length);
    ck_assert_ptr_eq (one->dtype_name, other->dtype_name);
    ck_assert_uint_eq (one->rank, other->rank);
    ck_assert_uint_eq (one->flags, other->flags);
    ck_assert_ptr_eq (one->shape, other->shape);
    ck_assert_uint_eq (one->elements, other->elements);
    ck_assert_uint_eq (one->nbytes, other->nbytes);
    ck_assert_uint_eq (one->storage, other->storage);
    ck_assert_uint_eq (one->source, other->source);
    ck_assert_ptr_eq (one->source_name, other->source_name);
    ck_assert_uint_eq (one->offset, other->offset);
    ck_assert_uint_eq (one->stored, other->stored);
    ck_assert_ptr_eq (one->filter, other->filter);
    ck_assert_int_eq (one->unreadable, other->unreadable);
    ck_assert_ptr_eq (one->why, other->why);
    ck_assert_ptr_eq (one->strides, other->strides);
}

START_TEST (test_range)
{
    tenon_tensor_info infos[21], one;
    begin ();
    memset (infos, 0xee, sizeof infos);
    infos[0].struct_size = sizeof infos[0];
    ck_assert_int_eq (tenon_get_range (file, 0, 21, infos), TENON_OK);
    for (unsigned i = 0; i < 21; i++) {
        KIT_INIT (one);
        ck_assert_int_eq (tenon_get (file, i, &one), TENON_OK);
        is_same_info (&one, &infos[i]);
    }
    ck_assert_str_eq (infos[20].name, "w[0]");
    ck_assert_uint_eq (infos[20].nbytes, 24);
    ck_assert_int_eq (tenon_get_range (file, 19, 2, infos), TENON_OK);
    ck_assert_str_eq (infos[1].name, "w[0]");
    tenon_close (file);
}
END_TEST

/* A program of an older version, and one of a newer. */
START_TEST (test_range_sizes)
{
    struct {
        uint32_t struct_size, dtype;
        const char *name;
    } short_infos[3];
    struct {
        tenon_tensor_info info;
        uint64_t more[3];
    } long_infos[3];
    begin ();
    memset (short_infos, 0xee, sizeof short_infos);
    short_infos[0].struct_size = sizeof short_infos[0];
    ck_assert_int_eq (tenon_get_range (file, 18, 2, (tenon_tensor_info *) (void *) short_infos), TENON_OK);
    ck_assert_str_eq (short_infos[1].name, "blk.9.bias");
    ck_assert_uint_eq (short_infos[1].struct_size, sizeof short_infos[0]);
    ck_assert_uint_eq (short_infos[2].struct_size, 0xeeeeeeee);
    memset (long_infos, 0xee, sizeof long_infos);
    long_infos[0].info.struct_size = sizeof long_infos[0];
    ck_assert_int_eq (tenon_get_range (file, 18, 2, &long_infos[0].info), TENON_OK);
    ck_assert_str_eq (long_infos[1].info.name, "blk.9.bias");
    ck_assert_uint_eq (long_infos[1].more[2], 0);
    ck_assert_uint_eq (long_infos[2].more[0], 0xeeeeeeeeeeeeeeee);
    tenon_close (file);
}
END_TEST

START_TEST (test_range_wrong)
{
    tenon_tensor_info infos[2];
    begin ();
    memset (infos, 0, sizeof infos);
    ck_assert_int_eq (tenon_get_range (file, 0, 2, infos), TENON_E_MISUSE);
    infos[0].struct_size = 4;
    ck_assert_int_eq (tenon_get_range (file, 0, 2, infos), TENON_E_MISUSE);
    infos[0].struct_size = sizeof infos[0];
    ck_assert_int_eq (tenon_get_range (NULL, 0, 1, infos), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_get_range (file, 0, 1, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_get_range (file, 0, 0, NULL), TENON_OK);
    ck_assert_int_eq (tenon_get_range (file, 21, 0, NULL), TENON_OK);
    ck_assert_int_eq (tenon_get_range (file, 22, 0, NULL), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_get_range (file, 20, 2, infos), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_get_range (file, 2, UINT64_MAX, infos), TENON_E_NOT_FOUND);
    ck_assert_ptr_null (infos[0].name);
    tenon_close (file);
}
END_TEST

START_TEST (test_names)
{
    uint64_t index = 77;
    begin ();
    ck_assert_int_eq (tenon_find_name (file, "w[0]xyz", 4, &index), TENON_OK);
    ck_assert_uint_eq (index, 20);
    ck_assert_int_eq (tenon_find_name (file, "w[0]", 3, &index), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_find_name (file, "w[0]\0", 5, &index), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_find_name (file, NULL, 0, &index), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_find_name (file, NULL, 1, &index), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_find_name (NULL, "a", 1, &index), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_find_name (file, "a", 1, NULL), TENON_E_MISUSE);
    ck_assert_uint_eq (index, 20);
    tenon_close (file);
}
END_TEST

START_TEST (test_patterns)
{
    uint64_t index, found = 0;
    begin ();
    for (index = 0; tenon_find_next (file, "blk.*.weight", &index) == TENON_OK; index++, found++)
        ck_assert_uint_eq (index, 2 * found);
    ck_assert_uint_eq (found, 10);
    ck_assert_uint_eq (index, 19); /* where the last search began */
    index = 3;
    ck_assert_int_eq (tenon_find_next (file, "blk.5.bias", &index), TENON_OK); /* without a wildcard */
    ck_assert_uint_eq (index, 11);
    index = 12;
    ck_assert_int_eq (tenon_find_next (file, "blk.5.bias", &index), TENON_E_NOT_FOUND);
    ck_assert_uint_eq (index, 12);
    index = 0;
    ck_assert_int_eq (tenon_find_next (file, "w[0]", &index), TENON_OK); /* as it is spelled */
    ck_assert_uint_eq (index, 20);
    index = UINT64_MAX;
    ck_assert_int_eq (tenon_find_next (file, "*", &index), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_find_next (file, NULL, &index), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_find_next (file, "*", NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_find_next (NULL, "*", &index), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_match ("a*", "abc", 2), 1);
    ck_assert_int_eq (tenon_match ("b", "abc", 3), 0);
    ck_assert_int_eq (tenon_match ("*", NULL, 0), 1);
    ck_assert_int_eq (tenon_match ("*", NULL, 1), 0);
    ck_assert_int_eq (tenon_match (NULL, "a", 1), 0);
    tenon_close (file);
}
END_TEST

static void
fill (Suite *suite)
{
    TCase *tests = kit_case (suite, "look");
    tcase_add_test (tests, test_range);
    tcase_add_test (tests, test_range_sizes);
    tcase_add_test (tests, test_range_wrong);
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_patterns);
}

int
main (void)
{
    return kit_main ("look", fill);
}
