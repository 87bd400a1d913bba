/* SPDX-License-Identifier: MIT */
/* test_pickle_bombs.c - small pickles that ask for much work, depth, memory or notes. */
#include "kit.h"

/* Lists that hold the list before twice, 2^100 visits in a few hundred bytes. */
START_TEST (a_list_of_lists_of_lists_ends)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2 "]", 3);
    for (int i = 0; i < 60; i++)
        put (&pickle, "2\x86", 2);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    settings ("limits.open_work=64MiB");
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "open_work"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* Two hundred thousand tuples in each other: no stack grows, and what is too deep is told. */
START_TEST (depth_ends)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x") "N",
         sizeof P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x") "N" - 1);
    for (int i = 0; i < 200000; i++)
        put (&pickle, "\x85", 1);
    put (&pickle, "u.", 2);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (noted (file, "nested more than 64 deep (limits.depth)"));
    has_tensor (file, "w");
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* Marks alone, and memory that a limit bounds. */
START_TEST (memory_ends)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2, 2);
    for (int i = 0; i < 200000; i++)
        put (&pickle, "(]}", 3);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_int_eq (error.status, TENON_E_MALFORMED);
    settings ("limits.header_bytes=4MiB");
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "header_bytes"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* A hundred thousand unknown objects: the first hundred are named, the others counted. */
START_TEST (notes_end)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle,
         P2 "]ca\nb\nq\x01"
            "0(",
         sizeof P2 "]ca\nb\nq\x01"
                   "0("
             - 1);
    for (int i = 0; i < 100000; i++)
        put (&pickle, "h\x01)R", 4);
    put (&pickle, "e.", 2);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (noted (file, "99900 more values are left out"));
    ck_assert_uint_lt (tenon_report_count (tenon_file_report (file)), 110);
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* A text of 1 MB that a few bytes of the pickle recall, a hundred thousand times: what looks at it costs its
 * bytes each time. */
static const struct {
    const char *before, *each, *after;
} recalled[] = {
    { "}(", "h\x01N", "u" },                                       /* the key of a dict */
    { "](", "(" TEXT7 ("storage") "h\x02h\x01h\x03K\x01tQ", "e" }, /* the key of a storage */
    { "](", "h\x04(h\x05h\x01h\x06\x86Rh\x07h\x08h\x09tR", "e" },  /* the bytes of an array */
};

START_TEST (what_is_recalled_costs_again)
{
    static const char begin[] = "q\x01"
                                "0ctorch\nHalfStorage\nq\x02"
                                "0" TEXT3 ("cpu") "q\x03"
                                                  "0cnumpy.core.numeric\n_frombuffer\nq\x04"
                                                  "0c_codecs\nencode\nq\x05"
                                                  "0X\x06\0\0\0latin1q\x06"
                                                  "0cnumpy\ndtype\nX\x02\0\0\0u1\x85Rq\x07"
                                                  "0K\x05\x85q\x08"
                                                  "0" TEXT1 ("C") "q\x09"
                                                                  "0";
    static char text[1000000];
    struct bytes pickle = { .size = 0 };
    memset (text, 'k', sizeof text);
    put (&pickle, P2 "X", 3);
    put_number (&pickle, sizeof text, 4);
    put (&pickle, text, sizeof text);
    put (&pickle, begin, sizeof begin - 1);
    put (&pickle, recalled[_i].before, strlen (recalled[_i].before));
    size_t length =
        _i == 1 ? sizeof "(" TEXT7 ("storage") "h\x02h\x01h\x03K\x01tQ" - 1 : strlen (recalled[_i].each);
    for (int i = 0; i < 100000; i++)
        put (&pickle, recalled[_i].each, length);
    put (&pickle, recalled[_i].after, 1);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_msg (error.status == TENON_E_LIMIT && strstr (error.message, "open_work"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* A list of a million items that a hundred thousand values recall: each looks at all items. */
START_TEST (a_list_that_is_recalled_costs_again)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2 "](]q\x01(", sizeof P2 "](]q\x01(" - 1);
    for (int i = 0; i < 1000000; i++)
        put (&pickle, "N", 1);
    put (&pickle, "e", 1);
    for (int i = 0; i < 100000; i++)
        put (&pickle, "h\x01", 2);
    put (&pickle, "e.", 2);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    settings ("limits.open_work=1GiB");
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_msg (error.status == TENON_E_LIMIT && strstr (error.message, "open_work"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* A path of "/" and a million empty texts, a hundred thousand times, so deep that nothing in it is visited.
 */
START_TEST (long_paths_end)
{
    static const char begin[] = "cpathlib\nPosixPath\n(" TEXT1 ("/") "X\0\0\0\0q\x01";
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2 "](", sizeof P2 "](" - 1);
    put (&pickle, begin, sizeof begin - 1);
    for (int i = 0; i < 1000000; i++)
        put (&pickle, "h\x01", 2);
    put (&pickle, "tRq\x02", 4);
    for (int i = 0; i < 100000; i++)
        put (&pickle, "h\x02", 2);
    put (&pickle, "e", 1);
    for (int i = 0; i < 63; i++)
        put (&pickle, "\x85", 1);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (noted (file, "its parts are no texts, or too long"));
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* The bits of a tensor may be a dict of a million entries, that of all tensors. */
START_TEST (bits_end)
{
    struct bytes pickle = { .size = 0 };
    static const char tensor[] = REBUILD STORAGE "K\0K\x04\x85K\x01\x85\x89" NO_HOOKS "}(";
    put (&pickle, P2 "}" TEXT1 ("w"), sizeof P2 "}" TEXT1 ("w") - 1);
    put (&pickle, tensor, sizeof tensor - 1);
    for (int i = 0; i < 33; i++)
        put (&pickle, "K\x05\x88", 3);
    put (&pickle, "utRs.", 5);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    spoiled (file, "w", TENON_E_UNSUPPORTED, "it has 33 entries of bits");
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, a_list_of_lists_of_lists_ends);
    tcase_add_test (cases, depth_ends);
    tcase_add_test (cases, memory_ends);
    tcase_add_test (cases, notes_end);
    tcase_add_loop_test (cases, what_is_recalled_costs_again, 0, 3);
    tcase_add_test (cases, a_list_that_is_recalled_costs_again);
    tcase_add_test (cases, long_paths_end);
    tcase_add_test (cases, bits_end);
}

int
main (void)
{
    return run_suite ("pickle_bombs", add_tests);
}
