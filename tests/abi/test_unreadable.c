/* SPDX-License-Identifier: MIT */
/* test_unreadable.c - tensors that are in a file and cannot be read: what is told of them, what fails, and
 * that everything else works. */
#include "kit.h"

/* Opens a toyscript file of these lines, with 64 bytes of data, 0 … 63, behind them. */
static tenon_file *
open_script (const char *lines)
{
    struct bytes file = { .size = 0 };
    kit_text (&file, "TOYSCRIPT\n");
    kit_text (&file, lines);
    kit_text (&file, "end\n");
    kit_pad (&file, 512);
    for (unsigned i = 0; i < 64; i++)
        kit_le (&file, i, 1);
    kit_file ("f.toyscript", &file);
    return kit_open ("f.toyscript", NULL, NULL);
}

static void
open_fails (const char *lines, tenon_status status, const char *words)
{
    struct bytes file = { .size = 0 };
    kit_text (&file, "TOYSCRIPT\n");
    kit_text (&file, lines);
    kit_text (&file, "end\n");
    kit_pad (&file, 576);
    kit_file ("f.toyscript", &file);
    kit_open_fails ("f.toyscript", NULL, NULL, status, words);
}

/* Fails unless the report has a note that this tensor cannot be read, for this reason. */
static void
is_noted (const tenon_report *report, const char *tensor, tenon_status status, const char *why)
{
    tenon_report_entry entry;
    KIT_INIT (entry);
    for (uint64_t i = 0; tenon_report_get (report, i, &entry) == TENON_OK; i++)
        if (entry.kind == TENON_NOTE && entry.chosen == 1 && strcmp (entry.subject, tensor) == 0) {
            ck_assert_int_eq (entry.status, status);
            ck_assert_str_eq (entry.message, why);
            return;
        }
    ck_abort_msg ("no note that '%s' cannot be read", tensor);
}

/* ---- what is told of them ---- */

START_TEST (test_what_is_known)
{
    kit_plugins ("toyscript", NULL);
    tenon_file *file = open_script ("add a u8 4 512\n"
                                    "skip b f32 2,3 520 24 -3 its codes are of a later version\n"
                                    "skip c type139 ? 0 - -3 the type 139 is not known\n"
                                    "skip d - 5 0 0 -1\n"
                                    "add e u8 . 516\n");
    tenon_file_info about;
    KIT_INIT (about);
    ck_assert_int_eq (tenon_file_get (file, &about), TENON_OK);
    ck_assert_uint_eq (about.tensors, 5);
    ck_assert_uint_eq (about.unreadable, 3);
    ck_assert_uint_eq (about.elements, 5); /* of a and e */
    ck_assert_uint_eq (about.nbytes, 5);
    tenon_tensor_info b = kit_tensor (file, "b"), c = kit_tensor (file, "c"), d = kit_tensor (file, "d");
    ck_assert_int_eq (b.unreadable, TENON_E_UNSUPPORTED);
    ck_assert_str_eq (b.why, "its codes are of a later version");
    ck_assert_str_eq (b.dtype_name, "f32");
    ck_assert_uint_eq (b.dtype, TENON_F32);
    ck_assert_uint_eq (b.rank, 2);
    ck_assert_uint_eq (b.shape[1], 3);
    ck_assert_uint_eq (b.elements, 6);
    ck_assert_uint_eq (b.nbytes, 24);
    ck_assert_uint_eq (b.offset, 520);
    ck_assert_uint_eq (b.stored, 24);
    ck_assert_uint_eq (c.dtype, TENON_NONE);
    ck_assert_str_eq (c.dtype_name, "type139");
    ck_assert_uint_eq (c.flags, TENON_NO_SHAPE);
    ck_assert_uint_eq (c.rank, 0);
    ck_assert_uint_eq (c.elements, 0);
    ck_assert_uint_eq (c.nbytes, 0);
    ck_assert_uint_eq (c.stored, 0);
    ck_assert_int_eq (d.unreadable, TENON_E_MALFORMED);
    ck_assert_str_eq (d.why, "malformed file");
    ck_assert_str_eq (d.dtype_name, "?");
    ck_assert_uint_eq (d.elements, 5);
    ck_assert_uint_eq (d.nbytes, 0);
    ck_assert_int_eq (kit_tensor (file, "a").unreadable, TENON_OK);
    ck_assert_ptr_null (kit_tensor (file, "a").why);
    is_noted (tenon_file_report (file), "b", TENON_E_UNSUPPORTED, "its codes are of a later version");
    is_noted (tenon_file_report (file), "d", TENON_E_MALFORMED, "malformed file");
    tenon_close (file);
}
END_TEST

/* Shapes whose product no number holds, dims beyond 64, and ranges that end nowhere, are no reason to fail.
 */
START_TEST (test_absurd_tensors)
{
    kit_plugins ("toyscript", NULL);
    char dims[200] = "1";
    for (unsigned i = 1; i < 70; i++)
        strcat (dims, ",1");
    char lines[1000];
    snprintf (lines, sizeof lines,
              "skip a f32 9223372036854775807,9223372036854775807,3 0 0 -1 too large\n"
              "skip b f32 %s 0 0 -3 too many dims\n"
              "skip c f32 2 18446744073709551608 18446744073709551608 -1 nowhere\n"
              "skip d f32 2 100000 8 -2 behind the end\n"
              "skip e f32 0,18446744073709551615 0 0 -1 none\n"
              "skip f q8_0 3,5 0 0 -1 no such dtype here\n",
              dims);
    tenon_file *file = open_script (lines);
    ck_assert_uint_eq (tenon_count (file), 6);
    ck_assert_uint_eq (kit_tensor (file, "a").elements, 0);
    ck_assert_uint_eq (kit_tensor (file, "a").rank, 3);
    ck_assert_uint_eq (kit_tensor (file, "a").nbytes, 0);
    ck_assert_uint_eq (kit_tensor (file, "b").flags, TENON_NO_SHAPE);
    ck_assert_uint_eq (kit_tensor (file, "b").rank, 0);
    ck_assert_uint_eq (kit_tensor (file, "c").stored, 0);
    ck_assert_uint_eq (kit_tensor (file, "c").nbytes, 8);
    ck_assert_uint_eq (kit_tensor (file, "d").offset, 100000);
    ck_assert_uint_eq (kit_tensor (file, "d").stored, 8);
    ck_assert_uint_eq (kit_tensor (file, "e").elements, 0);
    ck_assert_str_eq (kit_tensor (file, "f").dtype_name, "q8_0");
    tenon_close (file);
}
END_TEST

/* ---- what fails, and what works ---- */

START_TEST (test_reading)
{
    const void *data = &data;
    uint64_t size, index;
    kit_plugins ("toyscript", NULL);
    tenon_file *file = open_script ("add a u8 4 512\n"
                                    "skip b f32 2,3 520 24 -3 its codes are of a later version\n"
                                    "skip c type139 ? 0 - -10 the sum is wrong\n"
                                    "add e u8 . 516\n");
    kit_data (file, "a", "", "\0\1\2\3", 4);
    kit_data (file, "e", "", "\4", 1);
    kit_data_fails (file, "b", "", TENON_E_UNSUPPORTED,
                    "f.toyscript: tensor 'b': its codes are of a later version");
    kit_data_fails (file, "b", "f16", TENON_E_UNSUPPORTED, "tensor 'b': its codes are of a later version");
    kit_data_fails (file, "c", "", TENON_E_CHECKSUM, "tensor 'c': the sum is wrong");
    ck_assert_int_eq (tenon_find (file, "c", &index), TENON_OK);
    kit_failed (tenon_map (file, index, &data, &size, &kit_error), TENON_E_CHECKSUM,
                "tensor 'c': the sum is wrong");
    ck_assert_ptr_null (data);
    tenon_close (file);
}
END_TEST

/* All of them are named, and a wrong checksum that a codec told is not taken for one that verifying finds. */
START_TEST (test_verify)
{
    tenon_report *report;
    kit_plugins ("toyscript", NULL);
    tenon_file *file = open_script ("add a u8 4 512\n"
                                    "skip b f32 2,3 520 24 -3 its codes are of a later version\n"
                                    "skip c type139 ? 0 - -10 the sum is wrong\n"
                                    "skip d\\e f32 . 0 0 -1 no\n");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_verify (file, &report, NULL, &kit_error), TENON_E_UNSUPPORTED,
                "f.toyscript: tensor 'b': its codes are of a later version");
    ck_assert_uint_eq (tenon_report_count (report), 3);
    is_noted (report, "b", TENON_E_UNSUPPORTED, "its codes are of a later version");
    is_noted (report, "d\\\\e", TENON_E_MALFORMED, "no");
    is_noted (report, "d\\\\e", TENON_E_MALFORMED, "no");
    tenon_report_free (report);
    tenon_close (file);
}
END_TEST

/* ---- what is refused ---- */

START_TEST (test_misuse)
{
    kit_plugins ("toyscript", NULL);
    open_fails ("skip b f32 2 0 0 0 it is good\n", TENON_E_MISUSE,
                "skips a tensor without a status that says why");
    open_fails ("add b u8 2 512\nskip b f32 2 0 0 -1 again\n", TENON_E_MALFORMED,
                "tensor 'b': the name occurs twice");
    open_fails ("add a u8 8 512\nskip b f32 2 516 8 -1 overlaps\n", TENON_E_MALFORMED,
                "tensor 'b': its bytes 516 … 524 overlap those of tensor 'a'");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "unreadable");
    tcase_add_test (cases, test_what_is_known);
    tcase_add_test (cases, test_absurd_tensors);
    tcase_add_test (cases, test_reading);
    tcase_add_test (cases, test_verify);
    tcase_add_test (cases, test_misuse);
}

int
main (void)
{
    return kit_main ("unreadable", fill_suite);
}
