/* SPDX-License-Identifier: MIT */
/* test_grid.c - tensors in chunks as codecs describe them: what is listed, and what is refused. */
#include "gridkit.h"

static const uint16_t numbers[6] = { 1, 2, 3, 4, 5, 6 };

/* u16 [2, 3] in chunks of 1 × 2. */
static struct grid_spec
small (const char *name)
{
    return (struct grid_spec){
        .name = name, .dtype = "u16", .item = 2, .rank = 2, .shape = { 2, 3 }, .chunk = { 1, 2 }
    };
}

static void
save_one (const struct grid_spec *spec)
{
    grid_begin ();
    grid_add (spec, numbers);
    grid_save ("f.toygrid");
}

/* ---- what is listed ---- */

START_TEST (test_listed)
{
    struct grid_spec spec = small ("plain");
    kit_plugins ("toygrid toyxor", NULL);
    grid_begin ();
    grid_add (&spec, numbers);
    spec.name = "filtered";
    spec.steps[0] = "toyrot", spec.steps[1] = "toyxor";
    grid_add (&spec, numbers);
    size_t size = grid_save ("f.toygrid");
    tenon_file *file = kit_open ("f.toygrid", NULL, NULL);
    tenon_tensor_info info = kit_tensor (file, "plain");
    ck_assert_uint_eq (info.storage, 2);
    ck_assert_uint_eq (info.nbytes, 12);
    ck_assert_uint_eq (info.stored, 0);
    ck_assert_ptr_null (info.filter);
    ck_assert_ptr_null (info.strides);
    ck_assert_int_eq (info.unreadable, 0);
    ck_assert_uint_eq (info.chunk_shape[0], 1);
    ck_assert_uint_eq (info.chunk_shape[1], 2);
    ck_assert_str_eq (kit_tensor (file, "filtered").filter, "toyrot+toyxor");
    ck_assert_uint_gt (size, 0);
    tenon_close (file);
}
END_TEST

/* An order that is C order or Fortran order is a flag; another one is not shown. */
START_TEST (test_orders)
{
    static const struct {
        uint32_t flags, order[2], shown;
    } cases[] = { { 0, { 0, 1 }, 0 },
                  { TENON_FORTRAN, { 0, 1 }, 0 },
                  { 0, { 1, 0 }, TENON_FORTRAN },
                  { TENON_FORTRAN, { 1, 0 }, TENON_FORTRAN } };
    struct grid_spec spec = small ("x");
    kit_plugins ("toygrid", NULL);
    spec.flags = cases[_i].flags;
    spec.order = cases[_i].order;
    save_one (&spec);
    tenon_file *file = kit_open ("f.toygrid", NULL, NULL);
    ck_assert_uint_eq (kit_tensor (file, "x").flags, cases[_i].shown);
    tenon_close (file);
}
END_TEST

/* A filter that is not in use is an answer, and the codec skips the tensor. The others stay. */
START_TEST (test_no_filter)
{
    struct grid_spec spec = small ("good");
    kit_plugins ("toygrid", NULL);
    grid_begin ();
    grid_add (&spec, numbers);
    spec.name = "bad";
    spec.steps[0] = "toyrot";
    grid_add (&spec, numbers);
    spec.name = "last";
    spec.steps[0] = NULL;
    grid_add (&spec, numbers);
    grid_save ("f.toygrid");
    tenon_file *file = kit_open ("f.toygrid", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 3);
    tenon_tensor_info info = kit_tensor (file, "bad");
    ck_assert_int_eq (info.unreadable, TENON_E_UNSUPPORTED);
    kit_said (info.why, "toyrot");
    ck_assert_int_eq (kit_tensor (file, "good").unreadable, 0);
    ck_assert_int_eq (kit_tensor (file, "last").unreadable, 0);
    tenon_close (file);
}
END_TEST

/* A chunk that is larger than what may be decoded makes its tensor unreadable, and no other. */
START_TEST (test_large_chunk)
{
    struct grid_spec spec = small ("large");
    spec.chunk[0] = (uint64_t) 1 << 50;
    spec.bare = 1;
    kit_plugins ("toygrid", "limits.inflated_bytes=1000000");
    save_one (&spec);
    tenon_file *file = kit_open ("f.toygrid", NULL, NULL);
    tenon_tensor_info info = kit_tensor (file, "large");
    ck_assert_int_eq (info.unreadable, TENON_E_LIMIT);
    kit_said (info.why, "a chunk of it has 4503599627370496 bytes; raise inflated_bytes in [limits]");
    tenon_close (file);
}
END_TEST

/* ---- what is refused ---- */

static void
refuse (const struct grid_spec *spec, tenon_status status, const char *words)
{
    save_one (spec);
    kit_open_fails ("f.toygrid", NULL, NULL, status, words);
}

START_TEST (test_wrong_shapes)
{
    struct grid_spec spec = small ("x");
    kit_plugins ("toygrid toyblock", NULL);
    spec.bare = 1;
    spec.chunk[1] = 0;
    refuse (&spec, TENON_E_MALFORMED, "tensor 'x': its chunks have no items in dim 1");
    spec.chunk[0] = spec.chunk[1] = (uint64_t) 1 << 31;
    refuse (&spec, TENON_E_MALFORMED, "tensor 'x': its chunks have 2^63 bytes or more");
    spec.chunk[0] = UINT64_MAX, spec.chunk[1] = 1;
    refuse (&spec, TENON_E_MALFORMED, "tensor 'x': its chunks have 2^63 bytes or more");
    spec.chunk[0] = 1;
    spec.order = (const uint32_t[]){ 0, 2 };
    refuse (&spec, TENON_E_MALFORMED, "the order of dims in its chunks does not have each dim once");
    spec.order = (const uint32_t[]){ 1, 1 };
    refuse (&spec, TENON_E_MALFORMED, "the order of dims in its chunks does not have each dim once");
    spec.order = NULL;
    spec.fill = "abcdefgh";
    spec.item = 1;
    refuse (&spec, TENON_E_MISUSE, "the fill of a tensor is not one item of its dtype");
    spec.item = 3;
    refuse (&spec, TENON_E_MISUSE, "the fill of a tensor is not one item of its dtype");
    spec.fill = NULL;
    spec.dtype = "tq8";
    spec.shape[1] = 8;
    refuse (&spec, TENON_E_UNSUPPORTED, "tensor 'x': blocks of tq8 cannot lie in chunks");
    spec.dtype = "u16";
    spec.grid_flags = 0x80000000u;
    refuse (&spec, TENON_E_UNSUPPORTED, "flags 0x80000000 that this version does not know");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *listed = kit_case (suite, "listed"), *refused = kit_case (suite, "refused");
    tcase_add_test (listed, test_listed);
    tcase_add_loop_test (listed, test_orders, 0, 4);
    tcase_add_test (listed, test_no_filter);
    tcase_add_test (listed, test_large_chunk);
    tcase_add_test (refused, test_wrong_shapes);
}

int
main (void)
{
    return kit_main ("grid", fill_suite);
}
