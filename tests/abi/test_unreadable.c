/* SPDX-License-Identifier: MIT */
/* test_unreadable.c - tensors that are in a file and cannot be read: what is told of them, what fails, and
 * that everything else works. Each test runs twice, the second time with isolated plugins. */
#include "scripts.h"

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

/* ---- what is told of them ---- */

START_TEST (test_what_is_known)
{
    isolate_plugins ("toyscript", _i);
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
    isolate_plugins ("toyscript", _i);
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
              "skip f q8_0 3,5 0 0 -1 no such dtype here\n"
              "skip g f32 2,9223372036854775808 0 0 -1 a dim of 2^63\n",
              dims);
    tenon_file *file = open_script (lines);
    ck_assert_uint_eq (tenon_count (file), 7);
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
    ck_assert_uint_eq (kit_tensor (file, "g").flags, TENON_NO_SHAPE);
    ck_assert_uint_eq (kit_tensor (file, "g").rank, 0);
    tenon_close (file);
}
END_TEST

/* The beginning of a file tells what all of it has. */
START_TEST (test_cut_off)
{
    isolate_plugins ("toyscript", _i);
    tenon_file *file = open_script ("add a u8 4 512\n"
                                    "add b f32 4 568\n"
                                    "add c f16 2,2 100000\n"
                                    "meta k v\n");
    ck_assert_uint_eq (tenon_count (file), 3);
    ck_assert_int_eq (kit_tensor (file, "a").unreadable, TENON_OK);
    tenon_tensor_info b = kit_tensor (file, "b"), c = kit_tensor (file, "c");
    ck_assert_int_eq (b.unreadable, TENON_E_TRUNCATED);
    ck_assert_str_eq (b.why, "4 f32 needs 16 bytes at offset 568, the file ends at 576");
    ck_assert_uint_eq (b.nbytes, 16);
    ck_assert_uint_eq (b.offset, 568);
    ck_assert_str_eq (c.why, "2 × 2 f16 needs 8 bytes at offset 100000, the file ends at 576");
    is_noted (tenon_file_report (file), "c", TENON_E_TRUNCATED, c.why);
    ck_assert_uint_eq (kit_value (file, "k").count, 1);
    kit_data (file, "a", "", "\0\1\2\3", 4);
    kit_data_fails (file, "b", "", TENON_E_TRUNCATED, "f.toyscript: tensor 'b': 4 f32 needs 16 bytes");
    kit_data_fails (file, "c", "f32", TENON_E_TRUNCATED, "f.toyscript: tensor 'c': 2 × 2 f16 needs 8 bytes");
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_TRUNCATED, "tensor 'b': 4 f32 needs 16");
    tenon_close (file);
    open_fails ("add a u8 1000 512\nadd b u8 2 1510\n", TENON_E_MALFORMED,
                "tensor 'b': its bytes 1510 … 1512 overlap those of tensor 'a', which end at 1512");
    open_fails ("add a u8 2 9223372036854775807\n", TENON_E_MALFORMED,
                "tensor 'a': 2 u8 needs 2 bytes at offset 9223372036854775807, where no file has any");
}
END_TEST

/* ---- what fails, and what works ---- */

START_TEST (test_reading)
{
    const void *data = &data;
    uint64_t size, index;
    isolate_plugins ("toyscript", _i);
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
    isolate_plugins ("toyscript", _i);
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

/* ---- sources that cannot be included ---- */

static uint64_t
count_unreadable (const tenon_file *file)
{
    tenon_file_info about;
    KIT_INIT (about);
    ck_assert_int_eq (tenon_file_get (file, &about), TENON_OK);
    return about.unreadable;
}

START_TEST (test_include)
{
    static const char *const parts[] = {
        "good.toyscript",
        "add g u8 . 15\nmeta k v\nadd g2 u8 . 31\n",
        "bad.toyscript",
        "meta lost 1\nmeta lost2 2\nfail -1 a rule is broken\n",
        "half.toyscript",
        "add h u8 . 15\nmeta lost 3\nskip s f32 2 0 0 -10 its own reason\nfail -2 it ends\n",
        "text.txt",
        "raw some words",
        "last.toyscript",
        "add - u8 4 40\nmeta lost 4\n",
        NULL
    };
    isolate_plugins ("toyscript", _i);
    save_parts (parts, UNREADABLE, "add own u8 . 0\n");
    tenon_file *file = kit_open ("f.toyscript", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 8);
    ck_assert_uint_eq (count_unreadable (file), 4);
    ck_assert_uint_eq (tenon_metadata_count (file), 2);
    kit_data (file, "own", "", "T", 1);
    kit_data (file, "last", "", "ABCD", 4);
    kit_data_fails (file, "bad", "", TENON_E_MALFORMED,
                    "f.toyscript: member 'bad.toyscript': tensor 'bad': a rule is broken");
    kit_data_fails (file, "h", "", TENON_E_TRUNCATED,
                    "f.toyscript: member 'half.toyscript': tensor 'h': it ends");
    kit_data_fails (file, "s", "", TENON_E_CHECKSUM, "tensor 's': its own reason");
    kit_data_fails (file, "text.txt", "", TENON_E_UNRECOGNISED,
                    "f.toyscript: member 'text.txt': tensor 'text.txt': no codec recognises it");
    is_noted (tenon_file_report (file), "text.txt", TENON_E_UNRECOGNISED, "no codec recognises it");
    is_noted (tenon_file_report (file), "h", TENON_E_TRUNCATED, "it ends");
    ck_assert_uint_eq (kit_value (file, "lost").count, 1);
    ck_assert_uint_eq (kit_value (file, "k").count, 1);
    tenon_close (file);
}
END_TEST

/* A source in a source that cannot be described: the inner one says where, and the outer names are kept. */
START_TEST (test_nested_include)
{
    static const char *const parts[] = { "a.toyscript", "part 10 4 b.x\ninclude - 0\n", "c.toyscript",
                                         "part 10 4 d.x\ninclude - 8\nadd e u8 . 0\n", NULL };
    isolate_plugins ("toyscript", _i);
    save_parts (parts, UNREADABLE | PREFIX, "");
    tenon_file *file = kit_open ("f.toyscript", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 3);
    kit_data_fails (file, "a", "", TENON_E_UNRECOGNISED, "tensor 'a': no codec recognises 'b.x'");
    kit_data_fails (file, "c.toyscript/d.x", "", TENON_E_UNRECOGNISED,
                    "member 'c.toyscript': member 'd.x': tensor 'c.toyscript/d.x': no codec recognises it");
    kit_data (file, "c.toyscript/e", "", "T", 1);
    tenon_close (file);
}
END_TEST

/* After a source that could not be described, one that could: then there is no reason. */
START_TEST (test_include_answer)
{
    static const char *const bad[] = { "a.toyscript", "fail -1 a rule is broken\n", NULL };
    static const char *const good[] = { "a.toyscript", "fail -1 a rule is broken\n", "b.toyscript",
                                        "add g u8 . 15\n", NULL };
    isolate_plugins ("toyscript", _i);
    save_parts (bad, UNREADABLE, "answer why\n");
    tenon_file *file = kit_open ("f.toyscript", NULL, NULL);
    ck_assert_str_eq (kit_value (file, "why").as.string, "a rule is broken");
    tenon_close (file);
    save_parts (good, UNREADABLE, "answer why\n");
    file = kit_open ("f.toyscript", NULL, NULL);
    ck_assert_str_eq (kit_value (file, "why").as.string, "");
    tenon_close (file);
}
END_TEST

/* What is no fault of the source alone remains a failure. */
START_TEST (test_include_refused)
{
    static const char *const twice[] = { "a.toyscript", "add x u8 . 0\n", "b.toyscript", "add x u8 . 0\n",
                                         NULL };
    static const char *const misuse[] = { "a.toyscript", "add x nonsense . 0\n", NULL };
    static const char *const many[] = { "a.toyscript", "add x u8 . 0\nadd y u8 . 1\nadd z u8 . 2\n", NULL };
    static const char *const io[] = { "a.toyscript", "fail -6 the disk is gone\n", NULL };
    static const char *const bad[] = { "a.toyscript", "fail -1 a rule is broken\n", NULL };
    isolate_plugins ("toyscript", _i);
    save_parts (twice, UNREADABLE, "");
    kit_open_fails ("f.toyscript", NULL, NULL, TENON_E_MALFORMED, "tensor 'x': the name occurs twice");
    save_parts (misuse, UNREADABLE, "");
    kit_open_fails ("f.toyscript", NULL, NULL, TENON_E_MISUSE, "there is no dtype");
    save_parts (io, UNREADABLE, "");
    kit_open_fails ("f.toyscript", NULL, NULL, TENON_E_IO, "the disk is gone");
    save_parts (bad, 0, "");
    kit_open_fails ("f.toyscript", NULL, NULL, TENON_E_MALFORMED, "a rule is broken");
    ck_assert_int_eq (kit_context ("limits.tensors=2"), TENON_OK);
    save_parts (many, UNREADABLE, "");
    kit_open_fails ("f.toyscript", NULL, NULL, TENON_E_LIMIT, "more than 2 tensors");
}
END_TEST

/* ---- what is refused ---- */

START_TEST (test_misuse)
{
    isolate_plugins ("toyscript", _i);
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
    tcase_add_loop_test (cases, test_what_is_known, 0, 2);
    tcase_add_loop_test (cases, test_absurd_tensors, 0, 2);
    tcase_add_loop_test (cases, test_cut_off, 0, 2);
    tcase_add_loop_test (cases, test_reading, 0, 2);
    tcase_add_loop_test (cases, test_verify, 0, 2);
    tcase_add_loop_test (cases, test_include, 0, 2);
    tcase_add_loop_test (cases, test_nested_include, 0, 2);
    tcase_add_loop_test (cases, test_include_answer, 0, 2);
    tcase_add_loop_test (cases, test_include_refused, 0, 2);
    tcase_add_loop_test (cases, test_misuse, 0, 2);
}

int
main (void)
{
    return kit_main ("unreadable", fill_suite);
}
